"""Memory for arrays that live as long as a model, in large pieces of their own.

On the heap they would leave holes of their own size, and after a great deal was freed there they would get small
pages and go back to the system late. A piece is a mapping: it comes in huge pages where the system has them, which are
read up to a third faster than small ones, and it is gone with its last array. Knows nothing of what is kept.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

LINE, PAGE, PIECE = 64, 2 * 2**20, 64 * 2**20  # bytes of a cache line, of a huge page, and of what is taken at once
_HUGE = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_MEMORY = Path("/proc/meminfo")


class Arena:
    def __init__(self) -> None:
        self._piece = np.zeros(0, np.int8)
        self._used = 0

    def take(self, shape: tuple[int, ...], kind: Any) -> npt.NDArray[Any]:
        """Zeros, at the start of a cache line."""
        size = math.prod(shape) * np.dtype(kind).itemsize
        start = -(-self._used // LINE) * LINE
        if start + size > len(self._piece):
            self._piece, start = _piece(max(size, PIECE)), 0
        self._used = start + size
        found: npt.NDArray[Any] = self._piece[start : start + size].view(kind).reshape(shape)
        return found


def _piece(size: int) -> npt.NDArray[np.int8]:
    """`size` zeros, of which nothing is touched yet, at the start of a huge page where there are any."""
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        whole = np.zeros(size + LINE, np.int8)
        start = -whole.ctypes.data % LINE
        return whole[start : start + size]
    mapping = mmap.mmap(-1, size + PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without huge pages
        mapping.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(mapping, np.int8)
    start = -whole.ctypes.data % PAGE
    return whole[start : start + size]


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
