"""Hangul syllables as arithmetic: finals, and which form of a particle follows a sound.

Knows the Unicode layout of U+AC00..U+D7A3 and nothing of words. Particle forms follow 한글 맞춤법 and
표준어 규정 as school grammar states them: the form depends on the last *spoken* syllable, and ㄹ takes 로.
"""

from __future__ import annotations

_FIRST, _LAST = 0xAC00, 0xD7A3
_RIEUL = 8
_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

# after a consonant, after a vowel
PARTICLES = {
    "topic": ("은", "는"),
    "subject": ("이", "가"),
    "object": ("을", "를"),
    "with": ("과", "와"),
    "by": ("으로", "로"),
}


def is_syllable(char: str) -> bool:
    return _FIRST <= ord(char) <= _LAST


def compose(lead: str, vowel: str, final: str = "") -> str:
    """ㅎ, ㅏ, ㄴ -> 한. Raises ValueError for anything that is not a jamo of its place."""
    return chr(_FIRST + (_LEADS.index(lead) * 21 + _VOWELS.index(vowel)) * 28 + _FINALS.index(final))


def decompose(syllable: str) -> tuple[str, str, str]:
    """한 -> (ㅎ, ㅏ, ㄴ); the caller has checked is_syllable."""
    code = ord(syllable) - _FIRST
    return _LEADS[code // 588], _VOWELS[code // 28 % 21], _FINALS[code % 28]


def with_final(syllable: str, final: str) -> str:
    lead, vowel, _ = decompose(syllable)
    return compose(lead, vowel, final)


def final_index(text: str) -> int | None:
    """0..27 of the last syllable of `text`, past closing punctuation; None when it does not end in Hangul."""
    for char in reversed(text[-8:]):
        if is_syllable(char):
            return (ord(char) - _FIRST) % 28
        if char.isalnum():
            return None
    return None


def takes_consonant_form(text: str, *, rieul_is_vowel: bool = False) -> bool | None:
    """Whether 은/이/을/과 (True) or 는/가/를/와 (False) follows `text`; for 으로/로, ㄹ counts as a vowel."""
    index = final_index(text)
    if index is None:
        return None
    return index != 0 and not (rieul_is_vowel and index == _RIEUL)


def particle(text: str, pair: str) -> str:
    """`text`'s form of a particle of PARTICLES, the vowel form when `text` does not end in Hangul."""
    after_consonant, after_vowel = PARTICLES[pair]
    return after_consonant if takes_consonant_form(text, rieul_is_vowel=pair == "by") else after_vowel
