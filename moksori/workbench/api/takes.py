"""History: takes listed, searched, starred, rated, verified, compared, restored, deleted with undo."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from moksori.errors import InvalidInput, NotFound
from moksori.manifest import differences
from moksori.store.presets import SETTINGS
from moksori.store.takes import Filter
from moksori.workbench import desk
from moksori.workbench.bodies import AnnotateBody, Id, IdsBody, RatingBody
from moksori.workbench.models import PRECISIONS, ModelSpec
from moksori.workbench.snippet import snippets

from .place import Bench, endpoints

router = endpoints("takes")
Word = Annotated[str | None, Query(max_length=120)]
TakeId = Annotated[int, Query(ge=1, le=2**53)]


@router.get("/takes")
def takes(
    bench: Bench,
    q: Annotated[str, Query(max_length=200)] = "",
    voice: Word = None,
    preset: Word = None,
    job: Word = None,
    engine: Word = None,
    mark: Word = None,
    level: Literal["good", "info", "warning", "error"] | None = None,
    starred: bool | None = None,
    rated: bool | None = None,
    verified: Literal["same", "different", "impossible"] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    deleted: bool = False,
    sort: Literal["newest", "rating"] = "newest",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=60)] = None,
) -> dict[str, Any]:
    """One page; every given filter narrows."""
    wanted = Filter(
        q=q, voice=voice, preset=preset, job=job, engine=engine, mark=mark, level=level, starred=starred, rated=rated,
        verified=verified, since=_seconds(since), until=_seconds(until), deleted=deleted, sort=sort,
    )  # fmt: skip
    page = bench.store.takes.page(wanted, limit=limit, cursor=cursor)
    return {"items": bench.shapes.takes(page.rows), "next": page.next}


@router.get("/takes/compare")
def compare(a: TakeId, b: TakeId, bench: Bench) -> dict[str, Any]:
    """Where two manifests differ."""
    ours, theirs = bench.store.takes.manifest(a), bench.store.takes.manifest(b)
    found = [{"name": name, "a": left, "b": right} for name, left, right in differences(ours, theirs)]
    return {"a": a, "b": b, "same_sound": ours["pcm_sha256"] == theirs["pcm_sha256"], "differences": found}


@router.get("/takes/{id}")
def take(id: Id, bench: Bench) -> dict[str, Any]:
    row = bench.store.takes.get(id)
    ratings = [{k: r[k] for k in ("job_id", "judge", "value", "blind")} for r in bench.store.takes.ratings(take=id)]
    more = {"manifest": bench.store.takes.manifest(id), "ratings": ratings, "siblings": bench.store.takes.siblings(id)}
    return bench.shapes.take(row) | more


@router.patch("/takes/{id}")
def annotate(id: Id, body: AnnotateBody, bench: Bench) -> dict[str, Any]:
    bench.store.takes.annotate(id, star=body.star, note=body.note)
    return bench.take_changed(id)


@router.delete("/takes/{id}")
def delete(id: Id, bench: Bench) -> dict[str, Any]:
    """Into the bin; `undelete` takes it out."""
    bench.store.takes.get(id)
    bench.store.takes.set_deleted([id], True)
    return bench.take_changed(id)


@router.post("/takes/{id}/undelete")
def undelete(id: Id, bench: Bench) -> dict[str, Any]:
    bench.store.takes.get(id)
    bench.store.takes.set_deleted([id], False)
    return bench.take_changed(id)


@router.post("/takes/delete")
def delete_some(body: IdsBody, bench: Bench) -> dict[str, Any]:
    return {"ids": [bench.take_changed(id)["id"] for id in bench.store.takes.set_deleted(body.ids, True)]}


@router.post("/takes/undelete")
def undelete_some(body: IdsBody, bench: Bench) -> dict[str, Any]:
    return {"ids": [bench.take_changed(id)["id"] for id in bench.store.takes.set_deleted(body.ids, False)]}


@router.put("/takes/{id}/rating")
def rate(id: Id, body: RatingBody, bench: Bench) -> dict[str, Any]:
    bench.store.takes.rate(id, body.value, judge=body.judge, job=body.job, blind=body.blind)
    return bench.take_changed(id)


@router.get("/takes/{id}/manifest")
def manifest(id: Id, bench: Bench) -> Response:
    """The manifest as a file."""
    data = json.dumps(bench.store.takes.manifest(id), ensure_ascii=False, indent=2).encode("utf-8", "replace")
    headers = {"Content-Disposition": f'attachment; filename="take-{id}.json"'}
    return Response(data, media_type="application/json", headers=headers)


@router.post("/takes/{id}/verify", status_code=202)
def verify(id: Id, bench: Bench) -> dict[str, Any]:
    """Render it again and compare; the result comes with the take."""
    row = bench.store.takes.get(id)
    now = bench.models.home
    loaded = bench.models.description
    same = loaded is not None and loaded.name == row.engine and now.model == row.model
    precision = bench.store.takes.manifest(id)["precision"]
    spec = (
        now
        if same and loaded is not None and loaded.precision == precision
        else _spec(row.engine, row.model, precision)
    )
    request = desk.Request({"verify": id, "text": row.text[:200], **spec.to_json()}, 0)
    job = bench.submit("verify", row.text[:80], [request])
    return {"job": bench.shapes.job(job)}


@router.get("/takes/{id}/restore")
def restore(id: Id, bench: Bench) -> dict[str, Any]:
    """A body for `POST /api/speak` that makes it again, and what is no longer there."""
    row, stored = bench.store.takes.get(id), bench.store.takes.manifest(id)
    missing: list[str] = []
    try:
        now = bench.desk.voice(row.voice_id)
        if (now["reference_sha256"] or "") != stored["voice"]["reference_sha256"]:
            missing.append("The voice has another reference now.")
    except NotFound as error:
        missing.append(error.message)
    preset = row.preset_id if row.preset_id and bench.store.presets.find(row.preset_id) else None
    if row.preset_id and preset is None:
        missing.append("The preset was deleted.")
    settings = {name: stored["settings"][name] for name in SETTINGS}
    body = {"text": row.text, "voice": row.voice_id, "settings": settings, "seed": row.seed}
    return body | {"preset": preset, "model": row.model, "precision": stored["precision"], "missing": missing}


@router.get("/takes/{id}/snippet")
def snippet(id: Id, request: Request, bench: Bench) -> dict[str, Any]:
    """The take as something to paste: a command, a request, a script."""
    row, stored = bench.store.takes.get(id), bench.store.takes.manifest(id)
    dictionary = bench.store.dictionary.snapshot(row.dictionary_sha256)
    address = f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"
    return snippets(stored, row.model, dictionary, address)


def _seconds(at: datetime | None) -> float | None:
    """Without a zone it is UTC, as everything here."""
    if at is None:
        return None
    try:
        return at.timestamp() if at.tzinfo else at.replace(tzinfo=UTC).timestamp()
    except (OverflowError, ValueError, OSError) as error:
        raise InvalidInput("This moment cannot be used.", field="since") from error


def _spec(engine: str, model: str, precision: str) -> ModelSpec:
    return ModelSpec(model, engine if not model else "", precision if precision in PRECISIONS else "auto")
