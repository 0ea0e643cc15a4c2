"""Addresses and buses: 종로3가, 사직로8길 39, 123-45번지, 03번 버스, N26번.

Rule: Sino throughout; a dash in a lot number is 다시 (or 의); a leading zero is 공. Rooms and buildings (105동 302호)
are counting nouns. Source: 한글 맞춤법 43항 (순서를 나타내는 단위 명사: 육층, 제일과) and 도로명주소법's form of an
address (도로명 + 건물 번호, the dash before the 부번).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import SHAPE, Candidate
from ..number import sino, spell
from ..policy import Policy
from ..view import View
from .english import letter_names

_GA = re.compile(
    r"(?<=[가-힣])(?P<space>\s?)(?P<n>[1-9])\s?가(?![가-힣]*(?:지|량|구|닥|마))(?=[^가-힣]|[은는이에로동의]|역|$)"
)
_GA_LEFT = re.compile(
    r"(?:종로|을지로|충무로|명륜동?|퇴계로|신문로|회현동|남대문로|태평로|한강로|금남로|충장로|중앙동"
    r"|영등포동|당산동|성수동|청파동|용산동|보문동|동소문동|삼선동|안암동|문래동|양평동|경원동|대평동"
    r"|[가-힣]{1,4}[로동])\s?$"
)
_GIL = re.compile(r"(?<=[가-힣])(?P<n>[0-9]{1,4})(?P<gap>번)?(?P<noun>[가-힣]?길)(?=[\s,.)0-9]|에|은|로|$)")
_LOT = re.compile(r"(?<![0-9.,/-])(?P<a>[0-9]{1,4})[-–](?P<b>[0-9]{1,4})(?P<noun>\s?(?:번지|번길|번|호))?(?![0-9-])")
_DOOR = re.compile(
    r"(?<![0-9.,/-])(?P<a>[0-9]{1,2})-(?P<b>[0-9]{1,2})(?=(?:번)?\s?(?:승강장|출입문|탑승구|게이트|승차|하차|정류장|구역|반(?![가-힣]{2})))"
)
_ROAD_LEFT = re.compile(r"(?:[가-힣]{1,8}(?:(?<!으)로|길|동|리|가|읍|면)|산)\s?$")
_BUS = re.compile(r"(?<![0-9A-Za-z.-])(?P<letter>[A-Z])?(?P<n>[0-9]{1,4})(?P<branch>-[0-9])?(?P<gap>\s?)번")
_BUS_CUE = re.compile(r"(?:\s?(?:마을|시내|광역|심야|좌석|간선|지선|급행|시외|순환|직행|공항|리무진)?\s?버스)")
_LETTER_ROOM = re.compile(r"(?<![0-9A-Za-z])(?P<letter>[A-Z])-?(?P<n>[0-9]{3,4})(?P<noun>\s?호)")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    for match in _GA.finditer(text):
        if _GA_LEFT.search(view.before(match.start())):
            yield Candidate(
                match.start("n"), match.end(), f"{sino(match['n'])}가", "address", "address.ga", 0.9, repair=False
            )
    for match in _GIL.finditer(text):
        words = f"{sino(match['n'])}{match['gap'] or ''}{match['noun']}"
        yield Candidate(
            *match.span(),
            words,
            "address",
            "address.gil",
            0.9,
            ((spell(match["n"], zero="공") + words[len(sino(match["n"])) :], "number.digits"),),
        )
    for match in _LOT.finditer(text):
        yield from _lot(view, match)
    for match in _DOOR.finditer(text):
        a, b = sino(match["a"]), sino(match["b"])
        doors = tuple((f"{a}{joint}{b}", "address.dash") for joint in ("에 ", "의 ", " ", " 대시 ", "에서 "))
        yield Candidate(*match.span(), f"{a} 다시 {b}", "address", "address.door", 0.75, doors, SHAPE * 1.5)
    for match in _BUS.finditer(text):
        yield from _bus(view, match)
    for match in _LETTER_ROOM.finditer(text):
        letter = letter_names(match["letter"])
        value, digits = sino(match["n"]), spell(match["n"], zero="공")
        others = [
            (f"{letter} {digits}호", "address.room.digits"),
            (f"지하 {value}호", "address.room.basement"),
            (f"지하 {digits}호", "address.room.basement"),
        ]
        yield Candidate(*match.span(), f"{letter} {value}호", "address", "address.room", 0.7, tuple(others))


def _lot(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    noun = (match["noun"] or "").strip()
    road = _ROAD_LEFT.search(view.before(match.start()))
    if not noun and not road:
        return
    if noun == "호" and not road:
        return
    a, b = sino(match["a"]), sino(match["b"])
    joints = (" 다시 ", "의 ", "에 ", " ")
    readings = [f"{a}{joint}{b}{noun}" for joint in joints]
    digits = f"{spell(match['a'], zero='공')} {spell(match['b'], zero='공')}{noun}"
    alternatives = [
        *((reading, "address.dash") for reading in readings[1:]),
        (digits, "identifier.digits"),
        (f"{a}에서 {b}{noun}", "range.bare"),
    ]
    yield Candidate(*match.span(), readings[0], "address", "address.dash", 0.85, tuple(alternatives), SHAPE)


def _bus(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    """A letter, a leading zero or the word 버스 make it a line number."""
    number, letter = match["n"], match["letter"]
    cued = _BUS_CUE.match(view.text, match.end()) or re.search(r"버스\s?$", view.before(match.start()))
    zero = number[0] == "0" and len(number) > 1
    if not (letter or zero or (cued and len(number) >= 4)):
        return
    name = f"{letter_names(letter)} " if letter else ""
    branch = f" 다시 {sino(match['branch'][1:])}" if match["branch"] else ""
    value, digits = sino(number), spell(number, zero="공")
    main, other = (digits, value) if zero else (value, digits)
    yield Candidate(
        *match.span(), f"{name}{main}{branch} 번", "address", "address.bus", 0.8,
        ((f"{name}{other}{branch} 번", "address.bus"),), SHAPE,
    )  # fmt: skip
