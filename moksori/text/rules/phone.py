"""Telephone numbers: 010-1234-5678, 02)123-4567, 1588-1234, +82 10 ..., and short numbers in context (119, 1330).

Rule: digit by digit, 0 is 공, one small pause for each group; the hyphen is silent unless the policy says otherwise;
a masked digit ○ is 공 as announcers say it, * 별.
Source: 국립국어원 answers that 0 in a telephone number is 공, 문장 부호 '붙임표' and '숨김표' (010-○○○○-1234). Groups
are the writer's. A shape finds the number; phonenumberslite, loaded only then, says how sure it is. Short numbers
need a cue (신고, 전화, 국번 없이), special ones (short_numbers.tsv) a sentence about calling or about what their office
does, or another of their kind in it (날씨는 131, 법률 상담은 132), else they are amounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

from ..candidate import SHAPE, Candidate
from ..number import sino, spell
from ..policy import Policy
from ..tables import short_numbers
from ..view import View
from .counter import longest

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－ㅡー", "-"))  # people type any of these between groups
_GAP = r"(?:\s?[-.·)_/]\s?|\s)"
_AREA = r"0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|1[0-9]|70|80|50[0-9]?|60|30)"
_OPENED = rf"(?:\({_AREA}\)|{_AREA}\)?)"
_MASK = r"[*Xx○●]"
_DIGIT = r"[0-9*Xx○●]"
_SERVICE = r"1(?:5(?:22|33|44|66|77|88|99|51)|6(?:00|44|61|66|68|70|88|99|60)|8(?:00|11|33|55|66|77|99))"
_FULL = re.compile(
    rf"(?:(?<![0-9A-Za-z])|(?<=[Ff]ax)|(?<=FAX)|(?<=[Tt]el)|(?<=TEL))(?<![0-9][-.])(?:(?<![0-9],)|(?<=[0-9]{{4}},))(?:"
    rf"(?P<intl>(?:(?:\+|00)82|\(\+82\)){_GAP}?(?:\(0\)\s?)?0?(?:2|50[0-9]"
    rf"|[1-7][0-9])\)?{_GAP}?{_DIGIT}{{3,4}}{_GAP}?{_DIGIT}{{4}})"
    rf"|(?P<intlservice>(?:\+|00)82{_GAP}?(?:{_SERVICE}{_GAP}?[0-9]{{4}}|(?:2|[3-6][0-9]){_GAP}1[0-9]{{2,3}}))"
    rf"|(?P<area>{_OPENED}{_GAP}?{_DIGIT}{{3,4}}{_GAP}?{_DIGIT}{{4}})"
    rf"|(?P<short>{_OPENED}{_GAP}1[0-9]{{2}}(?:[0-9]{{1,2}})?)"
    rf"|(?P<service>{_SERVICE}{_GAP}?(?:[0-9]{{4}}|{_MASK}{{4}}))"
    rf"|(?P<foreign>\+(?!82)[1-9][0-9]{{0,2}}{_GAP}\(?[0-9]{{1,4}}\)?(?:{_GAP}[0-9]{{2,4}}){{1,4}})"
    rf"|(?P<local>(?!(?:19|20)[0-9]{{2}}-(?:19|20)[0-9]{{2}}(?![0-9]))[1-9][0-9]{{2,3}}-[0-9]{{4}})"
    rf")(?P<more>\s?[~∼〜～/,]\s?[0-9]{{1,4}}(?=$|[번로으은는이가을를에입와과도만나까부라]|[^0-9가-힣.:-])(?!{_GAP}\(?[0-9]))?"
    rf"(?![0-9A-Za-z]|[-.][0-9]|,(?!(?:{_AREA}|{_SERVICE}){_GAP}?[0-9]{{3}})[0-9])"
)
_NOT_AFTER = re.compile(r"\s?(?:원|명|개|년|월|m|km|kg|%|℃|도|건|평|㎡|세대|가구|쪽|페이지|호$)")
_CALL = (
    r"신고|전화|연락|문의|상담|구급|구조|소방|콜|안전|센터|종합|대원|긴급|누르|눌러|통화|출동|다산"
    r"|응급|상황실|불러|부르|부른|걸|제보"
    r"|요청|접수|도움|이용|알려|문자|번호|안내|앱|차가|차량|차를"
)
_CALL_RIGHT = re.compile(
    rf"(?:번)?(?:으로|로|에|을|를|이나|나|와|과|은|는|이|가|의|도|만)?\s?(?:[가-힣]{{1,6}}\s)?(?:{_CALL})"
)
_CALL_LEFT = re.compile(
    r"(?:번호?\s?없이|긴급|신고는?|전화는?|전화번호|번호는?|상담전화|콜센터|문의|다산|구조|응급|☎|경찰"
    r"|소방서?|화재\s?시?"
    r"|구급차|연락처|민원|안내|상담|핫라인|대표번호|즉시|바로|지금|생기면|나면|발견하면|이면|사고"
    r"|위급하면|재난|고장|신문고|정보는?|예보|병원|센터|핫라인)[은는:\s]*"
    r"(?:[0-9]{3,4}(?:번)?[이나또는,·와과\s]*)?\s*$"
)
_SHORT = re.compile(
    rf"(?<![0-9A-Za-z.,/-])(?:1(?:[013][0-9]|2[0-9]|8[0-9])|13[0-9]{{2}}|{_SERVICE}|1541|1633|1677|911"
    r"|999)(?![0-9A-Za-z/-]|[.,][0-9]|[~∼]\s?[0-9])"
)
_CALL_AROUND = re.compile(
    r"신고|전화|상담|문의|제보|통화|국번|핫라인|콜센터|위급|응급|긴급|도난|도둑|화재|불이 나|고장|정전|단수"
    r"|물어[보봐봤볼]|여쭤|돌려 주|걸(?:어|면|고|세요|자|라|었|려)|누르(?:고|세|시|면)|눌러"
)
_PREFIX_AROUND = re.compile(r"시작(?:하는|되는|하면|되면)|대표번호|전국번호|(?:앞|국번|번호)\s?(?:네\s?)?자리")
_NOT_NAMED = (
    r"(?!\s?(?:이상|이하|미만|초과|정도|가량|안팎|버스|출구|노선|국도|지방도|게이트|문항|문제|선수|홈|방|좌석|창구|마을|시내|환자"
    r"|고객|손님|테이블|트랙|채널|승객|객실|레인|사물함|정류|의자|카드))"
)
_PARTICLES = (
    r"(?:으?로(?:만|도|는)?|에(?:서|만|도|는)?|은|는|이|가|을|를|과|와|도|만|의|이?나|이?랑|하고|보다|처럼|까지|부터|이?라고|이?라는|이?라"
    r"|이고|이며|입니다|이에요|예요|이래요|래요|이야|야)(?![가-힣0-9])"
)
_NAMED_END = re.compile(rf"번?(?:{_PARTICLES}|(?![가-힣0-9])){_NOT_NAMED}")
_WITH_PARTICLE = re.compile(rf"번?{_PARTICLES}{_NOT_NAMED}")
_AMOUNT_LEFT = re.compile(
    r"(?:하루|총|약|평균|최대|최소|모두|무려|체온|혈압|심박수|점수|번호표|대기|시속|키|버스|(?:대기|접수|주문|순번|순서|좌석|문항|문제|사물함)\s?번호)[은는이가]?\s?$|(?<![가-힣])제\s?$"
)
_EXTENSION = re.compile(r"(?<![A-Za-z])[Ee]xt\.?\s?(?=[0-9])")
_DIAL = re.compile(
    r"(?<![0-9A-Za-z*#])(?:[*#]{1,2}[0-9]{1,12}(?:[*#][0-9]{0,12}){0,3}#|[0-9]{1,6}#|#[0-9]{3,6}(?=(?:번)?(?:으?로|에|을|를)?(?:\s|$|[.,]))|\*[0-9]{2,6}(?![가-힣](?<![을를로에번과와은는이가])))(?![0-9A-Za-z*#])"
)
_YEARS = re.compile(r"(?P<a>(?:1[0-9]|20)[0-9]{2})-(?P<b>(?:1[0-9]|20)[0-9]{2})")
_WORDED = re.compile(rf"(?<![0-9A-Za-z.,-])(?:{_SERVICE}|080-[0-9]{{3,4}})\s?-\s?(?=[가-힣])")
_SLASH = re.compile(r"\s?/\s?")
_KEYS = {"*": "별표", "#": "샵"}
_TELEPHONE = re.compile(r"(?<![A-Za-z])(?:(?P<tel>Tel|TEL|tel)|(?P<fax>Fax|FAX|fax))(?=\.?\s?[:)]?\s?[(+]?[0-9])")
_PARTICLE = re.compile(r"(?:에|로|으로|를|가|는)(?:서)?(?![가-힣])|번(?:에|으로|을)(?![가-힣])|입니다|이에요|예요")
_AMOUNT = re.compile(
    r"(?:명|건|개|원|호|년|월|일|분|초|층|세|살|회|점|도|주|권|장|대|퍼|%|[A-Za-z℃㎡])"
    r"|\s(?:(?:명|건|개|원|호|년|월|일|분|초|층|세|살|회|점|도|주|권|장|대)(?![가-힣](?<![은는이가을를에의도만과와로씩쯤째]))"
    r"|퍼센|%|[A-Za-z℃㎡])"
)
_LONG_PARTICLE = re.compile(r"(?:부터|까지|보다|처럼|에서|에도|에는|이랑|이나|이고|이며|이야|이라)(?![가-힣]{2})")
_AREA_ALONE = re.compile(
    r"(?<![0-9.,/-])0(?:2|1[016-9]|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|80|50[0-9]?)(?![0-9A-Za-z%]|[-.,)~]\s?[0-9]|\s[0-9])"
)
_OF_AREA = re.compile(r"지역\s?번호|국번|앞자리|앞번호|식별\s?번호|붙[여이]|누르|눌러|시작하는|시작되는|로 시작")
_BRIGADE = re.compile(r"\s?(?:안전|상황|종합|구급|구조|소방|대원)")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    last = -1
    for match in _FULL.finditer(view.text.translate(_DASHES)):
        if not _NOT_AFTER.match(view.text, match.end()) and not _is_years(view, match):
            yield _full(match, policy)
            slash = _SLASH.match(view.text, last) if last >= 0 else None
            if slash and slash.end() == match.start():
                yield Candidate(*slash.span(), ", ", "symbol", "phone.slash", 0.9, tier=SHAPE, repair=False)
            last = match.end()
    for match in _WORDED.finditer(view.text):  # 1544-빨리빨리
        words = spoken(match[0].rstrip(" -"), _Way()) + " "
        yield Candidate(*match.span(), words, "phone", "phone.worded", 0.9, tier=SHAPE, repair=False)
    for match in _DIAL.finditer(view.text) if "#" in view.text or "*" in view.text else ():
        words = " ".join(
            spell(part, zero="공") if part.isdigit() else _KEYS[part] for part in re.findall("[0-9]+|[*#]", match[0])
        )
        others = ((words.replace("샵", "우물 정"), "phone.keys"), (words.replace("별표", "별"), "phone.keys"))
        yield Candidate(*match.span(), words, "phone", "phone.keys", 0.8, others, SHAPE)
    for match in _TELEPHONE.finditer(view.text):
        gap = "" if view.text[match.end()] in " .:)" else " "
        word, sounds = ("전화", ("텔",)) if match["tel"] else ("팩스", ())
        other_words = tuple((sound + gap, "english.sound") for sound in sounds)
        yield Candidate(*match.span(), word + gap, "english", "phone.word", 0.8, other_words, SHAPE)
    for match in _EXTENSION.finditer(view.text):
        yield Candidate(*match.span(), "내선 ", "english", "phone.word", 0.85, (("구내 ", "phone.word"),), SHAPE)
    for match in _AREA_ALONE.finditer(view.text):  # 지역번호 02부터 누르고
        if _OF_AREA.search(view.before(match.start())) or _OF_AREA.search(view.after(match.end())):
            digits = spell(match[0], zero="공")
            zero = ((digits.replace("공", "영"), "number.digits.yeong"),)
            yield Candidate(*match.span(), digits, "phone", "phone.area_code", 0.85, zero, SHAPE * 1.2)
    for match in _SHORT.finditer(view.text):
        yield from _short(view, match)


def _full(match: re.Match[str], policy: Policy) -> Candidate:
    written = match[0]
    reading = spoken(written, _Way(joint=_JOINTS[policy.phone_hyphen]))
    valid = match["local"] is None and _valid(re.split(r"[~∼〜～/,]", written)[0])
    others = dict.fromkeys(spoken(written, way) for way in _ways(bool(re.search("[○●]", written)), "82" in written[:5]))
    kind = next(name for name, value in match.groupdict().items() if value is not None)
    return Candidate(
        *match.span(), reading, "phone", f"phone.{kind}", 0.99 if valid else 0.85,
        tuple((other, "phone.otherwise") for other in others), SHAPE * 1.5, ("validated",) if valid else ("shape",),
    )  # fmt: skip


def _is_years(view: View, match: re.Match[str]) -> bool:
    """(1899-1945): two years that rise, alone in brackets, or no number that anybody has."""
    years = _YEARS.fullmatch(match[0])
    if not years or not 0 < int(years["b"]) - int(years["a"]) < 150:
        return False
    bracketed = view.text[match.start() - 1 : match.start()] == "(" and view.text[match.end() : match.end() + 1] == ")"
    return match["local"] is not None or bracketed


class _Way(NamedTuple):
    """zero  its name. joint  what is said between groups. last  the same before the last one. country  whether +82 is
    팔십이. trunk  whether (0) is said. mask  what ○ is."""

    zero: str = "공"
    joint: str = " "
    last: str = ""
    country: bool = False
    trunk: bool = False
    mask: str = "공"


_JOINTS = {"silent": " ", "에": "에 ", "다시": " 다시 "}


@cache
def _ways(masked: bool, abroad: bool) -> list[_Way]:
    """Every way that can make a difference, those that differ least from the usual one first."""
    choices: tuple[tuple[Any, ...], ...] = (
        ("공", "영"), (" ", "에 ", "의 ", " 다시 "), ("", "에 ", "의 "), (False, True)[: 1 + abroad],
        (False, True)[: 1 + abroad], ("공", "동그라미", "땡", "별")[: 4 if masked else 1],
    )  # fmt: skip
    numbers = sorted(product(*(range(len(ways)) for ways in choices)), key=lambda way: sum(map(bool, way)))
    return [_Way(*(ways[index] for ways, index in zip(choices, way, strict=True))) for way in numbers]


def spoken(written: str, way: _Way) -> str:
    """Digits by name, groups apart; '+82' is 플러스 팔이, '~5' 에서 오, '*' 별."""
    main, mark, more = written, "", ""
    parted = re.search(r"\s?([~∼〜～/,])\s?", written)
    if parted:
        main, mark, more = written[: parted.start()], parted[1], written[parted.end() :]
    main = main.removeprefix("(") if main.startswith("(+") else main
    plus = main.startswith("+")
    main = re.sub(r"^\+(82)(?=[0-9])", r"+\1 ", main.replace("(0)", "0" if way.trunk else " "))
    groups = [_group(group, way) for group in re.split(r"[^0-9*Xx○●]+", main) if group]
    if plus:
        country = "팔십이" if way.country and groups[0] == "팔이" else groups[0]
        groups = [f"플러스 {country} {groups[1]}", *groups[2:]]
    reading = way.joint.join(groups[:-1]) + (way.last or way.joint) + groups[-1] if len(groups) > 1 else groups[0]
    if more:
        reading += f"{'에서' if mark in '~∼〜～' else ''} {_group(more, way)}"
    return reading


def _group(digits: str, way: _Way) -> str:
    spelled = spell(digits, zero=way.zero)
    return re.sub("[○●]", way.mask, spelled.replace("*", "별").replace("X", "엑스").replace("x", "엑스"))


@lru_cache(maxsize=1024)
def _valid(written: str) -> bool:
    """phonenumberslite's opinion, for Korea."""
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(written, "KR")))
    except phonenumbers.NumberParseException:
        return False


def _short(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    text, number, end = view.text, match[0], match.end()
    brigade = _BRIGADE.match(text, end)
    if _AMOUNT_LEFT.search(view.before(match.start())):
        return
    known = short_numbers().get(number)
    particle = known and _LONG_PARTICLE.match(text, end)
    no_angle = known and len(number) == 4 and text.startswith("도", end)  # 1388도
    if not (brigade or particle or no_angle) and (_AMOUNT.match(text, end) or _counted(text, end)):
        return
    right = _CALL_RIGHT.match(text, end, end + 24)
    left = _CALL_LEFT.search(view.before(match.start()))
    alone = known is not None and (
        (known.alone and _PARTICLE.match(text, end)) or (known.alone == "늘" and _WITH_PARTICLE.match(text, end))
    )
    lonely = known and known.alone and not view.before(match.start()).strip() and not view.after(end).strip(" .!번")
    if not (right or left or alone or lonely or _among_calls(view, match)):
        return
    evidence = f"right:{right[0].strip()}" if right else f"left:{left[0].strip()}" if left else "known"
    yield Candidate(
        match.start(), end, spell(number, zero="공"), "phone", "phone.short", 0.9 if right or left else 0.75,
        ((sino(number), "number.cardinal"),), SHAPE, (evidence,),
    )  # fmt: skip


def _among_calls(view: View, match: re.Match[str]) -> bool:
    """A special number in a sentence about calling or about its office, or beside another one: 날씨는 131, 법률 상담은
    132, 1365 자원봉사 포털."""
    before, after = view.before(match.start(), 60), view.after(match.end(), 60)
    if re.fullmatch(_SERVICE, match[0]) and _NAMED_END.match(view.text, match.end()):
        return _PREFIX_AROUND.search(after) is not None
    known = short_numbers().get(match[0])
    if known is None or not _NAMED_END.match(view.text, match.end()):
        return False
    if any(re.search(known.cue, side) or _CALL_AROUND.search(side) for side in (before, after)):
        return True
    return any(other[0] in short_numbers() for side in (before, after) for other in _SHORT.finditer(side))


def _counted(text: str, end: int) -> bool:
    """Whether a counting noun other than 번 follows at once."""
    noun = longest(text, end)
    return noun is not None and noun.noun not in ("번", "과")  # 111과 113
