"""Who speaks next: requests are admitted up to a limit, and the engine's turns go round unit by unit.

A turn is one unit, so a short request never waits for the whole of a long one; interactive turns come before batch
ones. Knows nothing of HTTP or of what is spoken.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from moksori.engine.protocol import Chunk, Description, Engine, Finish, Priority, Prompt, Request
from moksori.voice import Voice

from .problems import Busy

RANKS: dict[Priority, int] = {"interactive": 0, "batch": 1}
POLL_S = 0.02


class Queue:
    """slots  units at the same time.  limit  requests inside before the next is refused."""

    def __init__(self, slots: int, limit: int) -> None:
        self.slots = slots
        self.limit = limit
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int]] = []  # heap of (rank, number)
        self._numbers = itertools.count()
        self._speaking = 0
        self._inside = 0
        self._seconds = 2.0  # how long a request is inside, as a moving mean
        self._is_closed = False

    @property
    def inside(self) -> int:
        """Requests that were admitted and have not left."""
        return self._inside

    @property
    def waiting(self) -> int:
        """Units that wait for their turn."""
        return len(self._waiting)

    @property
    def speaking(self) -> int:
        return self._speaking

    def enter(self) -> Ticket:
        """Admit a request, or raise Busy with its place and when to try again."""
        with self._changed:
            if self._is_closed:
                raise Busy("The server is shutting down.", hint="Try again in a moment.", wait_s=5.0)
            if self._inside >= self.limit:
                wait_s = self._seconds * max(1, self._inside - self.slots) / self.slots
                raise Busy(
                    f"{self._inside} requests are already waiting or being spoken.",
                    hint=f"Try again in about {max(1.0, wait_s):.0f} s.",
                    wait_s=min(60.0, wait_s),
                    position=self._inside,
                )
            self._inside += 1
            return Ticket(self, position=max(0, self._inside - self.slots))

    def leave(self, seconds: float) -> None:
        with self._changed:
            self._inside -= 1
            self._seconds += 0.1 * (seconds - self._seconds)
            self._changed.notify_all()

    @contextmanager
    def turn(self, priority: Priority, cancel: threading.Event) -> Iterator[bool]:
        """Wait for the engine; False if `cancel` was set meanwhile, and then there is no turn."""
        place = (RANKS[priority], next(self._numbers))
        got = self._await(place, cancel)
        try:
            yield got
        finally:
            if got:
                with self._changed:
                    self._speaking -= 1
                    self._changed.notify_all()

    def close(self, grace_s: float) -> bool:
        """Admit nobody any more and wait for those inside; whether all left in time."""
        with self._changed:
            self._is_closed = True
            return self._changed.wait_for(lambda: self._inside == 0, grace_s)

    def _await(self, place: tuple[int, int], cancel: threading.Event) -> bool:
        with self._changed:
            heapq.heappush(self._waiting, place)
            try:
                while not (self._speaking < self.slots and self._waiting[0] == place):
                    if cancel.is_set():
                        return False
                    self._changed.wait(POLL_S)
                self._speaking += 1
                return True
            finally:
                self._waiting.remove(place)
                heapq.heapify(self._waiting)
                self._changed.notify_all()


class Ticket:
    """One admitted request. `position`: requests before it when it came. Leave exactly once, from any thread."""

    def __init__(self, queue: Queue, position: int) -> None:
        self.position = position
        self._queue = queue
        self._since = time.monotonic()
        self._left = threading.Lock()

    def leave(self) -> None:
        if self._left.acquire(blocking=False):
            self._queue.leave(time.monotonic() - self._since)


class QueuedEngine:
    """An engine whose units wait for their turn. `before` is called ahead of each, e.g. to let a slow reader catch up.

    waited_s  how long all units together waited for readers and turns.

    Whoever reads the stream must do so without pausing inside a unit: the turn lasts until the unit's last chunk.
    """

    def __init__(
        self, engine: Engine, description: Description, queue: Queue, before: Callable[[], None] = lambda: None
    ) -> None:
        self._engine = engine
        self._description = description
        self._queue = queue
        self._before = before
        self.waited_s = 0.0

    def describe(self) -> Description:
        return self._description

    def prepare(self, voice: Voice) -> Prompt:
        return self._engine.prepare(voice)

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Chunk]:
        since = time.monotonic()
        self._before()
        with self._queue.turn(request.priority, cancel) as is_ours:
            self.waited_s += time.monotonic() - since
            if is_ours:
                yield from self._engine.stream(request, cancel)
            else:
                yield Chunk(np.zeros(0, np.float32), Finish("cancelled"))

    def close(self) -> None:
        """The engine belongs to whoever opened it."""
