"""Numbers with what they count, alone and in ranges: 3개, 2~3일, -18℃, 10여 명, 제3회.

Rule: what follows a number decides how it is said (counter, measure); a range (한글 맞춤법 부록, 문장 부호 '물결표')
says its noun twice where the number is native or the noun is of the calendar, else once (세 시에서 네 시, 이에서 삼
일); a bare number is Sino, one with a leading zero or nine digits and more is read digit by digit. Telephone numbers,
dates, money and codes have files of their own and win by length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import GENERIC, SHAPE, STRUCTURE, Candidate
from ..number import ENGLISH, attributive, spell
from ..number import native as native_noun
from ..policy import Policy
from ..tables import Unit, units
from ..view import View
from . import counter, measure, numeral
from .counter import Spoken
from .english import letter_names
from .numeral import Numeral

_RANGE = re.compile(r"(?P<space>\s?)(?P<mark>[~∼〜～–—-])\s?(?P<sign>[-−+])?(?=[0-9])")
_SIGN = re.compile(r"(?:^|[\s(\[~∼〜～:,=/가-힣])[-−–+±]$")
_ALREADY_SIGNED = re.compile(r"(?:영하|영상|마이너스|플러스)\s?[-−+]$")
_ODD = re.compile(
    r"여(?=\s?(?:[만천백억조명개건곳년일분점대권장편종회평원석쪽호량척채주국사단부구기동층도살세초발곡팀쌍통잔군면m%㎞㎡]"
    r"|가지|시간|차례|마리|그루|병|킬로|미터|톤|달러|가구|세대|마을|나라|업체|농가|필지|문항|송이|학교"
    r"|도시|지역|매장|점포|품목|항목|과목))"
    r"(?!여[성행])"
)
_WORD_END = re.compile(
    r"(?![가-힣])|(?:에서|으로|부터|까지|마다|정도|이상|이하|미만|초과|내외|가량|동안|만에|입니다"
    r"|이에요|예요|에는|에도|에게|이었|보다|짜리)"
    r"|[은는이가을를도만의에로와과씩쯤째간당입인며라뿐전후뒤내반여제용형급권생산대]"
)


_LESSON = re.compile(
    r"(?:[를에의는은도가]|까지|부터|에서)(?![가-힣])|\s?(?:본문|단어|문법|연습|새 |대화|학습|내용|시험|회화|복습|예습)"
)
_GRADE = re.compile(r"(?<![가-힣])[초중고대]$")  # 고3, 초5
_NAMED = re.compile(r"[A-Za-z]$|[A-Z]-$")  # F1, B-12: the digit belongs to a name
_BARE_UNIT = re.compile(
    r"(?<![0-9A-Za-z./·㎀-㏟])(?:[㎀-㏟]|[kcm]?m[²³])(?:/(?:[㎀-㏟]|[kcm]?m[²³]))?(?![0-9A-Za-z/])"
    r"|(?<![0-9A-Za-z./·])(?:kg|km|cm|mm|ml|mL|kWh|MB|GB)(?=당(?![가-힣]{2}))"
)
_POINT = re.compile(r"(?<![0-9A-Za-z가-힣.)])\.[0-9]{1,15}(?![0-9.])")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    for match in _POINT.finditer(view.text):
        word = f"점 {spell(match[0][1:])}"
        yield Candidate(
            *match.span(), word, "number", "number.point", 0.8, ((f"영 {word}", "number.decimal"),), STRUCTURE
        )
    for match in _BARE_UNIT.finditer(view.text):
        unit = units().get(match[0])
        if unit is not None and "{}" not in unit.reading:
            others = ((unit.other, "measure.other_name"),) if unit.other else ()
            yield Candidate(*match.span(), unit.reading, "measure", "measure.name", 0.9, others, SHAPE)
    for match in numeral.NUMBER.finditer(view.text):
        number = numeral.at(view.text, match)
        yield from _alone(view, number, policy)
        yield from _range(view, number, policy)


def _alone(view: View, number: Numeral, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    sign = _sign(text, number.start)
    start = number.start - len(sign)
    odd = _ODD.match(text, number.end)
    if odd:
        spoken = Spoken(number.sino(policy) + "여", "number.yeo", 0.9, ((_native_yeo(number), "number.yeo.native"),))
        yield _candidate(start, odd.end(), "number", spoken)
        return
    for gap in (0, 1) if text[number.end : number.end + 1] == " " else (0,):
        found = _tail(view, number, sign, number.end + gap, policy)
        if found:
            end, spoken, kind = found
            yield _candidate(start, end, kind, spoken)
            break
    yield _bare(view, number, sign, policy)


def _native_yeo(number: Numeral) -> str:
    """여남은, 스무여: said, but rarely."""
    if number.value == 10:
        return "여남은"
    if number.value and number.value < 100 and number.value % 10 == 0:
        return attributive(number.value) + "여"
    return number.written


def _tail(view: View, number: Numeral, sign: str, at: int, policy: Policy) -> tuple[int, Spoken, str] | None:
    """What `number` counts, if it begins at `at`: (end, how it is said, kind). 0274 counts nothing."""
    text = view.text
    if number.plain and len(number.written) > 2 and number.written[0] == "0":
        return None
    spoons = measure.spoon(text, number.start, at) if at == number.end else None
    if spoons:
        return _spoonfuls(text, number, at, spoons, policy)
    effective = _effective(text, number.start, sign)
    unit = measure.longest(text, number.start, at)
    named = _NAMED.search(text[max(0, number.start - 2) : number.start]) is not None
    if unit is not None and not _doubtful(unit, at > number.end) and not named:
        return (
            at + len(unit.symbol),
            measure.spoken(number, effective, unit, policy, text[max(0, number.start - 6) : number.start]),
            "measure",
        )
    noun = counter.longest(text, at)
    grade = _GRADE.search(text[max(0, number.start - 2) : number.start])
    if noun is None or ((named or grade) and at > number.end) or (named and noun.system == "native"):
        return None
    lesson = _LESSON.match(text, at + 1) or text[max(0, number.start - 1) : number.start] == "제"
    if (noun.noun == "과" and not lesson) or (at > number.end and not _WORD_END.match(text, at + len(noun.noun))):
        return None
    end = at + len(noun.noun)
    spoken = counter.spoken(view, number, noun, at, end, policy)
    if effective:
        word = measure.signed(effective, "", noun.noun == "도").strip()
        others = tuple((f"{word} {reading}", rule) for reading, rule in spoken.alternatives)
        minus = (f"마이너스 {spoken.reading}", "number.minus")
        spoken = Spoken(f"{word} {spoken.reading}", spoken.rule, spoken.confidence, (*others, minus), spoken.evidence)
    return end, spoken, "counter"


_SPOON = re.compile("[A-Za-z]+")


def _spoonfuls(
    text: str, number: Numeral, at: int, names: tuple[str, str], policy: Policy
) -> tuple[int, Spoken, str] | None:
    """두 큰술, 일 점 오 큰술."""
    letters = _SPOON.match(text, at)
    if letters is None:
        return None
    small = number.value is not None and 1 <= number.value <= 20
    amounts = [number.sino(policy), *([attributive(number.value or 1)] if small else [])][::-1]
    ways = [(f"{amount} {name}", "measure.spoon") for amount in amounts for name in names]
    ways.append((f"{number.sino(policy)} {letter_names(letters[0])}", "measure.letters"))
    return letters.end(), Spoken(ways[0][0], "measure.spoon", 0.8, tuple(ways[1:])), "measure"


def _doubtful(unit: Unit, spaced: bool) -> bool:
    """A single letter across a space is a letter (3 A), unless it is an everyday unit."""
    return (
        spaced
        and unit.symbol.isascii()
        and unit.symbol.isalpha()
        and len(unit.symbol) == 1
        and unit.symbol not in "gmLl"
    )


def _range(view: View, first: Numeral, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    joint = _RANGE.match(text, first.end)
    if not joint or re.search(r"[0-9][-./]$", text[max(0, first.start - 2) : first.start]):
        return
    match = numeral.NUMBER.match(text, joint.end())
    if not match:
        return
    second = numeral.at(text, match)
    sign = _effective(text, first.start, _sign(text, first.start))
    start = first.start - len(_sign(text, first.start))
    hyphen = joint["mark"] in "-–—"
    rising = not hyphen or (_rising(first, second) and not joint["space"])
    for at in sorted({second.end, second.end + (text[second.end : second.end + 1] == " ")}):
        unit = measure.longest(text, second.start, at)
        if unit is not None and rising and not _doubtful(unit, at > second.end):
            yield _candidate(
                start, at + len(unit.symbol), "range", _measured(first, second, sign, joint["sign"] or "", unit, policy)
            )
            return
        noun = counter.longest(text, at)
        if noun is not None and (at == second.end or _WORD_END.match(text, at + len(noun.noun))):
            if hyphen and (not rising or noun.noun in ("번지", "번길", "호", "동", "승강장", "게이트", "탑승구")):
                return
            end = at + len(noun.noun)
            if noun.noun == "도" and (sign or joint["sign"]):
                degrees = _measured(first, second, sign, joint["sign"] or "", units()["℃"], policy)
                yield _candidate(start, end, "range", degrees)
                return
            yield _candidate(start, end, "range", counter.spoken_range(view, first, second, noun, end, policy))
            return
    if not hyphen:
        yield _candidate(start, second.end, "range", _plain(first, second, sign, joint["sign"] or "", policy))


def _measured(first: Numeral, second: Numeral, sign: str, sign2: str, unit: Unit, policy: Policy) -> Spoken:
    hot = measure.is_temperature(unit.symbol)
    one = measure.signed(sign, first.sino(policy), hot)
    two = measure.signed(sign2, second.sino(policy), hot)
    spoken = measure.spoken_range(one, two, unit)
    if not hot or not sign:
        return spoken
    fill = measure.fill
    signs = ((f"{fill(unit.reading, one)}에서 영상 {fill(unit.reading, two)}", "range.signs"),
             (spoken.reading.replace("영하", "마이너스"), "range.minus"))  # fmt: skip
    return Spoken(spoken.reading, spoken.rule, 0.8, (*spoken.alternatives, *signs), spoken.evidence)


def _plain(first: Numeral, second: Numeral, sign: str, sign2: str, policy: Policy) -> Spoken:
    one = measure.signed(sign, first.sino(policy), False)
    two = measure.signed(sign2, second.sino(policy), False)
    return Spoken(
        f"{one}에서 {two}", "range.bare", 0.75, ((f"{one}부터 {two}", "range.from"), (f"{one} {two}", "range.silent"))
    )


def _rising(first: Numeral, second: Numeral) -> bool:
    """A hyphen is a range only when it rises: 2-3명, not 3-2번지."""
    if first.value is None or second.value is None:
        return first.is_decimal and second.is_decimal
    return first.value < second.value and first.written[0] != "0" and (len(first.written) <= 4 or "," in first.written)


def _sign(text: str, start: int) -> str:
    """The sign that belongs to the number at `start`: after a space or an opening bracket, never after a digit."""
    if not start or text[start - 1] not in "-−–+±" or not _SIGN.search(text[max(0, start - 2) : start]):
        return ""
    hangul_before = start >= 2 and "가" <= text[start - 2] <= "힣"
    return "" if hangul_before and text[start - 1] in "-–" else text[start - 1]


def _effective(text: str, start: int, sign: str) -> str:
    """영하 -5도 has its sign already."""
    return "" if sign and _ALREADY_SIGNED.search(text[max(0, start - 6) : start]) else sign


def _candidate(start: int, end: int, kind: str, spoken: Spoken) -> Candidate:
    return Candidate(
        start,
        end,
        spoken.reading,
        kind,
        spoken.rule,
        spoken.confidence,
        spoken.alternatives,
        STRUCTURE,
        spoken.evidence,
    )


def _bare(view: View, number: Numeral, sign: str, policy: Policy) -> Candidate:
    """A number that counts nothing: Sino; with a leading zero or very long, digit by digit."""
    digitwise = number.plain and (len(number.written) >= 9 or (len(number.written) > 1 and number.written[0] == "0"))
    value, digits = number.sino(policy), number.digits()
    reading, other = (digits, value) if digitwise else (value, digits)
    alternatives = [(other, "number.other"), (number.digits("영"), "number.digits.yeong")]
    if number.value and number.value < 100:
        alternatives.append((native_noun(number.value), "number.native"))
        alternatives.append((attributive(number.value), "number.native.attributive"))
    alternatives += counter.variants(value)
    if number.value and number.value < len(ENGLISH):
        alternatives.append((ENGLISH[number.value], "number.english"))
    word = measure.signed(_effective(view.text, number.start, sign), "", False).strip()
    if word:
        reading = f"{word} {reading}"
        alternatives = [(f"{word} {alternative}", rule) for alternative, rule in alternatives]
    rule = "number.digits" if digitwise else "number.cardinal"
    return Candidate(number.start - len(sign), number.end, reading, "number", rule, 0.8, tuple(alternatives), GENERIC)
