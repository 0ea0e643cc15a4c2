"""Presets: made from a take or from settings, renamed, frozen anew, copied, exported and imported."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import File, UploadFile
from fastapi.responses import Response

from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.store import preset_file
from moksori.store.presets import QUALITY, SETTINGS, Frozen, model_identity
from moksori.store.takes import Take
from moksori.workbench import names
from moksori.workbench.bodies import DuplicateBody, PresetBody, PresetPatch, PresetPut, QualityBody
from moksori.workbench.desk import Wanted
from moksori.workbench.models import known_spec
from moksori.workbench.route import problem
from moksori.workbench.verify import frozen_voice
from moksori.workbench.workbench import Workbench

from .place import Bench, endpoints
from .voices import VersionQuery

router = endpoints("presets")
MAX_FILE = 128 << 20  # a voice pack may be in it


@router.get("/presets")
def presets(bench: Bench) -> dict[str, Any]:
    return {"items": bench.presets_json()}


@router.get("/presets/{id}")
def preset(id: str, bench: Bench) -> dict[str, Any]:
    return bench.preset_json(id)


@router.post("/presets", status_code=201)
def create(body: PresetBody, bench: Bench) -> dict[str, Any]:
    """From a take, exactly as it was made; or from a voice and settings."""
    if body.from_take is None:
        if body.voice is None:
            raise InvalidInput("A preset needs from_take or a voice.", field="voice")
        wish = Wanted(body.example_text or " ", body.voice, settings=_given(body), seed=body.seed)
        frozen = _frozen(bench, wish, body.quality)
    else:
        if body.voice is not None or body.settings is not None or body.seed is not None:
            raise InvalidInput(
                "from_take brings voice, settings and seed.", hint="Give one or the other.", field="from_take"
            )
        frozen = _from_take(bench, bench.store.takes.get(body.from_take), body.quality)
    made = bench.store.presets.add(body.name, frozen, note=body.note, take_id=body.from_take)
    return bench.preset_json(made.id)


@router.put("/presets/{id}")
def freeze(id: str, body: PresetPut, bench: Bench) -> Any:
    """Everything anew; 409 with the present one if somebody else changed it."""
    old = bench.store.presets.get(id)
    kept = body.voice == old.frozen.voice["id"] and bench.store.voices.find(body.voice) is None
    voice = None if kept else body.voice  # a voice that was deleted lives on in its preset
    wish = Wanted(body.example_text or " ", voice, id if kept else None, body.settings.given(), body.seed)
    frozen = _frozen(bench, wish, body.quality)
    try:
        bench.store.presets.change(id, body.version, name=body.name, note=body.note, frozen=frozen)
    except Conflict as error:
        return problem(error, current=bench.preset_json(id))
    return bench.preset_json(id)


@router.patch("/presets/{id}")
def change(id: str, body: PresetPatch, bench: Bench) -> Any:
    """Name, note, quality; what is frozen stays so."""
    old = bench.store.presets.get(id).frozen
    frozen = None if body.quality is None else replace(old, quality=body.quality.model_dump())
    try:
        bench.store.presets.change(id, body.version, name=body.name, note=body.note, frozen=frozen)
    except Conflict as error:
        return problem(error, current=bench.preset_json(id))
    return bench.preset_json(id)


@router.post("/presets/{id}/duplicate", status_code=201)
def duplicate(id: str, body: DuplicateBody, bench: Bench) -> dict[str, Any]:
    old = bench.store.presets.get(id)
    made = bench.store.presets.add(body.name or f"{old.name[:110]} (2)", old.frozen, note=old.note, take_id=old.take_id)
    return bench.preset_json(made.id)


@router.delete("/presets/{id}", status_code=204)
def remove(id: str, version: VersionQuery, bench: Bench) -> Response:
    bench.store.presets.get(id)
    try:
        bench.store.presets.remove(id, version)
    except Conflict as error:
        return problem(error, current=bench.preset_json(id))
    return Response(status_code=204)


@router.get("/presets/{id}/export")
def export(id: str, bench: Bench) -> Response:
    """One file with everything but the model."""
    found = bench.store.presets.get(id)
    headers = {"Content-Disposition": names.attachment(f"{names.clean(found.name)}.moksori.zip")}
    return Response(preset_file.export(bench.store, found), media_type="application/zip", headers=headers)


@router.post("/presets/import", status_code=201)
def load(file: Annotated[UploadFile, File()], bench: Bench) -> dict[str, Any]:
    data = file.file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise InvalidInput(
            "The file is larger than 128 MB.", hint="Preset files are smaller.", code="too_large", field="file"
        )
    found = preset_file.load(bench.store, data)
    return {
        "preset": bench.preset_json(found.preset.id),
        "notes": found.notes + _model_notes(bench, found.preset.frozen),
    }


def _given(body: PresetBody) -> dict[str, Any]:
    return body.settings.given() if body.settings else {}


def _frozen(bench: Workbench, wish: Wanted, quality: QualityBody | None) -> Frozen:
    request = bench.desk.session().request(wish, count=False)
    loaded, made = bench.models.description, request.frozen
    return Frozen(
        voice=made["voice"],
        settings=made["settings"],
        seed=made["seed"],
        model={} if loaded is None else model_identity(loaded, bench.models.home.model),
        quality=quality.model_dump() if quality else dict(QUALITY),
        dictionary=made["dictionary"],
        text=wish.text.strip(),
    )


def _from_take(bench: Workbench, take: Take, quality: QualityBody | None) -> Frozen:
    """The take's own manifest is what is frozen, not what the store says now."""
    stored = bench.store.takes.manifest(take.id)
    checkpoint = stored["checkpoint"] or {}
    model = {"engine": take.engine, "model": take.model, "checkpoint": checkpoint.get("name")}
    model |= {"revision": checkpoint.get("revision"), "sha256": checkpoint.get("sha256")}
    return Frozen(
        voice=frozen_voice(stored, take.voice_name),
        settings={name: stored["settings"][name] for name in SETTINGS},
        seed=take.seed,
        model=model | {"precision": stored["precision"], "numerics": stored["numerics"]},
        quality=quality.model_dump() if quality else dict(QUALITY),
        dictionary=take.dictionary_sha256,
        text=take.text,
    )


def _model_notes(bench: Workbench, frozen: Frozen) -> list[str]:
    """An imported preset may name a model that is not known here; a path it can never be."""
    name = frozen.model.get("model")
    if not name or name == bench.models.home.model:
        return []
    try:
        known_spec(str(name))
    except NotFound as error:
        return [str(error)]
    return []
