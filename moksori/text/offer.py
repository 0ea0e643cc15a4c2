"""The other ways to say an edit, so that a wrong choice is one click away.

A rule knows the readings of its own kind; here every span gets what its written shape allows whoever won: Sino,
native and digit by digit for a number, score, range, minus, date, decimal and fraction for two numbers, letters and
sound for Latin. What lost the arbitration inside the span is offered first. Knows no context and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from .candidate import USER, Candidate, arbitrate
from .number import ENGLISH, attributive, attributive_for, decimal, native, sino, spell
from .rules.date import day, month
from .rules.english import letter_names
from .rules.romanised import hangul as korean
from .rules.transliterate import variants as sounds

Offer = tuple[str, str]
LIMIT = 40
_SIGNED = r"(?P<sign>[-−–+±]?)"
_ONE = re.compile(rf"{_SIGNED}(?P<n>[0-9][0-9,]*(?:\.[0-9]+)?)(?P<tail>\s?[가-힣 ]*)")
_TWO = re.compile(
    r"(?P<a>[0-9][0-9,]*(?:\.[0-9]+)?)(?P<joint>\s?[-‐‑–—−~∼〜～:：/.·ㆍ・+×xX*,=]\s?|\s?대\s?|\s)(?P<b>[0-9][0-9,]*(?:\.[0-9]+)?)"
    r"(?P<tail>\s?[가-힣 ]*)"
)
_MANY = re.compile(r"[0-9]+(?:(?P<joint>[-‐‑–—−./:· ])\s?[0-9]+){2,5}(?P<tail>\.?\s?[가-힣]*)")
_MIXED = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9.+-]{2,16}(?P<tail>[가-힣 ]*)")
_TILDE = re.compile(r"[~∼〜～–-]\s?$")
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ]{1,24}")
_PART = re.compile(r"[0-9]+(?:\.[0-9]+)?|[A-Za-z]+|[-+.]")
_TEENS = ("일레븐", "트웰브", "써틴", "포틴", "피프틴", "식스틴", "세븐틴", "에이틴", "나인틴", "트웬티")
_NO_OFFERS = ("markup", "sub", "say-as", "override", "dictionary", "particle", "control", "foreign", "drop", "form")


def offered(chosen: list[Candidate], pool: Iterable[Candidate], text: str) -> list[Candidate]:
    """`chosen` with each candidate's alternatives completed; spans, readings and order stay."""
    within = _inside(chosen, pool)
    return [
        c if c.kind in _NO_OFFERS or c.tier >= USER else _complete(c, within[index], text)
        for index, c in enumerate(chosen)
    ]


def _inside(chosen: list[Candidate], pool: Iterable[Candidate]) -> list[list[Candidate]]:
    """For each chosen candidate those that lost to it and lie within it."""
    found: list[list[Candidate]] = [[] for _ in chosen]
    if not chosen:
        return found
    owner: dict[int, int] = {}
    for index, c in enumerate(chosen):
        owner.update(dict.fromkeys(range(c.start, c.end), index))
    for c in pool:
        index = owner.get(c.start, -1)
        if index >= 0 and c.end <= chosen[index].end and c is not chosen[index] and c.tier < USER:
            found[index].append(c)
    return found


def _complete(c: Candidate, lost: list[Candidate], text: str) -> Candidate:
    written = text[c.start : c.end]
    seen = {_bare(c.reading)}
    kept: list[Offer] = []
    until = _until(c, text)
    for reading, rule in (*c.alternatives[:8], *until, *c.alternatives[8:], *_lost(c, lost, text), *readings(written)):
        key = _bare(reading)
        if key not in seen and len(kept) < LIMIT:
            seen.add(key)
            kept.append((reading, rule))
    return replace(c, alternatives=tuple(kept))


def _until(c: Candidate, text: str) -> list[Offer]:
    """까지 behind the end of a range, where it is not written: 11:30~14:00 받습니다."""
    ends = re.search("에서 |부터 ", c.reading) or _TILDE.search(text[max(0, c.start - 2) : c.start])
    if not ends or text.startswith("까지", c.end):
        return []
    return [(f"{reading}까지", "range.until") for reading in (c.reading, *(other for other, _ in c.alternatives[:4]))]


def _bare(reading: str) -> str:
    return reading.replace(" ", "")


def _lost(c: Candidate, lost: list[Candidate], text: str) -> Iterator[Offer]:
    """Losers over the whole span, then the best way to read it in smaller pieces."""
    for other in lost:
        if (other.start, other.end) == (c.start, c.end):
            yield other.reading, other.rule
            yield from other.alternatives
    pieces = arbitrate([other for other in lost if (other.start, other.end) != (c.start, c.end)])
    if not pieces or not any(piece.reading for piece in pieces):
        return
    said = [piece.reading for piece in pieces]
    yield _spliced(c, pieces, said, text), pieces[0].rule
    for index, piece in enumerate(pieces):
        for reading, rule in piece.alternatives[:6]:
            yield _spliced(c, pieces, [*said[:index], reading, *said[index + 1 :]], text), rule


def _spliced(c: Candidate, pieces: list[Candidate], said: list[str], text: str) -> str:
    out, at = [], c.start
    for piece, reading in zip(pieces, said, strict=True):
        out += [text[at : piece.start], reading]
        at = piece.end
    return "".join([*out, text[at : c.end]])


def readings(written: str) -> Iterator[Offer]:
    """What `written` could be, by its shape alone; nothing for Hangul."""
    if len(written) > 40:
        return
    for pattern, ways in ((_ONE, _one), (_TWO, _two), (_MANY, _many), (_MIXED, _mixed), (_WORD, _word)):
        match = pattern.fullmatch(written)
        if match:
            yield from ways(match)


def _one(match: re.Match[str]) -> Iterator[Offer]:
    """A number with or without what it counts."""
    digits, noun = match["n"].replace(",", "").rstrip("."), match["tail"]
    gap = " " if noun.strip() else ""
    for reading, rule in _number(digits, noun.strip()):
        yield f"{reading}{gap}{noun.strip()}", rule
        if match["sign"]:
            for word in {"-": ("마이너스", "영하", "빼기"), "+": ("플러스", "영상"), "±": ("플러스마이너스",)}.get(
                match["sign"].replace("−", "-").replace("–", "-"), ()
            ):
                yield f"{word} {reading}{gap}{noun.strip()}", "number.signed"


def _number(digits: str, noun: str = "") -> Iterator[Offer]:
    """One number in every system."""
    if "." in digits:
        whole, _, fraction = digits.partition(".")
        yield decimal(digits), "number.decimal"
        yield f"{sino(whole)} 점 {sino(fraction)}", "number.decimal.value"
        yield f"{sino(whole)} 점 {spell(fraction, zero='공')}", "number.point.gong"
        yield spell(digits.replace(".", ""), zero="공"), "number.digits"
        return
    value = int(digits) if len(digits) <= 4 else -1
    yield sino(digits), "number.cardinal"
    if 1 <= value <= 99:
        yield attributive_for(value, noun), "number.native.attributive"
        yield attributive(value), "number.native.attributive"
        yield native(value), "number.native"
    elif 100 < value < 1000 and value % 100:
        yield sino(str(value - value % 100)) + attributive(value % 100), "number.mixed"
    if len(digits) > 1 or digits == "0":
        yield spell(digits, zero="공"), "number.digits"
        yield spell(digits), "number.digits.yeong"
    if 0 <= value < len(ENGLISH):
        yield ENGLISH[value], "number.english"
    elif len(digits) == 2 and 11 <= value <= 20:
        yield _TEENS[value - 11], "number.english"
    if 10_000 <= int(digits or 0) < 20_000:
        yield sino(digits, full_man=True), "number.full_man"


_BETWEEN = {
    "-": ("대", "에서", "다시", "에", "의", "빼기", "마이너스", "부터", "하이픈", ""),
    "~": ("에서", "부터", "", "내지", "에서부터"),
    ":": ("대", "", "콜론", "에"),
    "/": ("", "슬래시", "나누기", "대", "에", "의"),
    ".": ("점", "", "쩜"),
    "·": ("", "점"),
    "+": ("더하기", "플러스"),
    "x": ("곱하기", "바이", "엑스", ""),
    ",": ("", "콤마"),
    "=": ("은", "는", "이퀄"),
    "대": ("대",),
    " ": ("",),
}
_SAME = str.maketrans("‐‑–—−∼〜～：ㆍ・×X*", "-----~~~:··xxx")
_GLUED = ("에서", "부터", "에", "의", "은", "는", "에서부터")


def _two(match: re.Match[str]) -> Iterator[Offer]:
    """Two numbers with a sign between them."""
    joint = match["joint"].strip().translate(_SAME) or " "
    a, b, tail = match["a"].replace(",", ""), match["b"].replace(",", ""), match["tail"].strip()
    gap = " " if tail else ""
    for reading, rule in _calendar(a, b, joint):
        yield f"{reading}{gap}{tail}", rule
    first, second = _said(a), _said(b)
    for word in _BETWEEN.get(joint, ()):
        glue = word if word in _GLUED else f" {word}" if word else ""
        yield f"{first}{glue} {second}{gap}{tail}", "number.between"
    if tail and joint in "-~":
        yield f"{first} {tail}에서 {second} {tail}", "range.twice"
        yield f"{first} {tail}부터 {second} {tail}", "range.from"
    digits = f"{spell(re.sub('[^0-9]', '', a), zero='공')} {spell(re.sub('[^0-9]', '', b), zero='공')}"
    yield f"{digits}{gap}{tail}", "identifier.digits"
    if joint == ".":
        yield f"{first} 점 {spell(b, zero='공') if b.isdigit() else second}{gap}{tail}", "number.decimal"
        yield f"{first} 점 {spell(b) if b.isdigit() else second}{gap}{tail}", "number.decimal"
    yield from ((f"{reading}{gap}{tail}", rule) for reading, rule in _native_pair(a, b, joint))
    if joint == "+" and re.fullmatch("[1-9]", a) and re.fullmatch("[1-9]", b):
        yield f"{ENGLISH[int(a)]} 플러스 {ENGLISH[int(b)]}{gap}{tail}", "score.promotion"


def _native_pair(a: str, b: str, joint: str) -> Iterator[Offer]:
    if joint not in "-~" or not (a.isdigit() and b.isdigit()):
        return
    one, two = int(a[:3]), int(b[:3])
    if 1 <= one <= 99 and 1 <= two <= 99 and len(a) < 3 and len(b) < 3:
        yield f"{attributive(one)}에서 {attributive(two)}", "range.native"
        if two == one + 1 < 10:
            yield sino(a) + sino(b), "range.approximate"


def _calendar(a: str, b: str, joint: str) -> Iterator[Offer]:
    """Dates, times, fractions, verses: what two small whole numbers may stand for."""
    if not (a.isdigit() and b.isdigit() and len(a) <= 4 and len(b) <= 4):
        return
    one, two = int(a), int(b)
    if joint in "/.-·" and 1 <= one <= 12 and 1 <= two <= 31:
        yield f"{month(one)} {day(two)}", "date.month_day"
    if joint in "/.-" and 1900 <= one <= 2100 and 1 <= two <= 12:
        yield f"{sino(a)}년 {month(two)}", "date.year_month"
    if joint == "/" and one and two:
        yield f"{sino(b)}분의 {sino(a)}", "fraction.slash"
    if joint == ":" and two < 60:
        hour = attributive(one) if 1 <= one <= 12 else sino(a)
        yield f"{hour} 시" + (f" {sino(b)} 분" if two else ""), "clock.colon"
        yield f"{sino(a)} 시" + (f" {sino(b)} 분" if two else ""), "clock.sino"
        yield f"{sino(a)} 분 {sino(b)} 초", "clock.running"
        if 12 < one <= 24:
            yield f"{attributive(one)} 시" + (f" {sino(b)} 분" if two else ""), "clock.native"
    if joint == ":":
        yield f"{sino(a)} 장 {sino(b)} 절", "clock.verse"
    if joint in "·.-":
        yield spell(a + b), "date.event.digits"
        yield sino(a) + sino(b), "date.event"


def _said(number: str) -> str:
    return decimal(number) if "." in number else sino(number)


def _many(match: re.Match[str]) -> Iterator[Offer]:
    """Three and more numbers: a code, a date, a version, a time, a ratio."""
    written = match[0].removesuffix(match["tail"]) if match["tail"] else match[0]
    groups, tail = re.findall("[0-9]+", written), match["tail"].strip(". ")
    gap = " " if tail else ""
    joint = match["joint"].translate(_SAME)
    if len(groups) == 3:
        yield from ((f"{reading}{gap}{tail}", rule) for reading, rule in _three(groups, joint))
    yield " ".join(spell(group, zero="공") for group in groups) + gap + tail, "identifier.digits"
    values = [sino(group) for group in groups]
    for word in {".": (" 점",), ":": (" 대",), "-": (" 다시", "에", " 대", "")}.get(joint, ("",)):
        yield f"{word} ".join(values) + gap + tail, "identifier.parts"
    yield " 점 ".join([values[0], *(spell(group) for group in groups[1:])]) + gap + tail, "identifier.version"


def _three(groups: list[str], joint: str) -> Iterator[Offer]:
    a, b, c = (int(group[:6]) for group in groups)
    if joint in "-./ " and 1 <= b <= 12 and 1 <= c <= 31:
        yield f"{sino(groups[0])}년 {month(b)} {day(c)}", "date.year_month_day"
    if joint == ":" and b < 60 and c < 60:
        hours = attributive(a) if 1 <= a <= 12 else sino(groups[0])
        yield f"{hours} 시 {sino(groups[1])} 분 {sino(groups[2])} 초", "clock.colon"
        yield f"{hours} 시간 {sino(groups[1])} 분 {sino(groups[2])} 초", "clock.running"


def _mixed(match: re.Match[str]) -> Iterator[Offer]:
    """Letters and digits: the letters by name, the digits by value, one by one, or in English."""
    tail = match["tail"]
    parts = _PART.findall(match[0].removesuffix(tail) if tail else match[0])
    for way in ("value", "digits", "english"):
        words = [_part(part, way) for part in parts]
        for dash in ("", "다시", "하이픈"):
            said = [dash if word == "-" else word for word in words]
            whole = " ".join(filter(None, said)) + tail
            yield whole, f"english.model.{way}"
            yield whole.replace("제트", "지"), f"english.model.{way}"
            if "-" not in words:
                break


def _part(part: str, way: str) -> str:
    if part[0].isalpha():
        return letter_names(part)
    if not part[0].isdigit():
        return {"+": "플러스", ".": "점"}.get(part, part)
    if way == "digits":
        return " 점 ".join(spell(piece, zero="공") for piece in part.split("."))
    if way == "english":
        return " 점 ".join(_english(piece) for piece in part.split("."))
    return _said(part)


def _english(digits: str) -> str:
    value = int(digits[:4])
    if digits[0] != "0" and value <= 20:
        return ENGLISH[value] if value < len(ENGLISH) else _TEENS[value - 11]
    return "".join(ENGLISH[int(digit)] for digit in digits)


def _word(match: re.Match[str]) -> Iterator[Offer]:
    """A Latin word: by letters, and as it might sound."""
    word = match[0]
    for reading in sounds(word) if len(word) > 1 else ():
        yield reading, "english.sound"
    if len(word) <= 10:
        yield letter_names(word), "english.letters"
        yield letter_names(word, otherwise=True), "english.letters.dictionary"
        yield letter_names(word).replace("제트", "지"), "english.letters.zee"
    for reading in korean(word):
        yield reading, "english.romanised"
    yield word, "as_written"
