"""`/v1/audio/voices`: list, upload and delete voices."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile

from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.voice import Voice

from . import state
from .shelf import Kept

router = APIRouter(prefix="/v1/audio")


@router.get("/voices")
async def voices(request: Request, _: state.MaySpeak) -> dict[str, Any]:
    """Preset voices of the model first, then kept ones."""
    ours = state.of(request)
    about = ours.provider().description
    presets = [
        {
            "id": speaker.id,
            "name": speaker.name,
            "kind": "preset",
            "languages": list(speaker.languages or about.languages),
            "note": speaker.note,
        }
        for speaker in about.speakers
    ]
    kept = await asyncio.to_thread(ours.shelf.all)
    return {"voices": presets + [_shown(voice, about.kinds) for voice in kept]}


@router.post("/voices", status_code=201)
async def add_voice(
    request: Request,
    _: state.MayManageVoices,
    name: Annotated[str, Form()],
    file: Annotated[UploadFile | None, File()] = None,
    transcript: Annotated[str, Form()] = "",
    description: Annotated[str, Form()] = "",
    consent: Annotated[str, Form()] = "",
) -> dict[str, Any]:
    """Keep a voice: cloned from `file` (with its `transcript`, more closely), or designed from a `description`.

    consent  whose voice it is and on what ground it may be used; carried into every manifest.
    """
    ours = state.of(request)
    if (file is None) == (not description):
        raise InvalidInput("Send either a file or a description.", field="file")
    if file is None:
        voice = Voice.designed(description, name=name)
    else:
        limit = ours.config.max_upload_mb * 1_000_000
        data = await file.read(limit + 1)
        if len(data) > limit:
            raise InvalidInput(f"The file is larger than {ours.config.max_upload_mb} MB.", field="file")
        voice = await asyncio.to_thread(Voice.cloned, data, transcript or None, name=name, consent=consent)
    about = ours.provider().description
    if any(speaker.id == name for speaker in about.speakers):
        raise Conflict(f"{name!r} is the name of a preset voice.", hint="Choose another name.", field="name")
    kept = await asyncio.to_thread(ours.shelf.add, voice, name)
    return _shown(kept, about.kinds)


@router.delete("/voices/{id}")
async def remove_voice(id: str, request: Request, _: state.MayManageVoices) -> dict[str, Any]:
    ours = state.of(request)
    if any(speaker.id == id for speaker in ours.provider().description.speakers):
        raise Conflict(f"{id!r} is a preset voice of the model and stays.", field="voice")
    if await asyncio.to_thread(ours.shelf.find, id) is None:
        raise NotFound(f"There is no kept voice {id!r}.", code="unknown_voice", field="voice")
    await asyncio.to_thread(ours.shelf.remove, id)
    return {"id": id, "object": "voice", "deleted": True}


def _shown(kept: Kept, kinds: tuple[str, ...]) -> dict[str, Any]:
    """usable: whether the loaded model can speak with it."""
    return {
        "id": kept.id,
        "name": kept.name,
        "kind": kept.kind,
        "created": int(kept.created),
        "warnings": list(kept.warnings),
        "usable": kept.kind in kinds,
    }
