"""Korean words in Latin letters back to Hangul: minsu 민수, hanbit 한빛 or 한빗, Gangneung 강릉.

Rule: 국어의 로마자 표기법 2장 read backwards, and romanised.tsv for how people spell their names (Young 영, Hee 희).
Several Hangul words share a spelling (t ends 빗, 빛 and 밭), so this gives guesses, the likeliest first; whether the
word is Korean at all is for the caller to decide.
"""

from __future__ import annotations

import re
from functools import cache

from ..hangul import compose
from ..tables import romanised

_LEADS = {
    "": "ㅇ", "g": "ㄱ", "k": "ㄱ", "kk": "ㄲ", "n": "ㄴ", "d": "ㄷ", "tt": "ㄸ", "r": "ㄹ", "l": "ㄹ", "m": "ㅁ",
    "b": "ㅂ", "pp": "ㅃ", "s": "ㅅ", "sh": "ㅅ", "ss": "ㅆ", "j": "ㅈ", "jj": "ㅉ", "ch": "ㅊ", "t": "ㅌ", "p": "ㅍ",
    "h": "ㅎ",
}  # fmt: skip
_VOWELS = {
    "a": "ㅏ", "ae": "ㅐ", "ya": "ㅑ", "yae": "ㅒ", "eo": "ㅓ", "e": "ㅔ", "yeo": "ㅕ", "ye": "ㅖ", "o": "ㅗ",
    "wa": "ㅘ", "wae": "ㅙ", "oe": "ㅚ", "yo": "ㅛ", "u": "ㅜ", "oo": "ㅜ", "wo": "ㅝ", "we": "ㅞ", "wi": "ㅟ",
    "yu": "ㅠ", "eu": "ㅡ", "ui": "ㅢ", "i": "ㅣ", "ee": "ㅣ",
}  # fmt: skip
_FINALS = {"": ("",), "k": ("ㄱ",), "g": ("ㄱ",), "n": ("ㄴ",), "t": ("ㅅ", "ㅊ", "ㅌ"), "l": ("ㄹ",), "m": ("ㅁ",),
           "p": ("ㅂ", "ㅍ"), "b": ("ㅂ",), "ng": ("ㅇ",)}  # fmt: skip
_ASPIRATED = {"k": "ㅋ"}  # k begins 강 (Kang) as well as 크
_LONGEST = 7  # letters of a syllable: kkyaeng
_MOST = 8  # guesses

Parse = tuple[tuple[str, ...], ...]


@cache
def _syllables() -> dict[str, tuple[str, ...]]:
    """Each spelling of a syllable with what it may be."""
    found: dict[str, tuple[str, ...]] = {}
    for lead, first in _LEADS.items():
        for vowel, middle in _VOWELS.items():
            for final, ends in _FINALS.items():
                leads = (first, _ASPIRATED[lead]) if lead in _ASPIRATED else (first,)
                found[lead + vowel + final] = tuple(compose(one, middle, end) for one in leads for end in ends)
    for spelling, (syllable, surname) in romanised().items():
        regular = found.get(spelling, ())
        found[spelling] = tuple(dict.fromkeys((*regular, syllable) if surname else (syllable, *regular)))
    return found


def hangul(word: str) -> tuple[str, ...]:
    """What `word` may be in Hangul, likeliest first; nothing where it is no Korean syllables."""
    if not re.fullmatch("[A-Za-z]{2,24}", word):
        return ()
    guesses: list[str] = []
    for parse in sorted(_parses(word.lower()), key=_unlikely)[:3]:
        spelled = [""]
        for syllable in parse:
            spelled = [before + one for before in spelled for one in syllable][:_MOST]
        guesses += spelled
    return tuple(dict.fromkeys(guesses))[:_MOST]


def name(word: str) -> str:
    """A surname and two syllables in one word, kimminsu 김민수; '' for anything else."""
    for size in range(min(5, len(word) - 3), 1, -1):
        if is_surname(word[:size]):
            given = next((guess for guess in hangul(word[size:]) if len(guess) == 2), "")
            if given:
                return romanised()[word[:size].lower()][0] + given
    return ""


def is_surname(word: str) -> bool:
    return romanised().get(word.lower(), ("", False))[1]


def _parses(word: str) -> list[Parse]:
    """Every way to cut `word` into syllables, up to a few; the rest of a word is cut once."""
    known = _syllables()
    ways: list[list[Parse]] = [[] for _ in range(len(word) + 1)]
    ways[len(word)] = [()]
    for at in range(len(word) - 1, -1, -1):
        for end in range(at + 1, min(len(word), at + _LONGEST) + 1):
            syllable = known.get(word[at:end])
            if syllable:
                ways[at] += [(syllable, *rest) for rest in ways[end]]
        ways[at] = sorted(ways[at], key=_unlikely)[:4]
    return ways[0]


def _unlikely(parse: Parse) -> tuple[int, int]:
    """Syllables without a consonant before them inside the word, then how many there are: han-gang, not hang-ang."""
    return sum("아" <= syllable[0] <= "잏" for syllable in parse[1:]), len(parse)
