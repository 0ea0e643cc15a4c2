// Making DOM: h("button.main", {onclick}, "words"). Strings become text nodes, so nothing a user wrote is ever markup.

export function h(shape, properties, ...children) {
  const [tag, ...classes] = shape.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  if (properties !== null && (typeof properties !== "object" || properties instanceof Node || Array.isArray(properties))) {
    children.unshift(properties);
    properties = {};
  }
  for (const [name, value] of Object.entries(properties ?? {})) set(node, name, value);
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function set(node, name, value) {
  if (value === undefined || value === null) return;
  if (name.startsWith("on") || name in node && !name.includes("-") && name !== "list" && name !== "form") node[name] = value;
  else if (value === true) node.setAttribute(name, "");
  else if (value !== false) node.setAttribute(name, value);
}

export function fill(node, ...children) {
  node.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  play: "M6 4l12 8-12 8z", pause: "M7 4v16M17 4v16", star: "M12 3l2.8 5.9 6.2.9-4.5 4.5 1.1 6.5-5.6-3.1-5.6 3.1 1.1-6.5L3 9.8l6.2-.9z",
  more: "M5 12h.01M12 12h.01M19 12h.01", speak: "M4 5h16v11H9l-5 4z", batch: "M4 6h16M4 12h16M4 18h16", tuning: "M4 7h10M18 7h2M4 17h2M10 17h10M14 5v4M8 15v4",
  history: "M12 7v5l3 2M3.5 12a8.5 8.5 0 1 0 3-6.5M4 3v4h4", presets: "M6 3h12v18l-6-4-6 4z", voices: "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5 11a7 7 0 0 0 14 0M12 18v3",
  dictionary: "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11", models: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  system: "M4 5h16v10H4zM9 20h6M12 15v5", pin: "M9 4h6l-1 6 4 4H6l4-4zM12 14v6", dice: "M20 11a8 8 0 1 0-2.3 6.3M20 4v7h-7", narrow: "M15 6l-6 6 6 6",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16", close: "M6 6l12 12M18 6L6 18", grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("width", "18");
  svg.setAttribute("height", "18");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  path.setAttribute("fill", name === "play" ? "currentColor" : "none");
  path.setAttribute("stroke", "currentColor");
  path.setAttribute("stroke-width", name === "more" || name === "grip" ? "3" : "1.6");
  path.setAttribute("stroke-linecap", "round");
  path.setAttribute("stroke-linejoin", "round");
  svg.append(path);
  return svg;
}
