"""Who speaks the items: one interactive lane and some batch lanes, over one model that hears the interactive one first.

A lane is a thread: it claims an item, speaks it, and writes down what became of it. Whatever an item raises is its
own failure; the lane goes on. As many batch lanes work as the model gains from (`Models.width`), and the same item is
the same sound whoever speaks beside it. On the way up what a dead process left behind is queued again. Knows no HTTP.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moksori.errors import Cancelled, MoksoriError
from moksori.store import Store
from moksori.store.jobs import BATCH, INTERACTIVE, MAX_QUEUED, Item

from . import machine
from .events import Events
from .live import Stage
from .models import WIDEST, Models, ModelSpec
from .shape import Shapes, error_json
from .speaking import Speaking
from .verify import impossible, verify

log = logging.getLogger("moksori.workbench")

IDLE_S = 5.0  # looks by itself this often, besides being woken: another process may have queued something
INTERNAL = {
    "code": "internal",
    "message": "Something went wrong inside moksori.",
    "hint": "The log on the System page says more.",
    "field": None,
}


class Dispatcher:
    """`start` and `stop` it once."""

    def __init__(self, store: Store, models: Models, events: Events) -> None:
        self.store = store
        self.models = models
        self.events = events
        self.progress: dict[int, dict[str, Any]] = {}
        self.shapes = Shapes(store, self.progress)
        self.stage = Stage(store.partial)
        self.speaking = Speaking(store, self.stage, self._tell_progress)
        self.memory: deque[dict[str, Any]] = deque(maxlen=50)
        self.stopping = False
        self._lanes = [Lane(self, "interactive", INTERACTIVE), *(Lane(self, "batch", BATCH, n) for n in range(WIDEST))]

    def start(self) -> None:
        self.store.forget_partial()
        recovered = self.store.queue.recover()
        if recovered:
            log.info("%d items were running when the last process ended; they are queued again", recovered)
        for lane in self._lanes:
            lane.start()

    def stop(self) -> None:
        """Give up what is running; it is queued again at once, and runs at the next start."""
        self.stopping = True
        for lane in self._lanes:
            lane.give_up()
        for lane in self._lanes:
            lane.join()

    def wake(self) -> None:
        """Something was queued."""
        for lane in self._lanes:
            lane.wake.set()

    def cancel(self, item_ids: Sequence[int]) -> None:
        """Stop these items if they are running; their states are the caller's."""
        for lane in self._lanes:
            lane.cancel_if(item_ids)

    def errand(self, what: Callable[[], None]) -> None:
        """Do this in the interactive lane, before its next item."""
        self._lanes[0].errands.append(what)
        self._lanes[0].wake.set()

    def go_home(self) -> None:
        """A job that needed another model is over: load the one that people chose again."""
        if self.models.spec == self.models.home or self.running is not None or self.stopping:
            return
        try:
            if self.store.queue.waiting()[0] == 0:
                self.models.go_home()
        except MoksoriError as error:
            log.error("the model cannot be loaded again: %s", error)

    @property
    def running(self) -> int | None:
        """The item that is heard first: an interactive one, else a batch's."""
        return next((lane.current.id for lane in self._lanes if lane.current is not None), None)

    @property
    def busy(self) -> int:
        """How many lanes speak now."""
        return sum(lane.current is not None for lane in self._lanes)

    def queue_json(self) -> dict[str, Any]:
        waiting, syllables = self.store.queue.waiting()
        pace = self.store.queue.pace()
        eta_s = None if pace is None else round(pace * syllables, 1)
        return {"waiting": waiting, "running": self.running, "eta_s": eta_s, "limit": MAX_QUEUED}

    def tell(self, item: Item) -> None:
        """Publish an item, its job and the queue as they are now."""
        try:
            self.events.publish("item", self.shapes.item(self.store.jobs.item(item.id)), item.job_id)
            self.events.publish("job", self.shapes.job(self.store.jobs.get(item.job_id)), item.job_id)
            self.events.publish("queue", self.queue_json())
        except MoksoriError as error:  # the job was removed, or the disk is full: nobody to tell
            log.info("nothing told of item %d: %s", item.id, error)

    def _tell_progress(self, item: Item, unit: int, units: int, seconds: float) -> None:
        self.progress[item.id] = {"unit": unit, "units": units, "seconds": round(seconds, 3)}
        self.events.publish("progress", {"item": item.id, "job": item.job_id, **self.progress[item.id]}, item.job_id)


class Lane:
    """One thread that speaks the items of one priority, one after the other; the `n`th of its kind."""

    def __init__(self, dispatcher: Dispatcher, name: str, priority: int, n: int = 0) -> None:
        self.house = dispatcher
        self.store = dispatcher.store
        self.priority = priority
        self.n = n
        self.wake = threading.Event()
        self.errands: deque[Callable[[], None]] = deque()
        self.current: Item | None = None
        self._cancel = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"moksori-{name}-{n}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def give_up(self) -> None:
        with self._lock:
            self._cancel.set()
        self.wake.set()

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join()

    def cancel_if(self, item_ids: Sequence[int]) -> None:
        with self._lock:
            if self.current is not None and self.current.id in item_ids:
                self._cancel.set()

    def _run(self) -> None:
        while not self.house.stopping:
            self.wake.clear()
            item = None
            try:
                for _ in range(len(self.errands)):
                    self.errands.popleft()()
                if self.n < self.house.models.width:
                    item = self.store.queue.claim((self.priority,))
            except Exception:  # the edge of this thread: it must outlive any errand and a full disk
                log.exception("the queue could not be served")
            if item is None:
                self.house.go_home()
                self.wake.wait(IDLE_S)
            else:
                self._perform(item)

    def _perform(self, item: Item) -> None:
        with self._lock:
            self._cancel = threading.Event()
            self.current = item
            if self.house.stopping:
                self._cancel.set()
        before = self._memory()
        try:
            if self.store.jobs.item(item.id).state != "running":
                raise Cancelled("It was cancelled before it began.")
            self.house.tell(item)
            self._speak_or_verify(item)
        except Cancelled:
            self._settle(item, self.store.queue.put_back if self.house.stopping else self.store.queue.give_up)
        except MoksoriError as error:
            log.warning("item %d failed: %s", item.id, error)
            self._fail(item, error_json(error))
        except Exception:  # the edge of this thread: a bug costs one item, never the queue
            log.exception("item %d failed", item.id)
            self._fail(item, INTERNAL)
        with self._lock:
            self.current = None
        self.house.progress.pop(item.id, None)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        memory = {"item": item.id, "before_bytes": before, "after_bytes": self._memory(), "at": at}
        self.house.memory.append(memory)
        self.house.tell(item)

    def _memory(self) -> int:
        """Of the server and the process that holds the model."""
        return machine.rss_bytes(self.house.models.process_id)

    def _speak_or_verify(self, item: Item) -> None:
        if "verify" in item.request:
            self._verify(item)
            return
        with self.house.models.use(model_spec(item.request)) as synthesizer:
            started = time.perf_counter()
            spoken = self.house.speaking.speak(item, synthesizer, self._cancel)
            elapsed_s = (time.perf_counter() - started) / max(1, self.house.busy)  # its share of the work
        self.store.queue.finish(item, spoken.take.id, key=spoken.key, reused=spoken.reused, elapsed_s=elapsed_s)

    def _verify(self, item: Item) -> None:
        take = self.store.takes.get(item.request["verify"])
        try:
            with self.house.models.use(model_spec(item.request)) as synthesizer:
                take = verify(self.house.speaking, take, synthesizer, self._cancel)
        except Cancelled:
            raise
        except MoksoriError as error:
            take = impossible(self.store, take.id, error)
        self.store.queue.finish(item, take.id, key=take.key, reused=True, elapsed_s=0.0)
        self.house.events.publish("take", self.house.shapes.take(take), take.job_id)

    def _fail(self, item: Item, error: Mapping[str, Any]) -> None:
        self._settle(item, lambda failed: self.store.queue.fail(failed, error))

    def _settle(self, item: Item, write: Callable[[Item], None]) -> None:
        """Write a state; while the disk is full, keep trying (and after a restart `recover` puts it right)."""
        try:
            write(item)
        except MoksoriError as error:
            log.error("the state of item %d could not be written: %s", item.id, error)
            self.errands.append(lambda: self._settle(item, write))


def model_spec(request: Mapping[str, Any]) -> ModelSpec:
    return ModelSpec(request["model"], request["engine"], request["precision"])
