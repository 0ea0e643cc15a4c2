"""The model that speaks: loaded, replaced, unloaded; one at a time. Knows no jobs and no HTTP.

Client-given names reach the disk only if they are on the list of known models.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from moksori.engine import registry
from moksori.engine.host import HostedEngine
from moksori.engine.protocol import Description
from moksori.errors import MoksoriError, NotFound, Unavailable
from moksori.model import hub
from moksori.serving.problems import Busy
from moksori.serving.queue import Queue, QueuedEngine
from moksori.synthesizer import Synthesizer, load

State = Literal["none", "loading", "ready", "failed"]
PRECISIONS = ("auto", "fp32", "bf16", "fp16", "int8", "none")
DRAFT = "espeak"
PROCESS_BYTES = 4e8  # Python, its libraries and the buffers, beside the weights and a quarter of them
WIDEST = 8  # sequences that share a step of the runtime
Loader = Callable[["ModelSpec"], Synthesizer]


@dataclass(frozen=True)
class ModelSpec:
    """What to load: a model name (empty: the default), an engine (empty: it follows), a precision."""

    model: str = ""
    engine: str = ""
    precision: str = "auto"

    def to_json(self) -> dict[str, str]:
        return {"model": self.model, "engine": self.engine, "precision": self.precision}


class Models:
    """The one loaded synthesizer. `watch` is called with every change of state.

    Whoever speaks does so inside `use`; another model is loaded only when nobody is inside.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        loader: Loader | None = None,
        device: str = "auto",
        watch: Callable[[dict[str, str]], None] = lambda _: None,
    ) -> None:
        """`loader`: how a spec becomes a synthesizer; by default in this process, on `device`."""
        self.home = spec  # what people loaded; a job may need another one for a while
        self.spec = spec
        self.state: State = "none"
        self.error: MoksoriError | None = None
        self.device = device
        self.turns = Queue(slots=1, limit=1 << 20)
        self._watch = watch
        self._load: Loader = loader or self._load_here
        self._changed = threading.Condition()
        self._inside = 0
        self._line: list[object] = []
        self._loaded: Synthesizer | None = None

    @property
    def description(self) -> Description | None:
        loaded = self._loaded
        return None if loaded is None else loaded.description

    @property
    def width(self) -> int:
        """How many batch items at once the loaded model gains from: they read its weights together."""
        about = self.description
        if about is None or about.draft or not about.streams:
            return 1
        if about.device_class != "cpu":
            return WIDEST
        return min(4, max(2, (os.cpu_count() or 1) // 2))

    @property
    def process_id(self) -> int | None:
        """Of the process that holds the model, if it is another one than this."""
        loaded = self._loaded
        engine = None if loaded is None else loaded.engine
        try:
            return engine.process_id if isinstance(engine, HostedEngine) else None
        except MoksoriError:  # it was let go meanwhile
            return None

    @contextmanager
    def use(self, spec: ModelSpec) -> Iterator[Synthesizer]:
        """The synthesizer of that spec, loaded now if it is not there; units take turns with everyone else's.

        Raises what loading raises.
        """
        loaded = self._enter(spec)
        try:
            yield Synthesizer(QueuedEngine(loaded.engine, loaded.description, self.turns))
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def go_home(self, spec: ModelSpec | None = None) -> Description:
        """Load the model that people chose, or choose another. Raises what loading raises."""
        self.home = spec or self.home
        with self.use(self.home) as synthesizer:
            return synthesizer.description

    def provide(self) -> Synthesizer:
        """The chosen model, for others who speak with it in turns of their own; raises Busy while it is not there."""
        loaded, state = self._loaded, self.state
        if loaded is not None and state == "ready" and self.spec == self.home:
            return loaded
        if state == "failed" and self.error is not None:
            raise self.error
        if state == "none":
            raise Unavailable("No model is loaded.", hint="Load one on the Models page.", code="no_model")
        raise Busy("The model is still loading, or a job uses another one.", hint="Try again in a moment.", wait_s=5.0)

    def unload(self) -> None:
        """Let it go as soon as nobody is inside."""
        with self._turn(lambda: self._inside == 0):
            self._unload()
            self._tell("none")

    def status(self) -> dict[str, str]:
        return {"state": self.state, "message": str(self.error or ""), **self.spec.to_json()}

    def _enter(self, spec: ModelSpec) -> Synthesizer:
        with self._turn(lambda: self._inside == 0 or (self._loaded is not None and spec == self.spec)):
            if self._loaded is None or spec != self.spec:
                self._replace(spec)
            assert self._loaded is not None, "it was just loaded"
            self._inside += 1
            return self._loaded

    @contextmanager
    def _turn(self, may_enter: Callable[[], bool]) -> Iterator[None]:
        """In order of arrival, so that nobody who needs another model waits for ever."""
        with self._changed:
            ticket = object()
            self._line.append(ticket)
            try:
                self._changed.wait_for(lambda: self._line[0] is ticket and may_enter())
                yield
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _replace(self, spec: ModelSpec) -> None:
        self._unload()
        self.spec = spec
        self._tell("loading")
        try:
            self._loaded = self._load(spec)
        except MoksoriError as error:
            self._tell("failed", error)
            raise
        if self.width > 1:  # and one is left for whoever waits for a sound
            self.turns.slots = max(self.turns.slots, self.width + 1)
        self._tell("ready")

    def _load_here(self, spec: ModelSpec) -> Synthesizer:
        return load(spec.model, engine=spec.engine, device=self.device, precision=spec.precision)

    def _unload(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.close()
            gc.collect()  # the weights are large and may sit in cycles

    def _tell(self, state: State, error: MoksoriError | None = None) -> None:
        self.state, self.error = state, error
        self._watch(self.status())


def known_models() -> list[dict[str, Any]]:
    """What can be loaded or downloaded: embedded checkpoints, the draft voice, released checkpoints."""
    here = {located.name for located in hub.installed()}
    parts = set(hub.POCKET.values())
    embedded = [name for name in hub.embedded() if name not in parts]
    if registry.name_for("") == registry.POCKET:
        embedded.insert(0, registry.POCKET)
    found = [_row(name, name, True, _size(name), "demonstration voices", embedded=True) for name in embedded]
    if DRAFT in registry.names():
        draft = _row(DRAFT, "eSpeak NG", True, 0, "draft voices", embedded=True)
        found.append(draft | {"engine": DRAFT, "draft": True, "memory_bytes": None})
    for release in hub.RELEASES.values():
        found.append(_row(release.name, release.repo, release.name in here, release.bytes, release.speaks))
    return found


def _size(name: str) -> int:
    """Bytes of an embedded model; `pocket` is two checkpoints that share a codec."""
    folders = [hub.EMBEDDED / part for part in (hub.POCKET.values() if name == registry.POCKET else (name,))]
    files = {(f.resolve().stat().st_ino, f.stat().st_size) for each in folders for f in each.rglob("*") if f.is_file()}
    return sum(size for _, size in files)


def known_spec(name: str, precision: str = "auto") -> ModelSpec:
    """How a known model is loaded; raises NotFound for any other name, paths among them."""
    names = [row["name"] for row in known_models()]
    if name not in names:
        raise NotFound(
            f"There is no model {name!r}.", hint=f"One of: {', '.join(names)}.", code="unknown_model", field="model"
        )
    return ModelSpec("", DRAFT, precision) if name == DRAFT else ModelSpec(name, "", precision)


def _row(
    name: str, title: str, installed: bool, size: int | None, speaks: str, embedded: bool = False
) -> dict[str, Any]:
    memory = None if size is None else round(size * 1.25 + PROCESS_BYTES)  # an estimate
    return {
        "name": name,
        "title": title,
        "engine": registry.CHECKPOINTS,
        "installed": installed,
        "draft": False,
        "size_bytes": size,
        "memory_bytes": memory,
        "speaks": speaks,
        "embedded": embedded,
    }
