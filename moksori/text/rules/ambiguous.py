"""Nouns that take both systems: 번 시 대 호 층 회 차 점 장 권 편 부 조 분 판 단 동 등 쪽 통 과 세트 ...

Rule: cues.tsv lists cues for each noun, first hit wins; a cue looks at the words before the number or at what follows
the noun; before all, the number's size may decide. When no cue does, the noun's default does, with low confidence,
and the other reading is always offered. Grounds: the label/count distinction (3번 출구 삼 번, 3번 갔다 세 번) of
국립국어원's answers on 수 관형사, and 정영임 외 2002 on classifiers in newspapers. Cues know no grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ..tables import cues

NATIVE, SINO = "native", "sino"


@dataclass(frozen=True, slots=True)
class Choice:
    """system is 'native' or 'sino'; rule names the cue."""

    system: str
    rule: str
    confidence: float
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """left  the sentence before the number.  right  after the noun.  value  None if it is no small whole."""

    left: str
    right: str
    value: int | None


_NAMES = {
    "번": "beon",
    "시": "si",
    "대": "dae",
    "호": "ho",
    "층": "cheung",
    "회": "hoe",
    "차": "cha",
    "점": "jeom",
    "장": "jang",
    "권": "gwon",
    "편": "pyeon",
    "부": "bu",
    "조": "jo",
    "분": "bun",
    "판": "pan",
    "단": "dan",
    "동": "dong",
    "등": "deung",
    "쪽": "jjok",
    "통": "tong",
    "과": "gwa",
    "세트": "set",
    "문제": "munje",
    "타": "ta",
    "줄": "jul",
    "칸": "kan",
    "창구": "changgu",
    "테이블": "table",
    "코스": "course",
    "방": "bang",
    "구역": "guyeok",
    "팀": "team",
    "집": "jip",
    "자": "ja",
    "종": "jong",
    "중": "jung",
    "건": "geon",
    "매": "mae",
    "정": "jeong",
    "발": "bal",
}


def name(noun: str) -> str:
    """The noun's part of a rule id: counter.beon.label_noun."""
    return _NAMES.get(noun, "noun")


@dataclass(frozen=True, slots=True)
class _Cue:
    system: str
    rule: str
    left: bool
    pattern: re.Pattern[str]
    confidence: float


@cache
def _cues(noun: str) -> tuple[_Cue, ...]:
    """The noun's cues in order, compiled on first use."""
    return tuple(
        _Cue(row.system, row.rule, row.side == "앞", re.compile(row.pattern), row.confidence)
        for row in cues().get(noun, ())
        if row.side != "기본"
    )


@cache
def _default(noun: str) -> tuple[str, float]:
    found = [row for row in cues().get(noun, ()) if row.side == "기본"]
    return (found[0].system, found[0].confidence) if found else (NATIVE, 0.6)


_CARRIED = re.compile(
    r"(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉|열)\s(?P<noun>[가-힣]{1,3}?)(?:[,과와]\s?|\s)(?:[가-힣]{1,6}\s)?$"
)


_AMONG = re.compile(r"[0-9]\s?(?P<noun>[가-힣]{1,3}?)\s?(?:중|가운데)(?:에서|에)?\s?$")  # 3점 중 1점
_PLACES = frozenset(
    {"시", "호", "층", "회", "차", "등", "조", "단", "동"}
)  # their numbers are names, even among others


def decide(noun: str, place: Place) -> Choice:
    """Which system `noun`'s number takes here."""
    if place.left.endswith("제"):
        return Choice(SINO, "ordinal", 0.97, ("left:제",))
    sized = _by_size(noun, place)
    if sized:
        return sized
    for cue in _cues(noun):
        match = cue.pattern.search(place.left) if cue.left else cue.pattern.match(place.right)
        if match:
            shown = match[0].strip()[:12] or cue.rule
            return Choice(cue.system, cue.rule, cue.confidence, (f"{'left' if cue.left else 'right'}:{shown}",))
    among = _AMONG.search(place.left)
    if among and among["noun"] == noun and noun not in _PLACES:
        return Choice(NATIVE, "among", 0.85, (f"left:{among[0].strip()}",))
    carried = _CARRIED.search(place.left)
    if carried and carried["noun"] == noun:
        return Choice(NATIVE, "same_count", 0.8, (f"left:{carried[0].strip()}",))
    system, confidence = _default(noun)
    return Choice(system, "default", confidence)


def _by_size(noun: str, place: Place) -> Choice | None:
    """What the number alone says: clock hours, hundreds, decades."""
    value = place.value
    if value is None:
        return Choice(SINO, "size", 0.95)
    if noun == "시" and _COUNTIES.match(place.right):  # 8시 10군
        return Choice(SINO, "cities", 0.85, ("right:군",))
    if noun == "시":
        native = 1 <= value <= 12
        return Choice(NATIVE if native else SINO, "clock", 0.95 if value <= 24 else 0.7)
    if noun == "번" and value >= 100:
        return Choice(SINO, "size", 0.9)
    if noun == "대" and value in _DECADES and not _hit("machine", place.left):
        count = _hit("handled", place.right) or _hit("of", place.right)
        if not count or (value >= 30 and re.match("[은는도 ]", place.right)):
            return Choice(SINO, "decade", 0.75)
    return None


_COUNTIES = re.compile(r"[·, ]{0,2}[0-9]+\s?군(?!데)")
_DECADES = frozenset(range(10, 100, 10))


def _hit(rule: str, text: str) -> bool:
    """Whether 대's cue of that name sees what it looks for."""
    return any(cue.rule == rule and cue.pattern.search(text) for cue in _cues("대"))
