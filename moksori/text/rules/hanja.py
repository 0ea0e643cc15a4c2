"""Hanja: 美 대통령, 大韓民國, 比率, 안전(安全).

Rules: whole words of hanja.tsv first, then characters; at the beginning of a word 두음법칙 (한글 맞춤법 10-12항);
률 is 율 after a vowel or ㄴ (11항); a character alone has its headline reading (金 김). Where Hangul and hanja
say the same word twice, the hanja are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import SHAPE, Candidate
from ..hangul import is_syllable
from ..policy import Policy
from ..tables import hanja
from ..view import View

_RUN = re.compile("[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff]+")
_AFTER_HANGUL = re.compile(
    "(?P<hangul>[가-힣]{1,12})\\s?[(\\[（](?P<hanja>[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff]{1,12})[)\\]）]"
)
_BEFORE_HANGUL = re.compile(
    "(?P<hanja>[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff]{1,12})[(（](?P<hangul>[가-힣]{1,12})[)）]"
)
_LONGEST = 5
_MEDALS = re.compile(r"\s?(?:[0-9]|한|두|세|메달|값|시세|사냥|행진|추가|맥|빛|·|銀|은·)")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    if view.text.isascii():
        return
    for match in _RUN.finditer(view.text):
        follows = _follows_hangul(view.text, match.start())
        reading = read(match[0], follows)
        if match[0] == "金" and _MEDALS.match(view.text, match.end()):
            reading = "금"
        yield Candidate(*match.span(), reading, "hanja", "hanja.table", 0.85, _otherwise(match[0]))
    for match in _AFTER_HANGUL.finditer(view.text):
        if len(match["hanja"]) <= len(match["hangul"]) and _same(
            match["hanja"], match["hangul"][-len(match["hanja"]) :]
        ):
            yield Candidate(match.end("hangul"), match.end(), "", "hanja", "hanja.duplicate", 0.95, repair=False)
    for match in _BEFORE_HANGUL.finditer(view.text):
        if len(match["hanja"]) == len(match["hangul"]) and _same(match["hanja"], match["hangul"]):
            yield Candidate(*match.span(), match["hangul"], "hanja", "hanja.duplicate", 0.95, tier=SHAPE)


def _follows_hangul(text: str, start: int) -> bool:
    return start > 0 and is_syllable(text[start - 1])


def read(run: str, follows: bool = False) -> str:
    """Longest table words first; a character no table has stays."""
    table = hanja()
    if len(run) == 1 and run in table and not follows:
        return table[run].alone
    out: list[str] = []
    at = 0
    while at < len(run):
        size = next((n for n in range(min(_LONGEST, len(run) - at), 1, -1) if run[at : at + n] in table), 1)
        entry = table.get(run[at : at + size])
        if entry is None:
            out.append(run[at])
        elif run[at] == "率" and (out or follows):
            out.append(_yul(out[-1] if out else ""))
        else:
            out.append(entry.reading if out or follows else entry.first)
        at += size
    return "".join(out)


def _otherwise(run: str) -> tuple[tuple[str, str], ...]:
    """Inside a word, at its beginning, alone."""
    entries = [entry for entry in (hanja().get(char) for char in run) if entry]
    found = [(read(run, follows), "hanja.other") for follows in (True, False)]
    if len(entries) == len(run):
        ways = (("reading", "hanja.reading"), ("first", "hanja.initial"), ("alone", "hanja.alone"))
        found += [("".join(getattr(entry, way) for entry in entries), rule) for way, rule in ways]
    return tuple(found)


def _yul(before: str) -> str:
    """율 after a vowel or ㄴ, else 률 (한글 맞춤법 11항)."""
    if before and is_syllable(before[-1]) and (ord(before[-1]) - 0xAC00) % 28 in (0, 4):
        return "율"
    return "률"


def _same(run: str, hangul: str) -> bool:
    """Whether the Hangul is a reading of the hanja, 두음법칙 aside; unknown characters count as agreeing."""
    table = hanja()
    for char, syllable in zip(run, hangul, strict=True):
        entry = table.get(char)
        if entry and syllable not in (entry.reading, entry.first, entry.alone, "율", "률"):
            return False
    return True
