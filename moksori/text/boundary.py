"""Where sentences end in written Korean: punctuation, final endings without punctuation, new lines.

Works on the original text. Nothing inside a protected span (a read number, date, URL), a quotation or brackets is a
boundary, nor the end of a quotation that a quoting word follows ("..." 라고). Rules, not a model: unpunctuated text
is cut only after endings that end nothing but a sentence (-습니다, -어요, -았다); kiwipiepy does it better where it is
installed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from moksori.errors import Unavailable

from .reading import Span

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

_HALF = re.compile("[\ud800-\udfff]")

_TERMINATOR = re.compile(
    r"(?<![.!?。！？…])[.!?。！？…]++[~^;ㅋㅎㅠㅜ]{0,20}[\"'”’»」』)\]）]{0,3}[.!?。]{0,3}(?=\s|$"
    r"|[가-힣]|[\"'“‘「『(])"
    r"|(?:[ㅋㅎㅠㅜ]{2,20}|~{1,5}|\^\^|;;)(?=\s)"
    r"|\n\s{0,50}"
)
_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff"
_WITH_BIEUP = "".join(
    chr(0xAC00 + index * 28 + 17) for index in range(399)
)  # 합, 입, 습: only these + 니다 end a sentence
_ENDING = re.compile(
    rf"(?:[{_WITH_BIEUP}]니[다까]|(?<![필중수개주소동강고민서])[가-힣]요|[가-힣]죠|[었았했였됐겠]다|[었았했였됐겠]어)"
    rf"(?=[ ]{{1,4}}[^\s.,!?…~)\]\"'”’]|[ ]{{0,2}}[{_EMOJI}])"
)
# What still belongs to the sentence that has ended: laughter, tears, emoji.
_CLOSING_HABIT = re.compile(
    "(?:[ ]{0,2}(?:[ㅋㅎㅠㅜ]{2,20}[~.!]{0,5}"
    "|[\u2600-\u27bf\U0001f000-\U0001faff][\ufe0f\u200d]?|\\^\\^))+(?=\\s|$|[가-힣])"
)
_SPEECH = re.compile(
    r"\s[^.!?\n\"“”]{0,30}(?:물었|말했|외쳤|소리쳤|대답했|답했|속삭였|중얼거렸|덧붙였|되물었|말씀하셨"
    r"|전했|밝혔|강조했|불렀|웃었|인사했|부탁했)(?:다|어요|습니다|죠)"
)
_AFTER_ENDING = re.compile(
    r"\s*(?:라고|라며|라는|라면|하고|고|며|는|던|가|면|만|라|란|라니|는데|지만|하는|했|그러|보니|싶|할"
    r"|할까|하며|말|거나|든지|싶은)(?![가-힣]{3})"
)
_QUOTING = re.compile(
    r"\s?(?:이?라고|이?라며|이?라는|이?란|이?라면서|이?라면|하고|고|며|는|라|하며|하면서"
    r"|[은는이가을를의에도과와로](?![가-힣])|[이]?다)"
)
_TRAILING_OFF = re.compile(r"(?:[다요죠라]|습니까|나요)$")
_FINAL_BEFORE = re.compile(r"(?:[다요죠까네지야라자군걸게나니어아해녕래]|[ㅋㅎㅠㅜ]|음|임|함|됨|바람|요망)$")
_LIST_MARK = re.compile(r"(?:^|\s)(?:[0-9]{1,3}|[가나다라마바사아자차카타파하]|[A-Za-z]|[IVX]{1,4})$")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Co|Ltd|Inc|vs|No|Vol|etc|e\.g|i\.e|Prof|Jr|Sr|Fig|p|pp|a\.m|p\.m)|(?:[A-Z]\.)*[A-Z])$"
)
_CLOSERS = {"“": "”", "‘": "’", "「": "」", "『": "』", "(": ")", "[": "]", "《": "》", "〈": "〉", "（": "）"}
_MAX_QUOTE = 400


def boundaries(text: str, protected: Sequence[Span]) -> list[int]:
    """Positions after which a new sentence begins, ascending, without 0 and len(text)."""
    enclosed = _Spans(_enclosures(text))
    kept = _Spans(protected)
    found = []
    for match in _TERMINATOR.finditer(text):
        end = match.end()
        if match[0].startswith("\n"):
            if not enclosed.holds(match.start()):
                found.append(end)
        elif not kept.holds_inside(end) and not enclosed.holds_inside(end) and _ends(text, match):
            found.append(_with_habit(text, end))
    for match in _ENDING.finditer(text):
        end = match.end()
        if not enclosed.holds_inside(end) and not _AFTER_ENDING.match(text, end):
            found.append(_with_habit(text, end))
    return sorted({position for position in found if 0 < position < len(text)})


def _with_habit(text: str, end: int) -> int:
    match = _CLOSING_HABIT.match(text, end)
    return match.end() if match else end


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether this punctuation ends a sentence: not a list mark, an abbreviation, or a quotation that goes on."""
    mark, end = match[0], match.end()
    before = text[max(0, match.start() - 24) : match.start()]
    glued = end < len(text) and not text[end].isspace()
    if mark[-1] in "\"'”’»」』)]）" and (_QUOTING.match(text, end) or _SPEECH.match(text, end)):
        return False
    if mark[0] in "ㅋㅎㅠㅜ~^;":
        return bool(_FINAL_BEFORE.search(before)) or mark[0] in "ㅋㅎㅠㅜ^"
    if glued:
        return bool(re.search(r"[다요죠까]$", before)) and mark[0] in ".!?" and not _QUOTING.match(text, end)
    if mark[0] == ".":
        stops = mark.startswith("..")
        if not stops and (_LIST_MARK.search(before) or _ABBREVIATION.search(before)):
            return False
        if stops:
            return bool(_TRAILING_OFF.search(before))
    if mark[0] == "…":
        return bool(_TRAILING_OFF.search(before)) or mark[-1] in ".!?"
    return True


def _enclosures(text: str) -> list[Span]:
    """Quotations and brackets that close within their line; straight quotes pair up in order."""
    found: list[Span] = []
    stack: list[tuple[str, int]] = []
    straight: int | None = None
    for match in re.finditer(r"[“”‘’「」『』()\[\]《》〈〉（）\"\n]", text):
        char, position = match[0], match.start()
        if char == "\n":
            stack.clear()
            straight = None
        elif char == '"':
            if straight is None:
                straight = position
            else:
                if position - straight <= _MAX_QUOTE:
                    found.append((straight, position + 1))
                straight = None
        elif char in _CLOSERS:
            if len(stack) < 50:
                stack.append((_CLOSERS[char], position))
        elif stack and stack[-1][0] == char:
            opened = stack.pop()[1]
            if position - opened <= _MAX_QUOTE:
                found.append((opened, position + 1))
    return found


class _Spans:
    """A union of spans, asked by position in O(log n)."""

    def __init__(self, spans: Sequence[Span]) -> None:
        merged: list[list[int]] = []
        for start, end in sorted(spans):
            if merged and start < merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        self.starts = [start for start, _ in merged]
        self.ends = [end for _, end in merged]

    def holds(self, position: int) -> bool:
        index = bisect_right(self.starts, position) - 1
        return index >= 0 and position < self.ends[index]

    def holds_inside(self, position: int) -> bool:
        """Strictly inside: a span that ends at `position` does not hold it."""
        index = bisect_right(self.starts, position - 1) - 1
        return index >= 0 and position < self.ends[index]


@cache
def _kiwi() -> Kiwi:
    """The analyser with its model, loaded once (about a second)."""
    try:
        from kiwipiepy import Kiwi
    except ImportError as error:
        raise Unavailable("kiwipiepy is not installed.", hint="pip install 'moksori[sentences]'") from error
    return Kiwi()


def kiwi_boundaries(text: str, protected: Sequence[Span] = ()) -> list[int]:
    """As `boundaries`, by kiwipiepy's sentence model; `Unavailable` when it is not installed.

    Nothing inside a protected span is a boundary. The analyser refuses half characters; it sees spaces instead.
    """
    kept = _Spans(protected)
    whole = _HALF.sub(" ", text)
    ends = (int(sentence.end) for sentence in _kiwi().split_into_sents(whole))
    return sorted({end for end in ends if 0 < end < len(text) and not kept.holds_inside(end)})
