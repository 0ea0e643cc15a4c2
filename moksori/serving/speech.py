"""`POST /v1/audio/speech`: OpenAI's text to speech, streamed as it is made; and the manifests of what was spoken."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from moksori import audio
from moksori.errors import Cancelled, MoksoriError

from . import problems, state
from .keys import Key
from .log import speech_line
from .order import SpeechRequest, read_order
from .speaking import Job, Way, start

T = TypeVar("T")
log = logging.getLogger("moksori.serving")
router = APIRouter(prefix="/v1")
NAMES, NAME = 30, 100  # of ignored fields that are named back, and of characters of each


@router.post("/audio/speech", response_class=Response)
async def speak(asked: SpeechRequest, request: Request, key: state.MaySpeak) -> Response:
    """Speak `input`. The sound is sent while it is made, in every format that can stream."""
    ours = state.of(request)
    way: Way = "sse" if asked.stream_format == "sse" else "http"
    request.state.way = way
    ours.keyring.spend(key, len(asked.input))
    synthesizer = ours.provider()
    order = await asyncio.to_thread(read_order, asked, ours.config, synthesizer, ours.shelf)
    job = start(ours, synthesizer, order, way)
    leave = _Leave(job, request, key)
    in_pieces = asked.stream or way == "sse"
    try:
        # What fails before the first sound is an HTTP error and not a broken stream.
        await _unless_left(job.outbox.begin(), job, request)
        whole = b"" if in_pieces else await _unless_left(_whole(job), job, request)
    except MoksoriError as error:
        leave.now(error.code)
        raise
    headers = _headers(job, request)
    if way == "sse":
        return SpeechResponse(leave, _events(job), headers, "text/event-stream")
    media_type = audio.find(order.format).media_type
    if in_pieces:
        return SpeechResponse(leave, _pieces(job), headers, media_type)
    leave.now(job.outcome)
    return Response(whole, headers=headers, media_type=media_type)


@router.get("/audio/takes/{id}")
async def take(id: str, request: Request, _: state.MaySpeak) -> dict[str, Any]:
    """The manifest of a kept take or of one of the last speeches: what it depends on, and the SHA-256 of its PCM."""
    return await asyncio.to_thread(state.of(request).takes.get, id)


class _Leave:
    """What happens when a response is over, whichever way: the work stops, its outcome is noted, a line is logged."""

    def __init__(self, job: Job, request: Request, key: Key) -> None:
        self.job = job
        self._request, self._key = request, key.name
        self._with_text = state.of(request).config.log_text

    def now(self, outcome: str) -> None:
        self.job.cancel.set()
        ours = self._request.state
        ours.outcome, ours.is_logged = outcome, True
        line = speech_line(self.job, ours.request_id, self._key, outcome, with_text=self._with_text)
        log.info("speech", extra=line)


class SpeechResponse(StreamingResponse):
    """A stream whose work stops when the client leaves, even while nothing is being sent."""

    def __init__(self, leave: _Leave, pieces: AsyncIterator[bytes], headers: dict[str, str], media_type: str) -> None:
        super().__init__(pieces, headers=headers, media_type=media_type)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self.stream_response(send))
        leaving = asyncio.ensure_future(_left(receive))
        outcome = "cancelled"
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                outcome = self._leave.job.outcome
                await sending
        finally:
            self._leave.now(outcome)
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unless_left(work: Coroutine[Any, Any, T], job: Job, request: Request) -> T:
    """What it gives, or Cancelled if the client leaves meanwhile. If nobody waits for it any more, the speech stops."""
    task, is_over = asyncio.ensure_future(work), False
    try:
        while not task.done():
            await asyncio.wait((task,), timeout=0.05)
            if not task.done() and await request.is_disconnected():
                raise Cancelled("The client left.")
        is_over = True
        return task.result()
    finally:
        if not is_over:
            job.cancel.set()
            task.cancel()


def _headers(job: Job, request: Request) -> dict[str, str]:
    """What a client may want to know; of what it sent and nobody knows, the names."""
    order = job.order
    found = {
        "X-Seed": str(order.seed),
        "X-Request-Id": request.state.request_id,
        "X-Take-Id": job.take_id,
        "X-Queue-Position": str(job.ticket.position),
        "X-Sample-Rate": str(job.sample_rate),
        "X-AI-Generated": "true",
        "Cache-Control": "no-store",
    }
    if order.format == "pcm":
        found |= {"X-PCM-Sample-Rate": str(job.sample_rate), "X-PCM-Bit-Depth": "16", "X-PCM-Channels": "1"}
    if order.ignored:
        found["X-Ignored-Fields"] = _listed(order.ignored)
    return found


def _listed(names: Sequence[str]) -> str:
    """As a header may hold them: names are the client's, of any length and in any script."""
    shown = [quote(name, safe="._-", errors="replace")[:NAME] or '""' for name in names[:NAMES]]
    return ", ".join(shown + ([f"and {len(names) - NAMES} more"] if len(names) > NAMES else []))


async def _pieces(job: Job) -> AsyncIterator[bytes]:
    while (piece := await job.outbox.get()) is not None:
        if isinstance(piece, bytes):
            yield piece


async def _whole(job: Job) -> bytes:
    return b"".join([piece async for piece in _pieces(job)])


async def _events(job: Job) -> AsyncIterator[bytes]:
    """OpenAI's server-sent events. An error in mid-stream is an event too, since the status is already sent."""
    try:
        async for piece in _pieces(job):
            yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()})
    except MoksoriError as error:
        yield _event({"type": "error", **problems.body(error)})
        return
    characters, frames = len(job.order.text), round(job.seconds * 12.5)
    usage = {"input_tokens": characters, "output_tokens": frames, "total_tokens": characters + frames}
    done = {"type": "speech.audio.done", "usage": usage, "take_id": job.take_id, "seconds": job.seconds}
    yield _event(done | {"pcm_sha256": job.manifests[0].pcm_sha256})


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
