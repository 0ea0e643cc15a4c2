"""Ordinals in 째: 첫째, 둘째, 스무째, 열두째.

Rule: 표준어 규정 6항: 첫째, 둘째, 셋째, 넷째 whether order or amount; 열두째 and 스물두째 are order. 번째 is a
counting noun (counters.tsv), 제N is read in Sino by `counter`, and 년째, 일째 belong to their nouns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import STRUCTURE, Candidate
from ..number import attributive, sino
from ..policy import Policy
from ..view import View

_JJAE = re.compile(r"(?<![0-9.,가-힣A-Za-z-])(?P<n>[1-9][0-9]?)째(?![가-힣]*리)")
_FIRST = {1: "첫", 2: "둘", 3: "셋", 4: "넷"}
_ENGLISH = re.compile(r"(?<![0-9A-Za-z])(?P<n>[0-9]{1,2})(?:st|nd|rd|th)(?![A-Za-z])")
_ENGLISH_NAMES = ("", "퍼스트", "세컨드", "서드", "포스", "피프스", "식스스", "세븐스", "에이스", "나인스", "텐스")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    for match in _JJAE.finditer(view.text):
        value = int(match["n"])
        reading = f"{_FIRST.get(value) or attributive(value)}째"
        yield Candidate(
            *match.span(), reading, "ordinal", "ordinal.jjae", 0.9, ((f"{sino(match['n'])}째", "ordinal.sino"),)
        )
    for match in _ENGLISH.finditer(view.text):
        value = int(match["n"])
        name = _ENGLISH_NAMES[value] if 1 <= value <= 10 else f"{sino(match['n'])} 번째"
        others = (
            (f"{sino(match['n'])} 번째", "ordinal.korean"),
            (f"{attributive(value)} 번째" if 1 < value < 100 else "첫 번째", "ordinal.korean"),
        )
        yield Candidate(*match.span(), name, "ordinal", "ordinal.english", 0.6, others, STRUCTURE)
