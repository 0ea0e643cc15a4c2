"""read(): written text in, Reading out.

Markup and the universal rules apply to every language, the Korean rules to Korean. Candidates from all rules, the
dictionary and the overrides are arbitrated once, placed, and the particles after them repaired.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from moksori.errors import InvalidInput

from . import foreign as foreign_
from . import markup as markup_
from . import override as override_
from . import particle
from .candidate import MARKUP, Candidate, arbitrate
from .dictionary import Dictionary
from .offer import offered
from .override import Override
from .place import place
from .policy import Policy
from .reading import Note, Reading, Span
from .rules import ALL
from .sentence import split
from .view import MASK, View

# Control characters except tab, new line, carriage return; zero-width and bidirectional marks; lone surrogates.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]+"
)
_WIDTH_TIER = 6.0
KOREAN = ("korean", "ko", "ko-kr", "auto")
_DEFAULT = Policy()


def read(
    text: str,
    *,
    language: str = "korean",
    dictionary: Dictionary | None = None,
    policy: Policy = _DEFAULT,
    overrides: Iterable[Override | Mapping[str, object]] = (),
) -> Reading:
    """How `text` is said. Never raises on any string; equal arguments give an equal Reading.

    Raises `InvalidInput` for a `text` that is no string and for malformed overrides; `Unavailable` when the policy asks
    for what is not installed: kiwipiepy, or num2words (also for a language that it does not know).
    """
    if not isinstance(text, str):
        raise InvalidInput(f"Text must be a string, not {type(text).__name__}.", field="text")
    chosen_overrides = [o if isinstance(o, Override) else Override.from_mapping(o) for o in overrides]
    korean = language.lower() in KOREAN
    tags = markup_.parse(text)
    view = View.of(text, tags.masked)
    notes = list(tags.notes)
    foreign: list[Span] = []
    pool = list(tags.candidates)
    pool += (_said(text, says, korean, policy) for says in tags.says)
    if view.shifts is not None:
        pool = [replace(c, start=view.back(c.start), end=view.back(c.end)) for c in pool]
    pool += _control(view, notes)
    if dictionary is not None:
        pool += dictionary.candidates(view)
    pool += override_.candidates(view, chosen_overrides, policy, notes)
    if korean:
        for rule in ALL:
            pool += rule(view, policy)
        pool += _both_particles(view)
        pool += _widths(view)
    elif policy.numbers == "words":
        pool += foreign_.find(view, language)
    chosen = [_clean(c) for c in arbitrate(pool)]
    if korean:
        chosen = offered(chosen, pool, view.text)
    foreign = [(view.at(c.start), view.at(c.end)) for c in chosen if c.kind == "foreign"]
    spoken, edits = place(view, chosen, repair=korean)
    reading = Reading(
        text,
        spoken,
        edits,
        (),
        tuple(sorted(notes, key=lambda note: note.src)),
        tuple(tags.marks),
        language,
        tuple(foreign),
    )
    pieces = split(
        reading,
        policy.max_syllables,
        repeats=policy.repeats,
        paragraph_pause=policy.paragraph_pause,
        analyser=policy.sentences,
    )
    return replace(reading, sentences=pieces)


def _control(view: View, notes: list[Note]) -> Iterator[Candidate]:
    for match in _CONTROL.finditer(view.text):
        yield Candidate(*match.span(), "", "control", "universal.control", 1.0, repair=False, tier=MARKUP)
        span = (view.at(match.start()), view.at(match.end()))
        if "\ud800" <= match[0][0] <= "\udfff":
            notes.append(Note("text.surrogate", "Half of a character was left out.", span))


def _clean(c: Candidate) -> Candidate:
    """What a user or a tag gives as a reading may hold control characters; what is spoken never does."""
    return replace(c, reading=_CONTROL.sub("", c.reading)) if _CONTROL.search(c.reading) else c


def _both_particles(view: View) -> Iterator[Candidate]:
    for start, end, _ in particle.both_forms(view.text):
        reading = particle.resolved(view.text[start:end], view.before(start))
        yield Candidate(start, end, reading, "particle", "particle.both", 0.95, repair=False)


def _widths(view: View) -> Iterator[Candidate]:
    """Full-width and decomposed characters that no rule read: their ordinary forms, so that voices know them."""
    if view.shifts is None:
        if view.source.isascii():
            return
        for index, (seen, written) in enumerate(zip(view.text, view.source, strict=True)):
            if seen not in (written, MASK, " "):
                yield Candidate(index, index + 1, seen, "form", "form.width", 1.0, tier=_WIDTH_TIER)
        return
    for index, seen in enumerate(view.text):
        written = view.source[view.at(index) : view.at(index + 1)]
        if seen not in (written, MASK, " "):
            yield Candidate(index, index + 1, seen, "form", "form.compose", 1.0, tier=_WIDTH_TIER)


_SAY_AS = {
    "characters": "digits", "spell-out": "letters", "digits": "digits", "verbatim": "letters", "letters": "letters",
    "cardinal": "sino", "number": "sino", "sino": "sino", "native": "native", "ordinal": "native",
}  # fmt: skip


def _said(source: str, says: tuple[Span, str, Span], korean: bool, policy: Policy) -> Candidate:
    """<say-as>: read as asked; date, time, telephone and the like by the rules themselves."""
    content, kind, element = says
    text = source[slice(*content)]
    if not korean:
        spoken = text
    elif kind in _SAY_AS:
        spoken = override_.read_as(text, _SAY_AS[kind], policy)
        if kind in ("characters", "digits") and re.search("[A-Za-z]", spoken):
            spoken = override_.read_as(spoken, "letters", policy)
    else:
        plain = View.of(text)
        pool = [candidate for rule in ALL for candidate in rule(plain, policy)]
        liked = [replace(c, tier=c.tier * 4) if c.kind in _LIKES.get(kind, ()) else c for c in pool]
        spoken = place(plain, arbitrate(liked), repair=True)[0]
    return Candidate(*element, spoken, "say-as", f"markup.say_as.{kind}", 1.0, tier=MARKUP, origin="markup")


_LIKES = {
    "telephone": ("phone",), "phone": ("phone",), "date": ("date",), "time": ("time",), "currency": ("money",),
    "unit": ("measure",), "address": ("address",), "fraction": ("fraction",), "duration": ("time", "counter"),
}  # fmt: skip
