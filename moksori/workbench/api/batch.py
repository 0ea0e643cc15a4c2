"""Batch and tuning: lines x voices, and one line over many settings."""

from __future__ import annotations

import random
from typing import Annotated, Any

from fastapi import File, Query, UploadFile

from moksori.errors import InvalidInput
from moksori.store.takes import Take
from moksori.workbench import lines, sweep
from moksori.workbench.bodies import BatchBody, ImportBody, Row, SweepBody, Wish
from moksori.workbench.desk import Request, Session, Wanted, random_seed
from moksori.workbench.workbench import Workbench

from .place import Bench, endpoints
from .speak import title, wanted

router = endpoints("batch")
MAX_ITEMS = 20_000
READ_ALL = 300  # more items than this are counted by their characters: reading them would take seconds


@router.post("/batch/import")
async def import_file(file: Annotated[UploadFile, File()]) -> dict[str, Any]:
    """Lines of a txt, csv or srt file."""
    text = lines.decode(await file.read())
    return _imported(lines.parse(text, lines.guess(file.filename or "", text)))


@router.post("/batch/parse")
def parse(body: ImportBody) -> dict[str, Any]:
    """The same for pasted text."""
    return _imported(lines.parse(body.text, body.format))


@router.post("/batch", status_code=202)
def batch(body: BatchBody, bench: Bench) -> dict[str, Any]:
    """Every row with every column."""
    count = len(body.rows) * len(body.columns)
    if count > MAX_ITEMS:
        raise InvalidInput(f"{count:,} items are more than {MAX_ITEMS:,}.", hint="Split the batch.", field="rows")
    session, seed = bench.desk.session(), random_seed() if body.seed is None else body.seed
    requests, places = [], []
    for r, row in enumerate(body.rows):
        for c, column in enumerate(body.columns):
            wish = _cell(row, column, body, seed)
            requests.append(_at(session, wish, r, count <= READ_ALL))
            places.append({"row": r, "column": c, "label": row.label})
    name = body.title or title(body.rows[0].text)
    spec = {"rows": len(body.rows), "columns": len(body.columns)}
    job = bench.submit("batch", name, requests, places=places, spec=spec, request_id=body.request_id)
    return {"job": bench.shapes.job(job)}


@router.post("/sweeps/plan")
def plan(body: SweepBody, bench: Bench) -> dict[str, Any]:
    """How many cells, how long it will take; nothing is started."""
    cells, requests = _sweep(body, bench)
    syllables = sum(request.syllables for request in requests)
    pace = bench.store.queue.pace()
    return {
        "count": len(cells),
        "cells": cells[:50],
        "speech_s": round(syllables / 5.0, 1),
        "estimate_s": None if pace is None else round(pace * syllables, 1),
    }


@router.post("/sweeps", status_code=202)
def start(body: SweepBody, bench: Bench) -> dict[str, Any]:
    cells, requests = _sweep(body, bench)
    places = [{"row": n, "column": 0, "cell": cell} for n, cell in enumerate(cells)]
    spec = {"axes": body.axes, "mode": body.mode, "order_seed": body.order_seed, "text": body.text}
    name = body.title or title(body.text)
    job = bench.submit("sweep", name, requests, places=places, spec=spec, request_id=body.request_id)
    return {"job": bench.shapes.job(job)}


@router.get("/jobs/{id}/blind")
def blind(id: str, bench: Bench, seed: Annotated[int, Query(ge=0, le=2**32 - 1)] = 0) -> dict[str, Any]:
    """The takes of a job in an order that tells nothing: seeded, so that it survives a reload."""
    items = [i for i in bench.store.jobs.items(bench.store.jobs.get(id).id, limit=MAX_ITEMS) if i.take_id is not None]
    random.Random(f"{id} {seed}").shuffle(items)
    mine = {r["take_id"]: r["value"] for r in bench.store.takes.ratings(job=id)}
    order = [
        {"label": _label(n), "item": i.id, "take": i.take_id, "rated": mine.get(i.take_id)} for n, i in enumerate(items)
    ]
    return {"seed": seed, "order": order}


@router.get("/jobs/{id}/ranking")
def ranking(id: str, bench: Bench, by: Annotated[str, Query(max_length=60)] = "rating") -> dict[str, Any]:
    """The takes of a job by their rating or by any measurement, highest first; those without one come last."""
    items = bench.store.jobs.items(bench.store.jobs.get(id).id, limit=MAX_ITEMS)
    takes = {t.id: t for t in bench.store.takes.some([i.take_id for i in items if i.take_id is not None])}
    rows = [
        {"item": i.id, "take": i.take_id, "value": _value(takes[i.take_id], by), "count": takes[i.take_id].rating_count}
        for i in items
        if i.take_id in takes
    ]
    return {"items": sorted(rows, key=lambda row: (row["value"] is None, -(row["value"] or 0.0)))}


def _imported(found: lines.Imported) -> dict[str, Any]:
    return {"format": found.format, "rows": [row.to_json() for row in found.rows], "warnings": found.warnings}


def _cell(row: Row, column: Wish, body: BatchBody, seed: int) -> Wanted:
    """A row's own wishes win over the column's; a preset's seed over the batch's unless the batch was given one."""
    voice, preset = (row.voice, row.preset) if row.voice or row.preset else (column.voice, column.preset)
    settings = {
        **(column.settings.given() if column.settings else {}),
        **(row.settings.given() if row.settings else {}),
    }
    own = next((s for s in (row.seed, column.seed, body.seed) if s is not None), None)
    return Wanted(
        text=row.text,
        voice=voice,
        preset=preset,
        settings=settings,
        seed=seed if own is None and preset is None else own,
        quality=body.quality.model_dump() if body.quality else None,
        model=body.model,
        precision=body.precision,
    )


def _at(session: Session, wish: Wanted, row: int, count: bool) -> Request:
    """What is wrong with a row is told with its number."""
    try:
        return session.request(wish, count=count)
    except InvalidInput as error:
        place = f"rows.{row}.{error.field}" if error.field else f"rows.{row}"
        raise InvalidInput(f"Row {row + 1}: {error.message}", hint=error.hint, code=error.code, field=place) from error


def _sweep(body: SweepBody, bench: Workbench) -> tuple[list[sweep.Cell], list[Request]]:
    session, start = bench.desk.session(), wanted(body, body.text)
    if start.seed is None and start.preset is None and "seed" not in body.axes:
        start = Wanted(**{**vars(start), "seed": body.order_seed})
    cells = sweep.cells(body.axes, body.mode, body.samples, body.order_seed)
    return cells, [_in_cell(session, start, cell) for cell in cells]


def _in_cell(session: Session, start: Wanted, cell: sweep.Cell) -> Request:
    settings, values = dict(start.settings or {}), vars(start).copy()
    parameters = dict(settings.get("parameters", {}))
    for name, value in cell.items():
        if name.startswith(sweep.PARAMETER):
            parameters[name.removeprefix(sweep.PARAMETER)] = value
        elif name in ("instruct", "pause_s"):
            settings[name] = value
        elif name != "pack_scale":
            values[name] = value
    request = session.request(Wanted(**{**values, "settings": {**settings, "parameters": parameters}}))
    if "pack_scale" in cell:
        if request.frozen["voice"]["kind"] != "pack" or not 0.0 <= cell["pack_scale"] <= 1.5:
            raise InvalidInput(
                "pack_scale is for packs, 0 to 1.5.", hint="Choose a voice pack.", field="axes.pack_scale"
            )
        request.frozen["voice"] = {**request.frozen["voice"], "scale": float(cell["pack_scale"])}
    return request


def _label(n: int) -> str:
    """A1 ... Z1, A2 ...: a name that says nothing about the order things were made in."""
    return f"{chr(ord('A') + n % 26)}{n // 26 + 1}"


def _value(take: Take, by: str) -> float | None:
    if by == "rating":
        return take.rating
    found: Any = take.measurements
    for part in by.split("."):
        if not isinstance(found, dict) or part not in found:
            raise InvalidInput(f"There is no measurement {by!r}.", hint="See a take's measurements.", field="by")
        found = found[part]
    return float(found) if isinstance(found, int | float) else None
