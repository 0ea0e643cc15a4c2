"""The list of clips that training reads: one JSON object a line, checked with line numbers, split by group.

Knows what a row may hold and refuses what it does not know; nothing of audio, codes or models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moksori.errors import InvalidInput, NotFound

_TEXTS = ("text", "speaker", "language", "instruct", "group", "split")
_PATHS = ("audio", "ref_audio", "codes")
SPLITS = ("", "train", "valid")
# The largest share of the clips that one group may take to the held-out side.
LARGEST_GROUP = 0.25


@dataclass(frozen=True)
class Row:
    """One clip. Paths are absolute. `group`: clips that must stay on one side of the split (a recording session);
    by default the folder and the name up to its last number. `line` is where it stands, for messages."""

    audio: Path
    text: str
    ref_audio: Path | None = None
    codes: Path | None = None
    speaker: str = ""
    language: str = "auto"
    instruct: str = ""
    group: str = ""
    split: str = ""
    line: int = 0

    def to_json(self, root: Path) -> dict[str, str]:
        """What a line holds: paths relative to `root` where they lie under it, empty values left out."""
        found: dict[str, str] = {}
        for name in (*_PATHS, *_TEXTS):
            value = getattr(self, name)
            if isinstance(value, Path):
                found[name] = str(value.relative_to(root) if value.is_relative_to(root) else value)
            elif value and not (name == "language" and value == "auto"):
                found[name] = value
        return found


def read(path: Path) -> list[Row]:
    """All rows. Raises NotFound for a missing file and one InvalidInput that names every broken line (20 at most)."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise NotFound(
            f"There is no manifest {path}.", hint="`moksori data prepare FOLDER` writes one.", field=str(path)
        ) from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text: {error}.", field=str(path)) from error
    rows, problems = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rows.append(_row(line, number, path.parent))
        except InvalidInput as error:
            problems.append(f"line {number}: {error.message}")
    if problems:
        shown = "\n  ".join(problems[:20]) + (f"\n  and {len(problems) - 20} more" if len(problems) > 20 else "")
        raise InvalidInput(f"{path} has {len(problems)} broken lines:\n  {shown}", field=str(path))
    if not rows:
        raise InvalidInput(f"{path} holds no clips.", field=str(path))
    return rows


def write(path: Path, rows: Iterable[Row]) -> None:
    """Whole or not at all."""
    draft = path.with_name(f".{path.name}.part")
    root = path.parent.resolve()
    lines = [json.dumps(row.to_json(root), ensure_ascii=False) + "\n" for row in rows]
    draft.write_text("".join(lines), encoding="utf-8")
    draft.replace(path)


def _row(line: str, number: int, root: Path) -> Row:
    try:
        data: Any = json.loads(line)
    except ValueError as error:
        raise InvalidInput(f"not JSON ({error}).") from error
    if not isinstance(data, dict):
        raise InvalidInput("not a JSON object.")
    unknown = sorted(set(data) - {*_TEXTS, *_PATHS})
    if unknown:
        raise InvalidInput(f"unknown field {unknown[0]!r}; known: {', '.join((*_PATHS, *_TEXTS))}.")
    for name, value in data.items():
        if not isinstance(value, str):
            raise InvalidInput(f"{name} is {value!r}, not a text.")
    for name in ("audio", "text"):
        if name not in data:
            raise InvalidInput(f"{name} is missing.")
    if data.get("split", "") not in SPLITS:
        raise InvalidInput(f"split is {data['split']!r}; train or valid.")
    paths = {name: (root / data[name]).resolve() for name in _PATHS if data.get(name)}
    texts = {name: data[name].strip() for name in _TEXTS if name in data}
    if "audio" not in paths:
        raise InvalidInput("audio is empty.")
    texts["language"] = texts.get("language") or "auto"
    return Row(audio=paths.pop("audio"), text=texts.pop("text"), **paths, **texts, line=number)


def group_of(row: Row) -> str:
    """Which recording a clip is from: stated, or its folder and name without the trailing number."""
    return row.group or f"{row.audio.parent}/{row.audio.stem.rstrip('0123456789').rstrip('-_. ')}"


def split(rows: Sequence[Row], share: float, seed: int = 0) -> tuple[list[Row], list[Row]]:
    """(train, valid): stated splits are kept; other groups go to `valid` whole, chosen by the hash of their name
    until about `share` of the rows is there. With one group only, single clips are chosen: something must be held out.
    """
    stated = [row for row in rows if row.split]
    free = [row for row in rows if not row.split]
    groups: dict[str, list[Row]] = {}
    for row in free:
        groups.setdefault(group_of(row), []).append(row)
    if len(groups) < 2:
        groups = {str(row.audio): [row] for row in free}
    order = sorted(groups, key=lambda name: hashlib.sha256(f"{seed} {Path(name).name} {name}".encode()).digest())
    target = round(share * len(rows)) - sum(row.split == "valid" for row in stated)
    held: set[str] = set()
    for name in order[:-1]:
        if target <= 0:
            break
        if len(groups[name]) <= 2 * target:
            held.add(name)
            target -= len(groups[name])
    # Few large groups: a whole one where that leaves enough to learn from.
    smallest = min(order, key=lambda name: len(groups[name]), default="")
    if not held and target > 0 and len(order) > 1 and len(groups[smallest]) <= LARGEST_GROUP * len(rows):
        held.add(smallest)
    kept = {id(row) for name in held for row in groups[name]}
    valid = [row for row in rows if row.split == "valid" or id(row) in kept]
    train = [row for row in rows if row.split != "valid" and id(row) not in kept]
    return train, valid
