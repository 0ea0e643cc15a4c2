"""Memory for arrays that live as long as a model, in large pieces.

Between temporary arrays on the heap they would leave holes of their own size; and large pieces come in huge pages where
the system has them, which are read up to a third faster than the small pages of a mapped file. Knows nothing of what is
kept.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

LINE, PIECE = 64, 64 * 2**20  # bytes of a cache line, and of what is taken at once
_HUGE = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_MEMORY = Path("/proc/meminfo")


class Arena:
    def __init__(self) -> None:
        self._piece = np.zeros(0, np.int8)
        self._used = 0

    def take(self, shape: tuple[int, ...], kind: Any) -> npt.NDArray[Any]:
        """Zeros, at the start of a cache line."""
        size = math.prod(shape) * np.dtype(kind).itemsize
        start = self._used + -(self._piece.ctypes.data + self._used) % LINE
        if start + size > len(self._piece):
            self._piece = np.zeros(max(size + LINE, PIECE), np.int8)
            start = -self._piece.ctypes.data % LINE
        self._used = start + size
        found: npt.NDArray[Any] = self._piece[start : start + size].view(kind).reshape(shape)
        return found


def is_worth_a_copy(size: int) -> bool:
    """Whether `size` bytes of a mapped file should be copied: there are huge pages, and twice the room."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        has_huge = "[never]" not in _HUGE.read_text(encoding="ascii")
        lines = _MEMORY.read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    available = next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")), 0)
    return has_huge and available > 2 * size
