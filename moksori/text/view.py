"""The text as the rules see it, and the way back to the text as it was written.

The view is the source with decomposed Hangul composed (files named on macOS), full-width forms narrowed and
markup masked, so that no rule needs to know of these. `at` maps view positions to source positions; positions
are equal in almost every text, and then `at` costs nothing. It reads nothing aloud.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

MASK = "\ue0ff"  # a private-use character: no rule matches it, no word contains it
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20,
    0xFFE6: 0x20A9,
    0xFFE1: 0xA3,
    0xFFE5: 0xA5,
}
_KEEP_WIDE = {ord(c) for c in "！，．：；？（）［］｛｝＂＇～"}
_SUBSCRIPTS = {0x2080 + digit: 0x30 + digit for digit in range(10)}
_HYPHENS = {0x2010: 0x2D, 0x2011: 0x2D}
_NARROW = _HYPHENS | _SUBSCRIPTS | {wide: narrow for wide, narrow in _WIDE.items() if wide not in _KEEP_WIDE}
_CONJOINING = re.compile("[\u1100-\u115e\u1161-\u11ff\u302e\u302f]+")
_SENTENCE_END = re.compile(r"[.!?…。\n](?=\s|$)|\n")
_WORD = re.compile(r"\s*([^\s.,!?…~()\[\]\"'“”‘’/:;·]+)")


@dataclass(slots=True)
class View:
    """text  what rules match on.   source  as written.   shifts  None, or the source position of each view position."""

    source: str
    text: str
    shifts: list[int] | None = None

    @classmethod
    def of(cls, source: str, masked: Iterable[tuple[int, int]] = ()) -> View:
        pieces: list[str] = []
        at = 0
        for start, end in sorted(masked):
            pieces += [source[at:start], MASK * (end - start)]
            at = end
        text = "".join([*pieces, source[at:]])
        if not text.isascii():
            text = text.translate(_NARROW)
        if _CONJOINING.search(text):
            return cls(source, *_composed(text))
        return cls(source, text)

    def at(self, position: int) -> int:
        """The source position of a view position."""
        return position if self.shifts is None else self.shifts[position]

    def back(self, position: int) -> int:
        """The view position of a source position."""
        return position if self.shifts is None else bisect_left(self.shifts, position)

    def before(self, position: int, width: int = 24) -> str:
        """Up to `width` characters to the left, within the sentence."""
        text = self.text[max(0, position - width) : position]
        cut = 0
        for match in _SENTENCE_END.finditer(text):
            if match.end() < len(text):
                cut = match.end()
        return text[cut:]

    def after(self, position: int, width: int = 24) -> str:
        """Up to `width` characters to the right, within the sentence."""
        text = self.text[position : position + width]
        match = _SENTENCE_END.search(text)
        return text[: match.start()] if match else text

    def next_word(self, position: int) -> str:
        """The next run of word characters after `position`, across spaces; '' at punctuation."""
        match = _WORD.match(self.text, position, position + 40)
        return match[1] if match else ""

    def previous_word(self, position: int) -> str:
        words = self.text[max(0, position - 24) : position].split()
        return words[-1].strip("\"'“”‘’()[],") if words else ""


def _composed(text: str) -> tuple[str, list[int]]:
    """NFC of the conjoining jamo only: NFC of everything would move characters nobody asked about."""
    pieces: list[str] = []
    shifts: list[int] = []
    at = 0
    for match in _CONJOINING.finditer(text):
        pieces.append(text[at : match.start()])
        shifts.extend(range(at, match.start()))
        position = match.start()
        for char in unicodedata.normalize("NFC", match[0]):
            pieces.append(char)
            shifts.append(position)
            position += len(unicodedata.normalize("NFD", char))
        at = match.end()
    pieces.append(text[at:])
    shifts.extend(range(at, len(text) + 1))
    return "".join(pieces), shifts
