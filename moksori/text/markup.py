"""Markup that users expect: [pause], [repeat], [sub], SSML's <break>, <sub>, <say-as>; and what to do with the rest.

Tags become candidates with an empty reading, so they are part of the trace; unknown tags are left out of the speech
and named in a note; the model's control tokens (<|im_end|>) are text that nobody can say, so they go the same way.
Korean brackets ([공지], <기생충>) are text. Knows no reading rules: the caller reads the content of <say-as>.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .candidate import MARKUP, Candidate
from .reading import Mark, Note, Span

_TAG = re.compile(
    r"<\|(?P<control>[^|<>\n]{1,60})\|>"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][\w:-]{0,30})"
    r"(?P<attributes>(?:\s{1,8}[\w:-]{1,40}\s{0,4}=\s{0,4}(?:\"[^\"<>]{0,200}\"|'[^'<>]{0,200}')){0,8})\s{0,8}/?>"
    r"|\[(?P<bclose>/?)(?P<bname>[a-z][a-z-]{1,20})(?P<value>[ =:][^\[\]\n]{0,120})?\]",
)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_DURATION = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(ms|s|초|밀리초)?\s*")
_COUNT = re.compile(r"[ =:]\s*([0-9]{1,3})\s*(?:(?:pause=)?\s*([0-9.]+(?:ms|s)))?\s*")
_STRENGTH = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.0}
_SILENT_ELEMENTS = {"speak", "p", "s"}
MAX_PAUSE, MAX_REPEAT, DEFAULT_PAUSE = 60.0, 100, 0.5


@dataclass(slots=True)
class Markup:
    """What was found. says: (content span, interpret-as, element span) for the caller to read."""

    candidates: list[Candidate] = field(default_factory=list)
    masked: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    says: list[tuple[Span, str, Span]] = field(default_factory=list)

    def silence(self, span: Span, rule: str) -> None:
        """The span is a tag: in the trace, not in the speech."""
        self.masked.append(span)
        self.candidates.append(Candidate(*span, "", "markup", rule, 1.0, tier=MARKUP, origin="markup", repair=False))

    def note(self, code: str, message: str, span: Span) -> None:
        self.notes.append(Note(code, message, span))


@dataclass(frozen=True, slots=True)
class _Tag:
    span: Span
    name: str
    closing: bool
    text: str
    value: str


def parse(source: str) -> Markup:
    """All markup of `source`; linear, never raises."""
    found = Markup()
    if "<" not in source and "[" not in source:
        return found
    tags = [_tag(match) for match in _TAG.finditer(source)]
    open_repeats: list[_Tag] = []
    index = 0
    while index < len(tags):
        index = _handle(source, tags, index, found, open_repeats)
    for tag in open_repeats:
        found.note("markup.unclosed", f"{tag.text} has no [/repeat]; it was not applied.", tag.span)
        found.marks = [mark for mark in found.marks if mark.src != tag.span]
    return found


def _tag(match: re.Match[str]) -> _Tag:
    if match["control"]:
        return _Tag(match.span(), "|control|", False, match[0], "")
    name = (match["name"] or match["bname"]).lower()
    return _Tag(
        match.span(),
        name,
        bool(match["close"] or match["bclose"]),
        match[0],
        match["attributes"] or match["value"] or "",
    )


def _handle(source: str, tags: list[_Tag], index: int, found: Markup, repeats: list[_Tag]) -> int:
    """Deal with one tag, or one element; returns the index of the next tag."""
    tag = tags[index]
    if tag.name == "|control|":
        found.silence(tag.span, "markup.control_token")
        found.note("markup.control_token", f"{tag.text} is a control token of a model; it is not spoken.", tag.span)
    elif tag.name in ("pause", "break") and not tag.closing:
        _pause(tag, found)
    elif tag.name == "repeat":
        _repeat(tag, found, repeats)
    elif tag.name in ("sub", "say-as") and not tag.closing:
        end = _closer(tags, index)
        if end is not None and _element(source, tag, tags[end], found):
            return end + 1
        found.silence(tag.span, "markup.unclosed")
        found.note("markup.unclosed", f"{tag.text} has no end or no value; it was not applied.", tag.span)
    elif tag.name in _SILENT_ELEMENTS and tag.text.startswith("<"):
        found.silence(tag.span, "markup.element")
    else:
        found.silence(tag.span, "markup.unknown")
        found.note("markup.unknown", f"{tag.text} is not known; it is not spoken.", tag.span)
    return index + 1


def _closer(tags: list[_Tag], index: int) -> int | None:
    for later in range(index + 1, min(index + 9, len(tags))):
        if tags[later].name == tags[index].name and tags[later].closing:
            return later
    return None


def _element(source: str, tag: _Tag, end: _Tag, found: Markup) -> bool:
    span, content = (tag.span[0], end.span[1]), (tag.span[1], end.span[0])
    attributes = {name.lower(): first or second for name, first, second in _ATTRIBUTE.findall(tag.value)}
    if tag.name == "say-as":
        kind = attributes.get("interpret-as", "") if tag.text.startswith("<") else tag.value.strip(" =:")
        if not kind:
            return False
        found.says.append((content, kind.lower(), span))
        found.masked.append(span)
        return True
    alias = attributes.get("alias", "") if tag.text.startswith("<") else tag.value.strip(" =:")
    if not alias:
        return False
    found.masked.append(span)
    found.candidates.append(
        Candidate(
            *span, alias, "sub", "markup.sub", 1.0, ((source[slice(*content)], "as_written"),), MARKUP, origin="markup"
        )
    )
    return True


def _pause(tag: _Tag, found: Markup) -> None:
    seconds: float | None = DEFAULT_PAUSE
    text = tag.value.strip(" =:")
    if tag.text.startswith("<"):
        attributes = {name.lower(): first or second for name, first, second in _ATTRIBUTE.findall(tag.value)}
        text = attributes.get("time", "")
        if not text and "strength" in attributes:
            seconds = _STRENGTH.get(attributes["strength"].lower())
    if text:
        seconds = _seconds(text)
    found.silence(tag.span, "markup.pause")
    if seconds is None:
        found.note("markup.value", f"{tag.text} has no length that can be used; for example 500ms.", tag.span)
        return
    if seconds > MAX_PAUSE:
        found.note("markup.value", f"{tag.text} is longer than {MAX_PAUSE:g} s; {MAX_PAUSE:g} s are used.", tag.span)
    found.marks.append(Mark("pause", tag.span, min(seconds, MAX_PAUSE)))


def _seconds(text: str) -> float | None:
    match = _DURATION.fullmatch(text)
    if not match:
        return None
    return float(match[1]) / (1000 if match[2] in ("ms", "밀리초") else 1)


def _repeat(tag: _Tag, found: Markup, repeats: list[_Tag]) -> None:
    if tag.closing:
        found.silence(tag.span, "markup.repeat")
        if repeats:
            repeats.pop()
            found.marks.append(Mark("repeat_end", tag.span))
        else:
            found.note("markup.unclosed", f"{tag.text} has no [repeat N] before it.", tag.span)
        return
    found.silence(tag.span, "markup.repeat")
    match = _COUNT.fullmatch(tag.value)
    count = int(match[1]) if match else 0
    if repeats or not 1 <= count <= MAX_REPEAT:
        reason = "is inside another repeat" if repeats else f"needs a count from 1 to {MAX_REPEAT}"
        found.note("markup.value", f"{tag.text} {reason}; it was not applied.", tag.span)
        return
    repeats.append(tag)
    found.marks.append(Mark("repeat", tag.span, count))
