"""`/v1/audio/speech/stream`: text in while it is being written, sound out while it is made. For voice agents.

From the client, JSON:  {"type": "start", ...the fields of POST /v1/audio/speech but `input`}
                        {"type": "text", "text": "..."}   {"type": "flush"}   {"type": "end"}   {"type": "cancel"}
To the client:          {"type": "started"}, then sound as binary messages with {"type": "unit"} after each unit,
                        {"type": "skipped"} for text that cannot be spoken, and at the end
                        {"type": "done"}, {"type": "cancelled"} or {"type": "error"}.
A server that stops speaks what it has been given, and closes with 1012.
After any of these three the client may start again on the same connection. One speech at a time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from moksori.errors import Cancelled, Conflict, InvalidInput, MoksoriError

from . import problems, state
from .connections import GOING_AWAY
from .keys import Key
from .log import speech_line
from .order import SpeechRequest, read_order, read_request
from .passages import Growing
from .speaking import Job, Skipped, Spoken, start
from .state import State

log = logging.getLogger("moksori.serving")
router = APIRouter()
TRY_AGAIN_LATER, POLICY = 1013, 1008


@router.websocket("/v1/audio/speech/stream")
async def speak(socket: WebSocket) -> None:
    ours = state.of(socket)
    try:
        key = ours.admit(socket, "speak")
    except MoksoriError as error:
        ours.metrics.requests.labels("websocket", error.code).inc()
        await socket.close(POLICY, str(error)[:120])
        return
    await socket.accept()
    conversation = _Conversation(socket, ours, key)
    with suppress(WebSocketDisconnect):
        await conversation.run()


class _Conversation:
    """One connection: at most one speech at a time, started, fed, ended or cancelled by messages."""

    def __init__(self, socket: WebSocket, ours: State, key: Key) -> None:
        self._socket, self._state, self._key = socket, ours, key
        self._growing: Growing | None = None
        self._sending: asyncio.Task[None] | None = None

    async def run(self) -> None:
        try:
            while True:
                message = await self._receive()
                try:
                    await self._act(message)
                except MoksoriError as error:
                    await self._stop()
                    await self._say({"type": "error", **problems.body(error)})
        except WebSocketDisconnect as gone:
            if gone.code == GOING_AWAY:  # not the client: this server stops, once it has spoken what it was given
                await self._finish()
                await self._socket.close(GOING_AWAY)
        finally:
            await self._stop()

    async def _finish(self) -> None:
        if self._growing is not None and self._sending is not None:
            self._growing.end()
            await self._sending

    async def _receive(self) -> Any:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        try:
            return json.loads(message.get("text") or "")
        except (ValueError, RecursionError):  # RecursionError: brackets upon brackets
            return None

    async def _act(self, message: Any) -> None:
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "start":
            try:
                await self._start({name: value for name, value in message.items() if name != "type"})
            except MoksoriError as error:
                self._count(error.code)
                raise
        elif kind not in ("text", "flush", "end", "cancel"):
            raise InvalidInput(
                "A message must be JSON with a type.", hint="One of: start, text, flush, end, cancel.", field="type"
            )
        elif self._growing is None or self._sending is None or self._sending.done():
            if kind != "cancel":  # one that crosses the end of its speech is no fault
                raise InvalidInput(f"There is no speech for {kind!r}.", hint="Send a start first.", field="type")
        elif kind == "text":
            await self._add(message.get("text"))
        elif kind == "flush":
            self._growing.flush()
        elif kind == "end":
            self._growing.end()
        else:
            self._growing.cancel.set()

    async def _add(self, piece: Any) -> None:
        if not isinstance(piece, str):
            raise InvalidInput("A text message needs text.", field="text")
        assert self._growing is not None
        self._state.keyring.spend(self._key, len(piece), requests=0)
        self._growing.add(piece)

    async def _start(self, fields: dict[str, Any]) -> None:
        if self._sending is not None and not self._sending.done():
            raise Conflict("A speech is already under way here.", hint="Send end or cancel, and wait for its answer.")
        asked = _asked(fields)
        self._state.keyring.spend(self._key, 0)
        synthesizer = self._state.provider()
        order = await asyncio.to_thread(read_order, asked, self._state.config, synthesizer, self._state.shelf)
        config = self._state.config
        self._growing = Growing(order.settings.language, config.max_characters, config.patience_s, threading.Event())
        job = start(self._state, synthesizer, order, "websocket", self._growing)
        self._sending = asyncio.create_task(self._send(job))

    async def _send(self, job: Job) -> None:
        outcome, order = "cancelled", job.order
        started = {"type": "started", "sample_rate": job.sample_rate, "seed": order.seed}
        try:
            await self._say(started | {"format": order.format, "ignored": list(order.ignored)})
            while (piece := await job.outbox.get()) is not None:
                if isinstance(piece, bytes):
                    await self._socket.send_bytes(piece)
                else:
                    await self._say(_event(piece))
            takes = [manifest.key for manifest in job.manifests]
            await self._say({"type": "done", "take_ids": takes, "seconds": job.seconds, "units": job.units})
            outcome = job.outcome
        except Cancelled:
            await self._say({"type": "cancelled", "units": job.units})
        except MoksoriError as error:
            outcome = error.code
            await self._say({"type": "error", **problems.body(error)})
        except (WebSocketDisconnect, RuntimeError):  # starlette's ways to say that the other side is gone
            pass
        finally:
            job.cancel.set()
            self._count(outcome)
            id, with_text = self._socket.state.request_id, self._state.config.log_text
            log.info("speech", extra=speech_line(job, id, self._key.name, outcome, with_text=with_text))

    def _count(self, outcome: str) -> None:
        self._state.metrics.requests.labels("websocket", outcome).inc()

    async def _say(self, message: dict[str, Any]) -> None:
        await self._socket.send_text(json.dumps(message, ensure_ascii=False))

    async def _stop(self) -> None:
        """Cancel what is under way and wait until it has stopped."""
        if self._growing is not None:
            self._growing.cancel.set()
        if self._sending is not None:
            with suppress(WebSocketDisconnect, RuntimeError):
                await self._sending
        self._growing = self._sending = None


def _asked(fields: dict[str, Any]) -> SpeechRequest:
    if "input" in fields:
        raise InvalidInput("A start has no input.", hint="Send it as text messages.", field="input")
    return read_request({"response_format": "pcm", **fields, "input": ""})


def _event(piece: Spoken | Skipped) -> dict[str, Any]:
    if isinstance(piece, Skipped):
        return {"type": "skipped", "text": piece.text}
    times = {"start_s": round(piece.start_s, 4), "end_s": round(piece.end_s, 4)}
    return {"type": "unit", "index": piece.index, "text": piece.text, **times, "take_id": piece.take_id}
