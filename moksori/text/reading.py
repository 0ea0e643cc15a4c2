"""What a reading is: the source, the spoken text, each edit between them, and the sentences to speak.

Plain frozen data with a JSON form. Spans are half-open; `src` counts code points of the source, `src16` UTF-16
units (what a browser counts), `out` code points of the spoken text. Knows no rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edit:
    """One place where the spoken text differs from the written one."""

    id: str
    src: Span
    src16: Span
    out: Span
    written: str
    reading: str
    kind: str  # phone, date, counter, english, particle, markup, ...
    rule: str  # 'counter.beon.label': a documented id
    confidence: float
    alternatives: tuple[tuple[str, str], ...] = ()  # (reading, rule)
    origin: str = "rule"  # rule, lexicon, dictionary, override, markup
    evidence: tuple[str, ...] = ()  # ('right:출구',)

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.id, "src": list(self.src), "src16": list(self.src16), "out": list(self.out),
            "written": self.written, "reading": self.reading, "kind": self.kind, "rule": self.rule,
            "confidence": round(self.confidence, 3),
            "alternatives": [{"reading": reading, "rule": rule} for reading, rule in self.alternatives],
            "origin": self.origin, "evidence": list(self.evidence),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """A stretch of the source that is spoken as it is written."""

    src: Span
    out: Span
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something the writer should know: unknown markup, a dropped token, an override that no longer fits."""

    code: str
    message: str
    src: Span

    def to_json(self) -> dict[str, object]:
        return {"code": self.code, "message": self.message, "src": list(self.src)}


@dataclass(frozen=True, slots=True)
class Mark:
    """Markup that acts on time, not on words: kind 'pause' (seconds), 'repeat' (count) or 'repeat_end'."""

    kind: str
    src: Span
    value: float = 0.0

    def to_json(self) -> dict[str, object]:
        return {"kind": self.kind, "src": list(self.src), "value": self.value}


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one generation speaks.

    spoken       the text for the voice, white space collapsed, never empty.
    pause_after  seconds of silence after it (and between its repetitions), or None for the default.
    repeat       how many times it is placed; 1 or more.
    """

    src: Span
    src16: Span
    out: Span
    written: str
    spoken: str
    pause_after: float | None = None
    repeat: int = 1

    def to_json(self) -> dict[str, object]:
        return {
            "type": "sentence", "src": list(self.src), "src16": list(self.src16), "out": list(self.out),
            "written": self.written, "spoken": self.spoken, "pause_after": self.pause_after, "repeat": self.repeat,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence with no sentence before it to belong to."""

    src: Span
    seconds: float

    def to_json(self) -> dict[str, object]:
        return {"type": "pause", "src": list(self.src), "seconds": self.seconds}


Piece = Sentence | Pause


@dataclass(frozen=True, slots=True)
class Reading:
    """The written text read aloud. `spoken` is the kept segments and the readings, joined; nothing else."""

    source: str
    spoken: str
    edits: tuple[Edit, ...]
    sentences: tuple[Piece, ...] = ()
    notes: tuple[Note, ...] = ()
    marks: tuple[Mark, ...] = ()
    language: str = "korean"
    foreign: tuple[Span, ...] = field(default=())  # stretches left in another language (source spans)

    def segments(self) -> Iterator[Edit | Kept]:
        """Edits and kept text in order: a partition of the source and of the spoken text."""
        at, out = 0, 0
        for edit in self.edits:
            if edit.src[0] > at:
                text = self.source[at : edit.src[0]]
                yield Kept((at, edit.src[0]), (out, edit.out[0]), text)
            yield edit
            at, out = edit.src[1], edit.out[1]
        if at < len(self.source):
            yield Kept((at, len(self.source)), (out, len(self.spoken)), self.source[at:])

    def to_json(self) -> dict[str, object]:
        return {
            "source": self.source,
            "spoken": self.spoken,
            "language": self.language,
            "edits": [edit.to_json() for edit in self.edits],
            "sentences": [piece.to_json() for piece in self.sentences],
            "notes": [note.to_json() for note in self.notes],
            "marks": [mark.to_json() for mark in self.marks],
            "foreign": [list(span) for span in self.foreign],
        }
