"""What happened, for everyone who watches: a bounded memory of events, published from any thread. Knows no HTTP.

An event's id is `<run>-<n>`; a watcher that names the last one it saw gets what it missed, or learns that too much was
missed (or that the server is another run) and that it has to look at everything again.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MEMORY = 2000


@dataclass(frozen=True)
class Event:
    """kind names what it is about; data: JSON, written once for all who watch; job: the job it belongs to, if any."""

    n: int
    kind: str
    data: str
    job: str | None = None


class Bell:
    """Wakes tasks of an event loop from any thread."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()

    def ring(self) -> None:
        with self._lock:
            waiting = list(self._waiting.items())
        for event, loop in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def subscribe(self) -> asyncio.Event:
        event = asyncio.Event()
        with self._lock:
            self._waiting[event] = asyncio.get_running_loop()
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        with self._lock:
            self._waiting.pop(event, None)


class Events:
    """The memory of this run."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(4)
        self.bell = Bell()
        self._last = 0
        self._memory: deque[Event] = deque(maxlen=MEMORY)
        self._lock = threading.Lock()

    def publish(self, kind: str, data: Mapping[str, Any], job: str | None = None) -> None:
        text = json.dumps(data, ensure_ascii=False)
        with self._lock:
            self._last += 1
            self._memory.append(Event(self._last, kind, text, job))
        self.bell.ring()

    @property
    def last(self) -> int:
        return self._last

    def since(self, n: int) -> list[Event] | None:
        """Everything after event `n`, or None if some of it is forgotten."""
        with self._lock:
            if n > self._last or (self._memory and n < self._memory[0].n - 1):
                return None
            return [event for event in self._memory if event.n > n]

    def resume(self, last_id: str | None) -> int | None:
        """The number that a client's last id stands for; None if it is of another run or no id of ours."""
        run, _, n = (last_id or "").partition("-")
        return int(n) if run == self.run and n.isascii() and n.isdigit() and len(n) < 16 else None
