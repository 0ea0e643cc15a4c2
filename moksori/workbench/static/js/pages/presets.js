// Presets: everything needed to reproduce, frozen. A preset whose model or reference changed says so.

import { call, form, get, patch, post, remove } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { complain, say } from "moksori/parts/toast-line.js";
import { t } from "moksori/words.js";

export async function show(main) {
  const grid = h("div.grid.wide");
  const file = h("input", { type: "file", accept: ".zip", hidden: true, onchange: () => bring(file.files[0]) });
  const bring = async (chosen) => {
    const found = chosen && (await call("POST", "/api/presets/import", form({ file: chosen })).catch(complain));
    if (!found) return;
    say([t("saved"), ...found.notes].join(" "), { keep: found.notes.length > 0 });
    await load();
  };
  const load = async () => {
    const { items } = await get("/api/presets");
    fill(grid, items.length ? items.map((preset) => card(preset, load)) : h("div.empty", t("no_presets")));
  };
  fill(main, h("div.column.stack", h("div.line.spread", h("h1", t("page.presets")), h("label.button", t("import_preset"), file)), h("p.muted", t("presets_about")), grid));
  await load();
}

function card(preset, load) {
  const act = (promise, words) => promise.then(() => (words && say(words), load())).catch((error) => (complain(error), error.code === "stale" && load()));
  const change = (fields) => act(patch(`/api/presets/${preset.id}`, { version: preset.version, ...fields }), t("saved"));
  const name = h("input", { type: "text", value: preset.name, "aria-label": t("preset_name") });
  name.onchange = () => change({ name: name.value });
  const note = h("input", { type: "text", value: preset.note, "aria-label": t("note"), placeholder: t("note") });
  note.onchange = () => change({ note: note.value });
  const quality = h("select", { "aria-label": t("quality") }, ["keep", "flag", "retry"].map((action) => h("option", { value: action, selected: preset.quality?.action === action }, t(`quality.${action}`))));
  const tries = h("input.short", { type: "number", min: 1, max: 10, value: preset.quality?.tries ?? 3, "aria-label": t("tries"), title: t("tries"), hidden: preset.quality?.action !== "retry" });
  quality.onchange = tries.onchange = () => change({ quality: { action: quality.value, tries: Number(tries.value) } });
  const copy = () => act(post(`/api/presets/${preset.id}/duplicate`), t("saved"));
  const discard = () => confirm(t("really_delete", { name: preset.name })) && act(remove(`/api/presets/${preset.id}?version=${preset.version}`), t("deleted"));
  const model = preset.model ?? {};
  return h("article.card.stack", { "aria-label": preset.name }, name, h("div.small.muted", [preset.voice?.name, model.checkpoint ?? model.engine, model.precision].filter(Boolean).join(" · ")),
    h("div.small.number", `seed ${preset.seed}`), preset.changed?.length > 0 && h("div.warn.small", `⚠ ${preset.changed.join(" ")}`), note, h("div.line.small", h("label.line", t("quality"), quality), tries),
    h("div.line", h("a.button", { href: `#/speak?preset=${preset.id}` }, t("speak")), h("a.button", { href: `#/batch?preset=${preset.id}` }, t("page.batch")), h("button.plain", { onclick: copy }, t("duplicate")), h("a.button", { href: `/api/presets/${preset.id}/export` }, t("export")), h("button.plain", { onclick: discard }, t("delete"))));
}
