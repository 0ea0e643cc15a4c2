"""Asking an engine for sound."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from moksori.engine.protocol import Engine, Request


def sound(engine: Engine, request: Request) -> bytes:
    """All of it, joined."""
    return b"".join(chunk.pcm.tobytes() for chunk in engine.stream(request, threading.Event()))


def together(engine: Engine, requests: list[Request]) -> list[bytes]:
    """All of each, spoken at once by as many threads."""
    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(lambda request: sound(engine, request), requests))
