// A reading as pieces to draw: kept text and edits in order, with the overrides a user has chosen.

/** [{text} | {edit, text, written}] covering the written text exactly; spans in UTF-16 units, as JavaScript counts. */
export function pieces(reading) {
  const found = [];
  let at = 0;
  for (const edit of reading.edits) {
    if (edit.src16[0] > at) found.push({ text: reading.source.slice(at, edit.src16[0]) });
    found.push({ edit, text: edit.reading, written: edit.written });
    at = edit.src16[1];
  }
  if (at < reading.source.length) found.push({ text: reading.source.slice(at) });
  return found;
}

/** Overrides after the user chose `spoken` for `edit` (null takes the choice back). Other choices stay. */
export function choose(overrides, edit, spoken) {
  const others = overrides.filter((one) => one.src[0] !== edit.src[0] || one.src[1] !== edit.src[1]);
  return spoken === null ? others : [...others, { src: edit.src, written: edit.written, reading: spoken }];
}

/** Overrides that still stand where they were chosen: the words at their place are unchanged in the new text. */
export function standing(overrides, text) {
  const points = Array.from(text);
  return overrides.filter((one) => points.slice(one.src[0], one.src[1]).join("") === one.written);
}
