// Speak: text, voice, button. The reading is shown before any compute is spent; takes stack up and none is overwritten.

import { get, live, post } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { keep, kept } from "moksori/kept.js";
import { pageKeys } from "moksori/keys.js";
import { latest } from "moksori/logic/latest.js";
import { standing } from "moksori/logic/reading.js";
import { seconds } from "moksori/logic/time.js";
import { playLive } from "moksori/player.js";
import "moksori/parts/compare-strip.js";
import "moksori/parts/param-form.js";
import "moksori/parts/reading-line.js";
import "moksori/parts/seed-field.js";
import "moksori/parts/voice-picker.js";
import { rowOf, rowOfItem, select } from "moksori/parts/take-row.js";
import { complain, say } from "moksori/parts/toast-line.js";
import { t } from "moksori/words.js";

const READ_AFTER_MS = 250;

export async function show(main, asked) {
  const desk = new Desk();
  fill(main, h("h1", t("page.speak")), h("div.columns", desk.left(), desk.right()));
  const followed = { item: desk.onItem, progress: desk.onProgress };
  for (const [kind, run] of Object.entries(followed)) live.addEventListener(kind, run);
  pageKeys(keysOf(desk));
  await desk.load(asked);
  return () => {
    for (const [kind, run] of Object.entries(followed)) live.removeEventListener(kind, run);
  };
}

class Desk {
  rows = new Map();

  left() {
    this.voice = document.createElement("voice-picker");
    this.tongue = h("select", { "aria-label": t("language"), onchange: () => this.read() });
    this.preset = h("select", { "aria-label": t("preset"), onchange: () => this.usePreset() });
    this.text = h("textarea", { "aria-label": t("text"), placeholder: t("text_hint"), maxLength: 100000, oninput: () => this.typed(), value: kept("draft", t("example")) });
    this.line = document.createElement("reading-line");
    this.line.overrides = kept("speak.overrides", []);
    this.line.addEventListener("change", () => this.read());
    this.estimate = h("span.muted.small.number");
    this.seed = document.createElement("seed-field");
    this.count = h("select", { "aria-label": t("how_many") }, [1, 2, 3, 4, 8].map((n) => h("option", { value: n }, t("takes_count", { count: n }))));
    this.button = h("button.main", { disabled: true, onclick: () => this.speak(), title: "Ctrl+Enter" }, `${t("speak")} `, h("kbd", "Ctrl ⏎"));
    return h("section.stack", { "aria-label": t("page.speak") },
      h("div.line", this.voice, this.tongue, this.preset), this.text,
      h("div.card.stack", h("div.line.spread", h("h2", t("reading")), this.estimate), this.line),
      this.advanced(),
      h("div.line.spread", h("div.line", this.seed, this.count), this.button));
  }

  advanced() {
    this.parameters = document.createElement("param-form");
    this.parameters.addEventListener("change", () => keep("speak.parameters", this.parameters.value));
    this.instruct = h("input", { type: "text", placeholder: t("instruct_hint"), value: kept("speak.instruct", "") });
    this.instructField = h("label.field", t("instruct"), this.instruct);
    this.pause = h("input", { type: "number", min: 0, max: 10, step: 0.05, value: kept("speak.pause_s", 0.2) });
    this.trailing = h("input", { type: "number", min: 0, max: 10, step: 0.05, value: kept("speak.trailing_s", 0) });
    const times = h("div.line", h("label.field", t("pause"), this.pause), h("label.field", t("trailing"), this.trailing));
    return h("details", { open: kept("advanced", false), ontoggle: (event) => keep("advanced", event.target.open) },
      h("summary", t("advanced")), h("div.stack.inset", this.instructField, times, this.parameters));
  }

  right() {
    this.list = h("div.stack");
    this.compareSlot = h("div");
    const head = h("div.line.spread", h("h2", t("takes")), h("button.plain", { onclick: () => this.compare() }, t("compare_two")));
    return h("section.stack", { "aria-label": t("takes") }, head, this.compareSlot, this.list);
  }

  async load(asked) {
    const [models, presets, takes] = await Promise.all([get("/api/models"), get("/api/presets"), get("/api/takes?limit=20")]);
    const about = models.loaded;
    fill(this.tongue, (about?.languages ?? ["korean"]).map((name) => h("option", { value: name, selected: name === kept("speak.language", "korean") }, t(`language.${name}`))));
    fill(this.preset, h("option", { value: "" }, t("no_preset")), presets.items.map((preset) => h("option", { value: preset.id }, preset.name)));
    this.presets = presets.items;
    this.parameters.show(about?.parameters, kept("speak.parameters", {}));
    this.instructField.hidden = !about?.instruct;
    for (const take of takes.items) this.add(rowOf(take), `take ${take.id}`, "append");
    if (!takes.items.length) this.list.append(h("div.empty", t("no_takes")));
    await this.voice.load(kept("speak.voice"));
    await this.arrive(asked);
    this.loaded = true;
    await this.read();
  }

  /** From another page: `?take=`, `?preset=` or `?voice=`. */
  async arrive(asked) {
    if (asked.get("take")) await this.restore(asked.get("take"));
    if (asked.get("preset")) {
      this.preset.value = asked.get("preset");
      this.usePreset();
    }
    if (asked.get("voice")) this.voice.value = asked.get("voice");
  }

  typed() {
    keep("draft", this.text.value);
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.read(), READ_AFTER_MS);
  }

  async read() {
    keep("speak.language", this.tongue.value);
    this.line.overrides = standing(this.line.overrides, this.text.value);
    keep("speak.overrides", this.line.overrides);
    this.button.disabled = !this.loaded || !this.text.value.trim();
    this.reading?.abort();
    if (!this.text.value.trim()) return fill(this.line, h("span.muted", t("reading_empty")));
    this.reading = new AbortController();
    const body = { text: this.text.value, settings: { language: this.tongue.value, overrides: this.line.overrides } };
    try {
      const answer = await post("/api/read", body, { signal: this.reading.signal });
      this.line.show(answer.reading);
      this.estimate.textContent = estimateWords(answer);
    } catch (error) {
      if (error.name !== "AbortError") fill(this.line, h("span.bad", error.message));
    }
  }

  settings() {
    const plain = { language: this.tongue.value, pause_s: Number(this.pause.value), trailing_s: Number(this.trailing.value) };
    for (const [name, value] of Object.entries({ ...plain, instruct: this.instruct.value, voice: this.voice.value })) keep(`speak.${name}`, value ?? null);
    const full = { ...plain, parameters: this.parameters.value, overrides: this.line.overrides };
    return this.instructField.hidden ? full : { ...full, instruct: this.instruct.value };
  }

  async speak() {
    if (this.button.disabled) return;
    this.button.disabled = true;
    const body = {
      text: this.text.value, voice: this.voice.value, preset: this.preset.value || undefined, settings: this.settings(),
      seed: this.seed.next(), takes: Number(this.count.value), request_id: crypto.randomUUID(),
    };
    try {
      this.updates = [];
      const { items } = await post("/api/speak", body);
      this.list.querySelector(".empty")?.remove();
      for (const item of latest(items, this.updates).reverse()) {
        this.add(rowOfItem(item), `item ${item.id}`);
        this.onItem({ detail: item });
      }
      this.updates = null;
      select(this.rows.get(`item ${items[0].id}`));
      if (!items[0].take) playLive(items[0]).catch(complain);
    } catch (error) {
      complain(error);
    }
    this.button.disabled = false;
  }

  add(row, key, where = "prepend") {
    this.list[where](row);
    this.rows.set(key, row);
  }

  onItem = ({ detail: item }) => {
    this.updates?.push(item);
    const row = this.rows.get(`item ${item.id}`);
    if (!row) return;
    row.item = item;
    if (item.take) this.rows.set(`take ${item.take.id}`, row);
  };

  onProgress = ({ detail }) => {
    const row = this.rows.get(`item ${detail.item}`);
    if (row) row.progress = detail;
  };

  usePreset() {
    const preset = this.presets.find((one) => one.id === this.preset.value);
    if (!preset) return;
    this.voice.value = preset.voice?.id;
    this.seed.value = preset.seed;
    this.seed.pin(true);
    this.adopt(preset.settings);
    if (preset.changed?.length) say(preset.changed.join(" "), { keep: true });
  }

  async restore(id) {
    const found = await get(`/api/takes/${id}/restore`);
    this.text.value = found.text;
    this.voice.value = found.voice;
    this.seed.value = found.seed;
    this.seed.pin(true);
    this.adopt(found.settings);
    keep("draft", found.text);
    if (found.missing?.length) say(found.missing.join(" "), { keep: true });
  }

  adopt(settings) {
    this.tongue.value = settings.language;
    this.pause.value = settings.pause_s;
    this.trailing.value = settings.trailing_s;
    this.instruct.value = settings.instruct ?? "";
    this.line.overrides = settings.overrides ?? [];
    this.parameters.show({ properties: this.parameters.schema }, settings.parameters);
    this.read();
  }

  compare() {
    const takes = [...this.list.querySelectorAll("take-row:not([hidden])")].map((row) => row.take).filter(Boolean);
    const chosen = this.list.querySelector("take-row[selected]")?.take ?? takes[0];
    const other = takes.find((take) => take.id !== chosen?.id);
    if (!other) return say(t("needs_two"));
    this.strip = document.createElement("compare-strip");
    fill(this.compareSlot, this.strip);
    this.strip.show(chosen, other);
  }
}

function keysOf(desk) {
  return {
    "Ctrl+Enter": { run: () => desk.speak(), words: t("speak") },
    R: { run: () => desk.seed.roll(), words: t("reroll") },
    L: { run: () => desk.seed.pin(), words: t("pin") },
    X: { run: () => desk.strip?.flip(), words: t("key.ab") },
  };
}

function estimateWords({ units, estimate }) {
  const words = [t("units_count", { count: units.length })];
  if (estimate) words.push(`≈ ${seconds(estimate.speech_s)}`);
  if (estimate?.compute_s) words.push(t("ready_in", { time: seconds(estimate.compute_s) }));
  return words.join(" · ");
}
