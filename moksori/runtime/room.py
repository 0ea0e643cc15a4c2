"""The arrays between the products of one stack, taken once, and their addresses as the kernels want them.

Knows nothing of sequences beyond where their caches are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from moksori.model.config import StackConfig

from . import kernels
from .arena import Arena
from .lora import MAX_RANK, Addition
from .products import GROUP

Floats = npt.NDArray[np.float32]


def at(array: npt.NDArray[Any]) -> int:
    assert array.flags.c_contiguous, "kernels know no strides"
    return int(array.ctypes.data)


class Room:
    """For `rows` rows, `members` threads and sequences of up to `positions`; `widest` is the widest input beside those
    of the stack itself."""

    def __init__(self, shape: StackConfig, rows: int, members: int, positions: int, widest: int = 0) -> None:
        hidden, inner = shape.hidden_size, shape.intermediate_size
        queries, keys = shape.num_heads * shape.head_dim, shape.num_kv_heads * shape.head_dim
        longest = -(-max(queries, inner, hidden, widest) // 32) * 32
        groups, scores = -(-longest // GROUP), -(-positions // 16) * 16
        zeros = Arena().take  # at the starts of cache lines: a vector that crosses one costs two
        self._normed = zeros((members, rows, hidden), np.float32)
        self._rounded = zeros((members, rows, longest), np.int16)
        self._scale = zeros((members, rows, groups), np.float32)
        self._scores = zeros((members, scores), np.float32)
        self._shared = [zeros((rows, n), np.float32) for n in (queries, keys, keys, queries, inner, inner, hidden)]
        self.x, self.hidden = zeros((rows, hidden), np.float32), zeros((rows, hidden), np.float32)
        self._places = [np.zeros(rows, np.int64) for _ in range(4)]
        self._additions, self._strengths = np.zeros(rows, np.int64), np.zeros(rows, np.float32)
        self._narrow = zeros((members, 3, rows, MAX_RANK), np.float32)
        self.work = kernels.Work(
            at(self._normed), rows * hidden,
            at(self._rounded), longest, rows * longest,
            at(self._scale), groups, rows * groups,
            at(self._scores), scores,
            at(self._narrow), rows * MAX_RANK, 3 * rows * MAX_RANK,
            *(at(array) for array in self._shared),
        )  # fmt: skip

    def batch(self, rows: int) -> kernels.Batch:
        additions = at(self._additions) if self._additions[:rows].any() else 0
        positions, keys, values, capacity = (at(array) for array in self._places)
        return kernels.Batch(
            rows, at(self.x), at(self.hidden), positions, keys, values, capacity, additions, at(self._strengths)
        )

    def place(self, row: int, position: int, keys: Floats, values: Floats, addition: Addition | None = None) -> None:
        """Row `row` stands at `position` of the sequence with these caches (layers, kv_heads, capacity, head_dim)."""
        self._additions[row] = at(addition.lora.table) if addition else 0
        self._strengths[row] = addition.scale if addition else 0.0
        for array, value in zip(self._places, (position, at(keys), at(values), keys.shape[2]), strict=True):
            array[row] = value
