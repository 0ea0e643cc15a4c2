// What was measured on a take: one word each, the reason in the tooltip; a click goes to the place.

import { h } from "moksori/element.js";
import { play, tail } from "moksori/player.js";
import { because, t } from "moksori/words.js";

export const MARKS = ["cut_off", "rushed", "dragging", "off_pace", "long_pause", "clipped", "loop", "drone", "run_away", "silent", "ceiling", "stationary"];
const SIGNS = { info: "·", warning: "⚠", error: "✕" };
const COLOURS = { info: "muted", warning: "warn", error: "bad" };

export const markWord = (code) => (MARKS.includes(code) ? t(`mark.${code}`) : code);
export const markColour = (severity) => COLOURS[severity] ?? "good";

class MarkBadge extends HTMLElement {
  show(take, mark) {
    const jump = () => (mark.at_s === null || mark.at_s === undefined ? tail(take) : play(take, { at: Math.max(0, Math.min(mark.at_s, take.seconds - 0.6)) }));
    const reason = because(mark.code, mark.reason);
    const label = `${markWord(mark.code)} ${SIGNS[mark.severity] ?? ""}`;
    this.replaceChildren(h(`button.${markColour(mark.severity)}`, { onclick: jump, title: reason, "aria-label": `${label}: ${reason}` }, label));
    return this;
  }
}
customElements.define("mark-badge", MarkBadge);

/** Badges of a take: everything that was found, and a single tick when nothing was. */
export function badges(take) {
  if (take.marks?.length) return take.marks.map((mark) => document.createElement("mark-badge").show(take, mark));
  return [h("span.good.small", { title: t("mark.all_good") }, "✓")];
}
