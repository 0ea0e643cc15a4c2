"""The whole server: interfaces for other programs and the workbench, over one store and one model.

What `moksori serve` runs. Knows no terminal.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from fastapi import FastAPI

from moksori.errors import MoksoriError
from moksori.serving.app import create_app
from moksori.serving.config import Config
from moksori.serving.loading import open_synthesizer
from moksori.store import open_store
from moksori.store.settings import StoredSettings
from moksori.synthesizer import Synthesizer

from .access import Access, check_exposed
from .app import mount
from .keeping import StoreArchive
from .models import ModelSpec
from .shelf import StoreShelf
from .workbench import Workbench


class Server:
    """`app` is what uvicorn serves; the rest is what `moksori.serving.server.serve` asks of a `Loading`.

    done   set when the model is ready or failed.  error  why it failed.
    """

    def __init__(self, config: Config) -> None:
        """Raises Conflict if another process owns the store, InvalidInput if strangers could come in."""
        self.config = config
        self.store = open_store(config.data)
        with ExitStack() as undo:
            undo.callback(self.store.close)
            access = access_of(config, self.store.settings)
            check_exposed(config.reachable, access)
            undo.pop_all()
        spec = ModelSpec(config.model, config.engine, config.precision)
        self.bench = Workbench(self.store, spec=spec, device=config.device, loader=self._open)
        archive = StoreArchive(self.store, self.bench.models)
        self.app: FastAPI = create_app(config, self.bench.models.provide, StoreShelf(self.store), archive)
        self.bench.models.turns = self.app.state.serving.queue
        mount(self.app, self.bench, access)
        self.done = self.bench.settled

    @property
    def error(self) -> MoksoriError | None:
        return self.bench.start_error

    def start(self) -> None:
        """The app's own start does it."""

    def close(self) -> None:
        """After the last request: nobody speaks any more."""
        self.bench.close()
        self.store.close()

    def _open(self, spec: ModelSpec) -> Synthesizer:
        return open_synthesizer(replace(self.config, model=spec.model, engine=spec.engine, precision=spec.precision))


def access_of(config: Config, settings: StoredSettings) -> Access:
    """The server's own keys, those that may do everything, open the workbench too."""
    keys = frozenset(key.sha256 for key in config.keys if "admin" in key.scopes)
    return Access(settings, hosts=(config.host, config.reachable), origins=tuple(config.cors_origins), tokens=keys)
