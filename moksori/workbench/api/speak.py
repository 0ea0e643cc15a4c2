"""Speak: what will be said, before any compute; and saying it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from moksori.script import write
from moksori.workbench import quality
from moksori.workbench.bodies import ReadBody, SpeakBody, Way
from moksori.workbench.desk import Wanted, written_out
from moksori.workbench.speaking import settings_from

from .place import Bench, endpoints

router = endpoints("speak")
SYLLABLES_PER_S = 5.0  # before anything was measured


@router.post("/read")
def read(body: ReadBody, bench: Bench) -> dict[str, Any]:
    """Written beside spoken, cut into units, with how long it will be and take."""
    policy = {"policy": bench.preferences.all()["reading_policy"]}
    settings = written_out({**policy, **(body.settings.given() if body.settings else {})})
    dictionary = bench.store.dictionary.current()
    script = write(body.text, settings=settings_from(settings), seed=body.seed, dictionary=dictionary)
    by_place = {tuple(s["src"]): s["src16"] for s in map(_json, script.reading.sentences) if "src16" in s}
    units = [asdict(unit) | {"source16": by_place.get(unit.source)} for unit in script.units]
    syllables = sum(unit.syllables for unit in script.units)
    pauses = sum(unit.count * unit.pause_s for unit in script.units)
    pace = bench.store.queue.pace()
    estimate = {
        "speech_s": round(sum(u.syllables * u.count for u in script.units) / SYLLABLES_PER_S + pauses, 1),
        "compute_s": None if pace is None else round(pace * syllables, 1),
    }
    return {"reading": script.reading.to_json(), "units": units, "syllables": syllables, "estimate": estimate}


@router.post("/speak", status_code=202)
def speak(body: SpeakBody, bench: Bench) -> dict[str, Any]:
    """Queue one take, or several with seeds derived from the first."""
    session = bench.desk.session()
    first = session.request(wanted(body, body.text))
    seeds = [quality.try_seed(first.frozen["seed"], n) for n in range(body.takes)]
    requests = [type(first)({**first.frozen, "seed": seed}, first.syllables) for seed in seeds]
    places = [{"row": 0, "column": n} for n in range(body.takes)]
    job = bench.submit("speak", title(body.text), requests, places=places, request_id=body.request_id)
    return {"job": bench.shapes.job(job), "items": bench.shapes.items(bench.store.jobs.items(job.id))}


def wanted(way: Way, text: str) -> Wanted:
    """A body's wish for one text."""
    return Wanted(
        text=text,
        voice=way.voice,
        preset=way.preset,
        settings=way.settings.given() if way.settings else None,
        seed=way.seed,
        quality=way.quality.model_dump() if way.quality else None,
        model=way.model,
        precision=way.precision,
    )


def title(text: str) -> str:
    first = text.strip().splitlines()[0] if text.strip() else ""
    return first[:80]


def _json(piece: Any) -> dict[str, Any]:
    plain: dict[str, Any] = piece.to_json()
    return plain
