"""Presets: voice, settings, seed and model, frozen, so that what came out well comes out again. Knows no engine.

`Frozen` is everything that is needed to repeat; only a preset's name, note and quality policy change without a new
version of what is frozen. The reference of its voice is kept as long as a preset needs it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sqlalchemy import delete, insert, select, update

from moksori.engine.protocol import MAX_SEED, Description
from moksori.errors import InvalidInput, NotFound
from moksori.script import Settings
from moksori.text import Override, Policy

from .database import Database
from .schema import presets
from .voices import FROZEN, VoiceRecord, checked_name, new_id, stale

QUALITY = {"action": "flag", "tries": 3}
ACTIONS = ("keep", "flag", "retry")
MAX_TRIES = 8
SETTINGS = tuple(f.name for f in fields(Settings) if f.name != "priority")


@dataclass(frozen=True)
class Frozen:
    """What a preset repeats. model: engine, model, checkpoint, revision, sha256, precision, numerics."""

    voice: Mapping[str, Any]
    settings: Mapping[str, Any]
    seed: int
    model: Mapping[str, Any] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=lambda: dict(QUALITY))
    dictionary: str | None = None
    text: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Frozen:
        """Strict: what `to_json` wrote. Raises InvalidInput naming what is missing or unknown."""
        _exactly(data, [f.name for f in fields(cls)], "preset")
        _exactly(data["voice"], FROZEN, "voice")
        _exactly(data["settings"], SETTINGS, "settings")
        if type(data["seed"]) is not int or not 0 <= data["seed"] <= MAX_SEED:
            raise InvalidInput(f"The seed {data['seed']!r} is not 0 to {MAX_SEED}.", field="seed")
        if not isinstance(data["text"], str) or not isinstance(data["model"], Mapping):
            raise InvalidInput("The preset's text or model is not what it should be.", field="text")
        checked_quality(data["quality"])
        _check_settings(data["settings"])
        if data["dictionary"] is not None and not isinstance(data["dictionary"], str):
            raise InvalidInput("The preset's dictionary is not what it should be.", field="dictionary")
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Preset:
    id: str
    name: str
    note: str
    version: int
    frozen: Frozen
    take_id: int | None
    created: float
    updated: float


class Presets:
    """The table of presets. Changes name the version they were made from; a stale one is a Conflict."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self) -> list[Preset]:
        with self.database.read() as connection:
            return [_preset(row) for row in connection.execute(select(presets).order_by(presets.c.created.desc()))]

    def get(self, id: str) -> Preset:
        found = self.find(id)
        if found is None:
            raise NotFound(f"There is no preset {id!r}.", hint="Choose one from the list.", code="unknown_preset")
        return found

    def find(self, id: str) -> Preset | None:
        with self.database.read() as connection:
            row = connection.execute(select(presets).where(presets.c.id == id)).one_or_none()
        return None if row is None else _preset(row)

    def names(self) -> dict[str, str]:
        with self.database.read() as connection:
            return {row.id: row.name for row in connection.execute(select(presets.c.id, presets.c.name))}

    def add(self, name: str, frozen: Frozen, *, note: str = "", take_id: int | None = None, id: str = "") -> Preset:
        now = time.time()
        row = {"id": id or new_id("p"), "name": checked_name(name), "note": note, "take_id": take_id}
        with self.database.write() as connection:
            connection.execute(insert(presets).values(**row, **_columns(frozen), version=1, created=now, updated=now))
        return self.get(str(row["id"]))

    def change(
        self, id: str, version: int, *, name: str | None = None, note: str | None = None, frozen: Frozen | None = None
    ) -> Preset:
        values: dict[str, Any] = {} if name is None else {"name": checked_name(name)}
        values |= {} if note is None else {"note": note}
        values |= {} if frozen is None else _columns(frozen)
        same = (presets.c.id == id) & (presets.c.version == version)
        with self.database.write() as connection:
            changed = connection.execute(
                update(presets).where(same).values(**values, version=version + 1, updated=time.time())
            )
        current = self.get(id)
        if changed.rowcount == 0:
            raise stale(f"The preset {current.name}")
        return current

    def remove(self, id: str, version: int) -> None:
        with self.database.write() as connection:
            gone = connection.execute(delete(presets).where(presets.c.id == id, presets.c.version == version))
        if gone.rowcount == 0:
            raise stale(f"The preset {self.get(id).name}")


def changes(frozen: Frozen, voice: VoiceRecord | None, loaded: Description | None) -> list[str]:
    """What would sound different from when it was frozen, in full sentences. Speakers of the engine have no record."""
    found = []
    was = frozen.voice
    if was["kind"] != "preset" and voice is None:
        found.append("The voice was deleted; the preset keeps its own copy.")
    if voice is not None:
        same = voice.frozen()
        if same["reference_sha256"] != was["reference_sha256"]:
            found.append("The reference of the voice changed; the preset keeps the old one.")
        elif any(same[name] != was[name] for name in ("transcript", "description", "speaker", "scale", "pack")):
            found.append("The voice was edited; the preset keeps it as it was.")
    if loaded is not None and frozen.model:
        found += _model_changes(frozen.model, loaded)
    return found


def model_identity(loaded: Description, model: str) -> dict[str, Any]:
    """What a preset remembers of the model that it was made with."""
    checkpoint = loaded.checkpoint
    return {
        "engine": loaded.name,
        "model": model,
        "checkpoint": None if checkpoint is None else checkpoint.name,
        "revision": None if checkpoint is None else checkpoint.revision,
        "sha256": None if checkpoint is None else checkpoint.sha256,
        "precision": loaded.precision,
        "numerics": loaded.numerics,
    }


def checked_quality(given: Any) -> dict[str, Any]:
    """`{"action", "tries"}` with defaults; raises InvalidInput for anything else."""
    if not isinstance(given, Mapping) or set(given) - set(QUALITY):
        raise InvalidInput(f"quality is {given!r}.", hint='Give {"action": "flag", "tries": 3}.', field="quality")
    merged = {**QUALITY, **given}
    if merged["action"] not in ACTIONS:
        raise InvalidInput(
            f"quality.action is {merged['action']!r}.", hint=f"One of: {', '.join(ACTIONS)}.", field="quality"
        )
    if type(merged["tries"]) is not int or not 1 <= merged["tries"] <= MAX_TRIES:
        raise InvalidInput(f"quality.tries is {merged['tries']!r}, not 1 to {MAX_TRIES}.", field="quality")
    return merged


def _check_settings(given: Mapping[str, Any]) -> None:
    """Types first, then the values as every request has them checked."""
    kinds: dict[str, tuple[type, ...]] = {"language": (str,), "instruct": (str,), "parameters": (dict,)}
    kinds |= {"pause_s": (int, float), "trailing_s": (int, float), "policy": (dict,), "overrides": (list, tuple)}
    for name, kind in kinds.items():
        if not isinstance(given[name], kind) or isinstance(given[name], bool):
            raise InvalidInput(f"The setting {name} is {given[name]!r}.", field=name)
    settings = Settings(**{**given, "overrides": tuple(given["overrides"])})
    Policy.from_mapping(settings.policy)
    for override in settings.overrides:
        if not isinstance(override, Mapping):
            raise InvalidInput("An override is not an object.", field="overrides")
        Override.from_mapping(override)


def _model_changes(was: Mapping[str, Any], loaded: Description) -> list[str]:
    now = model_identity(loaded, "")
    if was.get("engine") != now["engine"] or was.get("checkpoint") != now["checkpoint"]:
        name = was.get("checkpoint") or was.get("engine")
        return [f"It was made with {name}; loaded is {now['checkpoint'] or now['engine']}."]
    found = []
    if was.get("sha256") != now["sha256"]:
        found.append(f"The weights of {now['checkpoint']} are not the ones it was made with.")
    if was.get("precision") != now["precision"]:
        found.append(f"It was made in {was.get('precision')}; the model now runs in {now['precision']}.")
    if was.get("numerics") != now["numerics"]:
        found.append(f"It was made with {was.get('numerics')}; now it is {now['numerics']}.")
    return found


def _columns(frozen: Frozen) -> dict[str, Any]:
    return {
        "frozen": frozen.to_json(),
        "voice_id": frozen.voice["id"],
        "reference_sha256": frozen.voice["reference_sha256"],
    }


def _preset(row: Any) -> Preset:
    return Preset(row.id, row.name, row.note, row.version, Frozen(**row.frozen), row.take_id, row.created, row.updated)


def _exactly(data: Any, names: Any, what: str) -> None:
    if not isinstance(data, Mapping):
        raise InvalidInput(f"The {what} is not an object.", field=what)
    wrong = set(data).symmetric_difference(names)
    if wrong:
        raise InvalidInput(
            f"The {what} has missing or unknown fields: {', '.join(sorted(map(str, wrong)))}.", field=what
        )
