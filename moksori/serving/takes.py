"""What was spoken, recalled by the key of its manifest: the last speeches always, for good those that were to be kept.

A take's id is its key, so it is known before any compute, and the same request has the same. Knows no database.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Protocol

from moksori.errors import InvalidInput, NotFound
from moksori.manifest import Manifest
from moksori.synthesizer import Speech
from moksori.text import Dictionary
from moksori.voice import Voice

REMEMBERED = 256


@dataclass(frozen=True)
class Finished:
    """A speech that is to be kept, with what its manifest does not hold."""

    speech: Speech
    voice: Voice
    dictionary: Dictionary | None
    first_audio_s: float | None
    elapsed_s: float


class Archive(Protocol):
    """Where speeches become takes, and where it is written how words are read. The workbench's store is one."""

    def dictionary(self) -> Dictionary: ...

    def keep(self, finished: Finished) -> None:
        """On disk when this returns; raises Unavailable if the disk is full."""
        ...

    def find(self, key: str) -> dict[str, Any] | None:
        """The manifest of a kept take."""
        ...


class Takes:
    """Manifests by key. archive: None where nothing is kept."""

    def __init__(self, archive: Archive | None = None) -> None:
        self._archive = archive
        self._lock = threading.Lock()
        self._manifests: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def dictionary(self) -> Dictionary | None:
        return None if self._archive is None else self._archive.dictionary()

    def check(self, keep: bool) -> None:
        """Raises InvalidInput if what is asked for cannot be."""
        if keep and self._archive is None:
            raise InvalidInput(
                "This server keeps no takes.",
                hint="Leave keep out, or serve with the pages (without --api-only).",
                code="no_store",
                field="keep",
            )

    def remember(self, manifest: Manifest) -> None:
        with self._lock:
            self._manifests[manifest.key] = manifest.to_json()
            self._manifests.move_to_end(manifest.key)
            if len(self._manifests) > REMEMBERED:
                self._manifests.popitem(last=False)

    def keep(self, finished: Finished) -> None:
        assert self._archive is not None, "checked before anything was spoken"
        self._archive.keep(finished)

    def get(self, key: str) -> dict[str, Any]:
        """The manifest; raises NotFound."""
        found = self._manifests.get(key)
        if found is None and self._archive is not None:
            found = self._archive.find(key)
        if found is None:
            raise NotFound(
                f"There is no take {key[:80]!r}, neither kept nor among the last {REMEMBERED} speeches.",
                hint="Send keep: true with a speech that is to be found later.",
                code="unknown_take",
            )
        return found
