"""The data files, read on first use: counters and their cues, letters, lexicon, hanja, units, money, events, ...

Each is a tab-separated file in `data/` that a Korean speaker can correct without Python: '#' begins a comment line,
columns are named in the file's first comment. A malformed line is an error that names file and line. Knows no rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


class TableError(ValueError):
    """A data file of the package is broken; the message names file and line."""


def rows(name: str, least: int) -> list[list[str]]:
    """The rows of `data/name`, each padded with '' to four columns; fewer than `least` columns is an error."""
    found = []
    for number, line in enumerate((DATA / name).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) < least or not all(cells[:least]):
            raise TableError(f"data/{name}, line {number}: {line!r} has fewer than {least} columns")
        found.append(cells + [""] * (4 - len(cells)))
    return found


@dataclass(frozen=True, slots=True)
class Counter:
    """noun, and how numbers before it are said: 'native', 'sino', 'english' or 'both' (the ambiguous)."""

    noun: str
    system: str
    limit: int | None  # the highest native number, None for the policy's
    glued: bool  # written together with its number: 삼월, 오층


@cache
def counters() -> dict[str, Counter]:
    table = {}
    for noun, system, limit, note in (row[:4] for row in rows("counters.tsv", 2)):
        if system not in ("native", "sino", "both", "english"):
            raise TableError(f"data/counters.tsv: {noun} has the unknown system {system!r}")
        table[noun] = Counter(noun, system, int(limit) if limit else None, "glued" in note)
    return table


@dataclass(frozen=True, slots=True)
class CueRow:
    """side is 앞 (before the number), 뒤 (after the noun) or 기본 (no cue); pattern is a regular expression."""

    system: str
    rule: str
    side: str
    confidence: float
    pattern: str


@cache
def cues() -> dict[str, tuple[CueRow, ...]]:
    """For each ambiguous noun its cues, in order."""
    found: dict[str, list[CueRow]] = {}
    for noun, system, rule, side, confidence, pattern in (row[:6] for row in rows("cues.tsv", 6)):
        if system not in ("native", "sino") or side not in ("앞", "뒤", "기본"):
            raise TableError(f"data/cues.tsv: {noun} {rule} has an unknown system or side")
        found.setdefault(noun, []).append(CueRow(system, rule, side, float(confidence), pattern))
    return {noun: tuple(listed) for noun, listed in found.items()}


@cache
def letters() -> dict[str, str]:
    return {row[0]: row[1] for row in rows("letters.tsv", 2)}


@cache
def letters_otherwise() -> dict[str, str]:
    """The dictionary's names where speech has another: 시, 아르, 제트."""
    return {row[0]: row[2] or row[1] for row in rows("letters.tsv", 2)}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """exact  readings by the surface as written; folded  by its lower case; others  second readings, by lower case."""

    exact: dict[str, str]
    folded: dict[str, str]
    others: dict[str, str]


@cache
def lexicon() -> Lexicon:
    exact: dict[str, str] = {}
    folded: dict[str, str] = {}
    others: dict[str, str] = {}
    for surface, reading, case, other in (row[:4] for row in rows("lexicon.tsv", 2)):
        if case == "exact":
            exact[surface] = reading
        else:
            folded.setdefault(surface.lower(), reading)
        if other:
            others[surface.lower()] = other
    return Lexicon(exact, folded, others)


@cache
def pronounceable() -> dict[str, str]:
    return {row[0]: row[1] for row in rows("pronounceable.tsv", 2)}


@cache
def letter_digit() -> dict[str, str]:
    return {row[0]: row[1] for row in rows("letter_digit.tsv", 2)}


@dataclass(frozen=True, slots=True)
class Hanja:
    """first  the reading at the beginning of a word (두음법칙), alone  as a single character in a headline."""

    reading: str
    first: str
    alone: str


@cache
def hanja() -> dict[str, Hanja]:
    return {row[0]: Hanja(row[1], row[2] or row[1], row[3] or row[2] or row[1]) for row in rows("hanja.tsv", 2)}


@dataclass(frozen=True, slots=True)
class Unit:
    """reading and other may hold {} where the number goes: 시속 {} 킬로미터."""

    symbol: str
    reading: str
    kind: str
    other: str


@cache
def units() -> dict[str, Unit]:
    return {row[0]: Unit(*row[:4]) for row in rows("units.tsv", 2)}


@dataclass(frozen=True, slots=True)
class Currency:
    symbol: str
    reading: str
    minor: str
    other: str


@cache
def currencies() -> dict[str, Currency]:
    return {row[0]: Currency(*row[:4]) for row in rows("currencies.tsv", 2)}


@dataclass(frozen=True, slots=True)
class ShortNumber:
    """cue  what its office deals with, a regular expression. alone  '홀로', '늘' or '': how much it says by itself."""

    cue: str
    alone: str


@cache
def short_numbers() -> dict[str, ShortNumber]:
    found = {}
    for number, cue, alone in (row[:3] for row in rows("short_numbers.tsv", 2)):
        if alone not in ("", "홀로", "늘"):
            raise TableError(f"data/short_numbers.tsv: {number} has the unknown mark {alone!r}")
        found[number] = ShortNumber(cue, alone)
    return found


@cache
def romanised() -> dict[str, tuple[str, bool]]:
    """Spelling to a syllable, and whether it is a surname."""
    return {row[0]: (row[1], row[2] == "성") for row in rows("romanised.tsv", 2)}


@cache
def events() -> dict[str, str]:
    return {row[0]: row[1] for row in rows("events.tsv", 2)}


@cache
def fixed() -> dict[str, tuple[str, ...]]:
    """Surface to its readings, the usual one first."""
    return {row[0]: tuple(filter(None, row[1:3])) for row in rows("fixed.tsv", 2)}


@dataclass(frozen=True, slots=True)
class Symbol:
    """names  the usual one first. said  whether it is said unless a user asks."""

    names: tuple[str, ...]
    said: bool


@cache
def symbols() -> dict[str, Symbol]:
    found = {}
    for symbol, name, manner, others in (row[:4] for row in rows("symbols.tsv", 3)):
        if manner not in ("말함", "꾸밈"):
            raise TableError(f"data/symbols.tsv: {symbol} is neither said nor decoration: {manner!r}")
        found[symbol] = Symbol((name, *filter(None, others.split("|"))), manner == "말함")
    return found


@cache
def emoji_names() -> dict[str, str]:
    return {row[0]: row[1] for row in rows("emoji.tsv", 2)}
