"""Fractions: 2/3, 3분의 2, 1 1/2, ½.

Rule: the denominator first, both Sino: 삼분의 이; a whole number before it is joined by 과/와 (일과 이분의 일).
Source: 표준국어대사전, '분' (分: 전체를 몇에 나눈 것의 부분) and 한글 맞춤법 부록, 문장 부호 '빗금'. Dates written
the same way are `date`'s; each offers the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import SHAPE, Candidate
from ..hangul import particle
from ..number import sino
from ..policy import Policy
from ..view import View
from . import measure
from .date import day, month

_SLASH = re.compile(
    r"(?<![0-9.,/A-Za-z-])(?:(?P<whole>[0-9]{1,3})[ ](?=[0-9]/))?"
    r"(?P<top>[0-9]{1,4})\s?[/⁄]\s?(?P<bottom>[0-9]{1,4})(?![0-9/]"
    r"|[.,][0-9])"
)
_BUN_UI = re.compile(
    r"(?<![0-9.,])(?P<bottom>[0-9]{1,6}(?:만|천|백|억)?)\s?분의\s?(?P<top>[0-9]{1,6}(?:\.[0-9]+)?)(?![0-9])"
)
_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5),
    "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
    "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip
_BEAT = re.compile(r"\s?(?:박자|배|로 |인치)")
_ONE = re.compile(rf"(?:(?<![0-9.,])(?P<whole>[0-9]{{1,3}})\s?)?(?P<part>[{''.join(_VULGAR)}])")


def said(top: str, bottom: str, whole: str = "") -> str:
    words = f"{sino(bottom)}분의 {sino(top)}"
    if not whole:
        return words
    number = sino(whole)
    return f"{number}{particle(number, 'with')} {words}"


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    for match in _BUN_UI.finditer(text):
        from .numeral import say

        words = f"{say(match['bottom'], policy)}분의 {say(match['top'], policy)}"
        yield Candidate(*match.span(), words, "fraction", "fraction.bunui", 0.97, tier=SHAPE)
    for match in _SLASH.finditer(text) if "/" in text or "⁄" in text else ():
        yield from _slash(text, match)
    if "Hg" in text:
        yield from _pressures(text)
    if text.isascii():
        return
    for match in _ONE.finditer(text):
        top, bottom = _VULGAR[match["part"]]
        words = said(str(top), str(bottom), match["whole"] or "")
        yield Candidate(*match.span(), words, "fraction", "fraction.character", 0.97, tier=SHAPE)


_PRESSURE = re.compile(r"(?<![0-9./])(?P<a>[0-9]{2,3})\s?/\s?(?P<b>[0-9]{2,3})\s?(?:㎜Hg|mmHg|mmhg)")


def _pressures(text: str) -> Iterator[Candidate]:
    """120/80mmHg."""
    for match in _PRESSURE.finditer(text):
        a, b = sino(match["a"]), sino(match["b"])
        unit = "밀리미터에이치지"
        others = [(f"{a}에 {b} {unit}", "measure.pressure")]
        others += [
            (f"{a} {b} {name}", "measure.pressure") for name in ("밀리미터 수은주", "수은주밀리미터", "밀리미터머큐리")
        ]
        others += [(f"{a} 슬래시 {b} {unit}", "measure.pressure"), (f"{a} {unit}에 {b} {unit}", "measure.pressure")]
        yield Candidate(*match.span(), f"{a} {b} {unit}", "measure", "measure.pressure", 0.8, tuple(others), SHAPE)


def _slash(text: str, match: re.Match[str]) -> Iterator[Candidate]:
    top, bottom = match["top"], match["bottom"]
    first, second = int(top), int(bottom)
    if not second or (top[0] == "0" and len(top) > 1):
        return
    others = [
        (f"{sino(top)} {sino(bottom)}", "number.pair"),
        (said(top, bottom), "fraction.slash"),
        (f"{sino(top)} 슬래시 {sino(bottom)}", "symbol.slash"),
    ]
    if 1 <= first <= 12 and 1 <= second <= 31 and not match["whole"]:
        others.insert(0, (f"{month(first)} {day(second)}", "date.month_day"))
    reading = said(top, bottom, match["whole"] or "")
    if first > second and not match["whole"] and not _BEAT.match(text, match.end()):
        others[0] = (reading, "fraction.slash")
        yield Candidate(*match.span(), f"{sino(top)} {sino(bottom)}", "number", "number.pair", 0.5, tuple(others))
        return
    spoons = measure.spoon(text, match.start(), match.end())
    if spoons:
        ways = [(f"{reading} {name}", "measure.spoon") for name in spoons]
        yield Candidate(
            match.start(), match.end() + 1, ways[0][0], "measure", "measure.spoon", 0.8, tuple(ways[1:]), SHAPE
        )
        return
    quarter = second == 4 and re.match(r"\s?분기", text[match.end() : match.end() + 3])
    if quarter:
        others.append((reading, "fraction.slash"))
        reading = f"{sino(top)}{sino(bottom)}"
    confidence = 0.8 if first < second <= 10 or match["whole"] else 0.6
    yield Candidate(*match.span(), reading, "fraction", "fraction.slash", confidence, tuple(others), SHAPE)
