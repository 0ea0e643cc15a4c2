// Voices in two groups: those people keep, and those the loaded model brings along and nobody has kept yet.

/** [stored, brought]; a speaker that a stored voice already stands for is not shown twice. */
export function shelves(voices) {
  const stored = voices.filter((voice) => voice.stored);
  const kept = new Set(stored.filter((voice) => voice.kind === "preset").map((voice) => voice.speaker));
  return [stored, voices.filter((voice) => !voice.stored && !kept.has(voice.speaker))];
}
