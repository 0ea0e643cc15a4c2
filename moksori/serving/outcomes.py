"""Every request for speech over HTTP is counted once, by how it ended, whether it was refused, left or spoken.

The routes and the error handlers note the outcome in the request's state; here it is counted and, for what never
became a speech, logged. Knows neither bodies nor sound. (WebSocket and Wyoming count for themselves.)
"""

from __future__ import annotations

import asyncio
import logging

from starlette.types import ASGIApp, Receive, Scope, Send

from .metrics import Metrics

log = logging.getLogger("moksori.serving")
PATH = "/v1/audio/speech"


class Outcomes:
    """Around everything that may refuse a request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        outcome = "internal"
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:  # the server stops, and the grace time is over
            outcome = "cancelled"
            raise
        finally:
            outcome = state.get("outcome", outcome)
            self._metrics.requests.labels(state.get("way", "http"), outcome).inc()
            if not state.get("is_logged"):
                log.info("refused", extra={"request_id": state.get("request_id", ""), "outcome": outcome})
