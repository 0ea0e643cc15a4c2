"""Numbers before counting nouns: 세 개, 삼 층, 스무 살, 서 말, 석 달, 유월.

Rules: counters.tsv has each noun's system and highest native number; 20 is 스무, 서/너 before 돈·말·발·푼, 석/넉
before 냥·되·섬·자 (표준어 규정 17항); 유월 and 시월 (표준어, 속음: 한글 맞춤법 52항); numbers above 99 and fractions
are Sino. The other system is always offered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..number import ENGLISH, attributive, attributive_for, spell
from ..policy import Policy
from ..tables import Counter, counters
from ..view import View
from . import ambiguous
from .numeral import Numeral

_LONGEST = 6
_SEOK = {3: "석", 4: "넉"}
_MONTHS = {6: "유월", 10: "시월"}
_OF_MONTHS = ("월", "월호", "월말", "월초", "월분", "월생")
# A single-syllable noun that goes on like this is another word: 3장면 has its own entry, 2시내 and 5분단 do not.
_OTHER_WORD = re.compile(
    r"시(?:[내청장민]|즌|리즈|스템|도(?!록))|명(?:절|령|단)|개(?:발|선|최|별|념|방|혁|편)|대(?:한민국"
    r"|문|로변|상|비(?!로)|표|책|응|출|체|회)|일(?:반|본|괄|요일|자리)"
    r"|월(?:급|요일|드|세|마트)|초(?:등|콜|과|기|청|점|보)|주(?:문|민|차장|소|식|택|말|요|방|최|목|변"
    r"|행)|회(?:사|원|장|복|담|계)|호(?:텔|흡|환|주|출|수|박)"
    r"|차(?:량|이(?=[가는를의 ])|단|례상|장|표|주)|점(?:검|심|유|수|원|포)|장(?:소|비|애|학|관|기|점"
    r"|치|르|바구니|려)|권(?:리|한|고|력|장)|편(?:집|안|리|입|성|지)"
    r"|부(?:산|장|탁|동산|품|족|모|담|속|과|가세|근|지|여|착|서)|조(?:사|건|직|회|금|용|식|합)|판(?:매"
    r"|단|결|사|정)|단(?:어|체|지|순|속|독|위|가|계|백|호)"
    r"|동(?:시|안|네|물|영|작|아리|료|호회|행|양|쪽|대문|전)|등(?:록|장|산|교|기)|쪽지|통(?:신|장|과|합"
    r"|증|계|행)|과(?:일|장|정|학|목|제|거|도|자)"
    r"|인(?:기|사|천|터|원|증|력|하)|배(?:달|송|우|경|포|치|추|터)|도(?:서|시|착|움|전|입|심|구|민|매)"
    r"|기(?:간|존|준|업|관|본|념|록|술|온|자)"
    r"|세(?:계|금|일|상|탁|차|무|종|관|미|수)|층간|위(?:치|원|험|해|반|기|탁|주)|면(?:접|적|허|세|담)"
    r"|번(?:호|화|역)|급(?:여|식|히|증)|반(?:드|대|납|품|도체|찬|려|복|영)"
    r"|원(?:주|래|장|서|칙|하|룸|료)|자(?:동|리|전거|격|녀|신|연|유|체|료|정|세)|정(?:도|부|말|상|보"
    r"|리|원|문|책|거|류)|중(?:간|국|학|순|앙|심|요|반|고|단)|건(?:물|강|설|조|축)|매(?:일|주|월|년|출"
    r"|우|장|력|체|매)"
    r"|발(?:전|표|생|견|행|송|급|매|명|언|달)|종(?:료|로|합|류|교|목|일)|팀(?:장|원|플)|방(?:법|문|송"
    r"|향|식|학|침)|줄(?:이(?!랑|나 |에요)|었|어|여)|해(?:외|당|결|소|제|서|도|야)|보(?:다|고|통|험|관|호|안|증|건)"
    r"|관(?:련|계|리|광|람|심)|군(?:데|대|인|산)|강(?:남|북|의|원|화|력|사|당|좌)"
    r"|코(?:스|너|어|드|인|치|트|로나|멘트|믹|일|팅)|첩보|접(?:근|수|속|촉|종|점|착|합|견|미)"
    r"|술(?:어|집|자리|병|잔|기|래)|숨(?:은|어|겨|김)|삽(?:입|화)|낱말|뜸(?:하|한|들)|무리(?:하|한|수|해)"
    r"|열(?:차|쇠|심|정|풍|애|매|기)|말(?:까지|에|씀|고)|손(?:님|해|실)|배째|팩(?:스|트)|면제"
)
_LISTED = re.compile(r"제\s?[0-9]{1,3}(?:\s?[,·~∼-]\s?[0-9]{1,3})*\s?[,·~∼-]\s?$")  # 제1·2공장
_APPROXIMATE = {(1, 2): "한두", (2, 3): "두세", (3, 4): "서너", (4, 5): "네다섯", (5, 6): "대여섯", (6, 7): "예닐곱",
                (7, 8): "일고여덟", (8, 9): "여덟아홉"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reading before it has a span."""

    reading: str
    rule: str
    confidence: float
    alternatives: tuple[tuple[str, str], ...] = ()
    evidence: tuple[str, ...] = ()


def longest(text: str, at: int) -> Counter | None:
    """The longest counting noun that begins at `at`."""
    table = counters()
    for size in range(_LONGEST, 0, -1):
        noun = table.get(text[at : at + size])
        if noun and len(noun.noun) == size:
            return None if size == 1 and _OTHER_WORD.match(text, at) else noun
    return None


def join(number: str, noun: str, *, space: bool) -> str:
    return f"{number} {noun}" if space else number + noun


_DAYS = {
    1: "하루",
    2: "이틀",
    3: "사흘",
    4: "나흘",
    5: "닷새",
    6: "엿새",
    7: "이레",
    8: "여드레",
    9: "아흐레",
    10: "열흘",
    15: "보름",
}


def variants(value: str) -> list[tuple[str, str]]:
    """Other ways to say a Sino number: 일만, 일천, 점 공."""
    found = []
    if value.startswith("만"):
        found.append(("일" + value, "number.full_man"))
    if " 천" in value or value.startswith("천"):
        found.append((re.sub(r"(?:(?<=^)|(?<= ))천", "일천", value), "number.full_cheon"))
    if " 점 " in value and "영" in value.split(" 점 ")[1]:
        whole, fraction = value.split(" 점 ")
        found.append((f"{whole} 점 {fraction.replace('영', '공')}", "number.point.gong"))
        if fraction.rstrip("영"):
            found.append((f"{whole} 점 {fraction.rstrip('영')}", "number.point.short"))
    return found


def choice(noun: Counter, value: int | None, left: str, right: str, policy: Policy) -> ambiguous.Choice:
    """The system this number takes before this noun, here."""
    limit = noun.limit or policy.native_limit
    if _LISTED.search(left):
        return ambiguous.Choice("sino", "ordinal", 0.95)
    if left.endswith("제") or value is None or not 1 <= value <= 99:
        return ambiguous.Choice("sino", "ordinal" if left.endswith("제") else "size", 0.95)
    if (noun.noun == "푼" and left.rstrip().endswith("할")) or (
        noun.noun == "개" and right.startswith((" 국어", " 년 "))
    ):
        return ambiguous.Choice("sino", "phrase", 0.85)
    if noun.system == "both":
        chosen = ambiguous.decide(noun.noun, ambiguous.Place(left, right, value))
        if chosen.system == "native" and value > limit and noun.noun != "시":
            return ambiguous.Choice("sino", chosen.rule, 0.8, chosen.evidence)
        return chosen
    if noun.system == "native":
        return ambiguous.Choice("native" if value <= limit else "sino", "count", 0.95 if value <= 20 else 0.8)
    return ambiguous.Choice("sino", "count", 0.95)


def native(value: int, noun: Counter, *, space: bool = True) -> str:
    """세 개, 첫 번째, 석 달."""
    if noun.noun == "번째" and value == 1:
        return join("첫", noun.noun, space=space)
    return join(attributive_for(value, noun.noun), noun.noun, space=space)


def sino(number: Numeral, noun: Counter, policy: Policy, *, space: bool) -> str:
    if noun.noun in _OF_MONTHS and number.value in _MONTHS:
        return _MONTHS[number.value] + noun.noun[1:]
    if number.plain and len(number.written) == 2 and (noun.noun == "학번" or _short_year(number, noun)):
        return join(spell(number.written, zero="공"), noun.noun, space=space)
    return join(number.sino(policy), noun.noun, space=space or not noun.glued)


def _short_year(number: Numeral, noun: Counter) -> bool:
    """04년생: the zero is said, 공사년생; 98년생 is a number."""
    return number.written[0] == "0" and noun.noun in ("년생", "학년도")


def spoken(view: View, number: Numeral, noun: Counter, start: int, end: int, policy: Policy) -> Spoken:
    """How `number` and `noun` are said; the noun's span is start..end, a space before it included in start."""
    chosen = choice(noun, number.value, view.before(number.start), view.after(end), policy)
    gap = view.text[number.end : start] == " "
    as_sino = sino(number, noun, policy, space=gap)
    value = number.sino(policy)
    alternatives = []
    if number.value and 1 <= number.value <= 99:
        own = native(number.value, noun)
        alternatives.append((own, "counter.native"))
        alternatives.append((join(attributive(number.value), noun.noun, space=True), "counter.native.plain"))
        if noun.noun == "일" and number.value in _DAYS:
            alternatives.append((_DAYS[number.value], "counter.days"))
        if noun.noun == "달" and number.value in _SEOK:
            alternatives.append((f"{_SEOK[number.value]} 달", "counter.native.seok"))
        if noun.noun == "번째":
            alternatives.append((join(attributive_for(number.value, ""), "번째", space=True), "counter.native"))
    else:
        own = as_sino
    reading = own if chosen.system == "native" else as_sino
    if noun.system == "english" and number.value and number.value < len(ENGLISH):
        alternatives.append((own, "counter.native"))
        reading = f"{ENGLISH[number.value]} {noun.noun}"
    alternatives.append((as_sino, "counter.sino"))
    alternatives += [
        (variant + as_sino[len(value) :], rule) for variant, rule in variants(value) if as_sino.startswith(value)
    ]
    digits = number.digits() if number.plain else ""
    if (digits and len(digits) > 1) or digits == "공":
        alternatives.append((join(digits, noun.noun, space=gap), "counter.digits"))
    rule = f"counter.{ambiguous.name(noun.noun) if noun.system == 'both' else chosen.system}.{chosen.rule}"
    return Spoken(reading, rule, chosen.confidence, tuple(alternatives), (*chosen.evidence, f"noun:{noun.noun}"))


def _hour(number: Numeral, noun: Counter, left: str, right: str, policy: Policy) -> str:
    """Each end of a range of hours chooses for itself: 아홉 시에서 십팔 시."""
    if number.value and choice(noun, number.value, left, right, policy).system == "native":
        return native(number.value, noun)
    return sino(number, noun, policy, space=True)


def spoken_range(view: View, first: Numeral, second: Numeral, noun: Counter, end: int, policy: Policy) -> Spoken:
    """두 명에서 세 명, 삼월에서 오월, 이에서 삼 일; 두세 명 by policy."""
    left, right = view.before(first.start), view.after(end)
    chosen = choice(noun, second.value, left, right, policy)
    calendar = noun.noun in ("월", "시") or (noun.noun == "일" and re.search(r"월\s?$", left) is not None)
    glued = not calendar and not noun.glued
    one, two = sino(first, noun, policy, space=glued), sino(second, noun, policy, space=glued)
    once = f"{first.sino(policy)}에서 {two}"
    twice = f"{one}에서 {two}"
    reading = twice if calendar else once
    alternatives = [(twice, "range.twice"), (once, "range.once"), (f"{one}부터 {two}", "range.from")]
    if noun.noun == "시":
        ends = [_hour(number, noun, left, right, policy) for number in (first, second)]
        reading = "에서 ".join(ends)
        alternatives += [("부터 ".join(ends), "range.from"), (" ".join(ends), "range.silent")]
    if noun.noun != "시" and chosen.system == "native" and first.value and second.value and second.value < 100:
        first_native = choice(noun, first.value, left, right, policy).system == "native"
        second_word = native(second.value, noun)
        reading = f"{native(first.value, noun) if first_native else one}에서 {second_word}"
        attributive = attributive_for(first.value, noun.noun) if first.value < 100 else ""
        alternatives += [(reading, "range.native"), (f"{attributive}에서 {second_word}", "range.once")]
        alternatives.append((reading.replace("에서 ", "부터 ", 1), "range.from"))
        near = _APPROXIMATE.get((first.value, second.value))
        if near:
            alternatives.append((f"{near} {noun.noun}", "range.approximate"))
            reading = f"{near} {noun.noun}" if policy.approximate else reading
    if first.value and second.value == first.value + 1 < 10:
        joined = first.sino(policy) + two
        alternatives.append((joined, "range.approximate"))
        reading = joined if policy.approximate and chosen.system == "sino" and not calendar else reading
    rule = f"range.{chosen.system}"
    return Spoken(
        reading, rule, min(0.8, chosen.confidence), tuple(alternatives), (*chosen.evidence, f"noun:{noun.noun}")
    )
