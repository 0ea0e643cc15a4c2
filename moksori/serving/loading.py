"""The model that this server speaks with: loaded in the background, warmed up, closed at the end.

Knows no HTTP. Until it is ready, whoever asks is told so and when to ask again.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Literal

from moksori.engine import registry
from moksori.engine.host import Command, HostedEngine
from moksori.errors import MoksoriError
from moksori.synthesizer import Synthesizer

from .config import Config
from .problems import Busy

log = logging.getLogger("moksori.serving")

State = Literal["loading", "ready", "failed", "closed"]
WARM_UP = "안녕하세요. 준비되었습니다."


def open_synthesizer(config: Config) -> Synthesizer:
    """What the settings ask for, in a process of its own unless `isolate` is off."""
    if not config.isolate:
        return Synthesizer(registry.open(config.engine, config.model, config.device, config.precision))
    command = Command(
        engine=config.engine or registry.name_for(config.model),
        model=config.model,
        device=config.device,
        precision=config.precision,
        python=config.python or sys.executable,
        memory_limit=config.memory_limit,
    )
    return Synthesizer(HostedEngine(command))


class Loading:
    """A synthesizer that becomes ready. Call it to get the synthesizer, or Busy while it loads."""

    def __init__(self, opener: Callable[[], Synthesizer]) -> None:
        self._opener = opener
        self._synthesizer: Synthesizer | None = None
        self._error: MoksoriError | None = None
        self._lock = threading.Lock()
        self.state: State = "loading"
        self.seconds = 0.0
        self.done = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._load, name="loading", daemon=True).start()

    def __call__(self) -> Synthesizer:
        if self._error is not None:
            raise self._error
        if self.state != "ready" or self._synthesizer is None:
            raise Busy("The model is still loading.", hint="Try again in a moment; GET /ready tells.", wait_s=2.0)
        return self._synthesizer

    @property
    def error(self) -> MoksoriError | None:
        return self._error

    def close(self) -> None:
        with self._lock:
            self.state = "closed"
            if self._synthesizer is not None:
                self._synthesizer.close()

    def _load(self) -> None:
        started = time.monotonic()
        try:
            synthesizer = self._opener()
            with self._lock:
                if self.state == "closed":
                    synthesizer.close()
                    return
                self._synthesizer = synthesizer
            self._warm_up(synthesizer)
            self.seconds = time.monotonic() - started
            if self.state == "loading":
                self.state = "ready"
                log.info("%s is ready after %.1f s", synthesizer.description.title, self.seconds)
        except MoksoriError as error:
            self._error, self.state = error, "failed"
            log.error("the model cannot be loaded: %s", error)
        finally:
            self.done.set()

    def _warm_up(self, synthesizer: Synthesizer) -> None:
        """One sentence: compiles kernels, fills caches, and shows that the engine speaks at all."""
        if synthesizer.description.speakers:
            for _ in synthesizer.stream(WARM_UP, synthesizer.default_voice(), keep=False):
                pass
