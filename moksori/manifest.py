"""The manifest: everything a speech depends on, written down, so that it can be made again and compared.

Data only; it knows nothing of how speech is made or where it is kept. `key` covers the inputs, `pcm_sha256` the
result: equal keys must give equal hashes, and *verify* is the comparison of two manifests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

VERSION = 1
AI_NOTE = "AI-generated speech (moksori)"
_RESULTS = ("units", "pcm_sha256", "samples", "created", "notes", "warnings", "version")


@dataclass(frozen=True)
class UnitRecord:
    """One unit as it was spoken. start and samples count PCM samples, the first rendering only when repeated."""

    spoken: str
    source: tuple[int, int]
    seed: int
    syllables: int
    count: int
    pause_s: float
    start: int
    samples: int
    frames: int
    reason: str
    trace: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What a take is made of. Every default is written out; nothing is implied."""

    text: str
    reading: Mapping[str, Any]
    script: tuple[Mapping[str, Any], ...]
    seed: int
    settings: Mapping[str, Any]
    voice: Mapping[str, Any]
    prompt_sha256: str
    engine: str
    checkpoint: Mapping[str, Any] | None
    precision: str
    device_class: str
    numerics: str
    sample_rate: int
    licence: str
    units: tuple[UnitRecord, ...] = ()
    samples: int = 0
    pcm_sha256: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = (AI_NOTE,)
    created: str = ""
    version: int = VERSION

    @property
    def key(self) -> str:
        """SHA-256 of the inputs: what a job's item is known by, and never rendered twice for."""
        inputs = {name: value for name, value in asdict(self).items() if name not in _RESULTS}
        return hashlib.sha256(_canonical(inputs).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """A plain dict, as stored beside the audio and shown to users."""
        plain: dict[str, Any] = json.loads(_canonical(asdict(self)))
        return plain | {"key": self.key}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Manifest:
        """The manifest that `to_json` wrote; raises KeyError or TypeError for anything else."""
        known = {f.name: data[f.name] for f in fields(cls)}
        known["units"] = tuple(
            UnitRecord(**{**u, "source": tuple(u["source"]), "warnings": tuple(u["warnings"])}) for u in known["units"]
        )
        for name in ("script", "warnings", "notes"):
            known[name] = tuple(known[name])
        return cls(**known)


def now() -> str:
    """This moment in UTC, to the second, as manifests write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two manifests differ: (dotted name, ours, theirs), in the order of the fields. Dates are left out."""
    for name in dict.fromkeys([*ours, *theirs]):
        if name in ("created", "key"):
            continue
        left, right = ours.get(name), theirs.get(name)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            yield from differences(left, right, f"{path}{name}.")
        elif left != right:
            yield f"{path}{name}", left, right


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
