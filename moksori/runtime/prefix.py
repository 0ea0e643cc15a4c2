"""What the last prompts began with, read already: a voice's next prompt starts behind what it shares with them.

A row's keys and values depend on the rows before it alone, so what is copied is what would be computed again, bit for
bit. Knows nothing of voices; equal rows are equal.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .lora import Addition
from .sequence import Sequence

Floats = npt.NDArray[np.float32]

ROWS = 12  # role, language, speaker and what surrounds them; behind them comes the text
KEPT = 6


@dataclass(frozen=True, eq=False)
class _Beginning:
    """rows (n, hidden) and what was left in the caches for them, (layers, kv_heads, n, head_dim)."""

    rows: Floats
    addition: Addition | None
    keys: Floats
    values: Floats

    def shared(self, rows: Floats, addition: Addition | None) -> int:
        """How many rows are the same, in every bit, under the same weights."""
        mine, theirs = self.addition, addition
        if (mine is None) != (theirs is None):
            return 0
        if mine is not None and theirs is not None and (mine.lora is not theirs.lora or mine.scale != theirs.scale):
            return 0
        count = min(len(rows), len(self.rows))
        same = (rows[:count].view(np.uint32) == self.rows[:count].view(np.uint32)).all(axis=1)
        return count if same.all() else int(same.argmin())


class Prefixes:
    def __init__(self) -> None:
        self._kept: deque[_Beginning] = deque(maxlen=KEPT)

    def recall(self, sequence: Sequence, rows: Floats) -> int:
        """Fills a new sequence's caches as far as they are known; how many rows need not be read. Never all."""
        known = [(one.shared(rows[:-1], sequence.addition), one) for one in self._kept]
        count, best = max(known, key=lambda pair: pair[0], default=(0, None))
        if best is not None and count:
            sequence.keys[:, :, :count] = best.keys[:, :, :count]
            sequence.values[:, :, :count] = best.values[:, :, :count]
        sequence.position = count
        return count

    def keep(self, sequence: Sequence, rows: Floats) -> None:
        """What a sequence that has read `rows` from its start on began with."""
        begun = rows[:ROWS].copy()
        if not any(one.shared(begun, sequence.addition) == len(begun) for one in self._kept):
            caches = (cache[:, :, : len(begun)].copy() for cache in (sequence.keys, sequence.values))
            self._kept.append(_Beginning(begun, sequence.addition, *caches))
