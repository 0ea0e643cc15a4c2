"""What can be heard and seen of takes: files in every format, waveforms, spectrograms, live streams, ZIPs."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from moksori.audio import LABEL
from moksori.audio.pcm import Int16
from moksori.errors import InvalidInput, NotFound
from moksori.store.jobs import OVER
from moksori.store.peaks import peaks as peaks_of
from moksori.store.peaks import regroup, spectrogram
from moksori.store.takes import Take
from moksori.workbench import names
from moksori.workbench.bodies import Id, NamesBody
from moksori.workbench.export import Exports, Options, options_from
from moksori.workbench.live import Live
from moksori.workbench.shape import Json
from moksori.workbench.workbench import Workbench
from moksori.workbench.zipping import Member, stream

from .place import Bench, endpoints

router = endpoints("sound")
MAX_ZIP = 20_000
LOOK_AGAIN_S = 1.0
FormatName = Annotated[str | None, Query(max_length=20)]
Loudness = Annotated[float | None, Query(ge=-31, le=-9)]
ChimeName = Literal["none", "before", "after", "both"] | None


@router.get("/takes/zip")
def zip_some(
    bench: Bench,
    ids: Annotated[str, Query(pattern=r"^[0-9]{1,15}(,[0-9]{1,15}){0,999}$")],
    format: FormatName = None,
    loudness: Loudness = None,
    chime: ChimeName = None,
    template: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """These takes, in this order."""
    found = bench.store.takes.some([int(id) for id in ids.split(",")])
    options = _options(bench, format, loudness, chime)
    return _zip(bench, [(take, {}) for take in found], options, template, "takes")


@router.get("/jobs/{id}/zip")
def zip_job(
    id: str,
    bench: Bench,
    format: FormatName = None,
    loudness: Loudness = None,
    chime: ChimeName = None,
    template: Annotated[str | None, Query(max_length=200)] = None,
    starred: bool = False,
) -> Response:
    """The chosen takes of a job, streamed while they are encoded."""
    job = bench.store.jobs.get(id)
    chosen = [row for row in _chosen(bench, id) if row[0].star or not starred]
    return _zip(bench, chosen, _options(bench, format, loudness, chime), template, job.title)


@router.post("/names")
def preview(body: NamesBody, bench: Bench) -> dict[str, Any]:
    """The first file names that a template gives, in the order of the items with a take."""
    names.check(body.template)
    rows = _chosen(bench, body.job, limit=body.limit) if body.job else []
    if not rows:
        return {"names": [names.fill(body.template, EXAMPLE) + Options(format=body.format).target.extension]}
    return {"names": _names(bench, rows, body.template, Options(format=body.format))}


@router.get("/takes/{id}/audio")
def audio(
    id: Id,
    bench: Bench,
    format: FormatName = "wav",
    loudness: Loudness = None,
    chime: ChimeName = "none",
    download: bool = False,
) -> FileResponse:
    """The sound as a file, with ranges."""
    take = bench.store.takes.get(id)
    options = options_from({"format": format, "loudness": loudness, "chime": chime}, bench.preferences.all())
    path = Exports(bench.store).file(take, options)
    shown = bench.shapes.take(take)
    name = names.fill(names.DEFAULT, names.values(shown, take.id, {})) + options.target.extension if download else None
    headers = {"Cache-Control": "no-store" if download else "private, max-age=3600"}
    if options.label:
        headers["X-Label"] = LABEL  # raw PCM has no other place for it
    return FileResponse(path, media_type=options.target.media_type, filename=name, headers=headers)


@router.get("/takes/{id}/peaks")
def peaks(
    id: Id,
    bench: Bench,
    bins: Annotated[int, Query(ge=1, le=4000)] = 800,
    start: Annotated[float, Query(ge=0, le=1e6, alias="from")] = 0.0,
    end: Annotated[float | None, Query(ge=0, le=1e6, alias="to")] = None,
) -> dict[str, Any]:
    """What the waveform is drawn from; a part of it in full detail."""
    take = bench.store.takes.get(id)
    if start == 0.0 and end is None:
        fine = bench.store.peaks.get(take.sound)
        if fine is None:
            fine = bench.store.peaks.put(take.sound, *bench.store.blobs.sound(take.sound))
        if len(fine) >= bins:
            return _peaks_json(take, regroup(fine, bins), 0.0, take.seconds)
    part, first, last = _part(bench, take, start, end)
    return _peaks_json(take, peaks_of(part, bins), first, last)


@router.get("/takes/{id}/spectrogram")
def picture(
    id: Id,
    bench: Bench,
    width: Annotated[int, Query(ge=1, le=2000)] = 600,
    height: Annotated[int, Query(ge=1, le=512)] = 128,
    start: Annotated[float, Query(ge=0, le=1e6, alias="from")] = 0.0,
    end: Annotated[float | None, Query(ge=0, le=1e6, alias="to")] = None,
) -> dict[str, Any]:
    """Levels of frequencies over time, high frequencies first."""
    take = bench.store.takes.get(id)
    part, first, last = _part(bench, take, start, end)
    drawn = spectrogram(part, take.sample_rate, width, height)
    data = base64.b64encode(drawn.tobytes()).decode()
    size = {"width": width, "height": height, "from_s": first, "to_s": last, "max_hz": take.sample_rate / 2}
    return size | {"data": data}


@router.get("/items/{id}/stream")
async def listen(id: Id, request: Request, bench: Bench) -> StreamingResponse:
    """The sound of an item while it is made: raw s16le, from its start."""
    found = await _on_stage(bench, id, request)
    rate = found.sample_rate
    headers = {"X-Sample-Rate": str(rate), "X-Item": str(id), "Cache-Control": "no-store"}
    chunks = found.listen() if isinstance(found, Live) else _whole(bench, found)
    return StreamingResponse(chunks, media_type=f"audio/pcm;rate={rate}", headers=headers)


async def _on_stage(bench: Workbench, id: int, request: Request) -> Live | Take:
    """The live take of an item, or the finished one; waits while it is queued."""
    stage = bench.dispatcher.stage
    wake = stage.bell.subscribe()
    try:
        while True:
            wake.clear()
            live = stage.get(id)
            if live is not None:
                return live
            item = await asyncio.to_thread(bench.store.jobs.item, id)
            if item.state == "done" and item.take_id is not None:
                return await asyncio.to_thread(bench.store.takes.get, item.take_id)
            if item.state in OVER or await request.is_disconnected():
                raise NotFound(f"Item {id} has no sound: it is {item.state}.", hint="Retry it.", code="no_sound")
            try:
                await asyncio.wait_for(wake.wait(), LOOK_AGAIN_S)
            except TimeoutError:
                continue
    finally:
        stage.bell.unsubscribe(wake)


async def _whole(bench: Workbench, take: Take) -> AsyncIterator[bytes]:
    pcm, _ = await asyncio.to_thread(bench.store.blobs.sound, take.sound)
    data = pcm.astype("<i2").tobytes()
    for at in range(0, len(data), 1 << 16):
        yield data[at : at + (1 << 16)]


def _options(bench: Workbench, format: str | None, loudness: float | None, chime: ChimeName) -> Options:
    """What is not asked for is as the settings say."""
    preferences = bench.preferences.all()
    given = {
        "format": format or preferences["format"],
        "loudness": preferences["loudness"] if loudness is None else loudness,
        "chime": chime or preferences["chime"],
    }
    return options_from(given, preferences)


def _chosen(bench: Workbench, job_id: str, limit: int = MAX_ZIP) -> list[tuple[Take, Json]]:
    """The finished items of a job with their takes, in order; what lies in the bin stays there."""
    items = bench.store.jobs.items(bench.store.jobs.get(job_id).id, state="done", limit=limit)
    takes = {t.id: t for t in bench.store.takes.some([i.take_id for i in items if i.take_id is not None])}
    rows = [(takes[i.take_id], {"n": i.n, **i.place}) for i in items if i.take_id in takes]
    return [(take, place) for take, place in rows if take.deleted is None]


def _zip(
    bench: Workbench, rows: Sequence[tuple[Take, Json]], options: Options, template: str | None, title: str
) -> Response:
    if not rows:
        raise InvalidInput("There is nothing to download yet.", hint="Wait until an item is done.", code="empty")
    chosen = template or bench.preferences.all()["template"]
    names.check(chosen)
    members = [Member(name, take) for name, (take, _) in zip(_names(bench, rows, chosen, options), rows, strict=True)]
    headers = {"Content-Disposition": names.attachment(f"{names.clean(title[:60])}.zip"), "X-Files": str(len(members))}
    return StreamingResponse(
        stream(Exports(bench.store), members, options), media_type="application/zip", headers=headers
    )


def _names(bench: Workbench, rows: Sequence[tuple[Take, Json]], template: str, options: Options) -> list[str]:
    shown = bench.shapes.takes([take for take, _ in rows])
    filled = [
        names.fill(template, names.values(take, place.get("n", n) + 1, place))
        for n, (take, (_, place)) in enumerate(zip(shown, rows, strict=True))
    ]
    return names.unique(filled, options.target.extension)


def _part(bench: Workbench, take: Take, start: float, end: float | None) -> tuple[Int16, float, float]:
    """The samples between two moments, and the moments as they came out."""
    pcm, rate = bench.store.blobs.sound(take.sound)
    first = min(len(pcm), round(start * rate))
    last = len(pcm) if end is None else min(len(pcm), round(end * rate))
    if last <= first:
        raise InvalidInput("This part of the take is empty.", hint=f"It is {take.seconds:.3f} s long.", field="from")
    return pcm[first:last], first / rate, last / rate


def _peaks_json(take: Take, found: np.ndarray[Any, np.dtype[np.int8]], start: float, end: float) -> dict[str, Any]:
    low, high = found[:, 0].tolist(), found[:, 1].tolist()
    about = {"sample_rate": take.sample_rate, "seconds": take.seconds, "from_s": start, "to_s": end, "bins": len(low)}
    return about | {"min": low, "max": high}


EXAMPLE = {
    "n": 1, "row": 1, "column": 1, "label": "opening", "voice": "서연", "preset": "안내", "seed": 8123,
    "text": "안녕하세요", "take": 12, "date": "2026-01-31",
}  # fmt: skip
