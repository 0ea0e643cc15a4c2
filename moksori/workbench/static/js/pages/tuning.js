// Tuning: one input swept over seeds and parameters; heard blind, at one loudness; the winner becomes a preset.

import { get, live, patch, post, put } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { keep, kept } from "moksori/kept.js";
import { pageKeys } from "moksori/keys.js";
import { latest } from "moksori/logic/latest.js";
import { parseSeeds } from "moksori/logic/seed.js";
import { axesOf, moved } from "moksori/logic/sweep.js";
import { seconds } from "moksori/logic/time.js";
import { match, now, play, toggle } from "moksori/player.js";
import "moksori/parts/compare-strip.js";
import { progressOf } from "moksori/parts/job-progress.js";
import { badges } from "moksori/parts/mark-badge.js";
import "moksori/parts/voice-picker.js";
import { complain, say } from "moksori/parts/toast-line.js";
import { named, t } from "moksori/words.js";

const SHOWN_AXES = 4;
const MEASURES = ["rating", "ending.decay_ms", "ending.trailing_ms", "pace", "silence_share", "loudness_lufs", "clipping", "seconds"];

export async function show(main, asked) {
  const page = new Tuning();
  fill(main, h("div.stack", h("h1", t("page.tuning")), page.input(), page.jobs, page.progress, page.tools, page.grid, page.footer));
  live.addEventListener("item", page.onItem);
  const turn = (by) => () => page.focus(moved(page.at, by, page.cells.length, page.perRow()));
  const rate = (value) => ({ run: () => page.rate(value), words: t("key.rate") });
  pageKeys({
    ArrowLeft: { run: turn("left"), words: t("key.cell") }, ArrowRight: { run: turn("right"), words: t("key.cell") },
    ArrowUp: { run: turn("up"), words: t("key.cell") }, ArrowDown: { run: turn("down"), words: t("key.cell") },
    Space: { run: () => page.listen(), words: t("key.play") }, B: { run: () => page.setBlind(!page.blind), words: t("key.blind") },
    1: rate(1), 2: rate(2), 3: rate(3), 4: rate(4), 5: rate(5),
    Enter: { run: () => page.keepTake(), words: t("key.keep") }, P: { run: () => page.toPreset(), words: t("key.preset") },
    A: { run: () => page.pin(), words: t("key.pin_cell") }, X: { run: () => page.strip?.flip(), words: t("key.ab") },
  });
  await page.load(asked);
  return () => (clearTimeout(page.soon), live.removeEventListener("item", page.onItem));
}

class Tuning {
  plan = h("div.line");
  jobs = h("div");
  progress = h("div");
  tools = h("div.line");
  grid = h("div.cells");
  footer = h("div.stack");
  cells = [];
  at = 0;
  blind = kept("blind", true);

  input() {
    this.text = h("textarea.short", { "aria-label": t("text"), value: kept("tuning.text", t("example")), onchange: () => this.replan() });
    this.voice = document.createElement("voice-picker");
    this.voice.addEventListener("change", () => this.replan());
    this.seeds = h("input", { type: "text", value: kept("tuning.seeds", "1-8"), "aria-label": t("seeds"), onchange: () => this.replan() });
    this.mode = h("select", { "aria-label": t("mode"), onchange: () => this.replan() }, h("option", { value: "grid" }, t("grid")), h("option", { value: "random" }, t("random")));
    this.samples = h("input.short", { type: "number", min: 1, max: 1000, value: 12, "aria-label": t("samples"), onchange: () => this.replan() });
    this.axes = h("div.stack");
    this.button = h("button.main", { disabled: true, onclick: () => this.start() }, t("start_sweep"));
    return h("div.card.stack", this.text,
      h("div.line.low", h("div.field", t("voice"), this.voice), h("label.field.grow", t("seeds"), this.seeds), h("label.field", t("mode"), this.mode), h("label.field", t("samples"), this.samples)),
      this.axes, h("div.line.spread", this.plan, this.button));
  }

  async load(asked) {
    const [models, jobs] = await Promise.all([get("/api/models"), get("/api/jobs?kind=sweep&limit=8")]);
    this.drawAxes(models);
    await this.voice.load(kept("speak.voice"));
    fill(this.jobs, jobs.items.length > 1 && h("details", h("summary", t("earlier_sweeps")), h("div.line", jobs.items.map((job) => h("button.plain.small", { onclick: () => this.open(job).catch(complain) }, job.title || job.id, h("span.muted.number", ` ${job.counts.done} / ${job.total}`))))));
    const job = jobs.items.find((one) => one.id === asked.get("job")) ?? jobs.items[0];
    if (job) await this.open(job);
    else fill(this.grid, h("div.empty", t("no_sweep")));
    await this.replan();
  }

  /** The axes people turn most, and the rest one click away. */
  drawAxes({ loaded, available }) {
    const entry = (name, title, hint) => {
      const box = h("input", { type: "text", "data-axis": name, placeholder: hint, title: t("axis_hint"), value: kept(`axis.${name}`, "") });
      box.onchange = () => (keep(`axis.${name}`, box.value), this.replan());
      return h("label.field", title, box);
    };
    const ranges = Object.entries(loaded?.parameters?.properties ?? {}).filter(([, spec]) => spec.type !== "boolean");
    const models = available.filter((model) => model.installed).map((model) => model.name);
    const found = ranges.map(([name, spec]) => entry(`parameters.${name}`, named(`param.${name}`, spec.title ?? name), spec.enum ? spec.enum.join(", ") : `${spec.minimum} … ${spec.maximum}`));
    const others = [loaded?.instruct && entry("instruct", t("instruct"), t("instruct_hint")), entry("pause_s", t("pause"), "0.1, 0.2, 0.4"), models.length > 1 && entry("model", t("model"), models.join(", ")),
      entry("precision", t("precision"), "bf16, int8"), loaded?.kinds?.includes("pack") && entry("pack_scale", t("pack_scale"), "0.3, 0.5, 1.0")].filter(Boolean);
    const rest = [...found.slice(SHOWN_AXES), ...others];
    const used = rest.some((field) => field.querySelector("input").value);
    fill(this.axes, h("div.line.spread", h("h2", t("axes")), h("span.muted.small", t("axis_hint"))), h("div.grid", found.slice(0, SHOWN_AXES)),
      h("details", { open: used || kept("tuning.more", false), ontoggle: (event) => keep("tuning.more", event.target.open) }, h("summary", t("more_axes")), h("div.grid.inset", rest)));
  }

  body() {
    const texts = Object.fromEntries([...this.axes.querySelectorAll("[data-axis]")].map((box) => [box.dataset.axis, box.value]));
    const axes = axesOf(texts);
    const seeds = parseSeeds(this.seeds.value);
    if (!seeds) throw new Error(t("bad_seeds"));
    const random = this.mode.value === "random" ? { samples: Number(this.samples.value) } : {};
    return { text: this.text.value, voice: this.voice.value, axes: { seed: seeds, ...axes }, mode: this.mode.value, ...random };
  }

  async replan() {
    this.samples.closest("label").hidden = this.mode.value !== "random";
    keep("tuning.text", this.text.value);
    keep("tuning.seeds", this.seeds.value);
    try {
      const { count, estimate_s: estimate, speech_s: speech } = await post("/api/sweeps/plan", this.body());
      fill(this.plan, h("span.number", t("sweep_plan", { count, speech: seconds(speech, 0), time: estimate === null ? "?" : seconds(estimate, 0) })));
      this.button.disabled = false;
    } catch (error) {
      fill(this.plan, h("span.bad.small", error.message));
      this.button.disabled = true;
    }
  }

  async start() {
    const answer = await post("/api/sweeps", { ...this.body(), title: this.text.value.slice(0, 40), request_id: crypto.randomUUID() }).catch(complain);
    if (answer) await this.open(answer.job);
  }

  async open(job) {
    this.job = job;
    this.updates = [];
    fill(this.progress, progressOf(job));
    const { items } = await get(`/api/jobs/${job.id}/items?limit=1000`);
    if (this.job !== job) return;
    this.items = latest(items, this.updates);
    this.updates = null;
    fill(this.tools, h("button", { "aria-pressed": String(this.blind), onclick: () => this.setBlind(!this.blind) }, `${t("blind")} `, h("kbd", "B")), this.sorting(), h("span.muted.small", t("tuning_keys")));
    await this.order();
  }

  sorting() {
    const options = MEASURES.map((name) => h("option", { value: name }, `${t("sort")}: ${t(`measure.${name}`)}`));
    return h("select", { "aria-label": t("sort"), onchange: (event) => this.sort(event.target.value) }, h("option", { value: "" }, t("sort_none")), options);
  }

  async sort(by) {
    if (!by) return this.order();
    const { items } = await get(`/api/jobs/${this.job.id}/ranking?by=${by}`).catch((error) => (complain(error), { items: [] }));
    const place = new Map(items.map((entry, index) => [entry.item, index]));
    this.cells.sort((a, b) => (place.get(a.id) ?? 1e9) - (place.get(b.id) ?? 1e9));
    this.draw();
  }

  async order() {
    if (!this.job) return;
    if (this.blind) {
      const { order } = await get(`/api/jobs/${this.job.id}/blind`).catch((error) => (complain(error), { order: [] }));
      const known = new Map(this.items.map((item) => [item.id, item]));
      const waiting = this.items.filter((item) => !order.some((one) => one.item === item.id));
      this.cells = [...order.map((one) => ({ ...known.get(one.item), label: one.label, rated: one.rated })), ...waiting];
    } else this.cells = [...this.items];
    this.draw();
  }

  setBlind(on) {
    this.blind = on;
    keep("blind", on);
    this.tools.querySelector("button")?.setAttribute("aria-pressed", String(on));
    this.order();
  }

  draw() {
    fill(this.grid, this.cells.map((item, index) => this.cell(item, index)));
    this.focus(Math.min(this.at, this.cells.length - 1), { quiet: true });
  }

  cell(item, index) {
    const wave = item.take && document.createElement("wave-form");
    if (wave) wave.take = item.take;
    const what = this.blind ? item.label ?? "…" : Object.entries(item.cell ?? { seed: item.seed }).map(([name, value]) => `${name.replace("parameters.", "")} ${value}`).join(" · ");
    const rated = item.rated ?? item.take?.rating?.mean;
    return h("button.cell", { onclick: () => (this.focus(index), this.listen()), "aria-label": what },
      h("div.line.spread.small", h("span.number", what), h("span", rated ? "★".repeat(Math.round(rated)) : "")), wave ?? h("div.muted.small", t(`state.${item.state}`)), item.take && !this.blind && h("div.line.small", badges(item.take).map((badge) => h("span", badge.textContent))));
  }

  perRow() {
    const tops = [...this.grid.children].map((cell) => cell.offsetTop);
    return Math.max(1, tops.filter((top) => top === tops[0]).length);
  }

  focus(index, { quiet = false } = {}) {
    if (index < 0 || index >= this.cells.length) return;
    this.grid.children[this.at]?.removeAttribute("aria-current");
    this.at = index;
    const cell = this.grid.children[index];
    cell?.setAttribute("aria-current", "true");
    if (!quiet) cell?.scrollIntoView({ block: "nearest" });
    this.compare();
  }

  get take() {
    return this.cells[this.at]?.take;
  }

  async listen() {
    if (!this.take) return;
    if (now().take?.id === this.take.id) return toggle(this.take);
    match(this.cells.map((cell) => cell.take).filter(Boolean).slice(0, 64));
    await play(this.take);
  }

  async rate(value) {
    const cell = this.cells[this.at];
    if (!cell?.take) return;
    const answer = await put(`/api/takes/${cell.take.id}/rating`, { value, job: this.job.id, blind: this.blind }).catch(complain);
    if (!answer) return;
    cell.rated = value;
    this.grid.children[this.at].replaceWith(this.cell(cell, this.at));
    this.focus(Math.min(this.at + 1, this.cells.length - 1));
  }

  async keepTake() {
    if (!this.take) return;
    await patch(`/api/takes/${this.take.id}`, { star: true }).then(() => say(`★ ${t("saved")}`)).catch(complain);
  }

  async toPreset() {
    if (!this.take) return;
    const name = prompt(t("preset_name"), this.job.title);
    if (name) await post("/api/presets", { name, from_take: this.take.id }).then(() => say(t("saved"))).catch(complain);
  }

  pin() {
    this.pinned = this.take;
    say(t("pinned_cell"));
    this.compare();
  }

  compare() {
    if (!this.pinned || !this.take || this.pinned.id === this.take.id) return;
    this.strip ??= document.createElement("compare-strip");
    if (!this.strip.isConnected) fill(this.footer, this.strip);
    this.strip.show(this.pinned, this.take, { blind: this.blind });
  }

  onItem = ({ detail: item }) => {
    if (item.job !== this.job?.id) return;
    if (this.updates) return this.updates.push(item);
    this.items = this.items.map((one) => (one.id === item.id ? item : one));
    if (this.blind) {
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.order(), 300); // a new take gets its letter from the server
      return;
    }
    const index = this.cells.findIndex((cell) => cell.id === item.id);
    if (index < 0) return;
    this.cells[index] = { ...this.cells[index], ...item };
    this.grid.children[index]?.replaceWith(this.cell(this.cells[index], index));
  };
}
