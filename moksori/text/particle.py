"""Particles that agree with the reading: PDF을 -> 피디에프를, 3은 -> 삼은, 을(를) -> the one that fits.

The form follows the final of the last spoken syllable; ㄹ takes 로 (한글 맞춤법 and every school grammar). A
particle is changed only when it stands right after an edit, ends its word, and disagrees. Knows no readings.
"""

from __future__ import annotations

import re

from .hangul import takes_consonant_form

_AFTER = r"(?![가-힣A-Za-z0-9])"
_PAIRS = (
    ("으로", "로", True, r"(?:서|써|부터|는|도|만|의|나마)?"),
    ("이라", "라", False, r"(?:고|는|도|며|면|서|든지|거나|던|도|야)(?:도|는|요)?"),
    ("이랑", "랑", False, r"(?:은|도|만)?"),
    ("이나", "나", False, ""),
    ("이란", "란", False, ""),
    ("이든", "든", False, r"(?:지)?"),
    ("이에요", "예요", False, ""),
    ("은", "는", False, r"(?:요)?"),
    ("이", "가", False, r"(?:요)?"),
    ("을", "를", False, r"(?:요)?"),
    ("과", "와", False, r"(?:의|는|도|만|함께)?"),
    ("아", "야", False, ""),
)
_FORMS: dict[str, tuple[str, str, bool]] = {}
_TAILS: list[str] = []
for _consonant, _vowel, _rieul, _tail in _PAIRS:
    for _form in (_consonant, _vowel):
        _FORMS[_form] = (_consonant, _vowel, _rieul)
        _TAILS.append(f"(?P<f{len(_TAILS)}>{_form}){_tail}{_AFTER}")
_PARTICLE = re.compile("|".join(_TAILS))
_CLOSING = re.compile(r"[\"'”’」』》〉`*]{0,2}")
_BRACKETS = re.compile(r"[\"'”’」』》〉`*)\]）］]{0,3}")
_BOTH = re.compile(
    r"(?:[은을이과]\([는를가와]\)|[는를가와]\([은을이과]\)|\(으\)로|\(이\)(?=[가-힣])"
    r"|[은을이과]/[는를가와](?![가-힣]))"
)

# What may follow a word and end it; used by the dictionary and by rules that need a word's right edge.
PARTICLE_TAIL = re.compile(
    r"(?:은|는|이|가|을|를|과|와|의|에|도|만|로|으로|나|이나|랑|이랑|라|이라|란|이란|께|에서|에게|에는"
    r"|에도|에서는|에서도|부터|까지|까지는|부터는"
    r"|으로서|로서|으로써|로써|으로는|로는|으로도|로도|라고|이라고|라는|이라는|보다|처럼|마다|조차"
    r"|마저|밖에|뿐|뿐만|이며|며|이고|고|인|이든|든"
    r"|입니다|이다|이에요|예요|였다|이었다|였습니다|이었습니다|인데|이지만|지만|이면|면|임|죠|이죠|들"
    r"|들이|들은|들을|들의|들과|씨|님|님이|님은|님의|용|식|형|측|급|당|별|간)"
    r"(?![가-힣])"
)


def repaired(text: str, position: int, spoken: str, *, aside: bool = False) -> tuple[int, int, str] | None:
    """The particle at `position` that disagrees with `spoken`, as (start, end, right form), or None.

    Closing quotes and brackets may stand between: what is in a bracket is spoken, so the particle follows its sound,
    달러(약 34억 원)로 -> 원으로. After an `aside`, a number to call, it follows the word before the bracket and stays.
    """
    closing = (_CLOSING if aside else _BRACKETS).match(text, position)
    start = closing.end() if closing else position
    match = _PARTICLE.match(text, start)
    if not match or not match.lastgroup:
        return None
    written = match[match.lastgroup]
    consonant, vowel, rieul = _FORMS[written]
    wants_consonant = takes_consonant_form(spoken, rieul_is_vowel=rieul)
    if wants_consonant is None:
        return None
    right = consonant if wants_consonant else vowel
    return None if right == written else (start, start + len(written), right)


def both_forms(text: str) -> list[tuple[int, int, str]]:
    """을(를)-type spans, with the vowel form; the final choice needs the sound before."""
    return [(match.start(), match.end(), match[0]) for match in _BOTH.finditer(text)]


_BOTH_FORMS = {"은": ("은", "는"), "는": ("은", "는"), "을": ("을", "를"), "를": ("을", "를"), "이": ("이", "가"),
               "가": ("이", "가"), "과": ("과", "와"), "와": ("과", "와")}  # fmt: skip


def resolved(written: str, spoken: str) -> str:
    """One form of 을(를), (으)로, (이)라고 for the sound before it."""
    consonant, vowel, rieul = ("으로", "로", True) if written == "(으)로" else ("이", "", False)
    if not written.startswith("("):
        consonant, vowel = _BOTH_FORMS[written[0]]
    return consonant if takes_consonant_form(spoken, rieul_is_vowel=rieul) else vowel
