// What a JSON Schema says about a control.

/** A step that divides the range into whole steps or about a hundred parts. */
export function stepOf(spec) {
  if (spec.type === "integer") return 1;
  const range = spec.maximum - spec.minimum;
  return 10 ** Math.floor(Math.log10(range / 50));
}

/** The values that differ from their defaults, with unknown names left out. */
export function changed(schema, values) {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => schema[name] && value !== schema[name].default));
}
