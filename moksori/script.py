"""The script: a text made ready to be spoken, before any compute is spent.

Reading -> units, each with its seed, its pauses and how often it is spoken. It knows nothing of voices or engines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from moksori import text
from moksori.engine.protocol import MAX_SEED, Priority
from moksori.errors import InvalidInput

MAX_CHARACTERS = 100_000


@dataclass(frozen=True)
class Settings:
    """How to speak, apart from who and what. Every field has a default, and all of them go into the manifest.

    pause_s     silence between sentences (a `[pause]` in the text wins).
    trailing_s  silence after the last one.
    policy      the reading policy, as given to `moksori.text.Policy.from_mapping`.
    overrides   readings chosen by the user for single occurrences, as `moksori.text.read` takes them.
    parameters  the engine's own, by its schema.
    """

    language: str = "korean"
    instruct: str = ""
    pause_s: float = 0.2
    trailing_s: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[Mapping[str, Any], ...] = ()
    priority: Priority = "interactive"

    def __post_init__(self) -> None:
        for name, limit in (("pause_s", 10.0), ("trailing_s", 10.0)):
            value = getattr(self, name)
            if not 0.0 <= value <= limit:
                raise InvalidInput(f"{name} is {value}, outside 0 to {limit:g} seconds.", field=name)


@dataclass(frozen=True)
class Unit:
    """What one generation speaks, and where it goes.

    It is placed `count` times, `pause_s` apart, after `lead_s` and before `pause_after_s` of silence.
    source  span of the written text, in code points.
    """

    spoken: str
    source: tuple[int, int]
    seed: int
    syllables: int
    pause_s: float
    pause_after_s: float
    count: int = 1
    lead_s: float = 0.0


@dataclass(frozen=True)
class Script:
    """A text made ready to be spoken: what the user sees before any compute is spent."""

    reading: text.Reading
    units: tuple[Unit, ...]
    seed: int
    settings: Settings


def write(written: str, *, settings: Settings, seed: int = 0, dictionary: text.Dictionary | None = None) -> Script:
    """Read the text and cut it into units.

    Raises InvalidInput for text that is empty, too long, or has nothing in it that can be spoken.
    """
    _check_text(written, seed)
    reading = text.read(
        written,
        language=settings.language,
        dictionary=dictionary,
        policy=text.Policy.from_mapping(settings.policy),
        overrides=settings.overrides,
    )
    units = _units(reading, settings, seed)
    if not units:
        raise InvalidInput(
            "There is nothing to speak in this text.", hint="Write at least one word or number.", field="text"
        )
    return Script(reading, units, seed, settings)


def unit_seed(seed: int, spoken: str, occurrence: int) -> int:
    """The seed of one unit: a function of the seed, what it says and how often that was said before.

    So editing or inserting a sentence leaves every other one bit-identical.
    """
    digest = hashlib.sha256(f"{seed}\0{occurrence}\0{spoken}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "little")


def _check_text(written: str, seed: int) -> None:
    if not written.strip():
        raise InvalidInput("The text is empty.", hint="Write what should be spoken.", field="text")
    if len(written) > MAX_CHARACTERS:
        raise InvalidInput(
            f"The text has {len(written):,} characters; the limit is {MAX_CHARACTERS:,}.",
            hint="Split it into several files.",
            field="text",
        )
    if not 0 <= seed <= MAX_SEED:
        raise InvalidInput(f"seed is {seed}, outside 0 to {MAX_SEED}.", field="seed")


def _units(reading: text.Reading, settings: Settings, seed: int) -> tuple[Unit, ...]:
    units: list[Unit] = []
    spoken_before: dict[str, int] = {}
    lead_s = 0.0
    for piece in reading.sentences:
        if isinstance(piece, text.Pause):
            lead_s += piece.seconds
            continue
        syllables = text.syllables(piece.spoken)
        if not syllables:
            lead_s += piece.pause_after or 0.0
            continue
        occurrence = spoken_before.get(piece.spoken, 0)
        spoken_before[piece.spoken] = occurrence + 1
        between = settings.pause_s if piece.pause_after is None else piece.pause_after
        unit = Unit(
            spoken=piece.spoken,
            source=piece.src,
            seed=unit_seed(seed, piece.spoken, occurrence),
            syllables=syllables,
            pause_s=between,
            pause_after_s=between,
            count=piece.repeat,
            lead_s=lead_s,
        )
        units.append(unit)
        lead_s = 0.0
    return _with_ending(units, reading, lead_s)


def _with_ending(units: list[Unit], reading: text.Reading, lead_s: float) -> tuple[Unit, ...]:
    """The silence after the last unit is only what the text itself asks for; `trailing_s` comes on top."""
    if not units:
        return ()
    last_piece = next(p for p in reversed(reading.sentences) if isinstance(p, text.Sentence))
    asked = last_piece.pause_after if last_piece.src == units[-1].source else None
    return (*units[:-1], replace(units[-1], pause_after_s=(asked or 0.0) + lead_s))
