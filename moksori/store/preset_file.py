"""A preset as one file: a ZIP of `preset.json`, `reference.wav` and `pack/`, out and, with suspicion, in. No HTTP.

A file from elsewhere is read member by member with a limit on what comes out, not on what it claims; names other than
these are refused, and the reference and the pack must be those whose hashes the preset names.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import soundfile

from moksori.audio.pcm import Float
from moksori.errors import InvalidInput
from moksori.text import Dictionary, Entry
from moksori.voice import LONGEST_S, REFERENCE_RATE, Kind

from . import pack_folder
from .presets import Frozen, Preset
from .store import Store
from .voices import MAX_NAME, VoiceRecord, checked_name

ABOUT, CLIP, IN_PACK = "preset.json", "reference.wav", "pack/"
KIND, VERSION = "moksori preset", 1
MOST_JSON, MOST_CLIP = 4_000_000, int(LONGEST_S * REFERENCE_RATE * 4) + 4096


@dataclass(frozen=True)
class Imported:
    preset: Preset
    notes: list[str]


def export(store: Store, preset: Preset) -> bytes:
    """Everything that the preset needs except the model. Raises NotFound if its pack is gone."""
    frozen = preset.frozen
    pack = pack_folder.read(store.packs, frozen.voice["pack"]) if frozen.voice["pack"] else {}
    dictionary = store.dictionary.snapshot(frozen.dictionary) or Dictionary()
    about = {
        "kind": KIND,
        "version": VERSION,
        "name": preset.name,
        "note": preset.note,
        "frozen": frozen.to_json() | {"dictionary": None},
        "dictionary": [entry.to_json() for entry in dictionary],
        "pack_sha256": pack_folder.fingerprint(pack) if pack else None,
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(ABOUT, json.dumps(about, ensure_ascii=False, indent=2))
        if frozen.voice["reference_sha256"]:
            file.write(store.blobs.reference_path(frozen.voice["reference_sha256"]), CLIP)
        for name, data in pack.items():
            file.writestr(IN_PACK + name, data)
    return whole.getvalue()


def load(store: Store, data: bytes) -> Imported:
    """Keep the preset in a file, and its voice if it is not here yet. Raises InvalidInput for anything suspicious."""
    about, clip, pack = _open(data)
    frozen = Frozen.from_json(about["frozen"])
    _check_voice(frozen.voice)
    if bool(frozen.voice["pack"]) != bool(pack) or frozen.dictionary is not None:
        raise InvalidInput(
            "The preset refers to something that is not in the file, or the other way round.", field="file"
        )
    if pack and pack_folder.fingerprint(pack) != about.get("pack_sha256"):
        raise InvalidInput("The pack is not the one that the preset was made with.", field="file")
    frozen = replace(frozen, dictionary=_dictionary(store, about["dictionary"]))
    wanted = frozen.voice["reference_sha256"]
    if (wanted is None) != (clip is None):
        raise InvalidInput("The reference is missing, or nobody asked for it.", field="file")
    if clip is not None and store.blobs.put_reference(clip) != wanted:
        raise InvalidInput("The reference is not the sound that the preset was made with.", field="file")
    if pack:
        frozen = replace(
            frozen, voice={**frozen.voice, "pack": pack_folder.keep(store.packs, frozen.voice["pack"], pack)}
        )
    notes = _keep_voice(store, frozen, 0.0 if clip is None else len(clip) / REFERENCE_RATE)
    return Imported(store.presets.add(about["name"], frozen, note=about["note"]), notes)


def _open(data: bytes) -> tuple[dict[str, Any], Float | None, dict[str, bytes]]:
    in_pack = {IN_PACK + name for name in pack_folder.FILES}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            names = file.namelist()
            if len(names) != len(set(names)) or ABOUT not in names or not set(names) <= {ABOUT, CLIP} | in_pack:
                raise InvalidInput(
                    "This is not a preset file.",
                    hint=f"It holds {ABOUT}, {CLIP}, a pack and nothing else.",
                    field="file",
                )
            about = _parsed(_member(file, ABOUT, MOST_JSON))
            clip = _clip(_member(file, CLIP, MOST_CLIP)) if CLIP in names else None
            pack = _pack(file, [name for name in names if name in in_pack])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        # zipfile's own words for damage, unknown compression and encryption
        raise InvalidInput(f"The file cannot be read: {error}.", hint="Export it again.", field="file") from error
    return about, clip, pack


def _pack(file: zipfile.ZipFile, names: list[str]) -> dict[str, bytes]:
    """Together no larger than a pack that may be exported."""
    pack: dict[str, bytes] = {}
    for name in names:
        left = pack_folder.MOST_BYTES - sum(map(len, pack.values()))
        pack[name.removeprefix(IN_PACK)] = _member(file, name, left)
    return pack


def _member(file: zipfile.ZipFile, name: str, most: int) -> bytes:
    with file.open(name) as member:
        data = member.read(most + 1)
    if len(data) > most:
        raise InvalidInput(f"{name} is larger than {most / 1e6:.0f} MB.", code="too_large", field="file")
    return data


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        about = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{ABOUT} is not JSON.", hint="Export the preset again.", field="file") from error
    wanted = {"kind", "version", "name", "note", "frozen", "dictionary"}
    # Files from before packs could be exported name no pack.
    if not isinstance(about, dict) or set(about) - {"pack_sha256"} != wanted or about["kind"] != KIND:
        raise InvalidInput(f"{ABOUT} is not a preset.", field="file")
    if about["version"] != VERSION:
        raise InvalidInput(
            "The preset was written by another version of moksori.", hint="Update moksori.", field="file"
        )
    if (
        not isinstance(about["name"], str)
        or not isinstance(about["note"], str)
        or not isinstance(about["dictionary"], list)
    ):
        raise InvalidInput("The preset's name, note or dictionary is not what it should be.", field="file")
    if not isinstance(about["frozen"], dict) or len(about["note"]) > 4000:
        raise InvalidInput("The preset holds something else than a preset.", field="file")
    checked_name(about["name"])
    return about


def _clip(data: bytes) -> Float:
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            right = file.samplerate == REFERENCE_RATE and file.channels == 1 and file.format == "WAV"
            pcm = file.read(dtype="float32") if right else None
    except soundfile.LibsndfileError as error:
        raise InvalidInput(f"{CLIP} cannot be read: {error.error_string}", field="file") from error
    if pcm is None or not np.isfinite(pcm).all():
        raise InvalidInput(f"{CLIP} is not 24 kHz mono.", hint="Export the preset again.", field="file")
    return np.asarray(pcm, dtype=np.float32)


def _check_voice(voice: Mapping[str, Any]) -> None:
    """Types and lengths: what a voice of ours always has, a file from elsewhere may not."""
    texts = {"id": 80, "name": MAX_NAME, "kind": 16, "speaker": 120, "description": 2000, "consent": 4000, "pack": 120}
    for name, longest in texts.items():
        if not isinstance(voice[name], str) or len(voice[name]) > longest:
            raise InvalidInput(f"The {name} of the preset's voice is not what it should be.", field="file")
    transcript, reference, scale = voice["transcript"], voice["reference_sha256"], voice["scale"]
    is_hash = isinstance(reference, str) and re.fullmatch(r"[0-9a-f]{64}", reference) is not None
    is_number = isinstance(scale, int | float) and not isinstance(scale, bool) and 0 <= scale <= 1.5
    is_text = isinstance(transcript, str) and len(transcript) <= 4000
    if not (reference is None or is_hash) or not is_number or not (transcript is None or is_text):
        raise InvalidInput("The preset's voice is not what it should be.", field="file")
    if voice["kind"] not in get_args(Kind) or not re.fullmatch(r"[\w.-]{1,80}", voice["id"]):
        raise InvalidInput("The preset's voice has a kind or id that cannot be.", field="file")


def _dictionary(store: Store, entries: list[Any]) -> str | None:
    if len(entries) > 10_000 or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidInput("The preset's dictionary is not a list of entries.", field="file")
    return store.dictionary.keep(Dictionary(Entry.from_mapping(entry) for entry in entries))


def _keep_voice(store: Store, frozen: Frozen, seconds: float) -> list[str]:
    voice = VoiceRecord(**frozen.voice)
    here = store.voices.find(voice.id)
    if voice.kind == "preset":
        return []
    if here is not None and (here.reference_sha256, here.pack) == (voice.reference_sha256, voice.pack):
        return []
    if here is not None:
        return [f"There is another voice {here.name!r} of the same id; the preset keeps its own."]
    values = {name: value for name, value in frozen.voice.items() if name not in ("id", "name", "kind")}
    store.voices.add(voice.name, voice.kind, id=voice.id, seconds=seconds, **values)
    return [f"The voice {voice.name!r} was added."]
