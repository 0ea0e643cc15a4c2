"""Errors as OpenAI's clients expect them, and the few that only a server has. Every error keeps its next step."""

from __future__ import annotations

import logging
import math
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from moksori.errors import Cancelled, InvalidInput, MoksoriError, Unavailable

log = logging.getLogger("moksori.serving")


class Unauthorised(MoksoriError):
    """No key, or one that is not known."""

    http_status = 401
    default_code = "invalid_api_key"


class Forbidden(MoksoriError):
    """A key that may not do this."""

    http_status = 403
    default_code = "forbidden"


class Busy(Unavailable):
    """The queue is full or the model still loads. `wait_s`: when to try again. `position`: how many are before you."""

    default_code = "busy"

    def __init__(self, message: str, *, hint: str = "", wait_s: float = 1.0, position: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s
        self.position = position


class TooMany(Busy):
    """A key used up its rate."""

    http_status = 429
    default_code = "rate_limit_exceeded"


TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
NAMES = {400: "invalid_input", 404: "not_found", 405: "method_not_allowed", 408: "too_slow", 413: "too_large"}


def body(error: MoksoriError) -> dict[str, Any]:
    """OpenAI's shape, and the hint once more by itself."""
    kind = TYPES.get(error.http_status) or ("invalid_request_error" if error.http_status < 500 else "server_error")
    return {
        "error": {
            "message": str(error),
            "type": kind,
            "param": error.field,
            "code": error.code,
            "hint": error.hint,
        }
    }


def headers(error: MoksoriError) -> dict[str, str]:
    found: dict[str, str] = {}
    if isinstance(error, Busy):
        found["Retry-After"] = str(max(1, math.ceil(error.wait_s)))
        if error.position is not None:
            found["X-Queue-Position"] = str(error.position)
    if isinstance(error, Unauthorised):
        found["WWW-Authenticate"] = "Bearer"
    return found


def response(error: MoksoriError) -> JSONResponse:
    return JSONResponse(body(error), status_code=error.http_status, headers=headers(error))


def internal() -> MoksoriError:
    """What a client sees of a bug: no detail; the log has the traceback."""
    return MoksoriError("Something went wrong inside the server.", hint="Its log says more.", code="internal")


def answer(scope: Scope, error: MoksoriError) -> JSONResponse:
    """The response, and the outcome noted for whoever counts."""
    scope.setdefault("state", {})["outcome"] = error.code
    return response(error)


def http(scope: Scope, error: HTTPException) -> JSONResponse:
    """What the framework refuses, in our shape and with its own headers."""
    problem = MoksoriError(str(error.detail), code=NAMES.get(error.status_code, "http_error"))
    problem.http_status = error.status_code
    answered = answer(scope, problem)
    answered.headers.update(error.headers or {})
    return answered


def install(app: FastAPI) -> None:
    """Every failure of every route leaves in this shape."""

    @app.exception_handler(MoksoriError)
    async def _known(request: Request, error: MoksoriError) -> JSONResponse:
        return answer(request.scope, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return answer(request.scope, InvalidInput(f"The body is not JSON: {first['ctx']['error']}."))
        place = ".".join(str(part) for part in first["loc"] if part != "body")
        return answer(request.scope, InvalidInput(f"{place or 'The body'}: {first['msg']}.", field=place or None))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error.__cause__, ClientDisconnect):
            return answer(request.scope, Cancelled("The client left."))
        return http(request.scope, error)

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> JSONResponse:
        log.exception("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(request.scope, internal())
