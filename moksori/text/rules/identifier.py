"""Codes: accounts, cards, booking numbers, PINs, versions, IP addresses, plates, rooms with dashes.

Rule: a number that names instead of counting is read digit by digit, 0 as 공 (계좌, 인증 번호), groups apart; a
version's parts are said with 점. Source: 국립국어원 answers that 0 is 공 where figures are called out one by one and
영 where it is an amount. A cue word or the shape tells; both readings are offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import SHAPE, STRUCTURE, Candidate
from ..number import sino, spell
from ..policy import Policy
from ..tables import letter_digit, lexicon
from ..view import View
from .english import letter_names

_GROUPS = re.compile(
    r"(?<![0-9A-Za-z.,/-])[0-9]{1,7}(?:(?:[‒–—―−ㅡー-][0-9]{1,14}){2,6}|(?:[-–][0-9]{1,14}))(?![0-9A-Za-z]|[-–.,][0-9])"
)
_SPACED = re.compile(r"(?<![0-9.,-])[0-9]{4}(?: [0-9]{4}){2,4}(?![0-9.,-])")
_CODED = re.compile(
    r"(?<![A-Za-z0-9.@-])(?=[A-Za-z-]{0,12}[0-9])[A-Za-z0-9]{1,16}(?:-[A-Za-z0-9]{1,16}){0,4}(?![A-Za-z0-9.@-])"
)
_PARTED = re.compile(r"(?<![0-9.,-])[0-9]{3,4}(?: [0-9]{3,4}){1,3}(?! ?[0-9]|[.,-][0-9])")
_ONE_BY_ONE = re.compile(r"(?<![0-9A-Za-z.,-])[0-9](?: [0-9]){5,15}(?![0-9.,-]| ?[0-9가-힣])")
_CUE = re.compile(
    r"(?:(?:계좌|인증|주문|예약|비밀|우편|회원|접수|송장|운송장|카드|학번|사번|수험|등록|쿠폰|승인"
    r"|관리|고유|일련|확인|차량|코드|여권|면허|사업자|고객|모델|제품|품번|발급|신청|문서|편명|좌석"
    r"|주민|식별|거래|참조|계약|증권|보안|호출|추적|배송|상품|바코드|영수증|민원|허가|인가|도서|청구"
    r"|입찰|공고|멤버십|포인트|계정|결제|처방|환자|병록|차트|사건|판매자)\s?(?:번호|코드|넘버|ID"
    r"|앞자리|뒷자리)|비번|암호|PIN|핀|송장|운송장|학번|사번|품번|계좌|일련번호|비밀번호|우편번호|코드"
    r"|번호|OTP|otp|ARS|\bID|시리얼|끝자리|뒷자리|앞자리|아이디|회의\s?ID|(?:[2-9]|네|여섯)\s?자리|내선)"
    r"(?:\s?(?:번호|코드|앞자리|뒷자리))?\s?(?:는|은|가|이|를|을|로|도|에|란에|칸에)?\s?(?:[:：#(\[\"'“‘]\s?)?$"
)
_CUE_AFAR = re.compile(
    r"(?:인증|확인|보안|승인|초대|참여|입장|등록|예약|주문|송장|비밀|접수|쿠폰|OTP|추적|가입)\s?(?:번호|코드|넘버)?[^.!?\n]{0,30}[:：]\s?$"
)
_CUE_PART = re.compile(
    r"(?:(?:가운데|중간|처음|앞|뒤|끝|국번|뒷번호|앞번호)(?:자리|번호)?(?:은|는|이|가|:)?"
    r"|(?:자리|번호)(?:는|은|가|이|도)?\s(?:다|모두|전부|항상|늘|원래|역시|바로|그냥)"
    r"|교환(?:원)?(?:한테|에게|에|으로)?|번호(?:는|가|은|도)?\s[0-9]{3,4}(?:부터|에서|하고|이?랑|과|와|,))\s?$"
)
_TAILS = re.compile(r"(?:뒷|끝)\s?(?:번호|자리)")
_OF_A_NUMBER = re.compile(r"자리|번호|전화|국번|교환|내선")
_BINARY = re.compile(r"(?:이진수|2진수|이진법|2진법)(?:로|으로|인|은|는|,)?\s?$")
_AFTER_NAME = re.compile(r"(?<=[가-힣]{2})[0-9]{4}(?![0-9]|[.,-][0-9]|[A-Za-z])")
_PLAIN = re.compile(r"(?<![0-9A-Za-z.,/-])(?<!['’])[0-9]{3,24}(?![0-9]|[.,][0-9]|[-–~∼][0-9]|[A-Za-z])")
_AMOUNT = re.compile(
    r"\s?(?:원|개|명|건|자리|회|년|월|일|시|분|초|층|위|등|점|도|%|장|권|대|배|가지|종|만|억|천|달러"
    r"|유로|번째|번 |호|쪽|페이지|km|kg|m\b|cm|㎡|평)"
)
_VERSION = re.compile(
    r"(?<![0-9A-Za-z.,-])(?P<v>[vV](?:er)?\.?\s?)?(?P<n>[0-9]{1,4}(?:\.[0-9]{1,5}){1,4})(?![0-9]|\.[0-9])"
)
_V_WORD = re.compile(r"(?<![A-Za-z])(?P<v>[vV](?:er)?\.?)\s?(?P<n>[0-9]{1,3})(?![0-9.A-Za-z])")
_VERSION_LEFT = re.compile(
    r"(?:버전|버젼|[Vv]ersion|[Vv]er\.?|iOS|Android|안드로이드|Python|Java|펌웨어|릴리스|업데이트|커널"
    r"|macOS|파이썬|Node\.js|CUDA)\s?$"
)
_PLATE = re.compile(r"(?<![0-9])(?P<a>[0-9]{2,3})(?P<k>[가-힣])\s?(?P<b>[0-9]{4})(?![0-9]|[년원명개,.]\S)")
_PLATE_LETTERS = set("가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주아바사자배하허호")
_CASE = re.compile(
    r"(?<![0-9])(?P<year>(?:19|20)[0-9]{2})(?P<mark>고합|고단|가합|가단|나|노|도|다|헌[가-힣]|구합"
    r"|구단|카합|드단|드합|초기|누|두)(?P<n>[0-9]{1,6})(?![0-9])"
)
_SEAT = re.compile(
    r"(?<![0-9A-Za-z])(?P<n>[0-9]{1,3})(?P<l>[A-K])(?![A-Za-z0-9])(?P<right>\s?(?:석|좌석|타입|형|동"
    r"|호|게이트|블록|구역|반|열|번|출구|탑승구)(?![가-힣]{3}))?"
)
_SEAT_LEFT = re.compile(r"(?:좌석|자리|게이트|탑승구|블록|열|타입|구역|석|출구|번호|호차)[은는이가:\s]*$")
_WAGON = re.compile(r"(?<![0-9A-Za-z])[0-9]{3,4}(?=\s?(?:열차|편성))")


_YEARS = re.compile(
    r"(?<![0-9A-Za-z.,/-])(?P<a>(?:1[6-9]|20)[0-9]{2})\s?[-–—~∼〜～]\s?(?P<b>(?:1[6-9]|20)?[0-9]{2})(?=\s?(?:시즌|학년도|회계연도|년도?|년대|정규시즌|리그))"
)


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    for match in _YEARS.finditer(text):
        if match["a"][-len(match["b"]) :] < match["b"]:
            yield _years(match.start(), match.end(), match["a"], match["b"])
    for match in _GROUPS.finditer(text):
        yield from _groups(view, match)
    for match in _SPACED.finditer(text):
        yield _digits(
            match.start(), match.end(), " ".join(spell(g, zero="공") for g in match[0].split()), "identifier.card", 0.9
        )
    for match in _CODED.finditer(text):
        if _CUE.search(view.before(match.start())) and _is_code(match[0]):
            words = " ".join(letter_names(group) for group in match[0].split("-"))
            kept = ((match[0], "as_written"),)
            yield Candidate(*match.span(), words, "identifier", "identifier.code", 0.8, kept, SHAPE)
    for match in _PARTED.finditer(text):
        if _CUE.search(view.before(match.start())):
            words = " ".join(spell(group, zero="공") for group in match[0].split())
            yield _digits(*match.span(), words, "identifier.parted", 0.8)
    for match in _ONE_BY_ONE.finditer(text):
        yield _digits(*match.span(), spell(match[0].replace(" ", ""), zero="공"), "identifier.digits", 0.8)
    for match in _PLAIN.finditer(text):
        yield from _plain(view, match)
    for match in _AFTER_NAME.finditer(text):  # 입금자명은 이름과 끝 네 자리로: 김지은5308
        if _OF_A_NUMBER.search(text[max(0, match.start() - 48) : match.start()]) and not _AMOUNT.match(
            text, match.end()
        ):
            value = (sino(match[0]), "number.cardinal")
            yield _digits(*match.span(), spell(match[0], zero="공"), "identifier.after_name", 0.75, value)
    for match in _VERSION.finditer(text):
        yield from _version(view, match)
    for match in _V_WORD.finditer(text):
        if match[0] not in letter_digit():
            yield _named_version(match, sino(match["n"]))
    for match in _PLATE.finditer(text):
        if match["k"] in _PLATE_LETTERS:
            first, last = sino(match["a"], space=False), spell(match["b"], zero="공")
            digits = f"{spell(match['a'], zero='공')} {match['k']} {last}"
            plate = f"{first} {match['k']} {last}"
            yield Candidate(
                *match.span(), f"{first} {match['k']} {last}" if len(match["a"]) == 2 else digits, "identifier",
                "identifier.plate", 0.8, ((digits, "identifier.digits"), (plate, "identifier.plate")),
            )  # fmt: skip
    for match in _CASE.finditer(text):
        number, digits = sino(match["n"]), spell(match["n"], zero="공")
        year = sino(match["year"])
        others = (
            (f"{year}{match['mark']}{digits}", "identifier.digits"),
            (f"{spell(match['year'], zero='공')}{match['mark']}{digits}", "identifier.digits"),
        )
        yield Candidate(
            *match.span(),
            f"{year}{match['mark']}{number}",
            "identifier",
            "identifier.case",
            0.75,
            others,
            SHAPE,
        )
    for match in _SEAT.finditer(text):
        if match["right"] or _SEAT_LEFT.search(view.before(match.start())):
            words = f"{sino(match['n'])} {letter_names(match['l'])}"
            yield _digits(match.start(), match.end("l"), words, "identifier.seat", 0.85)
    for match in _WAGON.finditer(text):
        by_value, by_digit = (sino(match[0]), "identifier.train"), (spell(match[0], zero="공"), "identifier.digits")
        main, other = (by_digit, by_value) if match[0][0] == "0" else (by_value, by_digit)
        yield Candidate(*match.span(), main[0], "identifier", main[1], 0.7, (other,))


def _digits(start: int, end: int, reading: str, rule: str, confidence: float, *others: tuple[str, str]) -> Candidate:
    return Candidate(start, end, reading, "identifier", rule, confidence, others, SHAPE)


def _is_code(written: str) -> bool:
    """Letters and digits, and not a word with a number (WELCOME10)."""
    word = re.fullmatch(r"([A-Za-z]{3,})[0-9]{1,4}", written)
    known = word is not None and word[1].lower() in lexicon().folded
    return not known and len({char.isdigit() for char in written if char.isalnum()}) == 2


def _groups(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    """110-234-567890: digits. 12-3: 십이 다시 삼 (주소와 버스), unless a cue says it is a code."""
    groups = re.split("[^0-9]", match[0])
    total = sum(len(group) for group in groups)
    digits = " ".join(spell(group, zero="공") for group in groups)
    dasi = " 다시 ".join(sino(group) for group in groups)
    others = (
        (dasi, "identifier.dasi"),
        ("에 ".join(sino(g) for g in groups), "identifier.e"),
        ("의 ".join(sino(g) for g in groups), "identifier.ui"),
        (" ".join(sino(g) for g in groups), "identifier.silent"),
    )
    cued = _CUE.search(view.before(match.start()))
    if (
        len(groups) == 2
        and not cued
        and all(re.fullmatch("(?:1[0-9]|20)[0-9]{2}", group) for group in groups)
        and 0 < int(groups[1]) - int(groups[0]) < 150
    ):
        yield _years(*match.span(), *groups)
        return
    coded = (
        len(groups) >= 3
        or total >= 8
        or any(len(group) > 4 for group in groups)
        or cued
        or any(g[0] == "0" and len(g) > 1 for g in groups)
    )
    if coded:
        yield _digits(*match.span(), digits, "identifier.groups", 0.9 if len(groups) >= 3 or cued else 0.7, *others)
    elif len(groups) == 2:
        minus = (f"{sino(groups[0])} 빼기 {sino(groups[1])}", "mathematics.difference")
        score = (f"{sino(groups[0])} 대 {sino(groups[1])}", "score.hyphen")
        rng = (f"{sino(groups[0])}에서 {sino(groups[1])}", "range.bare")
        yield Candidate(
            *match.span(), dasi, "address", "identifier.dasi", 0.65,
            (*others, rng, score, minus, (digits, "identifier.digits")), STRUCTURE,
        )  # fmt: skip


def _years(start: int, end: int, first: str, second: str) -> Candidate:
    """2025-2026, 2024-25 시즌."""
    one, two = sino(first), sino(second)
    others = [
        (f"{one} {two}", "range.silent"),
        (f"{one}부터 {two}", "range.from"),
        (f"{one}년에서 {two}", "range.twice"),
    ]
    others.append((f"{one} 다시 {two}", "identifier.dasi"))
    if len(second) == 2:
        others += [
            (f"{one}에서 {sino(first[:2] + second)}", "range.years"),
            (f"{sino(first[2:])} {two}", "range.silent"),
        ]
    return Candidate(start, end, f"{one}에서 {two}", "range", "range.years", 0.8, tuple(others), SHAPE)


def _plain(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    written = match[0]
    value = (sino(written), "number.cardinal")
    digits = spell(written, zero="공")
    cue = _CUE.search(view.before(match.start()))
    if not cue and not written.strip("01"):
        cue = _BINARY.search(view.before(match.start()))
    if not cue and _OF_A_NUMBER.search(view.before(match.start(), 48)):
        cue = _CUE_PART.search(view.before(match.start()))
    if len(written) == 4 and not cue:  # 당첨자는 3917, 5284이며, 뒷번호 네 자리로
        cue = _TAILS.search(view.after(match.end()))
    if len(written) >= 4 and not cue:
        cue = _CUE_AFAR.search(view.before(match.start(), 48))
    if cue and not _AMOUNT.match(view.text, match.end()):
        if (
            len(written) == 3
            and written[0] != "0"
            and not re.search("내선|비밀|비번|암호|코드|PIN|핀|인증|OTP|국번|뒷번호", cue[0])
        ):
            return
        yield _digits(*match.span(), digits, "identifier.cue", 0.9, value, (spell(written), "number.digits.yeong"))
    elif (
        cue
        and view.text[match.end() : match.end() + 2] in ("번 ", "번입", "번을", "번으", "번은", "번,", "번.")
        and len(written) >= 4
    ):
        yield Candidate(
            match.start(),
            match.end() + 1,
            f"{digits}번",
            "identifier",
            "identifier.cue",
            0.75,
            ((f"{value[0]}번", "counter.sino"),),
            SHAPE,
        )


def _version(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    """a.b.c is a version (or an IP address); a.b only after 버전 and the like."""
    parts = match["n"].split(".")
    left = _VERSION_LEFT.search(view.before(match.start()))
    if len(parts) == 4 and all(len(part) <= 3 and int(part) < 256 for part in parts) and len(match["n"]) > 8:
        digits = " 점 ".join(spell(part, zero="공") for part in parts)
        other = " 점 ".join(sino(part) for part in parts)
        yield Candidate(
            *match.span(),
            digits,
            "identifier",
            "identifier.ip",
            0.7,
            ((other, "identifier.version"), (digits.replace("공", "영"), "identifier.ip")),
            SHAPE,
        )
        return
    if len(parts) == 2 and not (match["v"] or (left and len(parts[1]) > 1)):
        return
    value = " 점 ".join(sino(part) for part in parts)
    digits = " 점 ".join([sino(parts[0]), *(spell(part) for part in parts[1:])])
    if match["v"]:
        if len(parts) == 2:
            value, digits = digits, value
        yield _named_version(match, value, digits)
        return
    main = digits if len(parts) == 2 else value
    yield Candidate(
        *match.span(),
        main,
        "version",
        "identifier.version",
        0.8,
        ((value, "identifier.version"), (digits, "number.decimal"), (digits.replace("영", "공"), "number.decimal")),
        SHAPE,
    )


def _named_version(match: re.Match[str], value: str, *others: str) -> Candidate:
    alternatives = [(f"브이 {value}", "identifier.version.letter"), (value, "identifier.version")]
    alternatives += [(f"버전 {other}", "identifier.version") for other in others]
    return Candidate(*match.span(), f"버전 {value}", "version", "identifier.version", 0.85, tuple(alternatives), SHAPE)
