"""A reading cut into what the synthesizer speaks: sentences in order, pauses between them, repetitions counted.

Boundaries come from the written text (`boundary`), never from the spoken one; a sentence that is too long is cut at
inner sentence ends, then commas, then connective endings, then spaces, and at last anywhere. Knows no audio.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from .boundary import boundaries, kiwi_boundaries
from .reading import Mark, Pause, Piece, Reading, Sentence, Span
from .syllable import syllables

DEFAULT_SYLLABLES = 100
_CUTS = (
    re.compile(r"[.!?。…]+[\"'”’)\]]{0,2}(?=\s)"),
    re.compile(r"[,;:，、](?=\s)"),
    re.compile(r"(?<=[가-힣])(?:고|며|는데|은데|지만|면서|면|어서|아서|해서|니까|므로|려고|도록|거나|자마자)(?=\s)"),
    re.compile(r"\s"),
)
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


def split(
    reading: Reading,
    max_syllables: int = DEFAULT_SYLLABLES,
    *,
    repeats: bool = True,
    paragraph_pause: float | None = None,
    analyser: Literal["rules", "kiwi"] = "rules",
) -> tuple[Piece, ...]:
    """The pieces to speak, in order.

    max_syllables  the longest sentence, counted as spoken.   repeats  join literally repeated sentences into one.
    paragraph_pause  seconds after a blank line.   analyser  'kiwi' for text without punctuation.
    """
    return _Splitter(reading, max_syllables, analyser).pieces(repeats, paragraph_pause)


class _Splitter:
    """One pass over one reading; holds the way from source positions to spoken ones."""

    def __init__(self, reading: Reading, limit: int, analyser: str) -> None:
        self.reading, self.limit, self.source = reading, limit, reading.source
        self.edits = reading.edits
        self.starts = [edit.src[0] for edit in self.edits]
        self.astral = [index for index, char in enumerate(self.source) if char > "\uffff"] if self.source else []
        protected = [edit.src for edit in self.edits if edit.kind not in ("particle", "markup", "drop", "control")]
        found = kiwi_boundaries(self.source, protected) if analyser == "kiwi" else boundaries(self.source, protected)
        self.cut: set[Span] = set()  # parts of sentences; a part that repeats is no repeated sentence
        self.cuts = sorted({self._safe(position) for position in found})

    def pieces(self, repeats: bool, paragraph_pause: float | None) -> tuple[Piece, ...]:
        found: list[Piece] = []
        at, group = 0, None
        for mark in [*sorted(self.reading.marks, key=lambda mark: mark.src), Mark("end", (len(self.source),) * 2)]:
            stretch = self._sentences((at, mark.src[0]), paragraph_pause)
            if group is None or mark.kind == "pause":
                found += stretch
            if mark.kind == "pause":
                _add_pause(found, mark)
            elif mark.kind == "repeat":
                group, first = mark, len(found)
            elif mark.kind == "repeat_end" and group is not None:
                found += stretch
                found[first:] = self._repeated(found[first:], int(group.value))
                group = None
            at = mark.src[1]
        return tuple(_joined(found, self.cut) if repeats else found)

    def _sentences(self, span: Span, paragraph_pause: float | None) -> list[Piece]:
        low, high = bisect_right(self.cuts, span[0]), bisect_right(self.cuts, span[1])
        edges = [span[0], *self.cuts[low:high], span[1]]
        found: list[Piece] = []
        for start, end in pairwise(edges):
            parts = self._fitting((start, end), 0)
            sentences = [sentence for part in parts if (sentence := self._sentence(part)) is not None]
            if len(sentences) > 1:
                self.cut.update(sentence.src for sentence in sentences)
            found += sentences
            if paragraph_pause is not None and found and _BLANK_LINE.search(self.source, start, end):
                found[-1] = _with_pause(found[-1], paragraph_pause)
        return found

    def _fitting(self, span: Span, kind: int) -> list[Span]:
        """`span` cut until each part is within the limit; parts are as full as the cut allows."""
        if span[1] <= span[0] or syllables(self._spoken(span)) <= self.limit:
            return [span]
        if kind >= len(_CUTS):
            return self._chopped(span)
        edges = [self._safe(match.end()) for match in _CUTS[kind].finditer(self.source, *span)]
        edges = sorted({edge for edge in edges if span[0] < edge < span[1]})
        if not edges:
            return self._fitting(span, kind + 1)
        parts: list[Span] = []
        start, last, size = span[0], span[0], 0
        for edge in [*edges, span[1]]:
            more = syllables(self._spoken((last, edge)))
            if size + more > self.limit and last > start:
                parts.append((start, last))
                start, size = last, 0
            last, size = edge, size + more
        parts.append((start, span[1]))
        return [piece for part in parts for piece in self._fitting(part, kind + 1)]

    def _chopped(self, span: Span) -> list[Span]:
        """No space to cut at: at edit edges and characters, whatever fits."""
        parts, start, at, size = [], span[0], span[0], 0
        while at < span[1]:
            step = max(self._safe(at + 1), at + 1)
            more = syllables(self._spoken((at, step)))
            if size + more > self.limit and at > start:
                parts.append((start, at))
                start, size = at, 0
            at, size = step, size + more
        return [*parts, (start, span[1])]

    def _sentence(self, span: Span) -> Sentence | None:
        """None when there is nothing to say between two boundaries."""
        out = (self._out(span[0]), self._out(span[1]))
        spoken = " ".join(self.reading.spoken[slice(*out)].split())
        if not syllables(spoken):
            return None
        written = self.source[slice(*span)]
        start = span[0] + len(written) - len(written.lstrip())
        end = span[1] - (len(written) - len(written.rstrip()))
        return Sentence(
            (start, end), (self._src16(start), self._src16(end)), (self._out(start), self._out(end)),
            self.source[start:end], spoken,
        )  # fmt: skip

    def _repeated(self, group: list[Piece], count: int) -> list[Piece]:
        """One unit with a count when the group fits into one; else the group's sentences, count times in order."""
        sentences = [piece for piece in group if isinstance(piece, Sentence)]
        if not sentences:
            return group
        plain = len(sentences) == len(group) and all(s.pause_after is None for s in sentences[:-1])
        spoken = " ".join(s.spoken for s in sentences)
        if len(sentences) == 1 and len(group) == 1:
            return [replace(sentences[0], repeat=count)]
        if plain and syllables(spoken) <= self.limit:
            first, last = sentences[0], sentences[-1]
            src = (first.src[0], last.src[1])
            return [
                Sentence(
                    src, (first.src16[0], last.src16[1]), (first.out[0], last.out[1]), self.source[slice(*src)],
                    spoken, last.pause_after, count,
                )
            ]  # fmt: skip
        return group * count

    def _spoken(self, span: Span) -> str:
        return self.reading.spoken[self._out(span[0]) : self._out(span[1])]

    def _safe(self, position: int) -> int:
        """The position itself, or the end of the edit it falls into."""
        index = bisect_right(self.starts, position) - 1
        if index >= 0 and self.edits[index].src[0] < position < self.edits[index].src[1]:
            return self.edits[index].src[1]
        return position

    def _out(self, position: int) -> int:
        """The spoken position of a source position that is not inside an edit."""
        index = bisect_right(self.starts, position) - 1
        if index < 0:
            return position
        edit = self.edits[index]
        if position <= edit.src[0]:
            return edit.out[0]
        return edit.out[1] + max(0, position - edit.src[1])

    def _src16(self, position: int) -> int:
        return position + bisect_right(self.astral, position - 1)


def _with_pause(piece: Piece, seconds: float) -> Piece:
    return replace(piece, pause_after=seconds) if isinstance(piece, Sentence) else replace(piece, seconds=seconds)


def _add_pause(found: list[Piece], mark: Mark) -> None:
    """To the sentence before it; with none before, a piece of its own. Neighbouring pauses add up."""
    if not found:
        found.append(Pause(mark.src, mark.value))
    elif isinstance(found[-1], Pause):
        found[-1] = replace(found[-1], seconds=found[-1].seconds + mark.value)
    else:
        found[-1] = replace(found[-1], pause_after=(found[-1].pause_after or 0.0) + mark.value)


def _joined(pieces: list[Piece], parts: set[Span]) -> list[Piece]:
    """Literally repeated neighbours become one with a count; their pauses must agree."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if isinstance(piece, Sentence) and isinstance(last, Sentence) and _same(last, piece) and piece.src not in parts:
            found[-1] = replace(
                last, repeat=last.repeat + piece.repeat, src=(last.src[0], piece.src[1]),
                src16=(last.src16[0], piece.src16[1]), out=(last.out[0], piece.out[1]), pause_after=piece.pause_after,
            )  # fmt: skip
        else:
            found.append(piece)
    return found


def _same(left: Sentence, right: Sentence) -> bool:
    between_agrees = left.pause_after is None or left.pause_after == right.pause_after
    return left.spoken == right.spoken and left.written == right.written and between_agrees and left.src != right.src
