"""Voices that were uploaded: kept in a folder, one folder each. The workbench keeps them in its store instead.

Knows nothing of engines; `Shelf` is the little that the API needs of any place where voices are kept.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.voice import Kind, Reference, Voice

VALID_ID = re.compile(r"[\w-]{1,64}")


@dataclass(frozen=True)
class Kept:
    """A kept voice as it is listed. created: seconds since 1970."""

    id: str
    name: str
    kind: Kind
    created: float = 0.0
    warnings: tuple[str, ...] = ()


class Shelf(Protocol):
    def all(self) -> list[Kept]: ...

    def find(self, id: str) -> Voice | None: ...

    def add(self, voice: Voice, name: str) -> Kept: ...

    def remove(self, id: str) -> None:
        """Raises NotFound."""
        ...


class FolderShelf:
    """References as float32 arrays (exactly what the engine hears) beside a small JSON file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Kept]:
        if not self._folder.is_dir():
            return []
        found = [self._about(path.parent) for path in self._folder.glob("*/voice.json")]
        return sorted((_kept(about) for about in found), key=lambda kept: (kept.created, kept.id))

    def find(self, id: str) -> Voice | None:
        place = self._folder / id
        if not VALID_ID.fullmatch(id) or not (place / "voice.json").is_file():
            return None
        about = self._about(place)
        reference = None
        if (place / "reference.npy").is_file():
            pcm = np.load(place / "reference.npy", allow_pickle=False)
            reference = Reference(pcm, about["transcript"], tuple(about["warnings"]))
        return Voice(
            kind=about["kind"],
            id=id,
            reference=reference,
            description=about["description"],
            consent=about["consent"],
        )

    def add(self, voice: Voice, name: str) -> Kept:
        """Keep a cloned or designed voice under an id made from its name; raises Conflict if that is taken."""
        id = to_id(name)
        reference = voice.reference
        about: dict[str, Any] = {
            "id": id,
            "name": name.strip(),
            "kind": voice.kind,
            "description": voice.description,
            "transcript": reference.transcript if reference else None,
            "warnings": list(reference.warnings) if reference else [],
            "consent": voice.consent,
            "created": time.time(),
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
        try:
            if reference is not None:
                np.save(temporary / "reference.npy", reference.pcm, allow_pickle=False)
            (temporary / "voice.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
            temporary.rename(self._folder / id)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            if (self._folder / id).exists():
                raise Conflict(
                    f"There is a voice {id!r} already.", hint="Delete it first, or choose another name.", field="name"
                ) from error
            raise InvalidInput(f"The voice cannot be kept: {error.strerror}.", hint="Check the data folder.") from error
        return _kept(about)

    def remove(self, id: str) -> None:
        if self.find(id) is None:
            raise NotFound(f"There is no kept voice {id!r}.", code="unknown_voice", field="voice")
        shutil.rmtree(self._folder / id)

    def _about(self, place: Path) -> dict[str, Any]:
        about: dict[str, Any] = json.loads((place / "voice.json").read_text(encoding="utf-8"))
        return about


def to_id(name: str) -> str:
    """`우리 회사 Voice` -> `우리-회사-voice`; raises InvalidInput if nothing is left."""
    id = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", name).lower()).strip("-_")[:64]
    if not VALID_ID.fullmatch(id):
        raise InvalidInput(f"{name!r} is no name for a voice.", hint="Use letters or digits.", field="name")
    return id


def _kept(about: dict[str, Any]) -> Kept:
    return Kept(about["id"], about["name"], about["kind"], about["created"], tuple(about["warnings"]))
