"""The workbench put together: store, model, dispatcher, events, desk. What endpoints ask. Knows no HTTP."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from moksori.errors import MoksoriError
from moksori.store import Store
from moksori.store.check import sweep
from moksori.store.jobs import BATCH, DOWNLOAD, INTERACTIVE, Item, Job, Kind, NewItem
from moksori.store.presets import changes

from . import examples
from .desk import Desk, Request
from .dispatcher import Dispatcher
from .downloads import Downloads
from .events import Events
from .logbook import Logbook
from .models import Loader, Models, ModelSpec
from .preferences import Preferences
from .shape import preset_json

LOGGER = logging.getLogger("moksori")


class Workbench:
    """`start` it once, `stop` it once. `loader`: see `Models`."""

    def __init__(
        self, store: Store, *, spec: ModelSpec | None = None, device: str = "auto", loader: Loader | None = None
    ) -> None:
        self.store = store
        self.events = Events()
        self.models = Models(spec or ModelSpec(), loader=loader, device=device, watch=self._tell_model)
        self.dispatcher = Dispatcher(store, self.models, self.events)
        self.downloads = Downloads(store, self.events, self.dispatcher.tell)
        self.preferences = Preferences(store.settings)
        self.desk = Desk(store, self.models, self.preferences)
        self.shapes = self.dispatcher.shapes
        self.logbook = Logbook()
        self.started = time.time()
        self.settled = threading.Event()  # the model is ready, or has failed to be, for the first time
        self.start_error: MoksoriError | None = None  # why it failed then; later failures are their items' own

    def start(self) -> None:
        LOGGER.addHandler(self.logbook)
        if self.store.takes.empty_bin(time.time() - 86_400 * self.preferences.all()["bin_days"]):
            sweep(self.store)
        self.dispatcher.start()
        self.downloads.start()
        self.load()

    def stop(self) -> None:
        self.downloads.stop()
        self.dispatcher.stop()
        LOGGER.removeHandler(self.logbook)

    def close(self) -> None:
        """Let the model go, after whoever else speaks with it has finished."""
        self.models.unload()

    def load(self, spec: ModelSpec | None = None) -> None:
        """Load the chosen model, or choose another, before the next item; `model` events tell how it goes."""

        def errand() -> None:
            try:
                about = self.models.go_home(spec)
            except MoksoriError as error:
                LOGGER.error("the model cannot be loaded: %s", error)
            else:
                examples.make(self.store, about, self.models.home)

        self.dispatcher.errand(errand)

    def submit(
        self,
        kind: Kind,
        title: str,
        requests: Sequence[Request],
        *,
        places: Sequence[Mapping[str, Any]] = (),
        spec: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Job:
        """Queue a job and tell everyone. Raises Unavailable when the queue is full."""
        priority = {"speak": INTERACTIVE, "verify": INTERACTIVE, "download": DOWNLOAD}.get(kind, BATCH)
        where = places or [{}] * len(requests)
        new = [NewItem(r.frozen, place, r.syllables) for r, place in zip(requests, where, strict=True)]
        job = self.store.jobs.submit(kind, title, new, priority=priority, spec=spec, request_id=request_id)
        self._queued(job)
        return job

    def cancel_job(self, id: str) -> Job:
        self._stop_items(self.store.jobs.cancel(id))
        return self._told(self.store.jobs.get(id))

    def cancel_item(self, id: int) -> Item:
        self._stop_items(self.store.jobs.cancel_item(id))
        item = self.store.jobs.item(id)
        self.dispatcher.tell(item)
        return item

    def retry_job(self, id: str) -> Job:
        job = self.store.jobs.retry(id)
        self._queued(job)
        return job

    def retry_item(self, id: int) -> Item:
        item = self.store.jobs.retry_item(id)
        self._wake(item)
        return item

    def reroll(self, id: int, request: Request) -> Item:
        item = self.store.jobs.reroll(id, request.frozen, request.syllables)
        self._wake(item)
        return item

    def take_changed(self, id: int) -> dict[str, Any]:
        """Tell everyone of a take as it is now."""
        shaped = self.shapes.take(self.store.takes.get(id))
        self.events.publish("take", shaped, shaped["job"])
        return shaped

    def preset_json(self, id: str) -> dict[str, Any]:
        preset = self.store.presets.get(id)
        voice = self.store.voices.find(preset.frozen.voice["id"])
        return preset_json(preset, changes(preset.frozen, voice, self.models.description))

    def presets_json(self) -> list[dict[str, Any]]:
        voices, loaded = {voice.id: voice for voice in self.store.voices.all()}, self.models.description
        return [
            preset_json(p, changes(p.frozen, voices.get(p.frozen.voice["id"]), loaded))
            for p in self.store.presets.all()
        ]

    def _stop_items(self, ids: Sequence[int]) -> None:
        self.dispatcher.cancel(ids)
        self.downloads.cancel(ids)

    def _queued(self, job: Job) -> None:
        self._told(job)
        self.events.publish("queue", self.dispatcher.queue_json())
        self.dispatcher.wake()
        self.downloads.wake()

    def _wake(self, item: Item) -> None:
        self.dispatcher.tell(item)
        self.dispatcher.wake()

    def _told(self, job: Job) -> Job:
        self.events.publish("job", self.shapes.job(job), job.id)
        return job

    def _tell_model(self, status: Mapping[str, Any]) -> None:
        self.events.publish("model", dict(status))
        if status["state"] in ("ready", "failed") and not self.settled.is_set():
            self.start_error = self.models.error
            self.settled.set()
