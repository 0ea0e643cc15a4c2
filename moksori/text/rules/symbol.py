"""Symbols and emoji: what stands for a word is said, what decorates is left out.

Rules: & is 앤드 by itself and 앤 inside names; ~ between two ends is 에서, after a sentence's last word it is a
drawn-out sound and stays; bullets, marks and emoji are not said (policy.emoji may name or keep them); ㈜ is 주식회사;
circled numbers are their number. Source: 한글 맞춤법 부록, 문장 부호 (물결표, 줄임표, 가운뎃점); 표준국어대사전 for
names (골뱅이, 우물 정 자, 별표). Knows no numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ..candidate import GENERIC, SHAPE, STRUCTURE, Candidate
from ..number import sino
from ..policy import Policy
from ..tables import emoji_names, letters, symbols
from ..view import View

_EMOJI_CHARACTER = (
    "[\U0001f000-\U0001faff\u2600-\u26ff\u2700-\u2767\u2795-\u27bf\u2b50\u2b55\u231a"
    "\u231b\u23e9-\u23fa\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u3030\u303d\U000e0020-\U000e007f]"
)
_EMOJI = re.compile(f"(?:{_EMOJI_CHARACTER}[\ufe0e\ufe0f\u200d\u20e3]*)+")
_STRAY = re.compile("[\ufe00-\ufe0f\u200c\u200d\u20e3]+")
_KEYCAP = re.compile("(?P<n>[0-9#*])\ufe0f?\u20e3")
_MARKS = "※▶▷◀◁►◄★☆●○◎◇◆□■▲△▼▽♠♣♥♡♦☞☜☎☏✓✔✕✖✗✘❖❤♪♬™®©•‣⁃◦▪▫▣◈〓§¶†‡▸▹"
_DECORATION = re.compile(rf"(?<!\S)[{_MARKS}]+[ ]?|[{_MARKS}]+")
_PARENTHESISED_HANGUL = {
    "㈜": "주식회사 ",
    "㈔": "사단법인 ",
    "㈕": "",
    "㈖": "",
    "㉿": "",
    "℡": "전화 ",
    "㏇": "주식회사 ",
}
_COMPANY = re.compile(r"\((?P<kind>주|유|사|재|합)\)(?=\s?[가-힣A-Za-z])|(?<=[가-힣A-Za-z])\((?P<after>주|유)\)")
_COMPANY_NAMES = {"주": "주식회사", "유": "유한회사", "사": "사단법인", "재": "재단법인", "합": "합자회사"}
_CIRCLED = re.compile("[\u2460-\u2473\u2474-\u2487\u2488-\u249b\u2776-\u277f\u2780-\u2789\u3251-\u325f]")
_RANGE = re.compile(
    r"(?<=[0-9가-힣A-Za-z%℃㎏㎞㎡㎝㎜㎖).])\s?[~∼〜～]\s?(?=(?:약\s?)?[0-9]|(?:오전|오후|익일"
    r"|다음\s?날|다음\s?달|현재|지하|영하|영상|정오|자정|매월|당일|내년|올해)(?![가-힣]{2}))"
    r"|(?<=[A-Za-z])[~∼〜～](?=[A-Z])"
    r"|(?<=[가-힣]{2})[~∼〜～](?=[가-힣]{1,6}(?:까지|간|행|구간|역|급|등급|학년|동|도|노선"
    r"|코스)?(?:까지)?\s?(?:구간|노선|사이|코스|고속|열차|버스|왕복|편도|방면|직통|여행|과정|편|운행"
    r"|운항|공사|지하철|항공))"
)
_DASH = re.compile(
    r"(?<=[0-9])(?P<gap>\s?)(?P<noun>시|분|일|월|년|층|세|살|명|개|원|주|장|회|도|%|km|kg|m|cm|℃)(?P<dash>\s?[-–—]\s?)"
    r"(?=(?:(?:오전|오후|다음\s?날|익일|저녁|밤)\s?|[0-9]{1,4}(?:년|월|시)\s?)*[0-9][0-9,.]*\s?(?P=noun))"
)
_DASH_TIME = re.compile(r"(?<=[0-9][시분])(?P<dash>\s?[-–—]\s?)(?=(?:(?:오전|오후|저녁|밤)\s?)?[0-9]{1,2}(?:시|:))")
_FROM_LEFT = re.compile(r"(?:부터|에서)\s?$")
_AMOUNTS = re.compile(r"[0-9]\s?[가-힣%℃A-Za-z]{0,3}\s?(?:→|⇒|➡|➔|->|=>)\s?[0-9]")
_ARROW = re.compile(r"\s?(?:→|⇒|➡|➔|▷|->|=>)\s?")
_NUMERO = re.compile(r"(?:№|(?<![A-Za-z])No\.?(?=\s?[0-9])|(?<![A-Za-z])NO\.?(?=\s?[0-9]))\s?(?=[0-9])?")
_SYMBOLS = {
    "&": ("앤드", "앤", "그리고"),
    "@": ("골뱅이", "앳"),
    "#": ("샵", "우물 정", "우물 정 자", "해시태그", "해시", "샤프"),
    "*": ("별표", "별"),
    "%": ("퍼센트", "프로"),
    "℃": ("도", "섭씨"),
    "°": ("도",),
    "°C": ("도", "섭씨", "섭씨 도"),
    "°F": ("화씨", "화씨 도"),
    "‰": ("퍼밀",),
    "$": ("달러",),
    "€": ("유로",),
    "£": ("파운드",),
    "¥": ("엔",),
    "₩": ("원",),
    "+": ("플러스", "더하기"),
    "=": ("는", "이퀄"),
    "×": ("곱하기", "엑스"),
    "÷": ("나누기",),
    "±": ("플러스마이너스",),
    "∞": ("무한대",),
    "√": ("루트",),
    "≒": ("약",),
    "㏈": ("데시벨",),
    "<": ("",),
    ">": ("",),
    "^": ("",),
    "|": ("",),
    "\\": ("",),
    "`": ("",),
    "_": (" ", "언더바"),
    "{": ("",),
    "}": ("",),
}
_SPOKEN = re.compile(
    r"(?<![\w*])(?P<star>\*)표(?![가-힣](?<![를을은는이가로과와도]))|(?<![&@#*%+=\w])(?P<s>[&@#*%℃‰$€£¥₩+=×÷±∞√≒])(?=\s?(?:버튼|기호|키|표시|마크|표|자|부호|문자)(?:[^가-힣]|[를을은는이가로과와]|$)"
    r"|\s?(?:누르|눌[러렀])"
    r"|(?:을|를|은|는|이|가|로|으로|과|와)(?![가-힣]))|(?<=[가-힣A-Za-z0-9])\s?(?P<and>&)\s?(?=[가-힣A-Za-z0-9])"
    r"|(?P<alone>[℃‰∞≒±]|°[CF]?)|(?<![\w#&])(?P<tag>[#@])(?=[가-힣A-Za-z0-9])"
    r"|(?<=[A-Za-z0-9가-힣])(?P<under>_)(?=[A-Za-z0-9가-힣])|(?<=[가-힣]\s)(?P<plus>\+)(?=\s[가-힣])"
)
_CIRCLED_LETTERS = re.compile("[\u24b6-\u24e9\u3200-\u321b\u3260-\u327b]")
_JAMO = "".join(chr(0x1100 + place) for place in (0, 2, 3, 5, 6, 7, 9, 11, 12, 14, 15, 16, 17, 18))  # ㄱ to ㅎ
_JAMO_NAMES = [
    "기역",
    "니은",
    "디귿",
    "리을",
    "미음",
    "비읍",
    "시옷",
    "이응",
    "지읒",
    "치읓",
    "키읔",
    "티읕",
    "피읖",
    "히읗",
]
_PLUSES = re.compile(r"(?<=[0-9A-Za-z])(?P<plus>\+{1,2})(?![0-9A-Za-z+(√]|[0-9])|(?<=[0-9])\+(?=[0-9]{1,2}분)")
_TREND = re.compile(r"(?<=[0-9A-Za-z가-힣%℃])\s?[↑↓](?![가-힣])")
_BOUND = re.compile(r"[0-9]\s?(?:점|세|살|명|개|건|회|번|급|년|개월|학년|등급|시간|분|평|층|권|장|대|kg|cm|km|㎡)$")
_GREEK = re.compile("[Α-Ωα-ω](?![Α-Ωα-ω])(?<![Α-Ωα-ω]{2})")
_TIMES = re.compile(r"(?<=[0-9A-Za-z가-힣㎝㎜㎞㎡)])\s?×\s?(?=[0-9A-Za-z가-힣(])")
_D_DAY = re.compile(
    r"(?<![A-Za-z0-9])[Dd]\s?(?P<sign>[-−–+])\s?(?P<n>[0-9]{1,4})(?![0-9A-Za-z]|\s?(?:게이트|구역|블록|출구|구간|홀))"
)
_LAUGHTER = re.compile("[ㅋㅎㅠㅜㄷㄱㅇ]{2,}[ ]?")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#39|#34);")
_ENTITIES = {
    "&amp;": "앤드",
    "&lt;": "",
    "&gt;": "",
    "&quot;": '"',
    "&apos;": "'",
    "&nbsp;": " ",
    "&#39;": "'",
    "&#34;": '"',
}


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    if not text.isascii():
        yield from _pictures(text, policy)
        yield from _signs(text)
    yield from _tildes(view)
    for match in _NUMERO.finditer(text):
        yield Candidate(
            *match.span(),
            "넘버 ",
            "symbol",
            "symbol.numero",
            0.85,
            (("번호 ", "symbol.numero"),),
            STRUCTURE,
            repair=False,
        )
    for match in _SPOKEN.finditer(text):
        symbol = next(value for value in match.groups() if value)
        reading, *names = _SYMBOLS[symbol]
        if match["star"]:
            reading = "별표"
        if match["and"]:
            reading = " 앤 " if match[0] != "&" else "앤"
        yield Candidate(
            *match.span(),
            reading,
            "symbol",
            "symbol.name",
            0.7,
            tuple((other, "symbol.name") for other in names),
            GENERIC,
        )
    for match in _TIMES.finditer(text):
        yield Candidate(
            *match.span(),
            " 곱하기 ",
            "mathematics",
            "symbol.times",
            0.7,
            ((" 바이 ", "mathematics.by"), (" 엑스 ", "symbol.name")),
            GENERIC,
        )
    for match in _PLUSES.finditer(text):
        pluses = " ".join(["플러스"] * len(match[0]))
        yield Candidate(*match.span(), f" {pluses}", "symbol", "symbol.plus", 0.7, (("", "symbol.silent"),), GENERIC)
    for match in _D_DAY.finditer(text):
        number, sign = sino(match["n"]), "마이너스" if match["sign"] in "-−–" else "플러스"
        others = (
            (f"디데이 {number}일 전", "symbol.d_day"),
            (f"디 {number}", "symbol.d_day"),
            (f"디데이 {sign} {number}", "symbol.d_day"),
        )
        yield Candidate(*match.span(), f"디 {sign} {number}", "date", "symbol.d_day", 0.8, others, SHAPE)
    for match in _COMPANY.finditer(text):
        name = _COMPANY_NAMES[match["kind"] or match["after"]]
        yield Candidate(
            *match.span(),
            f"{name} " if match["kind"] else f" {name}",
            "symbol",
            "symbol.company",
            0.85,
            ((match["kind"] or match["after"], "symbol.company"), ("", "symbol.company")),
        )
    for match in _ENTITY.finditer(text):
        yield Candidate(*match.span(), _ENTITIES[match[0]], "symbol", "symbol.entity", 0.9, repair=False)
    if policy.laughter == "drop":
        for match in _LAUGHTER.finditer(text):
            yield Candidate(*match.span(), "", "drop", "symbol.laughter", 0.9, tier=GENERIC, repair=False)


_SHAPE = re.compile(r"(?:△(?=[A-Z]{3}(?![A-Z]))|□(?=[A-Z]{4}(?![A-Z])))")


def _pictures(text: str, policy: Policy) -> Iterator[Candidate]:
    for match in _KEYCAP.finditer(text):
        value = match["n"]
        word = sino(value) if value.isdigit() else _SYMBOLS[value][0]
        yield Candidate(*match.span(), word, "symbol", "symbol.keycap", 0.8)
    if policy.emoji != "keep":
        for match in _EMOJI.finditer(text):
            name = emoji_names().get(match[0].replace("\ufe0f", "")) if policy.emoji == "name" else None
            yield Candidate(
                *match.span(),
                f" {name} " if name else "",
                "emoji",
                "symbol.emoji",
                0.9,
                tier=GENERIC,
                repair=bool(name),
            )
        for match in _STRAY.finditer(text):
            yield Candidate(*match.span(), "", "control", "symbol.joiner", 0.9, tier=GENERIC, repair=False)
    for match in _DECORATION.finditer(text):
        names = _names(match[0].strip())
        yield Candidate(*match.span(), "", "drop", "symbol.decoration", 0.85, names, GENERIC, repair=False)
    for match in _SHAPE.finditer(text):  # △ABC
        name = "삼각형 " if match[0] == "△" else "사각형 "
        yield Candidate(*match.span(), name, "mathematics", "symbol.shape", 0.9, _names(match[0]), STRUCTURE)
    for index, char in enumerate(text):
        known = symbols().get(char)
        if known and known.said:
            before, after = (" " if near.strip() else "" for near in (text[:index][-1:], text[index + 1 :][:1]))
            word = f"{before}{known.names[0]}{after}"
            yield Candidate(
                index, index + 1, word, "symbol", "symbol.name", 0.6, (*_names(char), ("", "symbol.silent")), 5
            )


def _names(mark: str) -> tuple[tuple[str, str], ...]:
    """What one mark, or the first of several, could be called."""
    known = symbols().get(mark[:1])
    return tuple((f" {name} ", "symbol.name") for name in known.names) if known else ()


def _signs(text: str) -> Iterator[Candidate]:
    for match in _CIRCLED_LETTERS.finditer(text):
        code = ord(match[0])
        name = letters()[chr(0x41 + (code - 0x24B6) % 26)] if code < 0x3000 else _enclosed(match[0])
        yield Candidate(*match.span(), name, "symbol", "symbol.circled", 0.8)
    for match in _TREND.finditer(text):
        rises = match[0].strip() == "↑"
        ways = [" 상승", " 증가", " 이상", " 위"] if rises else [" 하락", " 감소", " 이하", " 아래"]
        if _BOUND.search(text[max(0, match.start() - 8) : match.start()]):  # 900점↑
            ways.insert(0, ways.pop(2))
        others = tuple((word, "symbol.trend") for word in (*ways[1:], ""))
        yield Candidate(*match.span(), ways[0], "symbol", "symbol.trend", 0.6, others, GENERIC)
    for match in _GREEK.finditer(text):
        yield Candidate(*match.span(), letters().get(match[0], match[0]), "english", "symbol.greek", 0.8, tier=GENERIC)
    for match in _CIRCLED.finditer(text):
        number = _circled(match[0])
        circled = (
            (f"{sino(number)} 번", "symbol.circled"),
            (
                ("첫째", "둘째", "셋째", "넷째", "다섯째")[int(number) - 1] if int(number) < 6 else sino(number),
                "symbol.circled",
            ),
        )
        yield Candidate(
            *match.span(),
            f"{sino(number)} " if text[match.end() : match.end() + 1].isalnum() else sino(number),
            "symbol",
            "symbol.circled",
            0.8,
            circled,
        )
    for index, char in enumerate(text):
        if char in _PARENTHESISED_HANGUL:
            yield Candidate(
                index,
                index + 1,
                _PARENTHESISED_HANGUL[char],
                "symbol",
                "symbol.company",
                0.9,
                (("주", "symbol.company"), ("", "symbol.company")),
                repair=False,
            )
    for match in _ARROW.finditer(text):
        ways = [", ", "에서 ", " 화살표 "]
        if _AMOUNTS.search(text[max(0, match.start() - 6) : match.end() + 1]):  # 1,500원→1,700원
            ways = [ways[1], ways[0], ways[2]]
        others = tuple((way, "symbol.arrow") for way in ways[1:])
        yield Candidate(*match.span(), ways[0], "symbol", "symbol.arrow", 0.6, others, GENERIC, repair=False)


def _enclosed(char: str) -> str:
    """㉠ 기역, ㈎ and ㉮ 가."""
    jamo = unicodedata.normalize("NFKC", char).strip("()")
    place = _JAMO.find(unicodedata.normalize("NFKC", jamo))
    return _JAMO_NAMES[place] if place >= 0 else jamo


def _circled(char: str) -> str:
    value = unicodedata.numeric(char, 0.0)
    return str(int(value))


def _tildes(view: View) -> Iterator[Candidate]:
    text = view.text
    for pattern in (_DASH, _DASH_TIME):
        for match in pattern.finditer(text):
            others = (("부터 ", "range.from"), (" ", "range.silent"))
            yield Candidate(*match.span("dash"), "에서 ", "range", "range.dash", 0.8, others, GENERIC, repair=False)
    if not re.search("[~∼〜～]", text):
        return
    for match in _RANGE.finditer(text):
        if _FROM_LEFT.search(text[max(0, match.start() - 4) : match.start()]):
            yield Candidate(*match.span(), " ", "range", "range.from", 0.8, tier=GENERIC, repair=False)
            continue
        numeric = text[match.end() : match.end() + 1].isdigit()
        yield Candidate(
            *match.span(),
            "에서 ",
            "range",
            "range.tilde",
            0.85 if numeric else 0.6,
            (("부터 ", "range.from"), (" ", "range.silent")),
            GENERIC,
            repair=False,
        )
