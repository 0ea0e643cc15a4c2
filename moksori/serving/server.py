"""The process that serves: the app under uvicorn, Wyoming beside it, one line when it is ready, an orderly end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import uvicorn
from fastapi import FastAPI

from moksori.errors import MoksoriError, Unavailable

from . import connections
from .config import Config

log = logging.getLogger("moksori.serving")


class Opening(Protocol):
    """What becomes ready beside the app: `Loading`, or the workbench's server."""

    done: threading.Event

    @property
    def error(self) -> MoksoriError | None: ...

    def start(self) -> None: ...

    def close(self) -> None: ...


def serve(app: FastAPI, config: Config, loading: Opening, say: Callable[[str], None]) -> None:
    """Serve until a signal. `say` hears one line once the first speech can be asked for.

    Raises Unavailable if the port is taken, and whatever kept the model from loading.
    """
    listener = listen(config.host, config.port)
    port = listener.getsockname()[1]
    server = _Server(connections.settings(app, config))
    host = f"[{config.host}]" if ":" in config.host else config.host
    threading.Thread(target=_announce, args=(server, loading, f"http://{host}:{port}", say), daemon=True).start()
    loading.start()
    try:
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        loading.close()
    if loading.error is not None:
        raise loading.error


class _Server(uvicorn.Server):
    """uvicorn, which would raise the signal again once it has ended in order, and lose our exit status by that."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may handle signals; whoever runs us elsewhere sets `should_exit`
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a taken port is known before a model is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise Unavailable(
            f"Port {port} on {host} cannot be used: {reason}.", hint="Choose another: --port 8601.", field="port"
        ) from error
    listener.set_inheritable(False)
    return listener


def _announce(server: uvicorn.Server, loading: Opening, address: str, say: Callable[[str], None]) -> None:
    loading.done.wait()
    error: MoksoriError | None = loading.error
    if error is not None:
        server.should_exit = True
        return
    say(f"moksori is ready on {address}")
