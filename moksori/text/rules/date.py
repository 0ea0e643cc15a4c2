"""Dates: 2026-03-05, 2026. 3. 5., 3/5(목), '26년, (월), 월~금, and event dates such as 6·25.

Rule: Sino-Korean throughout, with 유월 and 시월 (속음, 한글 맞춤법 52항); an event named by its date is read digit by
digit as events.tsv has it (육이오). Full stops and slashes between figures are those of 한글 맞춤법 부록, 문장 부호
'마침표' (1919. 3. 1., 3.1 운동). 3월 5일 and 2026년 are counting nouns and live in `counter`. Day and month must
exist; a bare M/D may be a fraction, which is always offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import SHAPE, STRUCTURE, Candidate
from ..number import sino, spell
from ..policy import Policy
from ..tables import events
from ..view import View

_YMD = re.compile(
    r"(?<![0-9.,/-])(?P<year>(?:1[0-9]|20|21)[0-9]{2}|['’‘][0-9]{2}|[0-9]{2}(?=\.(?:0[1-9]"
    r"|1[0-2])\.(?:0[1-9]|[12][0-9]|3[01])(?![0-9]|\.[0-9])))"
    r"(?P<joint>\s?[-–−/.]\s?)(?P<month>1[0-2]|0?[1-9])\s?[-–−/.]\s?(?P<day>3[01]|[12][0-9]"
    r"|0?[1-9])(?![0-9])(?P<dot>\.(?=\s?[가-힣(~∼〜～0-9]))?(?!\.[0-9])"
)
_SHORT_YMD = re.compile(
    r"(?<![0-9.,/-])(?P<year>[0-9]{2})\.\s?(?P<month>1[0-2]|0?[1-9])\.\s?(?P<day>3[01]|[12][0-9]|0?[1-9])"
    r"(?![0-9]|\.[0-9])\.?"
)
_YM = re.compile(
    r"(?<![0-9.,/-])(?P<year>(?:19|20)[0-9]{2}|['’‘][0-9]{2})(?P<joint>\.\s?|-)(?P<month>1[0-2]"
    r"|0?[1-9])(?![0-9]|[-./]\s?[0-9])(?P<dot>\.(?=\s?[가-힣(~∼]))?(?P<word>월)?"
)
_SHORT_YEAR = re.compile(r"(?<![가-힣A-Za-z0-9])['’‘](?P<year>[0-9]{2})(?P<noun>년대|년도|년생|년|학번)?")
_MD = re.compile(
    r"(?<![0-9.,/:-])(?P<month>1[0-2]|0?[1-9])(?P<joint>\s?[/.]\s?)(?P<day>3[01]|[12][0-9]"
    r"|0?[1-9])(?![0-9]|[/][0-9]|\.[0-9])(?P<dot>\.)?(?P<week>\s?\([월화수목금토일](?:요일)?\))?"
)
_MD_DASHED = re.compile(
    r"(?<![0-9A-Za-z.,/:-])(?P<month>1[0-2]|0[1-9])-(?P<day>3[01]|[12][0-9]|0[1-9])(?![0-9A-Za-z]|[-./][0-9])"
    r"(?P<week>\s?\([월화수목금토일](?:요일)?\))?"
)
_TO_DASHED = re.compile(r"\s?[~∼〜～]\s?(?:1[0-2]|0[1-9])-[0-3][0-9](?![0-9-])")
_MD_TO_DAY = re.compile(
    r"(?<![0-9.,/:-])(?P<month>1[0-2]|0?[1-9])/(?P<day>3[01]|[12][0-9]|0?[1-9])\s?[~∼〜～]\s?"
    r"(?P<last>3[01]|[12][0-9]|0?[1-9])(?![0-9/:.,-])(?P<noun>일)?(?=(?P<after>[가-힣A-Za-z%]?))"
)
_WEEKDAY = re.compile(
    r"(?:(?<=[0-9])|(?<=[0-9]일)|(?<=[0-9]\.)|(?<=[0-9]일 )|(?<=[0-9] )|(?<=[0-9]\. ))\((?P<day>[월화수목금토일])\)"
)
_WEEKDAYS = re.compile(r"\((?P<days>[월화수목금토일](?:\s?[,·/]\s?[월화수목금토일]){1,6})\)")
_WEEK_RANGE = re.compile(
    r"(?<![가-힣])(?P<first>[월화수목금토일])\s?[~∼〜～-]\s?(?P<last>[월화수목금토일])(?P<yoil>요일)?"
    r"(?![가-힣](?<![은는에도만의])(?!니다|[며고라]))"
)
_COMPACT = re.compile(
    r"(?<![0-9])(?P<year>19[0-9]{2}|20[0-9]{2})(?P<month>1[0-2]|0[1-9])(?P<day>3[01]|[12][0-9]|0[1-9])(?![0-9])"
)
_COMPACT_CUE = re.compile(r"\s?(?:자|일자|기준|생|현재|시행|부터|까지)(?![가-힣]{2})")
_DATE_LEFT = re.compile(
    r"(?:일시|일자|날짜|날|기간|마감|오늘|내일|행사|일정|예정일|시행|접수|신청|개최|출발|도착|방문|예약|까지"
    r"|부터|매년|올해|작성일|발행일|생일|공연|회의|시험일?|면접|발표|점검|오픈|개봉|방송|배송|입고"
    r"|출고|발송|도착)[은는이:\s]*(?:[0-9]{2,4}년?\s)?$"
)
_HOLIDAY = re.compile(
    r"\s?(?:[가-힣]{1,6}(?:\s[가-힣]{1,6})?\s?날|[가-힣]{1,6}(?:절|데이|기념일|명절|축제|개막|개통|개장)|설날|추석|크리스마스|성탄|밸런타인|발렌타인|핼러윈|할로윈)"
)
_DATE_RIGHT = re.compile(
    r"\s?(?:(?:에|부터|까지|은|는|자|일자|현재|기준|이후|이전|마감|오전|오후|출발|개최|공연|시작|오픈"
    r"|개봉|방송|저녁|아침|밤|낮|생일|새벽|정오|입니다|행사|예정|발매|출시)(?![가-힣]{3})"
    r"|[~∼〜～]\s?[0-9]{1,2}[/.]|,?\s?[0-9]{1,2}:[0-9]{2}|\s?[0-9]{1,2}시)"
)
_FRACTION_RIGHT = re.compile(
    r"\s?(?:로|가|이|를|을|만|정도|수준|이상|이하|컵|큰술|작은술|지점|쯤|가량|씩|배|스푼|티스푼|봉지"
    r"|토막|모|개|장|쪽|박자|인치|사이즈|선|미만|초과|줄었|줄어)"
)
_FRACTION_LEFT = re.compile(r"(?:의|약|전체|절반|나머지|중|총|설탕|소금|간장|물|우유|식초|버터|후추)\s*$")
_QUARTER = re.compile(r"\s?분기")  # 1/4분기 is `fraction`'s
_CONTINUED = re.compile(r"(?:[0-9]\.?|일|\))\s?[~∼〜～–-]\s?$")
_FULL_BEFORE = re.compile(
    r"(?:[0-9]{4}|['’‘][0-9]{2})\s?[./-]\s?[0-9]{1,2}\s?[./-]\s?[0-9]{1,2}\.?\s?(?:\([월화수목금토일]\))?\s?[~∼〜～–-]\s?$"
)
_ERA = re.compile(r"(?<![A-Za-z])(?P<era>BC|B\.C\.|AD|A\.D\.)\s?(?=[0-9]{1,4}\s?(?:년|세기))")
_EVENT = re.compile(
    r"(?<![0-9.,/·ㆍ-])(?P<month>1[0-2]|[1-9])(?P<joint>\s?[·ㆍ・∙‧•]\s?|\.)(?P<day>3[01]|[12][0-9]"
    r"|[1-9])(?![0-9]|[.·ㆍ][0-9]|%|\s?[a-zA-Z℃㎏㎞㎡])"
)
_EVENT_NOUN = re.compile(
    r"\s?(?:[가-힣]{0,4}\s?)?(?:운동|혁명|민주|사태|전쟁|테러|절|대책|선언|총선|의거|항쟁|참사|사건"
    r"|기념|광복|참전|독립|만세|군사|쿠데타|정변|반란|학살|지방선거|선거|대선|계엄|합의|공동|조치|보궐"
    r"|세대|국가|동란|피란|희생|민중|학생|유공|전야|행사|추모|부동산|남북|정상|재보선|지진|대지진|조약"
    r"|판문점|담화|세계 여성|여성의 날|노동절|때(?![가-힣])|당시|무렵|전후|직후|이후)"
)
_EVENT_LEFT = re.compile(r"(?:제주|광주|한국전쟁|동족상잔의|미국|대구|부마|여순|전쟁|혁명|마산)\s?$")
_MONTHS = {6: "유월", 10: "시월"}


def month(value: int) -> str:
    return _MONTHS.get(value) or f"{sino(str(value))}월"


def day(value: int) -> str:
    return f"{sino(str(value))}일"


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    for match in _YMD.finditer(text):
        yield _full(match)
    for match in _SHORT_YMD.finditer(text):  # 25.6.30. 이후
        if _DATE_LEFT.search(view.before(match.start())) or _DATE_RIGHT.match(text, match.end()):
            yield _full(match)
    for match in _YM.finditer(text):
        yield from _year_month(view, match)
    for match in _MD.finditer(text):
        yield from _month_day(view, match)
    for match in _MD_DASHED.finditer(text) if "-" in text else ():
        yield from _dashed(view, match)
    for match in _MD_TO_DAY.finditer(text) if "/" in text else ():
        yield from _to_day(match)
    for match in _COMPACT.finditer(text):
        cue = _COMPACT_CUE.match(text, match.end()) or _DATE_LEFT.search(view.before(match.start()))
        yield _compact(match, bool(cue))
    for match in _SHORT_YEAR.finditer(text):
        digitwise = match["noun"] == "학번" or (match["noun"] == "년생" and match["year"][0] == "0")
        word = spell(match["year"], zero="공") if digitwise else sino(match["year"])
        if match["noun"] or re.match(r"\s?[-~.]", text[match.end() : match.end() + 2]):
            yield Candidate(*match.span(), f"{word}{match['noun'] or ''}", "date", "date.short_year", 0.9)
    for match in _ERA.finditer(text):
        before_christ = match["era"][0] == "B"
        letters = "비씨 " if before_christ else "에이디 "
        reading = "기원전 " if before_christ else "서기 "
        yield Candidate(
            *match.span(), reading, "date", "date.era", 0.85, ((letters, "english.letters"), ("기원후 ", "date.era"))
        )
    yield from _weekdays(text)
    yield from _events(view)


def _year(written: str) -> str:
    """2026년; '26 이십육년, '08 공팔년."""
    digits = written.lstrip("'’‘")
    return f"{spell(digits, zero='공') if digits[0] == '0' else sino(digits)}년"


def _full(match: re.Match[str]) -> Candidate:
    words = f"{_year(match['year'])} {month(int(match['month']))} {day(int(match['day']))}"
    digits = " ".join(sino(match[name].lstrip("'’‘")) for name in ("year", "month", "day"))
    others = [(digits, "date.numbers")]
    year = match["year"].lstrip("'’‘")
    if len(year) == 2:
        rest = words.removeprefix(_year(year))
        others += [(f"{said}년{rest}", "date.short_year") for said in (f"이천{sino(year)}", spell(year), sino(year))]
    return Candidate(*match.span(), words, "date", "date.year_month_day", 0.95, tuple(others), SHAPE)


def _year_month(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    """2026.1. and 2026-03; 2026.03 alone is a decimal unless a date cue stands by."""
    right = _DATE_RIGHT.match(view.text, match.end()) or _DATE_LEFT.search(view.before(match.start()))
    sure = bool(
        match["dot"] or match["word"] or match["joint"] == "-" or match["year"][0] in "'’‘" or ". " in match["joint"]
    )
    if not (sure or right):
        return
    if match["joint"] == "-" and len(match["month"]) == 1:
        return
    words = f"{_year(match['year'])} {month(int(match['month']))}"
    yield Candidate(*match.span(), words, "date", "date.year_month", 0.85, tier=SHAPE)


def _month_day(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    text = view.text
    first, second = int(match["month"]), int(match["day"])
    end = match.end()
    words = f"{month(first)} {day(second)}"
    if match["week"]:
        words += f" {match['week'].strip(' ()')[0]}요일"
    fraction = (f"{sino(match['day'])}분의 {sino(match['month'])}", "fraction.slash")
    score = (f"{sino(match['month'])} {sino(match['day'])}", "number.pair")
    before = view.before(match.start())
    left, right = _DATE_LEFT.search(before) or _CONTINUED.search(before), _DATE_RIGHT.match(text, end)
    if match["week"]:
        yield Candidate(*match.span(), words, "date", "date.month_day", 0.95, tier=SHAPE)
        return
    if "." in match["joint"]:
        spaced = " " in match["joint"]
        holiday = _HOLIDAY.match(text, end)
        if (
            (match["dot"] and (spaced or right or left or holiday))
            or _FULL_BEFORE.search(before)
            or (holiday and not spaced)
        ):
            yield Candidate(*match.span(), words, "date", "date.month_day", 0.8, tier=SHAPE * 1.3 if holiday else SHAPE)
        return
    if match["dot"]:
        end -= 1
    if match["day"] == "4" and _QUARTER.match(text, end):
        return
    part = _FRACTION_LEFT.search(before)  # 표본의 1/5은
    likely = bool(left or (right and not part) or _HOLIDAY.match(text, end))
    proper = first < second
    as_fraction = not likely and (proper and (_FRACTION_RIGHT.match(text, end) or part))
    if as_fraction or (proper and not likely and second <= 10):
        return  # `fraction` proposes it, with the date as its alternative
    yield Candidate(
        match.start(),
        end,
        words,
        "date",
        "date.month_day",
        0.85 if likely else 0.55,
        (fraction, score),
        SHAPE * (1.1 if second > 12 and first > 1 and not as_fraction else 1),  # 7/22 is hardly a fraction
    )


def _dashed(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    """02-14(금), 02-10~02-14: two figures each, and something that says it is a date."""
    before, end = view.before(match.start()), match.end()
    sure = match["week"] or _TO_DASHED.match(view.text, end) or _DATE_LEFT.search(before) or _CONTINUED.search(before)
    if not (sure or _DATE_RIGHT.match(view.text, end)):
        return
    words = f"{month(int(match['month']))} {day(int(match['day']))}"
    words += f" {match['week'].strip(' ()')[0]}요일" if match["week"] else ""
    yield Candidate(*match.span(), words, "date", "date.month_day", 0.85, tier=SHAPE * 1.2)


def _to_day(match: re.Match[str]) -> Iterator[Candidate]:
    """4/27~30, 4/27~30일: a range of days, unless the days do not rise or a counting noun follows."""
    if int(match["day"]) >= int(match["last"]) or (match["after"] and not match["noun"]):
        return
    first, last = f"{month(int(match['month']))} {day(int(match['day']))}", day(int(match["last"]))
    others = ((f"{first}부터 {last}", "range.from"), (f"{first} {last}", "range.silent"))
    yield Candidate(*match.span(), f"{first}에서 {last}", "date", "date.month_day_range", 0.8, others, SHAPE * 1.2)


def _compact(match: re.Match[str], cue: bool) -> Candidate:
    words = f"{_year(match['year'])} {month(int(match['month']))} {day(int(match['day']))}"
    digits = spell(match[0], zero="공")
    if cue:
        return Candidate(*match.span(), words, "date", "date.compact", 0.85, ((digits, "number.digits"),), SHAPE)
    return Candidate(
        *match.span(), digits, "identifier", "identifier.digits", 0.6, ((words, "date.compact"),), STRUCTURE
    )


def _weekdays(text: str) -> Iterator[Candidate]:
    for match in _WEEKDAY.finditer(text):
        yield Candidate(*match.span(), f" {match['day']}요일", "date", "date.weekday", 0.95)
    for match in _WEEK_RANGE.finditer(text):
        first, last = match["first"], match["last"]
        reading = f"{first}요일에서 {last}요일"
        others = (
            (f"{first}에서 {last}", "date.weekday.short"),
            (f"{first}요일부터 {last}요일", "range.from"),
            (f"{first} {last}", "date.weekday.short"),
        )
        yield Candidate(*match.span(), reading, "date", "date.weekday_range", 0.85, others)


def _events(view: View) -> Iterator[Candidate]:
    for match in _EVENT.finditer(view.text):
        if int(match["month"]) > 12 or int(match["day"]) > 31:
            continue
        key = f"{int(match['month'])}.{int(match['day'])}"
        known = events().get(key)
        noun = _EVENT_NOUN.match(view.text, match.end(), match.end() + 16)
        dotted = match["joint"] == "."
        left = _EVENT_LEFT.search(view.before(match.start()))
        if dotted and not ((known and noun) or (left and known)):
            continue
        if not known and not noun:
            continue
        digits = _spelled(match["month"], match["day"])
        reading = known or digits
        date = f"{month(int(match['month']))} {day(int(match['day']))}"
        pair = f"{sino(match['month'])} {sino(match['day'])}"
        tier = SHAPE * (2 if noun else 1)
        yield Candidate(
            *match.span(), reading, "event", "date.event", 0.95 if noun else 0.75,
            ((digits, "date.event.digits"), (date, "date.month_day"), (pair, "number.pair")),
            tier, (f"right:{noun[0].strip()}",) if noun else (),
        )  # fmt: skip


def _spelled(first: str, second: str) -> str:
    """십이 십이, 육이오, 십이륙: months from 10 by value, days of two digits one by one unless round."""
    month_word = sino(first)
    if (len(second) == 2 and second.endswith("0")) or (len(first) == 2 and first == second):
        return month_word + sino(second)
    return month_word + spell(second)
