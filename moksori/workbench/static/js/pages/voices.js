// Voices: upload or record a reference, trim it, check it; design one from words; say who consented.

import { call, form, get, patch, post, remove } from "moksori/api.js";
import { fill, h, icon } from "moksori/element.js";
import { play } from "moksori/player.js";
import { Recorder } from "moksori/recorder.js";
import { complain, say } from "moksori/parts/toast-line.js";
import { markColour } from "moksori/parts/mark-badge.js";
import "moksori/parts/trim-strip.js";
import { shelves } from "moksori/logic/shelves.js";
import { because, t } from "moksori/words.js";

export async function show(main, asked) {
  const own = h("div.grid.wide");
  const loaded = h("div.grid");
  const load = async () => {
    const { items } = await get("/api/voices");
    const [stored, brought] = shelves(items);
    fill(own, stored.length ? stored.map((voice) => card(voice, load)) : h("div.empty", t("your_voices_none")));
    fill(loaded, brought.map((voice) => card(voice, load)));
  };
  const add = h("div.line", h("button.main", { onclick: () => new Intake(load).open() }, t("add_clone")), h("button", { onclick: () => design(load) }, t("add_design")), h("button", { onclick: () => addPack(load) }, t("add_pack")));
  fill(main, h("div.column.stack", h("h1", t("page.voices")), add, h("h2", t("own_voices")), own, h("h2", t("model_voices")), loaded));
  await load();
  if (asked.get("take")) fromTake(asked.get("take"), load);
}

function card(voice, load) {
  const act = (promise, words) => promise.then(() => (words && say(words), load())).catch((error) => (complain(error), error.code === "stale" && load()));
  const sample = () => listen(voice).catch(complain);
  const kind = h("span.chip", t(`kind.${voice.kind}`));
  const warnings = (voice.warnings ?? []).map((warning) => h("div.small.warn", `⚠ ${warning}`));
  const note = voice.note || voice.description;
  return h("article.card.stack", { "aria-label": voice.name }, h("div.line.spread", h("h2", voice.name), kind), voice.usable === false && h("div.warn.small", voice.why), warnings,
    voice.reference_sha256 && clip(voice), note && h("div.small", note), voice.transcript && h("div.small.muted", `“${voice.transcript}”`), voice.consent && h("div.small.muted", `${t("consent")}: ${voice.consent}`),
    voice.kind === "pack" && voice.stored && scaleSlider(voice, act),
    h("div.line", h("button.plain", { onclick: sample, "aria-label": `${t("listen_sample")}: ${voice.name}`, title: t("listen_sample"), disabled: voice.usable === false }, icon("play")), h("a.button", { href: `#/speak?voice=${voice.id}` }, t("speak")),
      voice.stored && h("button.plain", { onclick: () => edit(voice, act) }, t("edit")), voice.stored && h("button.plain", { onclick: () => discard(voice, act) }, t("delete"))));
}

/** The clip that a voice was cloned from, to see and to hear. */
function clip(voice) {
  const picture = h("canvas.clip", { role: "img", "aria-label": `${t("waveform")}: ${voice.seconds?.toFixed(1)} s` });
  get(`/api/voices/${voice.id}/peaks?bins=160`).then(({ min, max }) => drawPeaks(picture, min, max)).catch(complain);
  return h("div.stack.tightly", picture, h("audio", { controls: true, preload: "none", src: `/api/voices/${voice.id}/reference`, "aria-label": `${t("reference")}: ${voice.name}` }));
}

function drawPeaks(canvas, min, max) {
  Object.assign(canvas, { width: min.length * 2, height: 64 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = getComputedStyle(canvas).color;
  const loudest = Math.max(8, ...max, ...min.map((low) => -low));
  min.forEach((low, index) => pen.fillRect(index * 2, 32 - (max[index] / loudest) * 31, 1.2, Math.max(1, ((max[index] - low) / loudest) * 31)));
}

async function listen(voice) {
  const { items } = await post(`/api/voices/${voice.id}/sample`);
  const { playLive } = await import("moksori/player.js");
  await (items[0].take ? play(items[0].take) : playLive(items[0]));
}

function scaleSlider(voice, act) {
  const shown = h("output.number", String(voice.scale));
  const slider = h("input", { type: "range", min: 0, max: 1.5, step: 0.05, value: voice.scale, "aria-label": t("pack_scale"), oninput: () => (shown.textContent = slider.value) });
  slider.onchange = () => act(patch(`/api/voices/${voice.id}`, { version: voice.version, scale: Number(slider.value) }));
  return h("label.field", h("span.line.spread", t("pack_scale"), shown), slider);
}

function edit(voice, act) {
  const name = h("input", { type: "text", value: voice.name, required: true });
  const transcript = h("textarea.short", { value: voice.transcript ?? "" });
  const words = h("textarea.short", { value: voice.description ?? "", required: true });
  const consent = h("input", { type: "text", value: voice.consent ?? "", placeholder: t("consent_hint") });
  const note = h("input", { type: "text", value: voice.note ?? "" });
  const own = { cloned: { transcript }, designed: { description: words } }[voice.kind] ?? {};
  const save = () => act(patch(`/api/voices/${voice.id}`, { version: voice.version, name: name.value, consent: consent.value, note: note.value, ...Object.fromEntries(Object.entries(own).map(([field, box]) => [field, box.value])) }), t("saved"));
  ask(t("edit"), [h("label.field", t("name"), name), own.transcript && h("label.field", t("transcript"), transcript), own.description && h("label.field", t("design"), words), h("label.field", t("consent"), consent), h("label.field", t("note"), note)], save);
}

async function discard(voice, act) {
  const depends = await get(`/api/voices/${voice.id}/dependents`).catch(complain);
  if (!depends) return;
  const used = depends.presets.length ? t("used_by", { names: depends.presets.map((preset) => preset.name).join(", ") }) : "";
  if (!confirm([t("really_delete", { name: voice.name }), used].filter(Boolean).join("\n"))) return;
  act(remove(`/api/voices/${voice.id}?version=${voice.version}${depends.presets.length ? "&force=true" : ""}`), t("deleted"));
}

function design(load) {
  const name = h("input", { type: "text", required: true });
  const words = h("textarea.short", { placeholder: t("design_hint"), required: true });
  ask(t("add_design"), [h("label.field", t("name"), name), h("label.field", t("design"), words)], () => post("/api/voices", { kind: "designed", name: name.value, description: words.value }).then(load).catch(complain));
}

async function addPack(load) {
  const { items } = await get("/api/packs").catch((error) => (complain(error), { items: [] }));
  if (!items.length) return say(t("no_packs"));
  const pick = h("select", items.map((pack) => h("option", { value: pack.name }, pack.name)));
  const name = h("input", { type: "text", value: items[0].name });
  ask(t("add_pack"), [h("label.field", t("pack"), pick), h("label.field", t("name"), name)], () => post("/api/voices", { kind: "pack", name: name.value, pack: pick.value }).then(load).catch(complain));
}

function fromTake(take, load) {
  const name = h("input", { type: "text", required: true });
  const consent = h("input", { type: "text", placeholder: t("consent_hint") });
  ask(t("clone_from"), [h("label.field", t("clone_name"), name), h("label.field", t("consent"), consent)], () => post("/api/voices/from-take", { take: Number(take), name: name.value, consent: consent.value }).then(() => (say(t("saved")), load())).catch(complain));
}

function ask(title, fields, save) {
  const dialog = h("dialog", { "aria-label": title, onclose: () => dialog.remove() });
  const submit = (event) => {
    event.preventDefault();
    dialog.close();
    save();
  };
  dialog.append(h("form.stack", { onsubmit: submit }, h("h2", title), fields, h("div.line", h("button.main", t("save")), h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")))));
  document.body.append(dialog);
  dialog.showModal();
}

/** One dialog: drop or record, trim on the waveform, transcript, checks, save. */
class Intake {
  constructor(load) {
    this.load = load;
  }

  open() {
    this.name = h("input", { type: "text", required: true });
    this.transcript = h("textarea.short", { placeholder: t("transcript_hint"), onchange: () => this.check() });
    this.consent = h("input", { type: "text", placeholder: t("consent_hint") });
    this.trim = document.createElement("trim-strip");
    this.trim.addEventListener("change", () => this.check());
    this.checks = h("div.stack.small", { "aria-live": "polite" });
    this.save = h("button.main", { disabled: true }, t("save"));
    const file = h("input", { type: "file", accept: "audio/*", hidden: true, onchange: () => this.use(file.files[0]) });
    const record = h("button", { type: "button" }, `● ${t("record")}`);
    record.onclick = () => this.record(record);
    this.dialog = h("dialog", { "aria-label": t("add_clone"), onclose: () => (this.recorder?.stop(), this.dialog.remove()) },
      h("form.stack", { onsubmit: (event) => (event.preventDefault(), this.send()) }, h("h2", t("add_clone")), h("div.line", h("label.button", t("choose_file"), file), record, h("span.muted.small", t("reference_hint"))),
        this.trim, this.checks, h("label.field", t("name"), this.name), h("label.field", t("transcript"), this.transcript), h("label.field", t("consent"), this.consent),
        h("div.line", this.save, h("button", { type: "button", onclick: () => this.dialog.close() }, t("cancel")))));
    this.dialog.ondragover = (event) => event.preventDefault();
    this.dialog.ondrop = (event) => (event.preventDefault(), this.use(event.dataTransfer.files[0]));
    document.body.append(this.dialog);
    this.dialog.showModal();
  }

  async record(button) {
    if (this.recorder) {
      button.textContent = `● ${t("record")}`;
      const recorded = this.recorder;
      this.recorder = null;
      return this.use(recorded.stop());
    }
    this.recorder = await Recorder.start((level, time) => (button.textContent = `■ ${t("stop")} ${time.toFixed(1)} s ${"▮".repeat(Math.round(level * 8))}`)).catch(() => (say(t("no_microphone"), { keep: true }), null));
  }

  async use(file) {
    if (!file) return;
    this.file = file;
    this.trim.range = null;
    await this.check();
  }

  fields() {
    const [start, end] = this.trim.range ?? [];
    return { file: this.file, transcript: this.transcript.value, start_s: start?.toFixed(3), end_s: end?.toFixed(3) };
  }

  async check() {
    if (!this.file) return;
    const found = await call("POST", "/api/voices/check", form(this.fields())).catch((error) => (fill(this.checks, h("div.bad", because(error.code, error.message))), null));
    this.save.disabled = !found?.ok;
    if (!found) return;
    if (!this.trim.range) this.trim.show(found.peaks, this.file);
    const coverage = found.coverage ? [{ ...found.coverage, code: `transcript_${found.coverage.severity}` }] : [];
    const sign = { error: "✕", warning: "⚠", info: "✓" };
    fill(this.checks, h("div.muted.number", `${found.seconds.toFixed(1)} s`), [...found.checks, ...coverage].map((check) => h("div", { className: markColour(check.severity) }, `${sign[check.severity]} ${because(check.code, check.reason)}`)), found.ok && !found.checks.length && h("div.good", `✓ ${t("checks_good")}`));
  }

  async send() {
    const body = form({ ...this.fields(), name: this.name.value, consent: this.consent.value });
    const made = await call("POST", "/api/voices/upload", body).catch(complain);
    if (!made) return;
    this.dialog.close();
    say(t("saved"));
    await this.load();
  }
}
