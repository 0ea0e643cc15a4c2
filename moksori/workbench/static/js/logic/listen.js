// Fair listening: loudness matched downwards, never upwards into clipping.

/** Gain (0..1) for each loudness in LUFS so that all sound as loud as the quietest; unknown ones are left alone. */
export function matchedGains(loudness) {
  const known = loudness.filter((value) => Number.isFinite(value));
  const quietest = Math.max(Math.min(...known), Math.max(...known) - 24);
  return loudness.map((value) => (Number.isFinite(value) ? Math.min(1, 10 ** ((quietest - value) / 20)) : 1));
}

/** Integrated loudness of a take in LUFS; undefined where it was too short or too quiet to measure. */
export const loudness = (take) => take.measurements?.loudness_lufs ?? undefined;
