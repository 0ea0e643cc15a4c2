// Seeds: whole numbers that fit 32 bits.

export const MAX_SEED = 4294967295;

export function randomSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/** "1-4, 9" -> [1, 2, 3, 4, 9]; null when it is not a list of seeds. At most `limit` of them. */
export function parseSeeds(text, limit = 1000) {
  const seeds = [];
  for (const part of text.split(/[,\s]+/).filter(Boolean)) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!range) return null;
    const [from, to] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (to < from || to > MAX_SEED || seeds.length + to - from + 1 > limit) return null;
    for (let seed = from; seed <= to; seed += 1) seeds.push(seed);
  }
  return seeds.length ? seeds : null;
}
