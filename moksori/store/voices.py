"""Stored voices: who can speak here, with their references and prompts. Knows no engine and no HTTP.

A voice is *frozen* into plain data wherever something must be repeatable (items, presets) and *thawed* into a
`Voice` when it is to speak; the reference travels by its hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from moksori.engine.protocol import Prompt
from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.voice import Kind, Reference, Voice

from . import schema
from .blobs import Blobs
from .database import Database

FROZEN = (
    "id", "name", "kind", "speaker", "description", "transcript", "reference_sha256", "pack", "scale", "consent",
)  # fmt: skip
MAX_NAME = 120


@dataclass(frozen=True)
class VoiceRecord:
    """A stored voice as it is shown. seconds: length of the reference, 0 without one."""

    id: str
    name: str
    kind: Kind
    speaker: str = ""
    description: str = ""
    transcript: str | None = None
    reference_sha256: str | None = None
    seconds: float = 0.0
    pack: str = ""
    scale: float = 1.0
    consent: str = ""
    note: str = ""
    warnings: list[str] = field(default_factory=list)
    version: int = 1
    created: float = 0.0
    updated: float = 0.0

    def frozen(self) -> dict[str, Any]:
        """Everything that its sound depends on, as JSON."""
        return {name: getattr(self, name) for name in FROZEN}


class Voices:
    """The table of voices. `packs` is the one folder that packs are taken from."""

    def __init__(self, database: Database, blobs: Blobs, packs: Path) -> None:
        self.database = database
        self.blobs = blobs
        self.packs = packs

    def all(self) -> list[VoiceRecord]:
        with self.database.read() as connection:
            rows = connection.execute(select(schema.voices).order_by(schema.voices.c.created, schema.voices.c.id))
            return [VoiceRecord(**row._mapping) for row in rows]

    def get(self, id: str) -> VoiceRecord:
        found = self.find(id)
        if found is None:
            raise NotFound(f"There is no voice {id!r}.", hint="Choose one from the list.", code="unknown_voice")
        return found

    def find(self, id: str) -> VoiceRecord | None:
        with self.database.read() as connection:
            row = connection.execute(select(schema.voices).where(schema.voices.c.id == id)).one_or_none()
        return None if row is None else VoiceRecord(**row._mapping)

    def add_cloned(
        self, name: str, reference: Reference, *, consent: str = "", note: str = "", id: str = ""
    ) -> VoiceRecord:
        """Keep a checked reference under a name."""
        sha256 = self.blobs.put_reference(reference.pcm)
        return self.add(
            name,
            "cloned",
            id=id,
            transcript=reference.transcript,
            reference_sha256=sha256,
            seconds=reference.seconds,
            warnings=list(reference.warnings),
            consent=consent,
            note=note,
        )

    def add(self, name: str, kind: Kind, *, id: str = "", **values: Any) -> VoiceRecord:
        now = time.time()
        record = VoiceRecord(
            id=id or new_id(name), name=checked_name(name), kind=kind, created=now, updated=now, **values
        )
        with self.database.write() as connection:
            connection.execute(insert(schema.voices).values(vars(record)))
        return record

    def change(self, id: str, version: int, **values: Any) -> VoiceRecord:
        """Raises Conflict if somebody else changed it since `version`."""
        if "name" in values:
            values["name"] = checked_name(values["name"])
        table = schema.voices
        with self.database.write() as connection:
            changed = connection.execute(
                update(table)
                .where(table.c.id == id, table.c.version == version)
                .values(**values, version=version + 1, updated=time.time())
            )
        current = self.get(id)
        if changed.rowcount == 0:
            raise stale(f"The voice {current.name}")
        return current

    def remove(self, id: str, version: int) -> None:
        """Forget the voice; takes, items and presets keep their own copy of what they need."""
        table = schema.voices
        with self.database.write() as connection:
            gone = connection.execute(delete(table).where(table.c.id == id, table.c.version == version))
        if gone.rowcount == 0:
            raise stale(f"The voice {self.get(id).name}")

    def dependents(self, id: str) -> dict[str, Any]:
        """Who would miss it: presets (id, name), the number of takes, and of jobs that are not over."""
        presets, takes, jobs, items = schema.presets, schema.takes, schema.jobs, schema.items
        with self.database.read() as connection:
            named = connection.execute(select(presets.c.id, presets.c.name).where(presets.c.voice_id == id)).all()
            count = connection.execute(select(func.count()).where(takes.c.voice_id == id)).scalar_one()
            waiting = connection.execute(
                select(items.c.job_id, items.c.request)
                .join(jobs, jobs.c.id == items.c.job_id)
                .where(items.c.state.in_(("queued", "running")))
            ).all()
        active = {row.job_id for row in waiting if row.request.get("voice", {}).get("id") == id}
        return {"presets": [dict(row._mapping) for row in named], "takes": count, "jobs": len(active)}

    def thaw(self, frozen: Mapping[str, Any]) -> Voice:
        """The voice that `frozen` describes, ready for an engine. Raises NotFound if its reference is gone."""
        reference = None
        if frozen["reference_sha256"]:
            reference = Reference(self.blobs.reference(frozen["reference_sha256"]), frozen["transcript"])
        return Voice(
            kind=frozen["kind"],
            id=frozen["id"],
            speaker=frozen["speaker"],
            reference=reference,
            description=frozen["description"],
            path=self.packs / frozen["pack"] if frozen["pack"] else None,
            scale=frozen["scale"],
            consent=frozen["consent"],
        )

    def prompt(self, voice: Voice, identity: str) -> Prompt | None:
        """The prompt that was computed earlier for this voice by the engine of that identity."""
        table = schema.prompts
        with self.database.read() as connection:
            row = connection.execute(
                select(table).where(table.c.key == _prompt_key(voice.fingerprint, identity))
            ).one_or_none()
        folder = str(voice.path or "")
        return None if row is None else Prompt(row.engine, voice.id, row.data, tuple(row.warnings), folder)

    def keep_prompt(self, voice: Voice, identity: str, prompt: Prompt) -> None:
        key, table = _prompt_key(voice.fingerprint, identity), schema.prompts
        with self.database.write() as connection:
            if connection.execute(select(table.c.key).where(table.c.key == key)).first() is None:
                connection.execute(
                    insert(table).values(
                        key=key,
                        engine=prompt.engine,
                        fingerprint=voice.fingerprint,
                        data=prompt.data,
                        warnings=list(prompt.warnings),
                        created=time.time(),
                    )
                )


def frozen_speaker(speaker: str, name: str) -> dict[str, Any]:
    """A speaker that the engine brings along, in the form of a frozen voice."""
    return VoiceRecord(id=speaker, name=name, kind="preset", speaker=speaker).frozen()


def checked_name(name: str) -> str:
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not cleaned or len(cleaned) > MAX_NAME:
        raise InvalidInput(f"A name has 1 to {MAX_NAME} characters.", field="name")
    return cleaned


def new_id(name: str) -> str:
    """A readable, unique id: the letters of the name that any URL takes (Hangul too), and six random ones."""
    stem = re.sub(r"[^0-9a-z가-힣]+", "-", name.lower()).strip("-")[:40]
    tail = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(6))
    return f"{stem}-{tail}" if stem else tail


def stale(what: str) -> Conflict:
    return Conflict(f"{what} was changed by somebody else.", hint="Look at it again, then repeat.", code="stale")


def _prompt_key(fingerprint: str, identity: str) -> str:
    return hashlib.sha256(f"{fingerprint}\0{identity}".encode()).hexdigest()
