"""Latin letters: lexicon words, acronyms by letter names or as words, letter-digit names, unknown words by sound.

Order (longest first): lexicon, letter-digit table, pronounceable acronyms, letter names for capitals, model numbers,
a Korean word in Latin letters where its vowels show it, and at last a rough transliteration by 외래어 표기법, both
marked uncertain. Letter names are the spoken ones (씨,
알), not 표준국어대사전's (시, 아르), which are offered; words follow 외래어 표기법 2장 표 1 and 3장 1절 (영어) unless
their owner writes them otherwise. A run of four or more Latin words is a foreign sentence and is kept. Knows no
numbers beyond those inside names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import GENERIC, LEXICON, SHAPE, STRUCTURE, Candidate
from ..number import decimal, sino, spell
from ..policy import Policy
from ..tables import letter_digit, letters, letters_otherwise, lexicon, pronounceable
from ..view import View
from .romanised import hangul as romanised
from .transliterate import hangul

_LATIN = "A-Za-zÀ-ÖØ-öø-ɏ"
_PART = re.compile(rf"[{_LATIN}]+(?:['’](?:s|t|re|ve|ll|d|m)(?![{_LATIN}]))?|[0-9]+")
_JOIN = re.compile(r"[ ]|[-&/.+_'’·][ ]?|[ ][&+-][ ]")
_TAIL = re.compile(r"\+\+|\+|#|\.(?=[\s가-힣,)]|$)")
_RUN = re.compile(
    rf"(?<![{_LATIN}0-9-])(?<![{_LATIN}]['’])[{_LATIN}][{_LATIN}'’0-9-]*+"
    rf"(?:[,.;:!?]?[ ]+[\"'(]?[{_LATIN}0-9][{_LATIN}'’0-9-]*[\")]?)+[.!?]?"
)
_WORD = re.compile(rf"[{_LATIN}]{{1,40}}(?:['’][a-z]{{1,2}})?")
_MODEL = re.compile(
    r"(?<![A-Za-z0-9])([A-Z]{1,5}|[0-9][A-Z](?=[0-9]{3}))([- ]?)([0-9]{1,8})([A-Za-z]{0,3})(?![A-Za-z0-9]|\.[0-9])"
)
_DECIMAL_TAIL = re.compile(r"\.[0-9]")
_POINTED = re.compile(
    r"(?<![A-Za-z0-9.-])(?P<head>[A-Z]{1,6})-?(?P<n>[0-9]{1,3}\.[0-9]{1,3})(?![A-Za-z0-9%]|[.,-][0-9])"
)
_CAMEL = re.compile(r"[A-Z]?[a-zß-ɏ]+|[A-Z]+(?![a-z])|[A-Z]")
_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,6}[a-z][0-9]{3,12}[A-Za-z0-9]{0,12}(?![A-Za-z0-9])")
_DOTTED = re.compile(r"(?<![A-Za-z.])(?:[A-Z]\.){2,8}(?:[A-Z](?![A-Za-z]))?")
_KOREAN = re.compile(
    "[bcdgjkmnprst]h?e[ou]|yeo"
)  # as 국어의 로마자 표기법 spells ㅓ, ㅡ, ㅕ; hardly any English word does
_MAX_PARTS = 6


def letter_names(text: str, *, otherwise: bool = False) -> str:
    """'PDF' -> '피디에프'; characters without a name stay, digits are read one by one.

    otherwise  the dictionary's names: 시, 아르, 제트.
    """
    names = letters_otherwise() if otherwise else letters()
    out = "".join(names.get(char.upper(), names.get(char, char)) for char in text)
    return re.sub(r"[0-9]+", lambda m: spell(m[0], zero="공"), out)


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    yield from _runs(text, policy)
    if policy.english == "keep":
        return
    parts = [match.span() for match in _PART.finditer(text)]
    for index, (start, end) in enumerate(parts):
        yield from _named(text, parts, index)
        if not text[start].isdigit():
            yield from _word(text, start, end)
    for match in _MODEL.finditer(text):
        yield _model(match)
    for match in _POINTED.finditer(text):
        words = f"{_piece(match['head'])} {decimal(match['n'])}"
        yield Candidate(*match.span(), words, "english", "english.model", 0.7, ((match[0], "as_written"),), LEXICON)
    for match in _CODE.finditer(text):
        yield Candidate(
            *match.span(),
            letter_names(match[0]),
            "identifier",
            "english.code",
            0.6,
            ((match[0], "as_written"),),
            LEXICON,
        )
    for match in _DOTTED.finditer(text):
        names = letter_names(match[0].replace(".", ""))
        yield Candidate(*match.span(), names, "english", "english.dotted", 0.85, ((match[0], "as_written"),), LEXICON)


def _runs(text: str, policy: Policy) -> Iterator[Candidate]:
    for match in _RUN.finditer(text):
        words = _WORD.findall(match[0])
        capitals = sum(word.isupper() and len(word) > 1 for word in words)
        spaces = len(re.findall(r"[A-Za-z] +[A-Za-z]", match[0]))
        if (
            len(words) >= policy.english_run
            and capitals * 2 <= len(words)
            and spaces >= min(len(words), policy.english_run) - 2
        ):
            yield Candidate(*match.span(), match[0], "foreign", "english.run", 0.8, tier=STRUCTURE, repair=False)


def _named(text: str, parts: list[tuple[int, int]], index: int) -> Iterator[Candidate]:
    """Entries of the tables that begin at this part, each length; one that continues a word on either side is none."""
    start = parts[index][0]
    if start and (text[start - 1].isascii() and text[start - 1].isalnum()):
        return
    known = lexicon()
    end = parts[index][1]
    for step in range(_MAX_PARTS):
        if step:
            if index + step >= len(parts):
                return
            gap = text[end : parts[index + step][0]]
            if gap and not _JOIN.fullmatch(gap):
                return
            end = parts[index + step][1]
        tail = _TAIL.match(text, end)
        for stop in {end, tail.end() if tail else end}:
            if stop < len(text) and stop == end and text[stop].isascii() and text[stop].isalnum():
                continue
            if text[stop - 1].isdigit() and _DECIMAL_TAIL.match(text, stop):
                continue
            surface = text[start:stop].replace("’", "'")
            reading = known.exact.get(surface) or letter_digit().get(surface) or known.folded.get(surface.lower())
            if reading:
                yield _lexicon(start, stop, surface, reading)


def _lexicon(start: int, end: int, surface: str, reading: str) -> Candidate:
    alternatives = [(surface, "as_written")]
    if len(surface) <= 8 and surface.isalpha():
        alternatives.insert(0, (letter_names(surface), "english.letters"))
        alternatives.append((letter_names(surface, otherwise=True), "english.letters.dictionary"))
    for said, formal in (
        ("씨", "시"),
        ("알", "아르"),
        ("티브이", "티비"),
        ("쓰리", "스리"),
        ("지", "제트"),
        ("제트", "지"),
    ):
        if surface.isupper() and said in reading:
            alternatives.append((reading.replace(said, formal), "english.spelling"))
    digits = re.fullmatch(r"([A-Za-z]*)-?([0-9]{1,4})([A-Za-z]*)", surface)
    if digits:
        first, last = letter_names(digits[1]), letter_names(digits[3])
        alternatives += [
            (f"{first} {word}{last}", "english.model") for word in (sino(digits[2]), spell(digits[2], zero="공"))
        ]
    other = lexicon().others.get(surface.lower())
    if other:
        alternatives.insert(0, (other, "english.lexicon.other"))
    if surface in pronounceable():
        alternatives.insert(0, (pronounceable()[surface], "english.acronym_word"))
    return Candidate(
        start, end, reading, "english", "english.lexicon", 0.95, tuple(alternatives), LEXICON, origin="lexicon"
    )


def _word(text: str, start: int, end: int) -> Iterator[Candidate]:
    """What a word of Latin letters is when no table has it."""
    word = text[start:end]
    if len(word) > 60:
        return
    names = letter_names(word.rstrip("s") if word[:-1].isupper() and word.endswith("s") else word)
    kept = (word, "as_written")
    formal = (letter_names(word, otherwise=True), "english.letters.dictionary")
    if word in pronounceable():
        yield Candidate(
            start, end, pronounceable()[word], "english", "english.acronym_word", 0.9,
            ((names, "english.letters"), formal, kept), LEXICON, origin="lexicon",
        )  # fmt: skip
        return
    capitals = word.rstrip("s") if len(word) > 2 else word
    if len(word) == 1 or (capitals.isupper() and (len(capitals) <= 6 or not re.search("[AEIOU]", capitals))):
        sound = ((hangul(word), "english.sound"),) if len(word) > 2 else ()
        yield Candidate(start, end, names, "english", "english.letters", 0.85, (*sound, formal, kept), GENERIC)
        return
    reading, rule = "".join(_piece(piece) for piece in _CAMEL.findall(word)) or hangul(word), "english.sound"
    if word[:-1].isupper() and len(word) <= 6:
        reading = names
    korean = romanised(word) if _KOREAN.search(word.lower()) else ()
    if korean and len(korean[0]) > 1:
        reading, rule = korean[0], "english.romanised"
    others = ((hangul(word), "english.sound.whole"), (names, "english.letters"), kept)
    yield Candidate(start, end, reading, "english", rule, 0.4, others, GENERIC)  # fmt: skip


def _piece(piece: str) -> str:
    known = lexicon()
    reading = known.exact.get(piece) or known.folded.get(piece.lower()) or pronounceable().get(piece)
    if reading and len(piece) > 2:
        return reading
    return letter_names(piece) if piece.isupper() or len(piece) == 1 else _sound(piece)


def _sound(word: str) -> str:
    """By sound, or by letters when nobody could pronounce it."""
    return hangul(word) if re.search("[aeiouyAEIOUYÀ-ÖØ-öø-ɏ]", word) else letter_names(word)


def _model_tier(match: re.Match[str]) -> float:
    """With its label (편, 호, 번) a code outweighs a counted number; across a space it is hardly a code."""
    if match[2] == " ":
        return GENERIC
    return SHAPE if re.match(r"편|호기|번|형|기종", match.string[match.end() : match.end() + 2]) else LEXICON


def _model(match: re.Match[str]) -> Candidate:
    """KF-21, A380, B1: letters by name, the number by digits from three on or with a leading zero."""
    head, joint, digits, tail = match.groups()
    surface = match[0]
    by_digit, by_value = spell(digits, zero="공"), sino(digits)
    digitwise = len(digits) >= (4 if joint == " " else 3) or digits.startswith("0")
    known = lexicon()
    first = (
        pronounceable().get(head)
        or known.exact.get(head)
        or (known.folded.get(head.lower()) if len(head) > 2 else None)
    )
    first = first or letter_names(head)
    names = {first, letter_names(head)}
    body, other = (by_digit, by_value) if digitwise else (by_value, by_digit)
    end = letter_names(tail) if tail else ""
    space = " " if joint == " " else ""
    alternatives = [
        (f"{name}{space}{value}{end}", "english.model") for name in sorted(names) for value in (body, other)
    ]
    return Candidate(
        *match.span(), f"{first}{space}{body}{end}", "english", "english.model", 0.6,
        (*alternatives, (surface, "as_written")), _model_tier(match),
    )  # fmt: skip
