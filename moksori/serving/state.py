"""What the routes share: settings, the way to the synthesizer, queue, keys, voices, takes, metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from moksori.synthesizer import Synthesizer

from .config import Config
from .keys import Key, Keyring
from .metrics import Metrics
from .problems import Forbidden
from .queue import Queue
from .shelf import Shelf
from .takes import Takes


@dataclass
class State:
    """One per app, at `app.state.serving`.

    provider  the synthesizer as it is now; raises Busy while it loads. Called for every request.
    """

    config: Config
    provider: Callable[[], Synthesizer]
    shelf: Shelf
    queue: Queue
    keyring: Keyring
    metrics: Metrics
    threads: ThreadPoolExecutor
    takes: Takes
    stopping: threading.Event = field(default_factory=threading.Event)

    def admit(self, connection: HTTPConnection, scope: str) -> Key:
        """The key of a request; raises Unauthorised or Forbidden."""
        if connection.scope.get("method") not in ("GET", "HEAD"):
            self._refuse_strangers(connection)
        return self.keyring.admit(connection.headers.get("authorization"), scope)

    def _refuse_strangers(self, connection: HTTPConnection) -> None:
        """A page of another site may not speak through a visitor's browser, which sends some requests unasked."""
        origin, known = connection.headers.get("origin"), self.config.cors_origins
        if not origin or origin in known or "*" in known:
            return
        if origin.partition("://")[2].lower() != connection.headers.get("host", "").lower():
            raise Forbidden(f"Pages of {origin[:100]} may not do this.", hint="Add it to cors_origins.")


def of(connection: HTTPConnection) -> State:
    state: State = connection.app.state.serving
    return state


def may_speak(request: Request) -> Key:
    return of(request).admit(request, "speak")


def may_manage_voices(request: Request) -> Key:
    return of(request).admit(request, "voices")


def may_watch(request: Request) -> Key:
    return of(request).admit(request, "admin")


MaySpeak = Annotated[Key, Depends(may_speak)]
MayManageVoices = Annotated[Key, Depends(may_manage_voices)]
MayWatch = Annotated[Key, Depends(may_watch)]
