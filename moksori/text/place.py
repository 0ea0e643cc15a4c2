"""Chosen candidates put into the text: the spoken string, the edits with their spans, the repaired particles.

The only place where spoken text is assembled. It never looks at a rule's meaning.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import blake2s

from .candidate import Candidate
from .particle import repaired, resolved
from .reading import Edit
from .view import View

_CONTEXT = 40


@dataclass(slots=True)
class _Writer:
    """Source in, spoken out, one edit at a time."""

    source: str
    astral: list[int]
    spoken: list[str]
    edits: list[Edit]
    seen: Counter[tuple[str, str]]
    at: int = 0
    length: int = 0
    tail: str = ""

    def keep(self, until: int) -> None:
        self._say(self.source[self.at : until])
        self.at = until

    def edit(self, start: int, end: int, c: Candidate) -> None:
        self.keep(start)
        written = self.source[start:end]
        self.seen[(c.rule, written)] += 1
        out = (self.length, self.length + len(c.reading))
        src16 = (start + bisect_right(self.astral, start - 1), end + bisect_right(self.astral, end - 1))
        alternatives = tuple(dict.fromkeys((r, rule) for r, rule in c.alternatives if r != c.reading))
        self.edits.append(
            Edit(
                _identity(c.rule, written, self.seen[(c.rule, written)]), (start, end), src16, out, written, c.reading,
                c.kind, c.rule, c.confidence, alternatives, c.origin, c.evidence,
            )
        )  # fmt: skip
        self._say(c.reading)
        self.at = end

    def _say(self, text: str) -> None:
        if text:
            self.spoken.append(text)
            self.length += len(text)
            self.tail = (self.tail + text)[-_CONTEXT:]


def place(view: View, chosen: list[Candidate], *, repair: bool) -> tuple[str, tuple[Edit, ...]]:
    """The spoken text and its edits. Candidates whose reading is what is written are kept text, not edits."""
    source = view.source
    astral = [i for i, char in enumerate(source) if char > "\uffff"] if source and max(source) > "\uffff" else []
    writer = _Writer(source, astral, [], [], Counter())
    for index, c in enumerate(chosen):
        start, end = view.at(c.start), view.at(c.end)
        if start < writer.at:
            continue  # a repaired particle took it
        if c.rule == "particle.both":
            c = replace(c, reading=resolved(view.text[c.start : c.end], writer.tail + source[writer.at : start]))
        if c.reading == source[start:end]:
            writer.keep(end)
            continue
        writer.edit(start, end, c)
        if repair and c.repair and c.reading:
            limit = chosen[index + 1].start if index + 1 < len(chosen) else len(view.text)
            _repair(view, c, limit, writer)
    writer.keep(len(source))
    return "".join(writer.spoken), tuple(writer.edits)


def _repair(view: View, c: Candidate, limit: int, writer: _Writer) -> None:
    found = repaired(view.text, c.end, c.reading, aside=c.kind == "phone")
    if found is None or found[1] > limit:
        return
    start, end, form = found
    evidence = (f"after:{c.reading[-1]}",)
    # Behind a bracket it may follow the word before that instead.
    others = ((view.text[start:end], "particle.as_written"),) if view.text[start - 1] in ")]）］" else ()
    fixed = Candidate(start, end, form, "particle", "particle.agreement", 0.95, others, evidence=evidence)
    writer.edit(view.at(start), view.at(end), fixed)


def _identity(rule: str, written: str, occurrence: int) -> str:
    """Stable across edits elsewhere in the text: rule, what is written, and which occurrence of it."""
    text = f"{rule}\x00{written}\x00{occurrence}"
    return blake2s(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
