// The seed: a number that can be pinned; unpinned, each speaking draws a new one.

import { h, icon } from "moksori/element.js";
import { MAX_SEED, randomSeed } from "moksori/logic/seed.js";
import { keep, kept } from "moksori/kept.js";
import { t } from "moksori/words.js";

class SeedField extends HTMLElement {
  connectedCallback() {
    if (this.box) return;
    this.box = h("input.number", { type: "number", min: 0, max: MAX_SEED, step: 1, "aria-label": t("seed"), value: String(kept("seed", randomSeed())), style: "width: 9.5em" });
    this.box.onchange = () => this.pin(true);
    this.pinButton = h("button.plain", { onclick: () => this.pin(), "aria-label": t("pin"), title: `${t("pin")} (L)` }, icon("pin"));
    const roll = h("button.plain", { onclick: () => this.roll(), "aria-label": t("reroll"), title: `${t("reroll")} (R)` }, icon("dice"));
    this.className = "line";
    this.append(h("span.muted.small", t("seed")), this.box, this.pinButton, roll);
    this.pin(kept("pinned", false));
  }

  get value() {
    return Math.min(MAX_SEED, Math.max(0, Math.trunc(Number(this.box.value) || 0)));
  }

  set value(seed) {
    this.box.value = String(seed);
    keep("seed", seed);
  }

  roll() {
    this.value = randomSeed();
  }

  pin(on = !this.pinned) {
    this.pinned = on;
    keep("pinned", on);
    keep("seed", this.value);
    this.pinButton.setAttribute("aria-pressed", String(on));
  }

  /** The seed for the next speaking: the pinned one, or the shown one once and then a new one. */
  next() {
    const seed = this.value;
    if (!this.pinned) this.roll();
    return seed;
  }
}
customElements.define("seed-field", SeedField);
