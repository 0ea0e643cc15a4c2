"""What the pages see: rows of the store as the JSON of `docs/workbench-api.md`. Reads the store; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moksori.errors import MoksoriError
from moksori.store import Store
from moksori.store.jobs import PRIORITIES, Item, Job
from moksori.store.presets import Preset
from moksori.store.takes import Take

Json = dict[str, Any]


class Shapes:
    """`progress` is what the dispatcher knows of running items."""

    def __init__(self, store: Store, progress: Mapping[int, Json]) -> None:
        self.store = store
        self.progress = progress

    def take(self, take: Take) -> Json:
        return self.takes([take])[0]

    def takes(self, rows: Sequence[Take]) -> list[Json]:
        names = self.store.presets.names() if any(take.preset_id for take in rows) else {}
        return [take_json(take, names) for take in rows]

    def item(self, item: Item) -> Json:
        return self.items([item])[0]

    def items(self, rows: Sequence[Item]) -> list[Json]:
        ids = [item.take_id for item in rows if item.take_id is not None]
        takes = {take["id"]: take for take in self.takes(self.store.takes.some(ids))} if ids else {}
        tries = self.store.jobs.tries([item.id for item in rows])
        names = self.store.presets.names() if any(item.request.get("preset") for item in rows) else {}
        return [self._item(item, takes.get(item.take_id), tries[item.id], names) for item in rows]

    def job(self, job: Job) -> Json:
        over = job.is_over
        outlook = None if over else self.store.queue.outlook(job.id, self.store.queue.pace())
        finished = job.total - job.counts["queued"] - job.counts["running"]
        return {
            "id": job.id,
            "kind": job.kind,
            "title": job.title,
            "state": job.state,
            "priority": PRIORITIES[job.priority],
            "created": iso(job.created),
            "started": iso(job.started),
            "finished": iso(job.finished),
            "total": job.total,
            "counts": dict(job.counts),
            "progress": round(finished / job.total, 4),
            "position": None if outlook is None else outlook.ahead,
            "eta_s": None if outlook is None or outlook.eta_s is None else round(outlook.eta_s, 1),
            "error": job.error,
            "spec": dict(job.spec),
        }

    def _item(self, item: Item, take: Json | None, tries: list[int], names: Mapping[str, str]) -> Json:
        request, place = item.request, item.place
        voice = request.get("voice")
        return {
            "id": item.id,
            "job": item.job_id,
            "n": item.n,
            "row": place.get("row", item.n),
            "column": place.get("column", 0),
            "label": place.get("label", ""),
            "cell": place.get("cell", {}),
            "state": item.state,
            "attempts": item.attempts,
            "text": request.get("text", ""),
            "voice": None if voice is None else {name: voice[name] for name in ("id", "name", "kind")},
            "preset": named(request.get("preset"), names),
            "settings": request.get("settings"),
            "seed": request.get("seed"),
            "model": request.get("model"),
            "reused": item.reused,
            "take": take,
            "tries": tries,
            "progress": self.progress.get(item.id) if item.state == "running" else None,
            "elapsed_s": item.elapsed_s,
            "error": item.error,
        }


def take_json(take: Take, presets: Mapping[str, str]) -> Json:
    seconds = take.seconds
    rtf = take.elapsed_s / seconds if take.elapsed_s and seconds else None
    return {
        "id": take.id,
        "key": take.key,
        "created": iso(take.created),
        "text": take.text,
        "spoken": take.spoken,
        "language": take.language,
        "voice": {"id": take.voice_id, "name": take.voice_name, "kind": take.voice_kind},
        "preset": named(take.preset_id, presets),
        "job": take.job_id,
        "item": take.item_id,
        "try": take.attempt,
        "seed": take.seed,
        "seconds": seconds,
        "sample_rate": take.sample_rate,
        "pcm_sha256": take.sound.partition("-")[0],
        "engine": take.engine,
        "model": take.model,
        "checkpoint": take.checkpoint,
        "draft": take.draft,
        "settings": take.summary["settings"],
        "sentences": take.summary["sentences"],
        "measurements": take.measurements,
        "marks": list(take.marks),
        "level": take.level,
        "timing": {"first_audio_s": take.first_audio_s, "elapsed_s": take.elapsed_s, "rtf": rtf},
        "star": take.star,
        "note": take.note,
        "rating": None if take.rating is None else {"mean": take.rating, "count": take.rating_count},
        "verified": take.verified,
        "deleted": iso(take.deleted),
    }


def preset_json(preset: Preset, changed: list[str]) -> Json:
    frozen = preset.frozen
    return {
        "id": preset.id,
        "name": preset.name,
        "note": preset.note,
        "version": preset.version,
        "created": iso(preset.created),
        "updated": iso(preset.updated),
        "voice": {name: value for name, value in frozen.voice.items() if name != "pack"},
        "settings": frozen.settings,
        "seed": frozen.seed,
        "quality": frozen.quality,
        "model": frozen.model,
        "example_text": frozen.text,
        "take": preset.take_id,
        "changed": changed,
    }


def error_json(error: MoksoriError) -> Json:
    return {"code": error.code, "message": error.message, "hint": error.hint, "field": error.field}


def named(id: str | None, names: Mapping[str, str]) -> Json | None:
    """A preset by id and name; the name of one that was deleted is empty."""
    return None if id is None else {"id": id, "name": names.get(id, "")}


def iso(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
