// Keys: a page says which ones it has; none fires while someone types, except with Ctrl or Cmd.

import { h } from "moksori/element.js";
import { t } from "moksori/words.js";

// Keys that a focused control needs itself. A cell of a sweep is a button only so that it can be reached.
const PRESSED = "button:not(.cell), a, summary, input";
const ARROWS = "input[type=range], input[type=radio], menu-list *";
const OWN_KEYS = { Space: PRESSED, Enter: PRESSED, ...Object.fromEntries(["Left", "Right", "Up", "Down"].flatMap((way) => [[`Arrow${way}`, ARROWS], [`Shift+Arrow${way}`, ARROWS]])) };

let page = {};
let always = {};

/** Keys of the page being shown: {"Ctrl+Enter": {run, words}, ...}. Replaces those of the page before. */
export const pageKeys = (keys) => (page = keys);
export const alwaysKeys = (keys) => (always = keys);

export function spelled(event) {
  const name = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const shift = event.shiftKey && name.length > 1 ? "Shift+" : "";
  return control + shift + name;
}

export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || (target.matches("input, textarea, select") && !["range", "checkbox", "button", "radio"].includes(target.type)));
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    const name = spelled(event);
    const key = page[name] ?? always[name];
    if (!key || event.isComposing || (isTyping(event.target) && !name.startsWith("Ctrl+"))) return;
    if (event.target instanceof HTMLElement && event.target.matches(OWN_KEYS[name] ?? "none")) return;
    if (document.querySelector("dialog[open]") && !name.startsWith("Ctrl+")) return;
    event.preventDefault();
    key.run(event);
  });
}

export function showKeys() {
  const rows = Object.entries({ ...always, ...page }).map(([name, { words }]) => h("tr", h("td", h("kbd", name)), h("td", words)));
  const close = h("button", { onclick: () => dialog.close() }, t("close"));
  const dialog = h("dialog", { "aria-label": t("keys"), onclose: () => dialog.remove() }, h("div.stack", h("h2", t("keys")), h("table", h("tbody", rows)), close));
  document.body.append(dialog);
  dialog.showModal();
}
