"""Units of measure by symbol: 5 kg, 60 km/h, -18℃, 30%, 0.25%p.

Rule: units.tsv's longest symbol; compound units are said as Koreans say speeds and rates (시속 60 킬로미터), with {}
as the number's place; a negative temperature is 영하 (기상청's usage), other negatives 마이너스. Source: 한글 맞춤법
43항 (단위 명사), 외래어 표기법 for the names of units, 국가표준기본법's units; 문장 부호 '빗금' for N per M.
"""

from __future__ import annotations

import re
from functools import cache

from ..policy import Policy
from ..tables import Unit, letter_digit, units
from .counter import Spoken, variants
from .english import letter_names
from .numeral import Numeral

_TEMPERATURE = ("℃", "°C", "℉", "°F", "도", "°", "ºC", "˚C")


@cache
def _first_characters() -> frozenset[str]:
    return frozenset(symbol[0] for symbol in units())


@cache
def _sizes() -> tuple[int, ...]:
    return tuple(sorted({len(symbol) for symbol in units()}, reverse=True))


def longest(text: str, number_start: int, at: int) -> Unit | None:
    """The longest unit symbol at `at`; a Latin one must end where its word ends, and 3D or 5G is a name, no measure."""
    if text[at : at + 1] not in _first_characters():
        return None
    table = units()
    for size in _sizes():
        unit = table.get(text[at : at + size])
        if unit is None or len(unit.symbol) != size:
            continue
        end = at + size
        if unit.symbol[-1].isascii() and unit.symbol[-1].isalnum() and re.match(r"[A-Za-z0-9]", text[end : end + 1]):
            continue
        return None if text[number_start:end] in letter_digit() else unit
    return None


_COOKING = re.compile(
    "가루|간장|설탕|소금|식초|참기름|들기름|식용유|고추장|된장|쌈장|물엿|올리고당|맛술|미림|청주|액젓|버터|마늘|생강|후추|깨|육수|우유|밀가루"
    "|소스|양념|레시피|반죽|물"
)
_SPOONS = {
    "T": ("큰술", "테이블스푼"),
    "Ts": ("큰술", "테이블스푼"),
    "t": ("작은술", "티스푼"),
    "ts": ("작은술", "티스푼"),
    "C": ("컵", "컵"),
}


def spoon(text: str, start: int, at: int) -> tuple[str, str] | None:
    """고춧가루 2T, 소금 1t, 물 1C: the word and its other name, when something to cook stands before the number."""
    match = re.compile(r"(?:Ts|ts|[TtC])(?![A-Za-z0-9])").match(text, at)
    if match is None:
        return None
    cue = _COOKING.search(text[max(0, start - 20) : start])
    tons = match[0] == "t" and cue is not None and cue[0] in ("물", "우유", "밀가루", "육수")
    return _SPOONS[match[0]] if cue and not tons else None


def is_temperature(symbol: str) -> bool:
    return symbol in _TEMPERATURE


def fill(template: str, number: str) -> str:
    return template.replace("{}", number) if "{}" in template else f"{number} {template}"


_RATE = re.compile(r"(?P<per>[가-힣]+당|시속|초속|분속) \{\} (?P<unit>[가-힣 ]+)")
_PER = {"시속": "아워", "초속": "세컨드", "분속": "미닛", "시간당": "아워", "초당": "세컨드", "분당": "미닛"}
_SPEED = re.compile(r"(?:시속|초속|분속|시간당|초당|분당)\s?약?\s?$")


def without_repeated_prefix(reading: str, before: str) -> str:
    """시속 60km/h says 시속 once."""
    said = _SPEED.search(before)
    first, _, rest = reading.partition(" ")
    return rest if said and first in ("시속", "초속", "분속", "시간당", "초당", "분당") else reading


def spoken(number: Numeral, sign: str, unit: Unit, policy: Policy, before: str = "") -> Spoken:
    value = signed(sign, number.sino(policy), is_temperature(unit.symbol))
    alternatives = []
    if unit.other:
        alternatives.append((fill(unit.other, value), "measure.other_name"))
    if sign and is_temperature(unit.symbol):
        alternatives.append((fill(unit.reading, signed(sign, number.sino(policy), False)), "measure.minus"))
    if is_temperature(unit.symbol):
        alternatives.append((fill("섭씨 {} 도", value), "measure.celsius"))
    alternatives += [(fill(unit.reading, variant), rule) for variant, rule in variants(number.sino(policy)) if not sign]
    rate = _RATE.fullmatch(unit.reading)
    if rate:
        alternatives.append(
            (f"{value} {rate['unit']} 퍼 {_PER.get(rate['per'], rate['per'].removesuffix('당'))}", "measure.per")
        )
    if unit.symbol.isascii() and unit.symbol.isalpha():
        alternatives.append((f"{value} {letter_names(unit.symbol)}", "measure.letters"))
    if sign and is_temperature(unit.symbol):
        alternatives.append((fill("영하 섭씨 {} 도", number.sino(policy)), "measure.celsius"))
    return Spoken(
        without_repeated_prefix(fill(unit.reading, value), before),
        f"measure.{unit.kind or 'unit'}",
        0.95,
        tuple(alternatives),
        (f"unit:{unit.symbol}",),
    )


def spoken_range(first: str, second: str, unit: Unit) -> Spoken:
    """Both values already in words; the unit once, as it is said."""
    once, twice = (
        fill(unit.reading, f"{first}에서 {second}"),
        f"{fill(unit.reading, first)}에서 {fill(unit.reading, second)}",
    )
    alternatives = [(twice, "range.twice"), (once, "range.once")]
    if unit.other:
        alternatives += [(fill(unit.other, f"{first}에서 {second}"), "range.once")]
        alternatives += [(f"{fill(unit.other, first)}에서 {fill(unit.other, second)}", "range.twice")]
    return Spoken(once, "range.measure", 0.85, tuple(alternatives), (f"unit:{unit.symbol}",))


def signed(sign: str, words: str, temperature: bool) -> str:
    if sign in ("-", "−", "–"):
        return f"영하 {words}" if temperature else f"마이너스 {words}"
    if sign == "+":
        return f"영상 {words}" if temperature else f"플러스 {words}"
    if sign == "±":
        return f"플러스마이너스 {words}"
    return words
