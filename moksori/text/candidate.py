"""A proposal to read one span in one way, and the choice among overlapping proposals.

Rules only propose. `arbitrate` chooses once, by weighted interval scheduling: a user's word outweighs everything,
a shape of its own (telephone number, date, code) outweighs a number with what it counts, which outweighs a lexicon
word, which outweighs a bare number or letter; within a class the longer span wins, then the more confident. It knows
nothing of what the spans mean.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

GENERIC, LEXICON, STRUCTURE, SHAPE = 10.0, 14.0, 20.0, 34.0
USER, LOCKED, MARKUP = 1e4, 1e5, 1e6
_PER_CANDIDATE = 4.0  # one long span beats two short ones over the same characters


@dataclass(frozen=True, slots=True)
class Candidate:
    """start, end in code points of the view; see `Edit` for the rest.

    parts  what it comes apart into when it is chosen, so that each can be changed by itself; in order, and over the
           whole span.
    """

    start: int
    end: int
    reading: str
    kind: str
    rule: str
    confidence: float = 0.9
    alternatives: tuple[tuple[str, str], ...] = ()
    tier: float = STRUCTURE
    evidence: tuple[str, ...] = ()
    origin: str = "rule"
    repair: bool = True  # whether a particle right after it may be changed
    parts: tuple[Candidate, ...] = ()

    @property
    def weight(self) -> float:
        return self.tier * (self.end - self.start) + self.confidence - _PER_CANDIDATE


def arbitrate(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The non-overlapping subset of the greatest total weight, in order and in parts; O(n log n), deterministic."""
    pool = sorted(
        (c for c in candidates if c.end > c.start), key=lambda c: (c.end, c.start, -c.weight, c.rule, c.reading)
    )
    ends = [c.end for c in pool]
    best = [0.0] * (len(pool) + 1)
    took = [False] * len(pool)
    before = [0] * len(pool)
    for index, c in enumerate(pool):
        before[index] = bisect_right(ends, c.start, 0, index)
        with_it = best[before[index]] + c.weight
        took[index] = with_it > best[index]
        best[index + 1] = with_it if took[index] else best[index]
    chosen, index = [], len(pool)
    while index:
        if took[index - 1]:
            chosen.append(pool[index - 1])
            index = before[index - 1]
        else:
            index -= 1
    return [part for c in reversed(chosen) for part in c.parts or (c,)]
