// Short messages at the foot of the page, with one action at most. Errors stay until they are read.

import { h } from "moksori/element.js";
import { because, t } from "moksori/words.js";

class ToastLine extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "status");
    this.setAttribute("aria-live", "polite");
  }

  say(text, { action, label, keep = false } = {}) {
    const close = () => line.remove();
    const act = action && h("button", { onclick: () => (close(), action()) }, label);
    const line = h("div", h("span", text), act, keep && h("button", { onclick: close, "aria-label": t("close") }, "✕"));
    this.append(line);
    while (this.children.length > 3) this.firstChild.remove();
    if (!keep) setTimeout(close, action ? 8000 : 4000);
  }
}
customElements.define("toast-line", ToastLine);

export const say = (text, options) => document.querySelector("toast-line").say(text, options);

/** What went wrong, in the server's own sentence; nothing when the user stopped it. */
export function complain(error) {
  if (error.name === "AbortError") return;
  say(error.code === "unreachable" ? t("unreachable") : because(error.code, error.message), { keep: true });
  if (!error.status && error.code !== "unreachable") console.error(error);
}
