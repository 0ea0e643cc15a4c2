// A small menu under a button: arrows move, Enter chooses, Escape closes.

import { h } from "moksori/element.js";

class MenuList extends HTMLElement {}
customElements.define("menu-list", MenuList);

/** choices: [{label, run, hint}] or null for a line between them. */
export function openMenu(anchor, choices) {
  document.querySelector("menu-list")?.remove();
  const menu = h("menu-list", { role: "menu" });
  const close = (focus = true) => {
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    anchor.setAttribute("aria-expanded", "false");
    if (focus) anchor.focus();
  };
  const outside = (event) => !menu.contains(event.target) && close(false);
  for (const choice of choices.filter(Boolean)) {
    const pick = () => (close(), choice.run());
    menu.append(h("button", { role: "menuitem", onclick: pick }, choice.label, choice.hint && h("span.muted.small", choice.hint)));
  }
  menu.addEventListener("keydown", (event) => {
    const items = [...menu.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.body.append(menu);
  place(menu, anchor.getBoundingClientRect());
  document.addEventListener("pointerdown", outside, true);
  anchor.setAttribute("aria-expanded", "true");
  menu.firstElementChild?.focus();
  return menu;
}

function place(menu, box) {
  const left = Math.min(box.left, innerWidth - menu.offsetWidth - 8);
  const below = box.bottom + menu.offsetHeight < innerHeight;
  menu.style.left = `${Math.max(8, left) + scrollX}px`;
  menu.style.top = `${(below ? box.bottom + 4 : Math.max(8, box.top - menu.offsetHeight - 4)) + scrollY}px`;
}
