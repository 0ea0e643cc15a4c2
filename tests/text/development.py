"""The development set, and what it means that a reading agrees with it: spaces and punctuation do not count."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from moksori.text import Kept, Reading

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    category: str
    written: str
    accepted: tuple[str, ...]


def rows() -> list[Row]:
    found = []
    for path in sorted(FOLDER.glob("dev_*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("# "):
                category, written, expected = line.split("\t")
                found.append(Row(category, written, tuple(map(bare, expected.split(" | ")))))
    return found


def bare(text: str) -> str:
    """The text without spaces, punctuation, symbols and controls."""
    return "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c)[0] not in "PZSCM")


def right(row: Row, reading: Reading) -> bool:
    return bare(reading.spoken) in row.accepted


def reachable(row: Row, reading: Reading) -> bool:
    """Whether choosing among the offered alternatives gives an accepted reading."""
    choices = [
        [bare(segment.text)] if isinstance(segment, Kept) else [bare(r) for r in offered(segment)]
        for segment in reading.segments()
    ]

    def goes_on(index: int, rest: str) -> bool:
        if index == len(choices):
            return not rest
        return any(rest.startswith(word) and goes_on(index + 1, rest[len(word) :]) for word in choices[index])

    return any(goes_on(0, wanted) for wanted in row.accepted)


def offered(edit: object) -> list[str]:
    return list(dict.fromkeys([edit.reading, *(reading for reading, _ in edit.alternatives)]))  # type: ignore[attr-defined]
