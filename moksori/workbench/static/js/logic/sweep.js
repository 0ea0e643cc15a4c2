// The axes of a sweep as people type them: "0.6, 0.8" is a list, "0.6..1.0 x 5" five values from one end to the other.

/** {name: text} -> {name: [values] | {from, to, steps}}; empty texts are no axis. */
export function axesOf(texts) {
  const axes = {};
  for (const [name, text] of Object.entries(texts)) {
    const range = /^\s*(-?[\d.]+)\s*(?:\.\.|…|~)\s*(-?[\d.]+)\s*[x×]\s*(\d+)\s*$/.exec(text);
    if (range) axes[name] = { from: Number(range[1]), to: Number(range[2]), steps: Number(range[3]) };
    else if (text.trim()) axes[name] = text.split(",").map((part) => part.trim()).filter(Boolean).map(valueOf);
  }
  return axes;
}

const valueOf = (text) => (Number.isFinite(Number(text)) ? Number(text) : text);

/** The cell that an arrow leads to in a grid of `count` cells, `perRow` in a row. */
export function moved(at, arrow, count, perRow) {
  const to = at + { left: -1, right: 1, up: -perRow, down: perRow }[arrow];
  return to < 0 || to >= count ? at : to;
}
