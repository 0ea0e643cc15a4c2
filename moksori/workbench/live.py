"""Takes that are being made: their PCM in a file that grows, for any number of listeners. Knows no engine, no HTTP.

Memory stays flat for any length: the maker writes, each listener reads at its own place. The file is worthless after
a restart; the finished take is what is kept.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from moksori.audio.pcm import Int16
from moksori.errors import Cancelled, Unavailable

from .events import Bell

PIECE = 1 << 16


class Live:
    """One take in the making. Written by one thread."""

    def __init__(self, path: Path, sample_rate: int, bell: Bell) -> None:
        self.path = path
        self.sample_rate = sample_rate
        self.written = 0  # bytes that listeners may read
        self.is_over = False
        self.is_whole = False
        self._bell = bell
        self._file = path.open("wb")

    def write(self, pcm: Int16) -> None:
        """Raises Unavailable if the disk is full."""
        data = pcm.astype("<i2").tobytes()
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise Unavailable(
                f"The take could not be written: {error.strerror}.",
                hint="Free some space, then retry.",
                code="disk_full",
            ) from error
        self.written += len(data)
        self._bell.ring()

    def end(self, *, whole: bool) -> None:
        """No more comes; `whole` says whether the take was finished."""
        with suppress(OSError):  # what could not be written was told by `write`
            self._file.close()
        self.is_whole, self.is_over = whole, True
        self._bell.ring()

    def pcm(self) -> Int16:
        """(n,) int16 of everything written, mapped from the file."""
        if self.written == 0:
            return np.zeros(0, dtype=np.int16)
        return np.memmap(self.path, dtype="<i2", mode="r", shape=(self.written // 2,))

    async def listen(self) -> AsyncIterator[bytes]:
        """Everything from the start, as it comes; raises Cancelled if the take was given up."""
        wake = self._bell.subscribe()
        try:
            with self.path.open("rb") as file:
                sent = 0
                while True:
                    wake.clear()
                    over = self.is_over  # before `written`: nothing is added after the end
                    while sent < self.written:
                        piece = file.read(min(PIECE, self.written - sent))
                        sent += len(piece)
                        yield piece
                    if over:
                        break
                    await wake.wait()
        finally:
            self._bell.unsubscribe(wake)
        if not self.is_whole:
            raise Cancelled("The take was not finished.")


class Stage:
    """Who is speaking now: live takes by item."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bell = Bell()
        self._now: dict[int, Live] = {}
        self._lock = threading.Lock()

    def open(self, item_id: int, sample_rate: int) -> Live:
        path = self.folder / f"{item_id}.s16"
        path.unlink(missing_ok=True)  # whoever still listens to an earlier one keeps its open file
        live = Live(path, sample_rate, self.bell)
        with self._lock:
            self._now[item_id] = live
        self.bell.ring()
        return live

    def get(self, item_id: int) -> Live | None:
        with self._lock:
            return self._now.get(item_id)

    def close(self, item_id: int) -> None:
        """The take is kept (or given up): listeners that are open read on, new ones find it in the store."""
        with self._lock:
            live = self._now.pop(item_id, None)
        if live is not None:
            live.path.unlink(missing_ok=True)
        self.bell.ring()
