"""An unknown Latin word by sound: English spelling rules to phonemes, phonemes to Hangul by 외래어 표기법.

Rough by nature: English spelling does not determine sound. What it yields is always marked uncertain and comes with
the letters and the written form as alternatives. Knows no words.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from ..hangul import compose, is_syllable, with_final

# Spelling to sounds, longest first. Consonants in lower-case jamo letters, vowels as jamo; '.' is a silent letter.
_SPELLINGS: tuple[tuple[str, str], ...] = (
    ("tion", "ㅅㅕㄴ"), ("sion", "ㅈㅕㄴ"), ("ture", "ㅊㅓ"), ("ough", "ㅓㅍ"), ("augh", "ㅗ"), ("eigh", "ㅔㅣ"),
    ("igh", "ㅏㅣ"), ("tch", "ㅊ"), ("dge", "ㅈ"), ("sch", "ㅅㅋ"), ("eau", "ㅗ"), ("ous", "ㅓㅅ"), ("ck", "ㅋ"),
    ("ch", "ㅊ"), ("sh", "S"), ("th", "ㅅ"), ("ph", "ㅍ"), ("wh", "W"), ("qu", "ㅋW"), ("gh", ""), ("kn", "ㄴ"),
    ("wr", "R"), ("rh", "R"), ("ps", "ㅍㅅ"), ("ee", "ㅣ"), ("ea", "ㅣ"), ("oo", "ㅜ"), ("ou", "ㅏㅜ"), ("ow", "ㅗ"),
    ("oa", "ㅗ"), ("oi", "ㅗㅣ"), ("oy", "ㅗㅣ"), ("ai", "ㅔㅣ"), ("ay", "ㅔㅣ"), ("ei", "ㅔㅣ"), ("ey", "ㅣ"),
    ("au", "ㅗ"), ("aw", "ㅗ"), ("ie", "ㅣ"), ("ue", "ㅠ"), ("ui", "ㅜㅣ"), ("ew", "ㅠ"), ("ng", "N"), ("nk", "Nㅋ"),
)  # fmt: skip
_R_COLOURED = {"er": "ㅓ", "or": "ㅗ", "ar": "ㅏ", "ir": "ㅓ", "ur": "ㅓ"}  # before a consonant or at the end; long
_SINGLE = {
    "a": "ㅐ", "b": "ㅂ", "c": "ㅋ", "d": "ㄷ", "e": "ㅔ", "f": "ㅍ", "g": "ㄱ", "h": "ㅎ", "i": "ㅣ", "j": "ㅈ",
    "k": "ㅋ",
    "l": "L", "m": "ㅁ", "n": "ㄴ", "o": "ㅗ", "p": "ㅍ", "q": "ㅋ", "r": "R", "s": "ㅅ", "t": "ㅌ", "u": "ㅓ",
    "v": "ㅂ",
    "w": "W", "x": "ㅋㅅ", "y": "Y", "z": "ㅈ",
}  # fmt: skip
_LONG = {"a": "ㅔㅣ", "i": "ㅏㅣ", "o": "ㅗ", "u": "ㅠ", "e": "ㅣ", "y": "ㅏㅣ"}
_VOWELS = "ㅏㅐㅑㅓㅔㅕㅗㅛㅜㅠㅡㅣ"
_GLIDES = {
    "W": {"ㅏ": "ㅘ", "ㅐ": "ㅙ", "ㅔ": "ㅞ", "ㅓ": "ㅝ", "ㅣ": "ㅟ", "ㅗ": "ㅝ", "ㅜ": "ㅜ"},
    "Y": {"ㅏ": "ㅑ", "ㅐ": "ㅒ", "ㅔ": "ㅖ", "ㅓ": "ㅕ", "ㅗ": "ㅛ", "ㅜ": "ㅠ", "ㅣ": "ㅣ"},
    "S": {"ㅏ": "ㅑ", "ㅐ": "ㅐ", "ㅔ": "ㅔ", "ㅓ": "ㅕ", "ㅗ": "ㅛ", "ㅜ": "ㅠ", "ㅣ": "ㅣ"},
}
_CODA = {"ㅂ": "ㅂ", "ㅍ": "ㅂ", "ㄱ": "ㄱ", "ㅋ": "ㄱ", "ㅌ": "ㅅ", "ㅁ": "ㅁ", "ㄴ": "ㄴ", "N": "ㅇ", "L": "ㄹ"}
_STOPS = "ㅍㅋㅌ"


@dataclass(frozen=True, slots=True)
class _Manner:
    """Another guess at the same spelling. vowels  instead of the usual short ones; plain  as Italian or Japanese names
    are spelled, without silent e or long vowels; open  a final stop is a syllable (로봇, 로보트)."""

    vowels: tuple[tuple[str, str], ...] = ()
    plain: bool = False
    open: bool = False


_USUAL = _Manner()
_PLAIN = (("a", "ㅏ"), ("e", "ㅔ"), ("i", "ㅣ"), ("o", "ㅗ"), ("u", "ㅜ"), ("y", "ㅣ"))
_MANNERS = (
    _Manner((("a", "ㅏ"),)), _Manner((("o", "ㅏ"),)), _Manner((("u", "ㅜ"),)), _Manner(_PLAIN, plain=True),
    _Manner(open=True), _Manner((("a", "ㅏ"),), open=True), _Manner((("o", "ㅓ"),)), _Manner((("a", "ㅔㅣ"),)),
    _Manner((("e", "ㅣ"),)), _Manner((("i", "ㅏㅣ"),)), _Manner((("a", "ㅓ"),)), _Manner((("e", "ㅓ"),)),
)  # fmt: skip


@lru_cache(maxsize=4096)
def hangul(word: str, manner: _Manner = _USUAL) -> str:
    """'blender' -> '블렌더': a guess. Characters that are not Latin letters are dropped."""
    plain = unicodedata.normalize("NFD", word.lower().replace("’s", "s").replace("'s", "s"))
    plain = re.sub("[^a-z]", "", plain)
    return _syllables(_sounds(plain, manner), manner.open) if plain else ""


@lru_cache(maxsize=4096)
def variants(word: str) -> tuple[str, ...]:
    """Every distinct guess, the usual one first."""
    return tuple(dict.fromkeys([hangul(word), *(hangul(word, manner) for manner in _MANNERS)]))


def _sounds(word: str, manner: _Manner) -> list[str]:
    single = _SINGLE | dict(manner.vowels)
    sounds: list[str] = []
    at = 0
    while at < len(word):
        rest = word[at:]
        step = None if manner.plain else _special(word, at, rest)
        if step is None:
            known = () if manner.plain and rest[0] in "aeiou" else _SPELLINGS
            spelling, sound = next(((s, v) for s, v in known if rest.startswith(s)), (rest[0], single[rest[0]]))
            step = (len(spelling), sound)
        sounds.extend(step[1])
        at += step[0]
    return sounds


def _special(word: str, at: int, rest: str) -> tuple[int, str] | None:
    """Letters whose sound depends on their neighbours: silent e, long vowels, soft c and g, doubles, final y."""
    char, following = rest[0], rest[1:2]
    coloured = _R_COLOURED.get(rest[:2])
    if coloured and rest[2:3] not in tuple("aeiouyr"):
        return 2, coloured + (":" if len(rest) > 2 else "")
    last = at == len(word) - 1
    if char == "e" and last and at > 1:
        return 1, ""
    if following == char and char not in "eo":
        return 2, "ㅅ" if char == "c" and rest[2:3] in "ei" else _SINGLE[char]
    if char == "c" and following and following in "eiy":
        return 1, "ㅅ"
    if char == "g" and following and following in "eiy" and at:
        return 1, "ㅈ"
    if char == "y" and at:
        return 1, "ㅣ"
    if char == "s" and last and at > 1 and word[at - 1] in "aeioulmnrbdgvwy":
        return 1, "ㅈ" if word[at - 1] != "u" else "ㅅ"
    if re.match(r"[aiouy][bcdfgklmnpstvz]e(?:s|d|r|rs)?$", rest) and not rest.startswith(("or", "ar")):
        return 1, _LONG[char]
    if rest[:2] in ("ts", "tz") and rest[2:3] not in tuple("aeiouy"):
        return 2, "ㅊ"
    if rest in ("le", "les"):
        return len(rest), "ㅡL" + ("ㅈ" if rest == "les" else "")
    if char == "a" and (last or (at == 0 and following in "lrmn")):
        return 1, "ㅏ" if last or following in "lr" else "ㅐ"
    if char == "o" and rest == "o":
        return 1, "ㅗ"
    return None


def _syllables(sounds: list[str], opened: bool = False) -> str:
    """Phonemes to syllable blocks: ㅡ carries a stranded consonant, a final t after a short vowel is ㅅ."""
    out: list[str] = []
    index = 0
    while index < len(sounds):
        sound = sounds[index]
        following = sounds[index + 1] if index + 1 < len(sounds) else ""
        if sound == ":":
            index += 1
            continue
        if sound in _VOWELS:
            out.append(compose("ㅇ", sound))
        elif sound in ("W", "Y") or (following in ("W", "Y") and sound not in _VOWELS):
            index = _glide(sounds, index, out)
            continue
        elif following and following in _VOWELS:
            out.append(_onset(sound, following, out, sounds, index))
            index += 2
            continue
        else:
            _stranded(sound, following, sounds, index, out, opened)
        index += 1
    return "".join(out)


def _onset(sound: str, vowel: str, out: list[str], sounds: list[str], index: int) -> str:
    if sound == "S":
        return compose("ㅅ", _GLIDES["S"].get(vowel, vowel))
    if sound == "N":
        _attach(out, "ㅇ")
        return compose("ㄱ", vowel)
    if sound == "L" and out and index:
        _attach(out, "ㄹ")
    lead = "ㄹ" if sound in "LR" else sound
    return compose(lead, vowel)


def _glide(sounds: list[str], index: int, out: list[str]) -> int:
    """w and y with what follows: 와, 예; after a consonant they share its syllable (퀵)."""
    lead = "ㅇ"
    if sounds[index] not in ("W", "Y"):
        lead = {"L": "ㄹ", "R": "ㄹ", "S": "ㅅ", "N": "ㄴ"}.get(sounds[index], sounds[index])
        index += 1
    kind = sounds[index]
    following = sounds[index + 1] if index + 1 < len(sounds) else ""
    if following and following in _GLIDES[kind]:
        out.append(compose(lead, _GLIDES[kind][following]))
        return index + 2
    out.append(compose(lead, "ㅜ" if kind == "W" else "ㅣ"))
    return index + 1


def _stranded(sound: str, following: str, sounds: list[str], index: int, out: list[str], opened: bool) -> None:
    """A consonant without a vowel after it: the final of the syllable before, or a syllable with ㅡ."""
    after_vowel = index > 0 and sounds[index - 1] in _VOWELS
    long = index > 0 and sounds[index - 1] == ":"
    after_vowel = after_vowel or long
    short = after_vowel and not long and not (index > 1 and sounds[index - 2] in _VOWELS)
    if sound == "R":
        if not after_vowel:
            out.append("르")
        return
    nasal = sound in ("ㅁ", "ㄴ", "N", "L")
    closes = nasal or (sound in _STOPS and short and not opened and following not in ("L", "R"))
    if after_vowel and closes and _attach(out, _CODA[sound]):
        return
    if sound in ("S", "ㅊ", "ㅈ") and not following:
        out.append({"S": "시", "ㅊ": "치", "ㅈ": "즈"}[sound])
        return
    lead = {"S": "ㅅ", "N": "ㄴ", "L": "ㄹ"}.get(sound, sound)
    out.append(compose(lead, "ㅡ"))


def _attach(out: list[str], final: str) -> bool:
    """Give the last syllable a final, if it has none."""
    if not out or not is_syllable(out[-1]) or (ord(out[-1]) - 0xAC00) % 28:
        return False
    out[-1] = with_final(out[-1], final)
    return True
