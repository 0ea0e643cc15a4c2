"""One line per event, plain or JSON, with the request's id and never the text unless the settings ask for it."""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from .speaking import Job

PLAIN = "%(asctime)s %(levelname)s %(message)s"
STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName"}


def set_up(form: str, level: str) -> None:
    """Log to stderr, what uvicorn warns of too. Called once, by the process that serves."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonLines() if form == "json" else PlainLines(PLAIN))
    for name, lowest in (("moksori", level.upper()), ("uvicorn", "WARNING")):
        logger = logging.getLogger(name)
        logger.handlers[:] = [stream]
        logger.setLevel(lowest)
        logger.propagate = False


class JsonLines(logging.Formatter):
    """Everything a record carries, as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class PlainLines(logging.Formatter):
    """The message, then name=value."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        extra = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in _extra(record).items())
        first, newline, rest = line.partition("\n")
        return f"{first} {extra}".rstrip() + newline + rest


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in record.__dict__.items() if name not in STANDARD}


def speech_line(job: Job, request_id: str, key: str, outcome: str, *, with_text: bool) -> dict[str, Any]:
    """What is written about one speech. outcome: of the request, which may be left when all is spoken."""
    line: dict[str, Any] = {
        "request_id": request_id,
        "take_id": job.take_id,
        "key": key,
        "way": job.way,
        "voice": job.order.voice.id,
        "format": job.order.format,
        "seed": job.order.seed,
        "characters": len(job.order.text),
        "first_audio_s": None if job.first_audio_s is None else round(job.first_audio_s, 3),
        "elapsed_s": round(time.monotonic() - job.started, 3),
        "audio_s": round(job.seconds, 3),
        "outcome": outcome,
    }
    return line | {"text": job.order.text} if with_text else line


class RequestIds:
    """Every request has an id: the client's own X-Request-Id if it is short and plain, or a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        is_plain = 0 < len(given) <= 64 and given.isascii() and given.replace("-", "").replace("_", "").isalnum()
        id = given if is_plain else f"req-{secrets.token_hex(8)}"
        scope.setdefault("state", {})["request_id"] = id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = id
            await send(message)

        await self._app(scope, receive, send_with_id)
