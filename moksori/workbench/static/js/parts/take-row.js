// A take, the same everywhere: play, waveform, length, marks, seed, star, menu. Also an item that is still being made.

import { get, live, patch, post, remove, query } from "moksori/api.js";
import { fill, h, icon } from "moksori/element.js";
import { moment, seconds } from "moksori/logic/time.js";
import { openMenu } from "moksori/parts/menu-list.js";
import { badges } from "moksori/parts/mark-badge.js";
import { complain, say } from "moksori/parts/toast-line.js";
import { now, play, player, playLive, tail, toggle } from "moksori/player.js";
import { because, language, t } from "moksori/words.js";

const NAMES = { curl: "curl", python: "Python", cli: "CLI" };

class TakeRow extends HTMLElement {
  extras = []; // what a page adds behind the marks

  connectedCallback() {
    this.watch = () => this.markPlaying();
    this.follow = ({ detail }) => detail.id === this.shown?.id && !detail.deleted && (this.take = detail);
    player.addEventListener("change", this.watch);
    live.addEventListener("take", this.follow);
    this.onpointerdown = () => select(this);
    this.onfocusin = () => select(this);
  }

  disconnectedCallback() {
    player.removeEventListener("change", this.watch);
    live.removeEventListener("take", this.follow);
  }

  set item(item) {
    this.made = item;
    if (item.take) {
      this.take = item.take;
      return;
    }
    const state = item.error ? because(item.error.code, item.error.message) : t(`state.${item.state}`);
    const stop = () => post(`/api/items/${item.id}/cancel`).catch(complain);
    const again = () => post(`/api/items/${item.id}/retry`).then((fresh) => (this.item = fresh)).catch(complain);
    const over = ["failed", "cancelled"].includes(item.state);
    const listen = h("button.plain", { onclick: () => playLive(item).catch(complain), "aria-label": t("listen_live") }, icon("play"));
    this.bar = h("progress", { "aria-label": state });
    fill(this, over ? h("span") : listen, over ? h("span.bad.small", state) : this.bar,
      h("div.ends", over ? h("button.plain.small", { onclick: again }, t("retry")) : h("button.plain.small", { onclick: stop }, t("cancel"))),
      h("div.said", item.text), h("div.about", h("span.detail", item.voice?.name ?? ""), h("span.number.detail", `seed ${item.seed}`), h("span", over ? "" : state), this.extras));
  }

  set progress({ unit, units, seconds: made }) {
    if (!this.bar) return;
    this.bar.max = units;
    this.bar.value = Math.max(0.1, unit - 0.5);
    this.bar.title = seconds(made);
  }

  set take(take) {
    this.shown = take;
    this.bar = null;
    this.button = h("button.plain", { onclick: () => toggle(this.shown), "aria-label": t("play"), title: `${t("play")} (Space)` }, icon("play"));
    const wave = document.createElement("wave-form");
    wave.take = take;
    const zoom = h("button.plain.small", { title: t("tail_hint"), "aria-pressed": "false" }, t("tail"));
    zoom.onclick = () => {
      zoom.setAttribute("aria-pressed", String(wave.toggleAttribute("tail")));
      if (wave.hasAttribute("tail")) tail(this.shown);
    };
    const timing = take.timing?.first_audio_s ? `${t("first_audio")} ${take.timing.first_audio_s.toFixed(2)} s · RTF ${take.timing.rtf?.toFixed(2) ?? "–"}` : "";
    fill(this, this.button, wave, h("div.ends", h("span.number", seconds(take.seconds)), this.starButton(take), this.menuButton()),
      h("div.said", { title: take.text }, take.spoken ?? take.text),
      h("div.about", h("span.detail", take.preset?.name || take.voice?.name || ""), h("span.number.detail", `seed ${take.seed}`), badges(take), take.draft && h("span.chip.detail", t("draft")),
        this.verdict(take), timing && h("span.number.detail", timing), zoom, take.note && h("span.detail", `“${take.note}”`), this.extras));
    this.markPlaying();
  }

  get take() {
    return this.shown;
  }

  verdict(take) {
    if (!take.verified) return null;
    const { state, message, difference } = take.verified;
    if (state === "same") return h("span.chip.good", { title: `${message} ${moment(take.verified.at, language())}` }, `✓ ${t("verified")}`);
    if (state === "impossible") return h("span.chip.warn", { title: message }, `⚠ ${t("not_possible")}`);
    const values = difference ? `${JSON.stringify(difference.stored)} → ${JSON.stringify(difference.now)}` : "";
    return h("span.chip.warn", { title: `${message} ${values}` }, `⚠ ${t("not_verified")}${difference ? `: ${difference.name}` : ""}`);
  }

  starButton(take) {
    return h("button.plain", { onclick: () => this.star(), "aria-pressed": String(take.star), "aria-label": t("star"), title: `${t("star")} (S)` }, icon("star"));
  }

  menuButton() {
    const button = h("button.plain", { "aria-label": t("more"), "aria-haspopup": "menu", "aria-expanded": "false" }, icon("more"));
    button.onclick = () => openMenu(button, this.choices());
    return button;
  }

  choices() {
    const take = this.shown;
    return [
      { label: t("download"), run: () => this.downloads() },
      { label: t("restore"), run: () => (location.hash = `#/speak?take=${take.id}`) },
      { label: t("make_preset"), run: () => this.makePreset() },
      { label: t("verify"), run: () => post(`/api/takes/${take.id}/verify`).then(() => say(t("verifying"))).catch(complain) },
      { label: t("note"), run: () => this.annotate() },
      { label: t("clone_from"), run: () => (location.hash = `#/voices?take=${take.id}`) },
      { label: t("copy_as"), run: () => this.snippets() },
      { label: t("manifest"), run: () => window.open(`/api/takes/${take.id}/manifest`) },
      { label: t("delete"), run: () => this.discard() },
    ];
  }

  async change(fields) {
    try {
      this.take = { ...this.shown, ...(await patch(`/api/takes/${this.shown.id}`, fields)) };
    } catch (error) {
      complain(error);
    }
  }

  star() {
    return this.change({ star: !this.shown.star });
  }

  annotate() {
    const note = prompt(t("note"), this.shown.note ?? "");
    if (note !== null) this.change({ note });
  }

  async downloads() {
    const { formats } = await get("/api/system");
    const url = (format) => `/api/takes/${this.shown.id}/audio${query({ format, download: true })}`;
    openMenu(this.querySelector("[aria-haspopup]"), formats.map((format) => ({ label: format.name ?? format, hint: format.title, run: () => location.assign(url(format.name ?? format)) })));
  }

  async snippets() {
    const found = await get(`/api/takes/${this.shown.id}/snippet`).catch(complain);
    if (!found) return;
    const copy = (text) => navigator.clipboard.writeText(text).then(() => say(t("copied"))).catch(complain);
    openMenu(this.querySelector("[aria-haspopup]"), ["curl", "python", "cli"].map((name) => ({ label: NAMES[name], run: () => copy(found[name]) })));
    if (found.notes.length) say(found.notes.join(" "));
  }

  async makePreset() {
    const name = prompt(t("preset_name"), this.shown.voice?.name ?? "");
    if (!name) return;
    await post("/api/presets", { name, from_take: this.shown.id }).then(() => say(t("saved"))).catch(complain);
  }

  async discard() {
    const id = this.shown.id;
    try {
      await remove(`/api/takes/${id}`);
    } catch (error) {
      return complain(error);
    }
    this.hidden = true;
    say(t("deleted"), { label: t("undo"), action: () => post(`/api/takes/${id}/undelete`).then(() => (this.hidden = false)).catch(complain) });
  }

  markPlaying() {
    const mine = this.shown && now().take?.id === this.shown.id && now().playing;
    if (this.button) this.button.replaceChildren(icon(mine ? "pause" : "play"));
  }
}
customElements.define("take-row", TakeRow);

let selected = null;

export const selectedRow = () => (selected?.isConnected && !selected.hidden ? selected : document.querySelector("take-row"));

export function select(row) {
  selected?.removeAttribute("selected");
  selected = row;
  row?.setAttribute("selected", "");
}

/** J and K: the next or the previous row of the page. */
export function step(by) {
  const rows = [...document.querySelectorAll("take-row:not([hidden])")];
  const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(selected) + by))];
  if (!next) return;
  select(next);
  next.scrollIntoView({ block: "nearest" });
  if (next.take && now().playing) play(next.take);
}

export const rowOf = (take, extras = []) => Object.assign(document.createElement("take-row"), { extras, take });
export const rowOfItem = (item, extras = []) => Object.assign(document.createElement("take-row"), { extras, item });
