// Batch: a script times voices or presets in one table; each cell holds its take, with a re-roll; a ZIP at the end.

import { call, form, get, live, post } from "moksori/api.js";
import { fill, h, icon } from "moksori/element.js";
import { keep, kept } from "moksori/kept.js";
import { pageKeys } from "moksori/keys.js";
import { latest } from "moksori/logic/latest.js";
import { columnsOf, fromText, plain, rowsOf, toText } from "moksori/logic/rows.js";
import { randomSeed } from "moksori/logic/seed.js";
import { shelves } from "moksori/logic/shelves.js";
import { openMenu } from "moksori/parts/menu-list.js";
import "moksori/parts/export-bar.js";
import { progressOf } from "moksori/parts/job-progress.js";
import "moksori/parts/seed-field.js";
import { rowOfItem } from "moksori/parts/take-row.js";
import { complain, say } from "moksori/parts/toast-line.js";
import { language, t } from "moksori/words.js";

export async function show(main, asked) {
  const page = new Batch();
  fill(main, h("div.stack", h("h1", t("page.batch")), page.intake(), page.table, page.start(), page.result, page.earlier));
  live.addEventListener("item", page.onItem);
  live.addEventListener("progress", page.onProgress);
  pageKeys({ "Ctrl+Enter": { run: () => page.speak(), words: t("speak_all") } });
  await page.load(asked);
  return () => {
    live.removeEventListener("item", page.onItem);
    live.removeEventListener("progress", page.onProgress);
  };
}

class Batch {
  rows = kept("script", null);
  columns = kept("columns", [{}]);
  table = h("div.scroll");
  earlier = h("div.stack");
  result = h("div.stack");
  items = [];
  shown = new Map(); // take rows by item
  places = new WeakMap(); // a row of the script -> its items by column

  intake() {
    const paste = h("textarea.short", { "aria-label": t("paste_lines"), placeholder: t("paste_hint") });
    const add = () => {
      const fresh = fromText(paste.value);
      if (!fresh.length) return paste.focus();
      this.rows = [...this.rows.filter((row) => row.text.trim()), ...fresh];
      paste.value = "";
      this.draw();
    };
    const file = h("input", { type: "file", accept: ".txt,.csv,.tsv,.srt", "aria-label": t("import_file"), hidden: true, onchange: () => this.importFile(file.files[0]) });
    const clear = () => {
      const before = this.rows;
      this.rows = [{ text: "" }];
      this.draw();
      if (before.some((row) => row.text.trim())) say(t("cleared"), { label: t("undo"), action: () => ((this.rows = before), this.draw()) });
    };
    return h("div.card.stack", paste, h("div.line", h("button", { onclick: add }, t("add_lines")), h("button", { onclick: () => file.click() }, t("import_file")), file,
      h("button.plain", { onclick: () => navigator.clipboard.writeText(toText(this.rows)).then(() => say(t("copied"))).catch(complain) }, t("copy_lines")), h("button.plain", { onclick: clear }, t("clear"))));
  }

  start() {
    this.seed = document.createElement("seed-field");
    const action = kept("batch.quality", "flag");
    this.retry = h("select", { onchange: () => keep("batch.quality", this.retry.value) }, ["keep", "flag", "retry"].map((one) => h("option", { value: one, selected: one === action }, t(`quality.${one}`))));
    this.button = h("button.main", { disabled: true, onclick: () => this.speak(), title: "Ctrl+Enter" }, t("speak_all"));
    this.summary = h("span.muted.small.number");
    return h("div.line.spread", h("div.line", this.seed, h("label.line.small", t("quality"), this.retry)), h("div.line", this.summary, this.button));
  }

  async load(asked) {
    const [voices, presets, jobs, examples] = await Promise.all([get("/api/voices"), get("/api/presets"), get("/api/jobs?kind=batch&limit=10"), get("/api/examples")]);
    this.voices = shelves(voices.items).flat().filter((voice) => voice.usable !== false);
    this.presets = presets.items;
    this.rows ??= examples.lines.map(({ label, ko, en }) => ({ text: ko, label, gloss: en }));
    if (asked.get("preset")) this.columns = [{ preset: asked.get("preset") }];
    this.draw();
    this.list(jobs.items);
    const going = jobs.items.find((job) => ["queued", "running"].includes(job.state));
    const job = jobs.items.find((one) => one.id === asked.get("job")) ?? going ?? jobs.items.find((one) => one.id === kept("batch.job"));
    if (job) await this.open(job);
  }

  list(jobs) {
    const button = (job) => h("button.plain.small", { onclick: () => this.reopen(job).catch(complain) }, job.title || job.id, h("span.muted.number", ` ${job.counts.done} / ${job.total}`));
    fill(this.earlier, jobs.length > 0 && h("details", h("summary", t("earlier")), h("div.line", jobs.map(button))));
  }

  draw() {
    keep("script", this.rows.map(plain));
    keep("columns", this.columns);
    const heads = this.columns.map((column, index) => h("th", { scope: "col" }, this.speaker(column, index)));
    const more = h("button.plain.small", { onclick: () => ((this.columns = [...this.columns, {}]), this.draw()), title: t("add_column"), "aria-label": t("add_column") }, "＋");
    fill(this.table, h("table.script", h("thead", h("tr", h("th.tight", { scope: "col" }, "#"), h("th.text", { scope: "col" }, t("line")), h("th", { scope: "col" }, t("label")), heads, h("th.tight", more))),
      h("tbody", this.rows.map((row, index) => this.row(row, index)))));
    const lines = this.rows.filter((row) => row.text.trim()).length;
    this.summary.textContent = t("batch_summary", { lines, columns: this.columns.length, items: lines * this.columns.length });
    this.button.disabled = !lines;
  }

  speakers(value, change, label) {
    const option = (kind) => (one) => h("option", { value: `${kind} ${one.id}`, selected: `${kind} ${one.id}` === value }, one.name);
    const groups = [["preset", this.presets], ["voice", this.voices]].filter(([, list]) => list.length);
    const pick = h("select", { "aria-label": label }, h("option", { value: "voice " }, t("default_voice")), groups.map(([kind, list]) => h("optgroup", { label: t(kind) }, list.map(option(kind)))));
    pick.onchange = () => {
      const [kind, id] = pick.value.split(/ (.*)/s);
      change(id ? { [kind]: id } : {});
    };
    return pick;
  }

  speaker(column, index) {
    const value = column.preset ? `preset ${column.preset}` : `voice ${column.voice ?? ""}`;
    const pick = this.speakers(value, (chosen) => ((this.columns[index] = chosen), this.forget(index), this.draw()), `${t("voice")} ${index + 1}`);
    const drop = () => {
      this.columns.splice(index, 1);
      this.places = new WeakMap();
      this.draw();
    };
    return h("span.line", pick, this.columns.length > 1 && h("button.plain.small", { "aria-label": `${t("remove")}: ${t("voice")} ${index + 1}`, onclick: drop }, "✕"));
  }

  /** A column that speaks otherwise now: what it said before is no longer its own. */
  forget(column) {
    for (const row of this.rows) delete this.places.get(row)?.[column];
  }

  row(row, index) {
    const reading = h("div.muted.small", language() === "en" ? row.gloss : null);
    const text = h("input", { type: "text", value: row.text, "aria-label": `${t("line")} ${index + 1}`, onchange: () => this.edit(row, text.value) });
    text.onfocus = () => text.value.trim() && post("/api/read", { text: text.value }).then((answer) => (reading.textContent = answer.reading.spoken)).catch((error) => (reading.textContent = error.message));
    const label = h("input", { type: "text", value: row.label ?? "", "aria-label": `${t("label")} ${index + 1}`, onchange: () => ((row.label = label.value), keep("script", this.rows.map(plain))) });
    const handle = h("td.number.muted.handle", { draggable: true, title: t("drag") }, index + 1);
    const more = h("button.plain.small", { "aria-label": `${t("more")}: ${index + 1}`, "aria-haspopup": "menu", onclick: () => openMenu(more, this.choices(row, index)) }, icon("more"));
    const line = h("tr", handle, h("td.text", text, reading, this.wishes(row)), h("td.label", label), this.columns.map((_, column) => h("td.made", this.cell(row, column))), h("td.tight", more));
    handle.ondragstart = (event) => event.dataTransfer.setData("text/plain", String(index));
    line.ondragover = (event) => event.preventDefault();
    line.ondrop = (event) => {
      event.preventDefault();
      this.move(Number(event.dataTransfer.getData("text/plain")), index);
    };
    return line;
  }

  /** What a row wants for itself, whatever its column says. */
  wishes(row) {
    const name = this.presets.find((one) => one.id === row.preset)?.name ?? this.voices.find((one) => one.id === row.voice)?.name ?? row.preset ?? row.voice;
    const chip = (words, fields) => h("button.chip.small", { title: t("remove"), onclick: () => (fields.forEach((field) => delete row[field]), this.draw()) }, words, " ✕");
    const found = [name && chip(name, ["voice", "preset"]), row.seed !== undefined && chip(`seed ${row.seed}`, ["seed"])].filter(Boolean);
    return found.length ? h("div.line", found) : null;
  }

  choices(row, index) {
    const own = () => {
      const pick = this.speakers("", (chosen) => (dialog.close(), delete row.voice, delete row.preset, Object.assign(row, chosen), this.draw()), t("own_voice"));
      const dialog = h("dialog", { "aria-label": t("own_voice"), onclose: () => dialog.remove() }, h("div.stack", h("h2", t("own_voice")), pick, h("button", { onclick: () => dialog.close() }, t("cancel"))));
      document.body.append(dialog);
      dialog.showModal();
    };
    return [
      { label: t("own_voice"), run: own },
      index > 0 && { label: t("up"), run: () => this.move(index, index - 1) },
      index < this.rows.length - 1 && { label: t("down"), run: () => this.move(index, index + 1) },
      { label: t("insert_line"), run: () => (this.rows.splice(index + 1, 0, { text: "" }), this.draw()) },
      { label: t("remove"), run: () => (this.rows.splice(index, 1), this.rows.length || this.rows.push({ text: "" }), this.draw()) },
    ];
  }

  move(from, to) {
    if (!(from in this.rows) || !(to in this.rows)) return;
    this.rows.splice(to, 0, ...this.rows.splice(from, 1));
    this.draw();
  }

  edit(row, text) {
    row.text = text;
    delete row.gloss;
    this.draw();
  }

  /** The take of a row in a column, and a way to another one; a changed line says that its take is an older one. */
  cell(row, column) {
    const id = this.places.get(row)?.[column];
    const item = this.items.find((one) => one.id === id);
    if (!item) return null;
    const stale = item.text !== row.text.trim() && item.text !== row.text;
    const again = () => post(`/api/items/${id}/reroll`, stale ? { text: row.text, seed: item.seed } : { seed: randomSeed() }).then((fresh) => this.onItem({ detail: fresh })).catch(complain);
    const button = h("button.plain", { onclick: again, disabled: ["queued", "running"].includes(item.state), title: stale ? t("line_changed") : t("reroll") }, stale ? `↻ ${t("speak_again")}` : `↻ ${t("reroll")}`);
    const made = rowOfItem(item, [button]);
    made.classList.add("compact");
    this.shown.set(id, made);
    return made;
  }

  async importFile(file) {
    if (!file) return;
    const found = await call("POST", "/api/batch/import", form({ file })).catch(complain);
    if (!found) return;
    this.replace(found.rows.map(plain));
    if (found.warnings.length) say(found.warnings.join(" "), { keep: true });
  }

  /** Another script in place of this one, which can be had back. */
  replace(rows, columns = this.columns) {
    const before = { rows: this.rows, columns: this.columns };
    Object.assign(this, { rows, columns });
    this.draw();
    const undo = () => (Object.assign(this, before), this.draw());
    if (before.rows.some((row) => row.text.trim())) say(t("script_replaced"), { label: t("undo"), action: undo });
  }

  async speak() {
    if (this.button.disabled) return;
    this.rows = this.rows.filter((row) => row.text.trim());
    if (!this.rows.length) return say(t("no_lines"));
    this.button.disabled = true;
    const rows = this.rows.map(({ gloss, ...row }) => row);
    const body = { title: rows[0].text.slice(0, 40), rows, columns: this.columns, seed: this.seed.next(), quality: { action: this.retry.value, tries: 3 }, request_id: crypto.randomUUID() };
    const answer = await post("/api/batch", body).catch(complain);
    this.button.disabled = false;
    if (answer) await this.open(answer.job);
  }

  /** An earlier job, with the script it was made from. */
  async reopen(job) {
    await this.open(job, (items) => this.replace(rowsOf(items), columnsOf(items)));
  }

  async open(job, ready = () => null) {
    this.job = job;
    this.updates = [];
    keep("batch.job", job.id);
    const items = [];
    for (let next = ""; next !== null; ) {
      const page = await get(`/api/jobs/${job.id}/items?limit=1000${next ? `&cursor=${next}` : ""}`);
      if (this.job !== job) return;
      items.push(...page.items);
      next = page.next;
    }
    this.items = latest(items, this.updates);
    this.updates = null;
    this.shown.clear();
    ready(this.items);
    this.places = new WeakMap();
    for (const item of this.items) {
      const row = this.rows[item.row];
      if (row?.text.trim() === item.text.trim()) this.places.set(row, { ...this.places.get(row), [item.column]: item.id });
    }
    this.draw();
    fill(this.result, progressOf(job), document.createElement("export-bar").show(job, () => this.items));
  }

  onItem = ({ detail: item }) => {
    if (item.job !== this.job?.id) return;
    if (this.updates) return this.updates.push(item);
    this.items = this.items.map((one) => (one.id === item.id ? item : one));
    const row = this.rows.find((one) => Object.values(this.places.get(one) ?? {}).includes(item.id));
    if (row) this.shown.get(item.id)?.replaceWith(this.cell(row, item.column));
  };

  onProgress = ({ detail }) => {
    const row = this.shown.get(detail.item);
    if (row) row.progress = detail;
  };
}
