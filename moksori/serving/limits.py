"""Before the routes: how large a body may be, and how long it may take to come. Knows nothing of what is in it."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import problems

PREFIX = "/v1/"
PAUSE_S, BODY_S = 30.0, 300.0  # between two pieces of a body, and for all of it
CLOSE = {"Connection": "close"}  # what is left of the body would be taken for the next request


class Limits:
    """Around the API for other programs. most: bytes of a body."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > self._most):
            await problems.http(scope, self._too_large())(scope, receive, send)
            return
        await self._app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        until, seen, is_over = time.monotonic() + BODY_S, 0, False

        async def limited() -> Message:
            nonlocal seen, is_over
            if is_over:  # from here on only the client's leaving is awaited
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), min(PAUSE_S, until - time.monotonic()))
            except TimeoutError as error:
                raise HTTPException(408, "The request came too slowly.", headers=CLOSE) from error
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise self._too_large()
            is_over = not message.get("more_body", False)
            return message

        return limited

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"The request is larger than {self._most / 1e6:.0f} MB.", headers=CLOSE)
