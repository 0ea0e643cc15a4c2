"""Numbers and names whose reading is settled: 007, 삼팔선, 육삼빌딩, 386세대.

Source: 표준국어대사전 and 우리말샘 where they list the word (삼팔선, 공공칠), else how announcers say it. Rule:
fixed.tsv, literally, longest first, when no other digit or Latin letter touches it. Event dates are events.tsv's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ..candidate import SHAPE, Candidate
from ..policy import Policy
from ..tables import fixed
from ..view import View


@cache
def _pattern() -> re.Pattern[str]:
    surfaces = sorted(fixed(), key=len, reverse=True)
    return re.compile(rf"(?<![0-9A-Za-z.,])(?:{'|'.join(map(re.escape, surfaces))})(?![0-9A-Za-z])")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    for match in _pattern().finditer(view.text):
        reading, *others = fixed()[match[0]]
        alternatives = tuple((other, "fixed.other") for other in others)
        yield Candidate(*match.span(), reading, "name", "fixed.table", 0.9, alternatives, SHAPE, origin="lexicon")
