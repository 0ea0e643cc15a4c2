"""Models, the machine, the log, the settings."""

from __future__ import annotations

import platform
import time
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import Query

from moksori import audio
from moksori.errors import Conflict
from moksori.workbench import examples, machine
from moksori.workbench.bodies import DownloadBody, LoadBody, SettingsPatch
from moksori.workbench.desk import Request
from moksori.workbench.models import known_models, known_spec
from moksori.workbench.workbench import Workbench

from .place import Bench, endpoints

router = endpoints("system")


@router.get("/models")
def models(bench: Bench) -> dict[str, Any]:
    """What is loaded, and what there is."""
    about = bench.models.description
    loaded = None if about is None else {**asdict(about), "model": bench.models.spec.model}
    downloads = [bench.shapes.job(job) for job in bench.store.jobs.page(kind="download", limit=20)]
    device = bench.models.device
    return {
        **bench.models.status(),
        "loaded": loaded,
        "device": device,
        "available": known_models(),
        "downloads": downloads,
    }


@router.post("/models/load", status_code=202)
def load(body: LoadBody, bench: Bench) -> dict[str, Any]:
    """Load it before the next item; `model` events tell how it goes."""
    now = bench.models.home
    same = body.model in ("", now.model)
    bench.load(replace(now, precision=body.precision) if same else known_spec(body.model, body.precision))
    return bench.models.status()


@router.post("/models/unload", status_code=202)
def unload(bench: Bench) -> dict[str, Any]:
    bench.dispatcher.errand(bench.models.unload)
    return bench.models.status()


@router.post("/models/download", status_code=202)
def download(body: DownloadBody, bench: Bench) -> dict[str, Any]:
    """Fetch a released model; cancel with the job."""
    known_spec(body.name)
    row = next(row for row in known_models() if row["name"] == body.name)
    if row["installed"]:
        raise Conflict(f"{body.name} is installed already.", hint="Load it.", code="installed", field="name")
    job = bench.submit(
        "download", body.name, [Request({"download": body.name}, 0)], spec={"size_bytes": row["size_bytes"]}
    )
    return {"job": bench.shapes.job(job)}


@router.get("/system")
def system(bench: Bench) -> dict[str, Any]:
    """The state of everything, in numbers."""
    loaded = bench.models.description
    return {
        "version": machine.versions().get("moksori", ""),
        "versions": machine.versions(),
        "platform": platform.platform(),
        "device": loaded.device_class if loaded else bench.models.device,
        "uptime_s": round(time.time() - bench.started, 1),
        "queue": bench.dispatcher.queue_json(),
        "memory": {
            "rss_bytes": machine.rss_bytes(bench.models.process_id),
            "available_bytes": machine.available_bytes(),
            "recent": list(bench.dispatcher.memory),
        },
        "disk": {"free_bytes": machine.free_disk_bytes(bench.store.folder)},
        "formats": _formats(),
        "counts": _counts(bench),
        "model": bench.models.status(),
    }


@router.get("/system/log")
def log(
    bench: Bench,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    level: Literal["debug", "info", "warning", "error"] | None = None,
) -> dict[str, Any]:
    """The latest lines, newest last."""
    return {"items": bench.logbook.latest(limit, level)}


@router.get("/examples")
def example() -> dict[str, Any]:
    """A script to try, in Korean with English beside it."""
    return examples.script()


@router.get("/settings")
def settings(bench: Bench) -> dict[str, Any]:
    return bench.preferences.all()


@router.patch("/settings")
def change(body: SettingsPatch, bench: Bench) -> dict[str, Any]:
    """What is given; `loudness` and `default_voice` may be set to null."""
    given = body.model_dump(exclude_unset=True)
    nullable = ("loudness", "default_voice")
    given = {name: value for name, value in given.items() if value is not None or name in nullable}
    if given.get("default_voice"):
        bench.desk.voice(given["default_voice"])
    return bench.preferences.change(given)


def _formats() -> list[dict[str, Any]]:
    return [
        {"name": f.name, "title": f.title, "extension": f.extension, "lossless": f.lossless, "media_type": f.media_type}
        for f in audio.FORMATS.values()
        if f.is_installed
    ]


def _counts(bench: Workbench) -> dict[str, int]:
    voices, presets = len(bench.store.voices.all()), len(bench.store.presets.names())
    return {"takes": bench.store.takes.count(), "voices": voices, "presets": presets}
