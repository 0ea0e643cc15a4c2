"""The border between the thread that speaks and the event loop that sends: pieces in order, a limit, an end.

One thread puts, one task gets. Knows nothing of sound: what passes through are pieces of any kind with a size.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Generic, TypeVar

from moksori.errors import MoksoriError

T = TypeVar("T")
POLL_S = 0.05


class Outbox(Generic[T]):
    """limit  how much may wait for the reader before `wait_for_room` holds the writer back."""

    def __init__(self, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[tuple[T | None, int, MoksoriError | None]] = asyncio.Queue()
        self._room = threading.Condition()
        self._limit = limit
        self._held = 0
        self._first: tuple[T | None, int, MoksoriError | None] | None = None

    def put(self, piece: T, size: int) -> None:
        """From the writer's thread. Never blocks: a piece is as large as one unit at most."""
        with self._room:
            self._held += size
        self._send((piece, size, None))

    def end(self, error: MoksoriError | None = None) -> None:
        """From the writer's thread: nothing follows, because all is said or because of this error."""
        self._send((None, 0, error))

    def wait_for_room(self, cancel: threading.Event) -> None:
        """From the writer's thread, between units: a slow reader holds back its own speech, nobody else's."""
        with self._room:
            while self._held > self._limit and not cancel.is_set():
                self._room.wait(POLL_S)

    async def begin(self) -> None:
        """Wait until there is a piece, or raise what ended the speech before its first one."""
        self._first = await self._queue.get()
        if self._first[2] is not None:
            raise self._first[2]

    async def get(self) -> T | None:
        """The next piece; None at the end. Raises the error that ended it."""
        (piece, size, error), self._first = self._first or await self._queue.get(), None
        if error is not None:
            raise error
        with self._room:
            self._held -= size
            self._room.notify_all()
        return piece

    def _send(self, item: tuple[T | None, int, MoksoriError | None]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:  # the loop is closed: the server has stopped, nobody reads any more
            return
