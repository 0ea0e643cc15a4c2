"""How many syllables a voice will say: the measure of pace, of frame ceilings and of sentence length.

Exact for Hangul; an estimate for Latin words (vowel groups), digits and other scripts (one each).
"""

from __future__ import annotations

import re

_SPOKEN = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]|[A-Za-z]+|[0-9]|[^\W_]")
_VOWELS = re.compile(r"[aeiouy]+", re.IGNORECASE)


def syllables(text: str) -> int:
    """The number of spoken syllables in spoken text; 0 for punctuation alone."""
    return sum(_count(match[0]) for match in _SPOKEN.finditer(text))


def _count(piece: str) -> int:
    if not piece.isascii() or piece.isdigit():
        return 1
    if piece.isupper():
        return sum(3 if letter == "W" else 2 if letter in "FHLMNRSX" else 1 for letter in piece)
    return max(1, len(_VOWELS.findall(piece.removesuffix("e"))))
