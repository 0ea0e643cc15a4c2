// Items of a job, loaded once and kept up to date by live updates, whichever of the two comes first.

/** What was loaded, with every update that arrived meanwhile put in its place. Order stays that of `loaded`. */
export function latest(loaded, updates) {
  const newer = new Map(updates.map((item) => [item.id, item]));
  return loaded.map((item) => newer.get(item.id) ?? item);
}
