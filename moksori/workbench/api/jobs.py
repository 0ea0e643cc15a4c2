"""Jobs and items: lists, cancel, retry, re-roll; and the stream of what happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from moksori.errors import InvalidInput
from moksori.store.jobs import ACTIVE
from moksori.workbench.bodies import ChooseBody, Id, RerollBody
from moksori.workbench.desk import Wanted, random_seed
from moksori.workbench.events import Event
from moksori.workbench.workbench import Workbench

from .place import Bench, endpoints

router = endpoints("jobs")
HEARTBEAT_S = 15.0
StateName = Literal["active", "queued", "running", "done", "failed", "cancelled"]
KindName = Literal["speak", "batch", "sweep", "verify", "download"]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(pattern=r"^[0-9]{1,15}$")]


@router.get("/jobs")
def jobs(
    bench: Bench,
    state: StateName | None = None,
    kind: KindName | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    states = ACTIVE if state == "active" else () if state is None else (state,)
    before = None if cursor is None else int(cursor)
    rows = bench.store.jobs.page(states=states, kind=kind, limit=limit + 1, before=before)
    more = str(rows[limit - 1].n) if len(rows) > limit else None
    return {"items": [bench.shapes.job(job) for job in rows[:limit]], "next": more}


@router.get("/jobs/{id}")
def job(id: str, bench: Bench) -> dict[str, Any]:
    return bench.shapes.job(bench.store.jobs.get(id))


@router.get("/jobs/{id}/items")
def items(
    id: str,
    bench: Bench,
    state: Literal["queued", "running", "done", "failed", "cancelled"] | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    bench.store.jobs.get(id)
    after = -1 if cursor is None else int(cursor)
    rows = bench.store.jobs.items(id, state=state, limit=limit + 1, after=after)
    more = str(rows[limit - 1].n) if len(rows) > limit else None
    return {"items": bench.shapes.items(rows[:limit]), "next": more}


@router.post("/jobs/{id}/cancel")
def cancel(id: str, bench: Bench) -> dict[str, Any]:
    return bench.shapes.job(bench.cancel_job(id))


@router.post("/jobs/{id}/retry")
def retry(id: str, bench: Bench) -> dict[str, Any]:
    return bench.shapes.job(bench.retry_job(id))


@router.delete("/jobs/{id}", status_code=204)
def remove(id: str, bench: Bench) -> Response:
    bench.store.jobs.remove(id)
    return Response(status_code=204)


@router.get("/items/{id}")
def item(id: Id, bench: Bench) -> dict[str, Any]:
    return bench.shapes.item(bench.store.jobs.item(id))


@router.post("/items/{id}/cancel")
def cancel_item(id: Id, bench: Bench) -> dict[str, Any]:
    return bench.shapes.item(bench.cancel_item(id))


@router.post("/items/{id}/retry")
def retry_item(id: Id, bench: Bench) -> dict[str, Any]:
    return bench.shapes.item(bench.retry_item(id))


@router.post("/items/{id}/reroll")
def reroll(id: Id, body: RerollBody, bench: Bench) -> dict[str, Any]:
    """The same item with another seed, and whatever else is given."""
    was = bench.store.jobs.item(id).request
    if "text" not in was:
        raise InvalidInput("Only what speaks can be rolled again.", hint="Retry it instead.")
    wish = Wanted(
        text=body.text or was["text"],
        voice=body.voice,
        preset=body.preset,
        settings=body.settings.given() if body.settings else None,
        seed=random_seed() if body.seed is None else body.seed,
    )
    return bench.shapes.item(bench.reroll(id, bench.desk.session().again(was, wish)))


@router.put("/items/{id}/take")
def choose(id: Id, body: ChooseBody, bench: Bench) -> dict[str, Any]:
    chosen = bench.store.jobs.choose(id, body.take)
    bench.dispatcher.tell(chosen)
    return bench.shapes.item(chosen)


@router.get("/events")
async def events(
    request: Request,
    bench: Bench,
    job: Annotated[str | None, Query(max_length=24)] = None,
    last_event_id: Annotated[str | None, Query(max_length=40)] = None,
    last_seen: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> StreamingResponse:
    """What happens, as it happens (server-sent events); resumes after the last id that was seen."""
    given = last_seen or last_event_id
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(bench, request, job, given), media_type="text/event-stream", headers=headers)


async def _events(bench: Workbench, request: Request, job: str | None, given: str | None) -> AsyncIterator[str]:
    memory = bench.events
    seen = memory.resume(given)
    wake = memory.bell.subscribe()
    try:
        at = memory.last if seen is None else seen
        queue = await asyncio.to_thread(bench.dispatcher.queue_json)
        yield _sse(f"{memory.run}-{at}", "hello", json.dumps({"queue": queue}, ensure_ascii=False))
        if given is not None and (seen is None or memory.since(seen) is None):
            at = memory.last
            yield _sse(f"{memory.run}-{at}", "resync", "{}")
        while not await request.is_disconnected():
            wake.clear()
            missed = memory.since(at)
            if missed is None:  # this client reads so slowly that the memory went on without it
                at = memory.last
                yield _sse(f"{memory.run}-{at}", "resync", "{}")
                continue
            for event in missed:
                at = event.n
                if _concerns(event, job):
                    yield _sse(f"{memory.run}-{event.n}", event.kind, event.data)
            try:
                await asyncio.wait_for(wake.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield ": still here\n\n"
    finally:
        memory.bell.unsubscribe(wake)


def _concerns(event: Event, job: str | None) -> bool:
    return job is None or event.job in (job, None)


def _sse(id: str, kind: str, data: str) -> str:
    return f"id: {id}\nevent: {kind}\ndata: {data}\n\n"
