"""File names from a template: `{n:03}_{voice}_{text}`. The template is parsed, never evaluated; no name leads anywhere.

Names are cleaned for every file system, cut to a length, and made unique. Knows no files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from moksori.errors import InvalidInput

DEFAULT = "{n:03}_{voice}_{text}"
FIELDS = ("n", "row", "column", "label", "voice", "preset", "seed", "text", "take", "date")
NUMBERS = ("n", "row", "column", "seed", "take")
LONGEST, LONGEST_FIELD = 120, 60
_PLACE = re.compile(r"\{([^{}]*)\}")
_WIDTH = re.compile(r"0[1-9]\Z")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_RESERVED = {"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10))}


def check(template: str) -> None:
    """Raises InvalidInput for an unknown field, a strange width or a lonely brace."""
    for place in _PLACE.findall(template):
        name, _, width = place.partition(":")
        if name not in FIELDS:
            raise InvalidInput(
                f"The template has an unknown field {{{place}}}.",
                hint=f"Known: {', '.join('{' + field + '}' for field in FIELDS)}.",
                field="template",
            )
        if width and (name not in NUMBERS or not _WIDTH.match(width)):
            raise InvalidInput(f"{{{place}}} is not possible.", hint="A width is like {n:03}.", field="template")
    if set("{}") & set(_PLACE.sub("", template)):
        raise InvalidInput("The template has a brace without its partner.", field="template")
    if not template.strip():
        raise InvalidInput("The template is empty.", hint=f"For example {DEFAULT}.", field="template")


def fill(template: str, values: Mapping[str, Any]) -> str:
    """One clean name without its ending; `values` has all of FIELDS."""

    def place(match: re.Match[str]) -> str:
        name, _, width = match[1].partition(":")
        value = values[name]
        return f"{int(value):{width}}" if width else str(value)[:LONGEST_FIELD]

    return clean(_PLACE.sub(place, template))


def clean(name: str) -> str:
    """A name that every file system takes and that contains no path; never empty."""
    name = _FORBIDDEN.sub(" ", unicodedata.normalize("NFC", name))
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    name = re.sub(r"\s+", " ", name).strip(" .")[:LONGEST].rstrip(" .")
    if not name:
        return "untitled"
    return f"_{name}" if name.split(".")[0].lower() in _RESERVED else name


def unique(stems: Iterable[str], ending: str) -> list[str]:
    """Names with their ending; equal ones (also in another case) are numbered."""
    seen: set[str] = set()
    made = []
    for stem in stems:
        name, number = stem, 1
        while name.casefold() in seen:
            number += 1
            name = f"{stem} ({number})"
        seen.add(name.casefold())
        made.append(name + ending)
    return made


def values(take: Mapping[str, Any], n: int, place: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields stand for: a take as the pages see it, its number, its place in the job (from 1)."""
    created = datetime.fromisoformat(take["created"]).astimezone(UTC)
    return {
        "n": n,
        "row": place.get("row", n - 1) + 1,
        "column": place.get("column", 0) + 1,
        "label": place.get("label", ""),
        "voice": take["voice"]["name"],
        "preset": take["preset"]["name"] if take["preset"] else "",
        "seed": take["seed"],
        "text": take["text"],
        "take": take["id"],
        "date": created.strftime("%Y-%m-%d"),
    }


def attachment(name: str) -> str:
    """`Content-Disposition` for a download of that name: RFC 6266, with a plain form for old clients."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "").strip()
    plain = f"moksori{plain}" if plain.startswith(".") else plain
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
