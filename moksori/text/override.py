"""A reader's own choice for one place or one document: a reading, or a way to read ('native', 'digits', ...).

Anchored by the source span and what is written there, so that a choice does not survive a change of the text
unnoticed: one that no longer fits is left out and named in a note. Permanent choices are dictionary entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from moksori.errors import InvalidInput

from .candidate import LOCKED, Candidate
from .number import attributive_for, sino, spell
from .policy import Policy
from .reading import Note, Span
from .rules.english import letter_names
from .view import View

ReadAs = Literal["native", "sino", "digits", "letters", "as_written", "custom"]
_KINDS = get_args(ReadAs)
_DIGITS = re.compile(r"[0-9][0-9,]*")
_NATIVE = re.compile(r"([0-9][0-9,]*)(\s*)([가-힣]*)")


@dataclass(frozen=True, slots=True)
class Override:
    """src and written  where, in code points of the source, and what stands there.

    read_as  one of native, sino, digits, letters, as_written, custom; custom needs `reading`.
    scope    'occurrence', or 'document' for every place where the same is written.
    """

    src: Span
    written: str
    read_as: str = "custom"
    reading: str | None = None
    scope: Literal["occurrence", "document"] = "occurrence"

    def __post_init__(self) -> None:
        if self.read_as not in _KINDS:
            raise InvalidInput(
                f"read_as={self.read_as!r} is not possible.", hint=f"One of: {', '.join(_KINDS)}.", field="read_as"
            )
        if (self.reading is None) == (self.read_as == "custom"):
            raise InvalidInput("read_as custom needs a reading, and only custom has one.", field="reading")
        if self.scope not in ("occurrence", "document"):
            raise InvalidInput(f"scope={self.scope!r} is not possible.", hint="occurrence or document.", field="scope")
        if not self.written:
            raise InvalidInput("An override needs the written text it replaces.", field="written")

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Override:
        """Strict, from JSON: {'src': [3, 5], 'written': '3번', 'read_as': 'native'}."""
        known = ("src", "written", "read_as", "reading", "scope")
        for key in values:
            if key not in known:
                raise InvalidInput(
                    f"Unknown override field {key!r}.", hint=f"Known: {', '.join(known)}.", field=str(key)
                )
        src, written = values.get("src", (0, 0)), values.get("written")
        if not isinstance(src, list | tuple) or len(src) != 2 or not all(type(i) is int for i in src):
            raise InvalidInput("src must be two integers.", field="src")
        reading = values.get("reading")
        read_as = values.get("read_as", "custom")
        scope = values.get("scope", "occurrence")
        if not isinstance(written, str) or not isinstance(read_as, str) or not isinstance(scope, str):
            raise InvalidInput("written, read_as and scope must be text.", field="written")
        if reading is not None and not isinstance(reading, str):
            raise InvalidInput("reading must be text.", field="reading")
        return cls((src[0], src[1]), written, read_as, reading, scope)  # type: ignore[arg-type]  # scope is checked


def candidates(view: View, overrides: Iterable[Override], policy: Policy, notes: list[Note]) -> Iterator[Candidate]:
    """One candidate for each place an override fits; the others are noted."""
    for override in overrides:
        places = [override.src] if override.scope == "occurrence" else _everywhere(view.source, override.written)
        for src in places:
            if view.source[slice(*src)] != override.written or not 0 <= src[0] < src[1]:
                notes.append(
                    Note("override.stale", f"{override.written!r} is not at {src[0]}; that reading was left out.", src)
                )
                continue
            start, end = view.back(src[0]), view.back(src[1])
            reading = (
                override.reading
                if override.reading is not None
                else read_as(override.written, override.read_as, policy)
            )
            yield Candidate(
                start, end, reading, "override", f"override.{override.read_as}", 1.0, tier=LOCKED, origin="override",
                alternatives=tuple((read_as(override.written, kind, policy), kind) for kind in _KINDS[:5]),
            )  # fmt: skip


def _everywhere(source: str, written: str) -> list[Span]:
    return [(match.start(), match.end()) for match in re.finditer(re.escape(written), source)]


def read_as(written: str, kind: str, policy: Policy) -> str:
    """`written` with its numbers (or letters) read in one way."""
    if kind == "sino":
        return _DIGITS.sub(lambda m: sino(m[0].replace(",", ""), full_man=policy.man == "full"), written)
    if kind == "digits":
        return _DIGITS.sub(lambda m: spell(m[0].replace(",", ""), zero="공"), written)
    if kind == "native":
        return _NATIVE.sub(_native, written)
    if kind == "letters":
        return letter_names(written)
    return written


def _native(match: re.Match[str]) -> str:
    digits = match[1].replace(",", "")
    value = int(digits) if len(digits) < 3 else 0
    if not 1 <= value <= 99:
        return sino(digits) + match[2] + match[3]
    return attributive_for(value, match[3]) + (match[2] or (" " if match[3] else "")) + match[3]
