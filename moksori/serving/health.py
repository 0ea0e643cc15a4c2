"""`/health` says that the process lives, `/ready` that it can speak, `/metrics` how it fares."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from moksori import __version__
from moksori.errors import MoksoriError

from . import problems, state
from .problems import Busy

router = APIRouter()


@router.get("/health")
async def health() -> dict[str, Any]:
    """Never waits for the engine: a server that only loads, or is busy, is healthy."""
    return {"status": "ok", "version": __version__}


@router.get("/ready")
async def ready(request: Request) -> Response:
    """200 after the warm-up, 503 before it, while shutting down, and if the model cannot be loaded."""
    ours = state.of(request)
    try:
        if ours.stopping.is_set():
            raise Busy("The server is shutting down.", wait_s=5.0)
        about = ours.provider().description
    except MoksoriError as error:
        return problems.response(error)
    queue = {"inside": ours.queue.inside, "waiting": ours.queue.waiting, "limit": ours.queue.limit}
    return JSONResponse({"status": "ready", "engine": about.name, "model": about.title, "queue": queue})


@router.get("/metrics")
async def metrics(request: Request, _: state.MayWatch) -> Response:
    ours = state.of(request)
    try:
        ours.provider()
        ours.metrics.ready.set(1)
    except MoksoriError:
        ours.metrics.ready.set(0)
    return Response(ours.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
