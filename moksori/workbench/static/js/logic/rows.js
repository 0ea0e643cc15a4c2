// Lines of a script: from what was pasted (one line each, or the columns of a spreadsheet), from a job, and back.

const FIELDS = ["text", "label", "voice", "preset", "seed", "gloss"];

/** [{text, label?}]; empty lines are left out. Tabs separate the text from its label, as spreadsheets copy. */
export function fromText(pasted) {
  return pasted.split(/\r?\n/).map((line) => line.split("\t")).filter(([text]) => text.trim()).map(([text, label]) => (label?.trim() ? { text: text.trim(), label: label.trim() } : { text: text.trim() }));
}

export const toText = (rows) => rows.map((row) => (row.label ? `${row.text}\t${row.label}` : row.text)).join("\n");

/** A row with what the server takes and this browser keeps, and nothing empty. */
export function plain(row) {
  const given = FIELDS.map((field) => [field, row[field]]).filter(([field, value]) => field === "text" || (value !== null && value !== undefined && value !== ""));
  return Object.fromEntries(given);
}

/** The script that a job was made from: the lines of its first column. */
export function rowsOf(items) {
  return items.filter((item) => item.column === 0).map(({ text, label }) => (label ? { text, label } : { text }));
}

/** What its columns speak with, as far as the first line tells. */
export function columnsOf(items) {
  return items.filter((item) => item.row === 0).map(({ preset, voice }) => (preset ? { preset: preset.id } : { voice: voice.id }));
}
