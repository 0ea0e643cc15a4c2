// The reading dictionary: what is always read in a certain way.

import { call, form, get, post, put, remove } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { complain, say } from "moksori/parts/toast-line.js";
import { t } from "moksori/words.js";

export async function show(main) {
  const search = h("input", { type: "search", placeholder: t("search"), "aria-label": t("search"), oninput: () => load() });
  const body = h("tbody");
  const load = async () => fill(body, (await get(`/api/dictionary?q=${encodeURIComponent(search.value)}`).catch((error) => (complain(error), { items: [] }))).items.map((entry) => row(entry, load)));
  const written = h("input", { type: "text", required: true, placeholder: "KTX" });
  const reading = h("input", { type: "text", required: true, placeholder: "케이티엑스" });
  const preview = h("div.muted.small");
  const add = async (event) => {
    event.preventDefault();
    if (!(await post("/api/dictionary", { surface: written.value, reading: reading.value }).catch(complain))) return;
    written.value = reading.value = "";
    await load();
  };
  written.onchange = () => written.value && post("/api/read", { text: written.value }).then((found) => (preview.textContent = t("now_read", { reading: found.reading.spoken }))).catch(() => null);
  const file = h("input", { type: "file", accept: ".csv,.json", hidden: true, onchange: () => bring(file.files[0], load) });
  const exports = ["csv", "json"].map((format) => h("a.button", { href: `/api/dictionary/export?format=${format}` }, `${t("export")} ${format.toUpperCase()}`));
  fill(main, h("div.column.stack", h("h1", t("page.dictionary")), h("p.muted", t("dictionary_about")),
    h("form.card.line", { onsubmit: add }, h("label.field", t("written"), written), h("label.field", t("read_as"), reading), h("button.main", t("add")), preview),
    h("div.line", search, h("label.button", t("import_file"), file), exports),
    h("div.scroll", h("table", h("thead", h("tr", h("th", t("written")), h("th", t("read_as")), h("th", t("note")), h("th"))), body))));
  await load();
}

function row(entry, load) {
  const box = (name) => h("input", { type: "text", value: entry[name] ?? "", "aria-label": `${entry.surface}: ${name}`, onchange: (event) => save(name, event.target.value) });
  const save = (name, value) => put(`/api/dictionary/${entry.id}`, { ...without(entry), [name]: value }).then(() => (say(t("saved")), load())).catch(complain);
  const discard = () => remove(`/api/dictionary/${entry.id}?version=${entry.version}`).then(load).catch(complain);
  return h("tr", h("td", box("surface")), h("td", box("reading")), h("td", box("note")), h("td", h("button.plain", { onclick: discard }, t("delete"))));
}

async function bring(file, load) {
  if (!file) return;
  const found = await call("POST", "/api/dictionary/import", form({ file })).catch(complain);
  if (!found) return;
  say(t("imported", { added: found.added, changed: found.changed }));
  await load();
}

/** An entry as it is sent back: without what the server writes itself. */
function without({ id, created, updated, ...entry }) {
  return entry;
}
