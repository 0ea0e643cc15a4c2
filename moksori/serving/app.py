"""The app: routes over one shared state. Everything that it needs is passed in, so that others can mount on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from moksori import __version__
from moksori.synthesizer import Synthesizer

from . import health, log, models, problems, speech, voices, websocket, wyoming
from .config import Config
from .keys import Keyring
from .limits import Limits
from .metrics import Metrics
from .outcomes import Outcomes
from .queue import Queue
from .shelf import FolderShelf, Shelf
from .state import State
from .takes import Archive, Takes


def create_app(
    config: Config, provider: Callable[[], Synthesizer], shelf: Shelf | None = None, archive: Archive | None = None
) -> FastAPI:
    """The API for other programs.

    provider  called for every request: the synthesizer as it is now, or Busy while it loads.
    shelf     where uploaded voices are kept; a folder unless given.
    archive   where speeches are kept as takes, and the dictionary; nowhere unless given.

    Raises InvalidInput if the settings ask to keep takes and there is nowhere to.
    """
    takes = Takes(archive)
    takes.check(config.keep_takes)
    queue = Queue(config.concurrency, config.queue_limit)
    app = FastAPI(title="moksori", version=__version__, lifespan=_lifespan)
    app.state.serving = State(
        config=config,
        provider=provider,
        shelf=shelf or FolderShelf(config.data / "voices"),
        queue=queue,
        keyring=Keyring(config.keys),
        takes=takes,
        metrics=Metrics(queue),
        threads=ThreadPoolExecutor(config.queue_limit, thread_name_prefix="speech"),
    )
    for module in (speech, websocket, models, voices, health):
        app.include_router(module.router)
    problems.install(app)
    app.add_middleware(Limits, most=config.max_body)
    app.add_middleware(Outcomes, metrics=app.state.serving.metrics)
    app.add_middleware(log.RequestIds)
    if config.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(config.cors_origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["X-Seed", "X-Request-Id", "X-Take-Id", "X-Ignored-Fields", "X-Sample-Rate"],
        )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with running(app):
        yield


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """What runs beside the app, and its orderly end: nobody is admitted, those inside finish within the grace time.

    For an app that mounts this one and has a lifespan of its own.
    """
    ours: State = app.state.serving
    satellites = await wyoming.listen(ours.config.wyoming, ours) if ours.config.wyoming else None
    try:
        yield
    finally:
        ours.stopping.set()
        await asyncio.to_thread(ours.queue.close, ours.config.grace_s)
        if satellites is not None:
            await satellites.stop()
        ours.threads.shutdown(wait=False, cancel_futures=True)
