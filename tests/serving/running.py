"""A real server on a real port, in a thread of the test, over the draft voice."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

from moksori.engine.espeak import EspeakEngine
from moksori.engine.protocol import Chunk, Engine, Finish, Request
from moksori.serving import connections
from moksori.serving.app import create_app
from moksori.serving.config import Config
from moksori.serving.loading import Loading
from moksori.serving.server import listen
from moksori.serving.state import State
from moksori.synthesizer import Synthesizer


class SlowEngine(EspeakEngine):
    """The draft voice at the pace of a model: 80 ms of sound every `step_s`, counting what it was made to do."""

    def __init__(self, step_s: float = 0.02) -> None:
        super().__init__()
        self.step_s = step_s
        self.steps = 0
        self.at_once = self.most_at_once = 0
        self.units: list[str] = []

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Chunk]:
        self.units.append(request.unit)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            pcm = np.concatenate([chunk.pcm for chunk in super().stream(request, threading.Event())])
            for at in range(0, len(pcm), 1920):
                if cancel.is_set():
                    yield Chunk(pcm[:0], Finish("cancelled"))
                    return
                self.steps += 1
                time.sleep(self.step_s)
                yield Chunk(pcm[at : at + 1920])
            yield Chunk(pcm[:0], Finish("end"))
        finally:
            self.at_once -= 1


@dataclass
class Running:
    url: str
    state: State
    server: uvicorn.Server
    engine: Engine

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = self.state.metrics.text().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for what the server does in its own time, such as counting a request after it was answered."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


@contextmanager
def running(folder: Path, opener: Callable[[], Engine] = EspeakEngine, **settings: Any) -> Iterator[Running]:
    config = Config(**{"port": 0, "data": folder, "grace_s": 5, **settings})
    loading = Loading(lambda: Synthesizer(opener()))
    app = create_app(config, loading)
    listener = listen(config.host, config.port)
    server = uvicorn.Server(connections.settings(app, config))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    loading.start()
    assert loading.done.wait(280), "the engine takes too long to open"
    while not server.started:
        time.sleep(0.01)
    port = listener.getsockname()[1]
    try:
        yield Running(f"http://127.0.0.1:{port}", app.state.serving, server, loading().engine)
    finally:
        server.should_exit = True
        thread.join(30)
        loading.close()
        assert not thread.is_alive(), "the server did not end"
