"""Voices: stored ones and those of the loaded model; uploaded, checked, designed, turned into references, deleted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import File, Form, Query, UploadFile
from fastapi.responses import FileResponse, JSONResponse, Response

from moksori import audio
from moksori.audio import Audio
from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.store.peaks import peaks
from moksori.store.voices import VoiceRecord, frozen_speaker
from moksori.voice import REFERENCE_RATE, check_reference
from moksori.workbench import checks, intake
from moksori.workbench.bodies import FromTakeBody, VoiceBody, VoicePatch
from moksori.workbench.desk import Wanted, unusable
from moksori.workbench.route import problem
from moksori.workbench.shape import iso
from moksori.workbench.workbench import Workbench

from .place import Bench, endpoints

router = endpoints("voices")
VersionQuery = Annotated[int, Query(ge=1, le=2**53)]
Upload = Annotated[UploadFile, File()]
Long = Annotated[str, Form(max_length=4000)]
Moment = Annotated[float, Form(ge=0, le=3600, allow_inf_nan=False)]
End = Annotated[float | None, Form(ge=0, le=3600, allow_inf_nan=False)]
SAMPLE = {
    "korean": "안녕하세요. 오늘도 좋은 하루 보내세요.",
    "english": "Hello. Have a wonderful day.",
    "japanese": "こんにちは。良い一日をお過ごしください。",
    "chinese": "你好,祝你今天过得愉快。",
}


@router.get("/voices")
def voices(bench: Bench) -> dict[str, Any]:
    """Stored voices first, then the speakers that the loaded model brings along."""
    loaded = bench.models.description
    stored = bench.store.voices.all()
    items = [_shape(bench, record) for record in stored]
    taken = {record.id for record in stored}
    for speaker in loaded.speakers if loaded else ():
        if speaker.id not in taken:
            items.append(_speaker(speaker.id, speaker.name, list(speaker.languages), speaker.note))
    return {"items": items}


@router.get("/voices/{id}")
def voice(id: str, bench: Bench) -> dict[str, Any]:
    stored = bench.store.voices.find(id)
    if stored is not None:
        return _shape(bench, stored)
    for item in voices(bench)["items"]:
        if item["id"] == id:
            return dict(item)
    raise NotFound(f"There is no voice {id!r}.", hint="Choose one from the list.", code="unknown_voice")


@router.post("/voices/check")
def check(file: Upload, transcript: Long = "", start_s: Moment = 0.0, end_s: End = None) -> dict[str, Any]:
    """What a clip is good for; nothing is stored."""
    clip = _clip(file, start_s, end_s)
    marks = checks.check(clip)
    covered = checks.coverage(clip, transcript) if transcript.strip() else None
    found = peaks(audio.to_int16(clip.pcm), 800)
    drawn = {"min": found[:, 0].tolist(), "max": found[:, 1].tolist(), "bins": 800, "seconds": clip.seconds}
    return {
        "seconds": clip.seconds,
        "sample_rate": clip.sample_rate,
        "checks": marks,
        "coverage": covered,
        "peaks": drawn,
        "ok": checks.is_usable(marks) and (covered is None or covered["severity"] != "error"),
    }


@router.post("/voices/upload", status_code=201)
def upload(
    bench: Bench,
    file: Upload,
    name: Annotated[str, Form(min_length=1, max_length=120)],
    transcript: Long = "",
    consent: Long = "",
    note: Long = "",
    start_s: Moment = 0.0,
    end_s: End = None,
) -> dict[str, Any]:
    """A voice cloned from a clip."""
    reference = check_reference(_clip(file, start_s, end_s), transcript)
    return _shape(bench, bench.store.voices.add_cloned(name, reference, consent=consent, note=note))


@router.post("/voices", status_code=201)
def create(body: VoiceBody, bench: Bench) -> dict[str, Any]:
    """A designed voice, a name for a speaker of the model, or a pack."""
    values: dict[str, Any] = {"consent": body.consent, "note": body.note}
    if body.kind == "designed":
        if not body.description.strip():
            raise InvalidInput(
                "A designed voice needs a description.", hint="Who speaks, and how?", field="description"
            )
        values["description"] = body.description.strip()
    elif body.kind == "preset":
        values["speaker"] = bench.desk.voice(body.speaker)["speaker"]
    else:
        if body.pack not in _packs(bench):
            raise NotFound(f"There is no pack {body.pack!r}.", hint="Put it into the packs folder.", field="pack")
        values |= {"pack": body.pack, "scale": body.scale}
    return _shape(bench, bench.store.voices.add(body.name, body.kind, **values))


@router.post("/voices/from-take", status_code=201)
def from_take(body: FromTakeBody, bench: Bench) -> dict[str, Any]:
    """A take becomes a reference: a designed voice that came out well can be kept and used by models that clone."""
    take = bench.store.takes.get(body.take)
    pcm, rate = bench.store.blobs.sound(take.sound)
    clip = Audio(audio.resample(audio.to_float(pcm), rate, REFERENCE_RATE), REFERENCE_RATE)
    reference = check_reference(clip, take.spoken)
    note = f"From take {take.id} of {take.voice_name}."
    return _shape(bench, bench.store.voices.add_cloned(body.name, reference, consent=body.consent, note=note))


@router.patch("/voices/{id}")
def change(id: str, body: VoicePatch, bench: Bench) -> Any:
    record = bench.store.voices.get(id)
    values = {k: v for k, v in body.model_dump(exclude_unset=True).items() if k != "version" and v is not None}
    wrong = {"transcript": "cloned", "description": "designed", "scale": "pack"}
    for name, kind in wrong.items():
        if name in values and record.kind != kind:
            raise InvalidInput(f"Only a {kind} voice has {name}.", field=name)
    if "transcript" in values:
        values["transcript"] = values["transcript"].strip() or None
    try:
        return _shape(bench, bench.store.voices.change(id, body.version, **values))
    except Conflict as error:
        return problem(error, current=voice(id, bench))


@router.get("/voices/{id}/dependents")
def dependents(id: str, bench: Bench) -> dict[str, Any]:
    return bench.store.voices.dependents(bench.store.voices.get(id).id)


@router.delete("/voices/{id}", status_code=204)
def remove(id: str, version: VersionQuery, bench: Bench, force: bool = False) -> Response:
    """409 with who depends on it, unless forced; presets and takes keep their own copy."""
    record = bench.store.voices.get(id)
    depending = bench.store.voices.dependents(id)
    if not force and (depending["presets"] or depending["jobs"]):
        error = Conflict(f"{record.name} is in use.", hint="Delete it with force if you are sure.", code="in_use")
        return problem(error, current=depending)
    try:
        bench.store.voices.remove(id, version)
    except Conflict as error:
        return problem(error, current=voice(id, bench))
    return Response(status_code=204)


@router.get("/voices/{id}/reference")
def reference(id: str, bench: Bench) -> Response:
    """The clip that the voice is cloned from, as it is kept: 24 kHz float WAV."""
    record = bench.store.voices.get(id)
    if record.reference_sha256 is None:
        raise NotFound(f"{record.name} has no reference.", hint="Only cloned voices have one.", code="no_reference")
    path = bench.store.blobs.reference_path(record.reference_sha256)
    if not path.exists():
        raise NotFound("The reference is missing.", hint="Upload the clip again.", code="no_reference")
    return FileResponse(path, media_type="audio/wav", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/voices/{id}/peaks")
def reference_peaks(id: str, bench: Bench, bins: Annotated[int, Query(ge=1, le=4000)] = 400) -> dict[str, Any]:
    record = bench.store.voices.get(id)
    if record.reference_sha256 is None:
        raise NotFound(f"{record.name} has no reference.", code="no_reference")
    found = peaks(audio.to_int16(bench.store.blobs.reference(record.reference_sha256)), bins)
    return {"seconds": record.seconds, "bins": bins, "min": found[:, 0].tolist(), "max": found[:, 1].tolist()}


@router.post("/voices/{id}/sample", status_code=202)
def sample(id: str, bench: Bench) -> JSONResponse:
    """Speak a short sentence in it; the second time it is there already."""
    record = voice(id, bench)
    known = record["languages"]
    language = next((name for name in SAMPLE if not known or name in known), "english")
    request = bench.desk.request(Wanted(SAMPLE[language], id, settings={"language": language}, seed=0))
    job = bench.submit("speak", record["name"], [request])
    items = bench.shapes.items(bench.store.jobs.items(job.id))
    return JSONResponse({"job": bench.shapes.job(job), "items": items}, 202)


@router.get("/packs")
def packs(bench: Bench) -> dict[str, Any]:
    """Voice packs in the packs folder of the store."""
    return {"items": [{"name": name} for name in _packs(bench)]}


def _clip(file: UploadFile, start_s: float, end_s: float | None) -> Audio:
    return intake.decode(file.file.read(intake.MAX_BYTES + 1), start_s, end_s)


def _packs(bench: Workbench) -> list[str]:
    return sorted(path.name for path in bench.store.packs.iterdir() if path.is_dir() and not path.name.startswith("."))


def _shape(bench: Workbench, record: VoiceRecord) -> dict[str, Any]:
    loaded = bench.models.description
    why = "" if loaded is None else unusable(record.frozen(), loaded)
    shown = {name: value for name, value in vars(record).items() if name not in ("created", "updated")}
    times = {"created": iso(record.created), "updated": iso(record.updated)}
    languages = list(loaded.languages) if loaded else []
    return {**shown, **times, "stored": True, "usable": not why, "why": why, "languages": languages}


def _speaker(id: str, name: str, languages: list[str], note: str) -> dict[str, Any]:
    frozen = frozen_speaker(id, name)
    more = {
        "stored": False,
        "version": 0,
        "seconds": 0.0,
        "note": note,
        "warnings": [],
        "created": None,
        "updated": None,
    }
    return {**frozen, **more, "usable": True, "why": "", "languages": languages}
