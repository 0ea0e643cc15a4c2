"""Roman numerals: Ⅱ anywhere, ASCII ones only in a frame (제IV부, II단계).

Source: 표준국어대사전, 로마 숫자. Rule: said as the number they stand for, Sino. ASCII letters without a frame are
letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ..candidate import Candidate
from ..number import sino
from ..policy import Policy
from ..view import View

_CHARACTERS = re.compile("[\u2160-\u217b]+")
_FRAMED = re.compile(
    r"(?:(?<=제)|(?<![A-Za-z0-9가-힣]))(?P<n>(?:X{0,3})(?:IX|IV|V?I{0,3}))(?=\s?(?:장|부|편|단계|세|권"
    r"|절|급|형|기|차|조|호|과|항)(?![가-힣]{3}))"
)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def value(letters: str) -> int:
    """'XIV' -> 14; the letters are Roman ones."""
    total = 0
    for index, letter in enumerate(letters):
        number = _VALUES[letter]
        total += -number if any(_VALUES[later] > number for later in letters[index + 1 : index + 2]) else number
    return total


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    if not view.text.isascii():
        for match in _CHARACTERS.finditer(view.text):
            letters = "".join(unicodedata.normalize("NFKC", char) for char in match[0]).upper()
            if set(letters) <= set(_VALUES):
                yield Candidate(*match.span(), sino(str(value(letters))), "roman", "roman.character", 0.9)
    for match in _FRAMED.finditer(view.text):
        if match["n"]:
            framed = view.text[match.start() - 1 : match.start()] == "제" or len(match["n"]) > 1
            confidence = 0.9 if framed else 0.6
            if framed or match["n"] in "IVX":
                yield Candidate(*match.span(), sino(str(value(match["n"]))), "roman", "roman.framed", confidence)
