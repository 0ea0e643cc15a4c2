"""uvicorn's connections, less patient: who never finishes a request's head or never reads is cut off, not waited for.

A place among the admitted would otherwise be held for as long as such a client likes. Knows bytes and times only.
"""

from __future__ import annotations

import asyncio

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .config import Config

HEAD_S = 20.0  # for the request line and headers to arrive
GOING_AWAY = 1012  # the WebSocket close code of a server that restarts


def settings(app: FastAPI, config: Config) -> uvicorn.Config:
    """How uvicorn runs the app."""

    class Http(HttpConnection):
        patience_s = config.patience_s

    class WebSocket(WebSocketConnection):
        patience_s = config.patience_s

    return uvicorn.Config(
        app,
        http=Http,
        ws=WebSocket,
        ws_max_size=config.max_body,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=config.grace_s,
        timeout_keep_alive=75,  # longer than the usual 60 s of a reverse proxy, so that we are never first to close
    )


class _Stall:
    """Aborts a transport whose reader takes nothing for so long; a close would wait for it to be read empty."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, seconds: float, transport: asyncio.Transport) -> None:
        self.end()
        self._timer = asyncio.get_running_loop().call_later(seconds, transport.abort)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Patience(asyncio.Protocol):
    """Cuts off who stalls. Put before one of uvicorn's protocols."""

    patience_s: float = 120.0
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._stall = _Stall()
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stall.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.begin(self.patience_s, self.transport)

    def resume_writing(self) -> None:
        self._stall.end()
        super().resume_writing()


class HttpConnection(_Patience, H11Protocol):
    """One HTTP connection, with a limit on how long a head may take and a reader may stall."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._head = _Stall()
        super().connection_made(transport)
        self._head.begin(HEAD_S, transport)
        self._awaits_head = True

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or self.transport.get_protocol() is not self:  # a request, or a WebSocket by now
            self._head.end()
            self._awaits_head = False
        elif not self._awaits_head and self.cycle.response_complete:
            self._head.begin(HEAD_S, self.transport)
            self._awaits_head = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._head.end()
        super().connection_lost(exc)


class WebSocketConnection(_Patience, WebSocketsSansIOProtocol):
    """One WebSocket. When the server stops, the app is told and ends what it speaks before it closes."""

    def shutdown(self) -> None:
        if self.handshake_complete and not self.close_sent:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})
        else:
            super().shutdown()
