"""Two numbers and a sign between them that no other rule claims: 3:2, 10 - 4, 5 + 2, 12·3.

Rule: a colon is 대, a plus 플러스, anything else is silent; there is no norm to follow, so the confidence is low. What
matters is that the two are one edit, which then offers a score, a range, a difference, a date, a time and the rest
(`offer`). Everything with a cue or a noun belongs to its own rule and outweighs this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import GENERIC, STRUCTURE, Candidate
from ..policy import Policy
from ..view import View
from . import numeral

_PAIR = re.compile(
    rf"(?<![0-9A-Za-z.,:/·~+×-])(?P<a>{numeral.PLAIN})(?P<joint>(?P<gap> ?)[-–:：/·+×~](?P=gap))(?P<b>{numeral.PLAIN})"
    r"(?![0-9A-Za-z]|[.,:/·~+×-][0-9])"
)
_SAID = {":": " 대 ", "：": " 대 ", "+": " 플러스 ", "×": " 곱하기 ", "~": "에서 "}


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    for match in _PAIR.finditer(view.text):
        word = _SAID.get(match["joint"].strip(), " ")
        reading = f"{numeral.say(match['a'], policy)}{word}{numeral.say(match['b'], policy)}"
        tier = STRUCTURE if match["joint"].strip() in ":：" else GENERIC  # 2:2 무승부 counts no draws
        yield Candidate(*match.span(), reading, "number", "number.between", 0.4, tier=tier)
