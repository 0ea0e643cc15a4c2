"""How every endpoint of the workbench fails: one shape of error, unknown query parameters named. Knows no endpoint."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from moksori.errors import InvalidInput, MoksoriError

from .shape import error_json

RETRY_AFTER_S = "5"
STATUS_OF_CODE = {"queue_full": 503, "too_large": 413, "wrong_password": 401, "forbidden": 403, "too_many": 429}


class Route(APIRoute):
    """A route whose errors are all `{"error": {...}}`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        original = super().get_route_handler()
        known = {field.alias for field in get_flat_params(self.dependant) if isinstance(field.field_info, Query)}

        async def handle(request: Request) -> Response:
            try:
                _refuse_unknown(request, known)
                return await original(request)
            except RequestValidationError as error:
                return problem(_explained(error), 422)
            except HTTPException as error:
                return problem(InvalidInput(str(error.detail)), error.status_code)
            except MoksoriError as error:
                return problem(error)

        return handle


def problem(error: MoksoriError, status: int | None = None, *, current: Any = None) -> JSONResponse:
    """The one shape of errors. `current`: the object as it is now, for stale edits."""
    code = status or STATUS_OF_CODE.get(error.code, error.http_status)
    body = error_json(error) | ({} if current is None else {"current": current})
    headers = {"Retry-After": RETRY_AFTER_S} if code in (429, 503) else None
    return JSONResponse({"error": body}, code, headers)


def _refuse_unknown(request: Request, known: set[str]) -> None:
    for name in request.query_params:
        if name not in known:
            hint = f"Known: {', '.join(sorted(known))}." if known else "There are none here."
            raise InvalidInput(
                f"Unknown parameter {name[:80]!r}.", hint=hint, code="unknown_parameter", field=name[:80]
            )


def _explained(error: RequestValidationError) -> InvalidInput:
    """The first thing that is wrong, with the dotted name of its field."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    name = ".".join(place) or None
    if first["type"] == "extra_forbidden":
        return InvalidInput(f"Unknown field {name!r}.", hint="Leave it out.", code="unknown_field", field=name)
    if first["type"] == "missing":
        return InvalidInput(f"The field {name!r} is missing.", code="missing_field", field=name)
    said = str(first["msg"])
    return InvalidInput(f"{name}: {said}." if name else f"{said}.", field=name)
