"""The workbench on an app: its endpoints, its pages, the gate before them, and the dispatcher beside them.

`mount` puts it on the server's app; `create_app` is the workbench alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from .access import Access
from .api import batch, dictionary, jobs, presets, session, sound, speak, system, takes, voices
from .security import Gate
from .workbench import Workbench

STATIC = Path(__file__).parent / "static"
PAGES = ("speak", "batch", "tuning", "history", "presets", "voices", "dictionary", "models", "system")
ENDPOINTS = (session, speak, batch, jobs, sound, takes, presets, voices, dictionary, system)
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


def mount(app: FastAPI, bench: Workbench, access: Access) -> None:
    """Put the workbench on an app that has its own routes already; nothing of it is behind them."""
    app.state.workbench, app.state.access = bench, access
    whole = APIRouter(lifespan=_lifespan)
    for module in ENDPOINTS:
        whole.include_router(module.router)
    app.include_router(whole)
    if (STATIC / "index.html").exists():
        app.include_router(_pages())
        app.mount("/static", _Static(directory=STATIC), name="static")
    app.add_middleware(Gate, access=access, script_hashes=inline_hashes())


def create_app(bench: Workbench, access: Access) -> FastAPI:
    """The workbench without the interfaces for other programs."""
    app = FastAPI(title="moksori workbench", docs_url=None, redoc_url=None)
    mount(app, bench, access)
    return app


def inline_hashes() -> list[str]:
    """Of the inline scripts of the page (its import map): the only ones that the policy lets through."""
    page = STATIC / "index.html"
    if not page.exists():
        return []
    scripts = _INLINE.findall(page.read_text(encoding="utf-8"))
    return [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    bench: Workbench = app.state.workbench
    await run_in_threadpool(bench.start)
    try:
        yield
    finally:
        await run_in_threadpool(bench.stop)
        if not hasattr(app.state, "serving"):  # else others may still be speaking with the model
            await run_in_threadpool(bench.close)


def _pages() -> APIRouter:
    """Every page is the same document; what it shows follows from its address."""
    router = APIRouter(include_in_schema=False)

    def page() -> Response:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    for path in ("/", *(f"/{name}" for name in PAGES), *(f"/{name}/{{rest:path}}" for name in PAGES)):
        router.add_api_route(path, page, methods=["GET", "HEAD"])
    return router


class _Static(StaticFiles):
    """Files that are asked for anew, cheaply, so that an update is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response
