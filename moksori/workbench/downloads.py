"""The thread that fetches models: jobs of kind `download`, with progress and cancel. Knows no HTTP.

The hub's library has no cancel; raising out of its progress report is what stops it. What was fetched stays and is
resumed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from moksori.errors import Cancelled, MoksoriError
from moksori.model import hub
from moksori.store import Store
from moksori.store.jobs import DOWNLOAD, Item

from .dispatcher import IDLE_S, INTERNAL
from .events import Events
from .shape import error_json

log = logging.getLogger("moksori.workbench")
TELL_EVERY_S = 0.5


class Downloads:
    """`tell` publishes an item and its job."""

    def __init__(self, store: Store, events: Events, tell: Callable[[Item], None]) -> None:
        self.store = store
        self.events = events
        self.tell = tell
        self._wake = threading.Event()
        self._stopping = False
        self._current: Item | None = None
        self._cancel = threading.Event()
        self._told = 0.0
        self._thread = threading.Thread(target=self._run, name="moksori-downloads", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """The thread is a daemon: a network that hangs must not hold the process."""
        self._stopping = True
        self._cancel.set()
        self._wake.set()
        self._thread.join(timeout=2.0)

    def wake(self) -> None:
        self._wake.set()

    def cancel(self, item_ids: Sequence[int]) -> None:
        if self._current is not None and self._current.id in item_ids:
            self._cancel.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            item = None
            try:
                item = self.store.queue.claim((DOWNLOAD,))
            except MoksoriError as error:
                log.error("the queue could not be read: %s", error)
            if item is None:
                self._wake.wait(IDLE_S)
            else:
                self._fetch(item)

    def _fetch(self, item: Item) -> None:
        self._cancel = threading.Event()
        self._current = item
        self.tell(item)
        try:
            hub.pull(item.request["download"], progress=self._report)
            self.store.queue.finish(item, None, key=None, reused=False, elapsed_s=0.0)
        except Cancelled:
            (self.store.queue.put_back if self._stopping else self.store.queue.give_up)(item)
        except MoksoriError as error:
            self.store.queue.fail(item, error_json(error))
        except Exception:  # the edge of this thread: the hub's library may raise anything
            log.exception("the download of %s failed", item.request["download"])
            self.store.queue.fail(item, INTERNAL)
        self._current = None
        self.tell(item)

    def _report(self, done: int, total: int) -> None:
        if self._cancel.is_set():
            raise Cancelled("The download was cancelled.")
        now, item = time.monotonic(), self._current
        if item is not None and (now - self._told >= TELL_EVERY_S or done == total):
            self._told = now
            data = {"job": item.job_id, "name": item.request["download"], "done_bytes": done, "total_bytes": total}
            self.events.publish("download", data, item.job_id)
