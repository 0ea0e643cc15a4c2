"""The user's reading dictionary: what to say for what is written, in CSV and JSON, validated on the way in.

Entries are literal, never regular expressions. The longest match wins, then the document's entry over the global
one, then priority, then the later entry. Knows nothing of where dictionaries are kept.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal, get_args, get_type_hints

from moksori.errors import InvalidInput, NotFound

from .candidate import USER, Candidate
from .particle import PARTICLE_TAIL
from .view import View

_FOLD = {code: code + 32 for code in range(0x41, 0x5B)}
_FORBIDDEN = re.compile(r"[0-9\x00-\x1f\x7f\ud800-\udfff]")
_WORD_CHAR = re.compile(r"[^\W_]")
MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """surface is what is written, reading what is said (no digits: they would need reading again).

    match    'word': a word of its own, a particle may follow (KTX를); 'exact': nothing may follow;
             'prefix': the beginning of a word; 'any': also inside words.
    case     'any' or 'exact', for Latin letters.
    left, right  literal text that must stand right before or after, spaces ignored; '' for none.
    scope    'document' wins over 'global'.  priority  breaks ties, higher wins.
    """

    surface: str
    reading: str
    match: Literal["word", "exact", "prefix", "any"] = "word"
    case: Literal["any", "exact"] = "any"
    left: str = ""
    right: str = ""
    scope: Literal["global", "document"] = "global"
    priority: int = 0
    enabled: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        if not self.surface.strip() or len(self.surface) > MAX_LENGTH:
            raise InvalidInput("A dictionary entry needs a surface of 1 to 200 characters.", field="surface")
        if len(self.reading) > MAX_LENGTH:
            raise InvalidInput(f"The reading of {self.surface!r} is longer than {MAX_LENGTH}.", field="reading")
        if _FORBIDDEN.search(self.reading):
            raise InvalidInput(
                f"The reading {self.reading!r} of {self.surface!r} has digits or control characters.",
                hint="Write it as it is said, for example 쓰리디.",
                field="reading",
            )
        for name, allowed in (("match", _MATCHES), ("case", _CASES), ("scope", _SCOPES)):
            if getattr(self, name) not in allowed:
                raise InvalidInput(
                    f"{name}={getattr(self, name)!r} is not possible.",
                    hint=f"One of: {', '.join(allowed)}.",
                    field=name,
                )

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Entry:
        """Strict: unknown keys are errors; numbers and booleans may be words, as CSV has them."""
        hints = get_type_hints(cls)
        known = [field.name for field in fields(cls)]
        converted: dict[str, object] = {}
        for key, value in values.items():
            if key not in known:
                raise InvalidInput(
                    f"Unknown dictionary field {key!r}.", hint=f"Known: {', '.join(known)}.", field=str(key)
                )
            converted[key] = _convert(key, value, hints[key])
        if "surface" not in converted or "reading" not in converted:
            raise InvalidInput("A dictionary entry needs a surface and a reading.", field="surface")
        return cls(**converted)  # type: ignore[arg-type]  # each value was converted to its field's type

    def to_json(self) -> dict[str, object]:
        return asdict(self)


_MATCHES = get_args(get_type_hints(Entry)["match"])
_CASES = get_args(get_type_hints(Entry)["case"])
_SCOPES = get_args(get_type_hints(Entry)["scope"])


def _convert(key: str, value: object, hint: object) -> object:
    if hint is bool:
        words = {"true": True, "1": True, "false": False, "0": False, "": True}
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().lower() in words:
            return words[value.strip().lower()]
    elif hint is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and re.fullmatch(r"\s*(-?[0-9]{1,6})?\s*", value):
            return int(value.strip() or 0)
    elif isinstance(value, str):
        return (
            value
            if value or key not in ("match", "case", "scope")
            else {"match": "word", "case": "any", "scope": "global"}[key]
        )
    raise InvalidInput(f"{key}={value!r} cannot be used.", field=key)


class Dictionary:
    """An ordered collection of entries. `entries` is a tuple; adding returns a new dictionary."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self._index: dict[str, list[tuple[Entry, int]]] | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dictionary) and self.entries == other.entries

    __hash__ = None  # type: ignore[assignment]

    def with_entry(self, entry: Entry) -> Dictionary:
        """With `entry` last; one with the same surface, case, context and scope is replaced."""
        key = _identity(entry)
        return Dictionary([*(old for old in self.entries if _identity(old) != key), entry])

    def without(self, surface: str) -> Dictionary:
        return Dictionary(entry for entry in self.entries if entry.surface != surface)

    @classmethod
    def from_json(cls, text: str) -> Dictionary:
        """A JSON list of objects, or an object with the list under 'entries'."""
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise InvalidInput(f"The dictionary is not JSON: {error}.") from error
        if isinstance(data, dict) and set(data) == {"entries"}:
            data = data["entries"]
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            raise InvalidInput("A dictionary is a JSON list of entries.")
        return cls(Entry.from_mapping(item) for item in data)

    def to_json(self) -> str:
        return json.dumps({"entries": [entry.to_json() for entry in self.entries]}, ensure_ascii=False, indent=2)

    @classmethod
    def from_csv(cls, text: str) -> Dictionary:
        """CSV whose first line names the columns; surface and reading are required, the rest may be missing."""
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
        entries = []
        for number, row in enumerate(reader, 2):
            if None in row:
                raise InvalidInput(f"Line {number} of the dictionary has too many columns.")
            try:
                entries.append(Entry.from_mapping({key: value or "" for key, value in row.items()}))
            except InvalidInput as error:
                raise InvalidInput(f"Line {number}: {error.message}", hint=error.hint, field=error.field) from error
        return cls(entries)

    def to_csv(self) -> str:
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, [field.name for field in fields(Entry)], lineterminator="\n")
        writer.writeheader()
        for entry in self.entries:
            writer.writerow({k: str(v).lower() if isinstance(v, bool) else v for k, v in entry.to_json().items()})
        return out.getvalue()

    @classmethod
    def from_file(cls, path: Path) -> Dictionary:
        """A .json file as JSON, anything else as CSV."""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError as error:
            raise NotFound(f"There is no dictionary file {path}.") from error
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path} is not UTF-8.", hint="Save it as UTF-8 and try again.") from error
        return cls.from_json(text) if path.suffix.lower() == ".json" else cls.from_csv(text)

    def to_file(self, path: Path) -> None:
        """As `from_file` reads it; the old file stays until the new one is whole."""
        text = self.to_json() if path.suffix.lower() == ".json" else self.to_csv()
        partial = path.with_name(path.name + ".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Every place where an entry applies; overlaps are left to the arbitration."""
        if not self.entries:
            return
        index = self._indexed()
        folded = view.text.translate(_FOLD)
        for position, char in enumerate(folded):
            for entry, order in index.get(char, ()):
                text = folded if entry.case == "any" else view.text
                surface = entry.surface.translate(_FOLD) if entry.case == "any" else entry.surface
                if text.startswith(surface, position) and _fits(view.text, position, position + len(surface), entry):
                    yield _candidate(entry, order, position, position + len(surface), len(self.entries))

    def _indexed(self) -> dict[str, list[tuple[Entry, int]]]:
        if self._index is None:
            self._index = {}
            for order, entry in enumerate(self.entries):
                if entry.enabled:
                    self._index.setdefault(entry.surface[0].translate(_FOLD), []).append((entry, order))
        return self._index


def _identity(entry: Entry) -> tuple[str, str, str, str, str]:
    return entry.surface, entry.case, entry.left, entry.right, entry.scope


def _candidate(entry: Entry, order: int, start: int, end: int, count: int) -> Candidate:
    rank = (2.0 if entry.scope == "document" else 0.0) + entry.priority / 1e6 + order / (count * 1e7)
    return Candidate(
        start, end, entry.reading, "dictionary", f"dictionary.{entry.scope}", 1.0, tier=USER + rank,
        origin="dictionary", evidence=(f"entry:{entry.surface}",),
    )  # fmt: skip


def _fits(text: str, start: int, end: int, entry: Entry) -> bool:
    if entry.left and not text[max(0, start - MAX_LENGTH * 2) : start].rstrip().endswith(entry.left):
        return False
    if entry.right and not text[end : end + MAX_LENGTH * 2].lstrip().startswith(entry.right):
        return False
    if entry.match == "any":
        return True
    if start and _joined(text[start - 1], text[start]):
        return False
    if entry.match == "prefix" or end >= len(text) or not _joined(text[end - 1], text[end]):
        return True
    return entry.match == "word" and PARTICLE_TAIL.match(text, end) is not None


def _joined(left: str, right: str) -> bool:
    """Whether a word goes on from one character to the next: Hangul to Latin does not count, Hangul to Hangul does."""
    if not _WORD_CHAR.match(left) or not _WORD_CHAR.match(right):
        return False
    return left.isascii() == right.isascii()
