"""A runtime that is let go after a while in which nobody spoke, and loaded again when somebody does.

Knows nothing of what is loaded beyond that it can be closed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> None: ...


Loaded = TypeVar("Loaded", bound=Closable)


class OnDemand(Generic[Loaded]):
    """`load` makes the thing; `after_s` seconds after the last use it is closed, 0 means never."""

    def __init__(self, load: Callable[[], Loaded], after_s: float) -> None:
        self._load, self._after_s = load, after_s
        self._loaded: Loaded | None = None
        self._users, self._last, self._closed = 0, time.monotonic(), False
        self._changed = threading.Condition()
        if after_s > 0:
            threading.Thread(target=self._watch, name="moksori-idle", daemon=True).start()

    @property
    def is_loaded(self) -> bool:
        return self._loaded is not None

    @contextmanager
    def use(self) -> Iterator[Loaded]:
        """The thing, loaded now if it is not there, kept while anybody is inside. Raises what loading raises."""
        with self._changed:
            if self._loaded is None:
                self._loaded = self._load()
            loaded = self._loaded
            self._users += 1
        try:
            yield loaded
        finally:
            with self._changed:
                self._users -= 1
                self._last = time.monotonic()
                self._changed.notify_all()

    def close(self) -> None:
        """Lets go at once and for good, whoever is inside; idempotent."""
        with self._changed:
            self._closed = True
            self._let_go()
            self._changed.notify_all()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                left = self._last + self._after_s - time.monotonic()
                if self._users == 0 and self._loaded is not None and left <= 0:
                    self._let_go()
                self._changed.wait(max(left, 0.05) if left > 0 and self._loaded is not None else None)

    def _let_go(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.close()
