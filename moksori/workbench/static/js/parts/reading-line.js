// The spoken text with each edit as a chip: a click shows the other readings, and the user may write one.

import { fill, h } from "moksori/element.js";
import { choose, pieces } from "moksori/logic/reading.js";
import { openMenu } from "moksori/parts/menu-list.js";
import { post } from "moksori/api.js";
import { complain, say } from "moksori/parts/toast-line.js";
import { t } from "moksori/words.js";

const UNSURE = 0.7;

class ReadingLine extends HTMLElement {
  overrides = [];

  show(reading) {
    this.reading = reading;
    const drawn = pieces(reading).map((piece) => (piece.edit ? this.chip(piece) : document.createTextNode(piece.text)));
    const notes = (reading.notes ?? []).map((note) => h("div.warn.small", note.message));
    fill(this, drawn, notes);
  }

  chip({ edit, text, written }) {
    const state = edit.origin === "override" ? ".chosen" : edit.confidence < UNSURE ? ".unsure" : text.trim() ? "" : ".gone";
    const chip = h(`button.edit${state}`, { title: `${written} → ${text || t("not_spoken")} · ${edit.rule}`, "aria-haspopup": "menu", "aria-label": t("edit_reading", { written, reading: text || t("not_spoken") }) }, text.trim() ? text : written);
    chip.onclick = () => openMenu(chip, this.choices(edit, text, written));
    return chip;
  }

  choices(edit, text, written) {
    const others = (edit.alternatives ?? []).filter((other) => other.reading !== text);
    return [
      ...others.map((other) => ({ label: other.reading, hint: other.rule, run: () => this.override(edit, other.reading) })),
      { label: t("as_written"), hint: written, run: () => this.override(edit, written) },
      { label: t("own_reading"), run: () => this.ask(edit, text) },
      edit.origin === "override" && { label: t("take_back"), run: () => this.override(edit, null) },
      { label: t("always_read"), hint: `${written} → ${text}`, run: () => this.remember(written, text) },
    ];
  }

  ask(edit, text) {
    const own = prompt(t("own_reading"), text);
    if (own !== null && own.trim()) this.override(edit, own.trim());
  }

  remember(written, reading) {
    post("/api/dictionary", { surface: written.trim(), reading: reading.trim() }).then(() => say(t("saved"))).catch(complain);
  }

  override(edit, reading) {
    this.overrides = choose(this.overrides, edit, reading);
    this.dispatchEvent(new CustomEvent("change", { bubbles: true }));
  }
}
customElements.define("reading-line", ReadingLine);
