"""Lines from a file: plain text, CSV, subtitles (SRT). Strict enough to name the line that is wrong. Knows no HTTP."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from moksori.errors import InvalidInput
from moksori.script import MAX_CHARACTERS

Format = Literal["txt", "csv", "srt"]
MAX_ROWS = 5000
COLUMNS = {
    "text": "text", "문장": "text", "대사": "text", "텍스트": "text", "내용": "text", "label": "label", "이름": "label",
    "제목": "label", "voice": "voice", "목소리": "voice", "preset": "preset", "프리셋": "preset", "seed": "seed",
    "시드": "seed", "start_s": "start_s", "end_s": "end_s",
}  # fmt: skip
_TIME = r"(\d{1,3}):(\d{2}):(\d{2})[,.](\d{1,3})"
_CUE = re.compile(rf"{_TIME}\s*-->\s*{_TIME}")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|\{\\[^{}]*\}")


@dataclass(frozen=True)
class Line:
    text: str
    label: str = ""
    start_s: float | None = None
    end_s: float | None = None
    voice: str | None = None
    preset: str | None = None
    seed: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Imported:
    """What was found, and in sentences what was not as expected."""

    format: Format
    rows: list[Line]
    warnings: list[str]


def decode(data: bytes) -> str:
    """Text in any encoding that Korean files come in."""
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput("The file is not text.", hint="Save it as UTF-8.", field="file")


def parse(text: str, format: Format) -> Imported:
    """Raises InvalidInput if nothing can be spoken in it, or there are too many lines."""
    rows, warnings = {"txt": _txt, "csv": _csv, "srt": _srt}[format](text.replace("\r\n", "\n").replace("\r", "\n"))
    empty = [n for n, row in enumerate(rows, 1) if not row.text.strip()]
    rows = [row for row in rows if row.text.strip()]
    if empty and format != "txt":
        warnings.append(f"{len(empty)} rows without text were left out, the first is {empty[0]}.")
    if not rows:
        raise InvalidInput("There is no line to speak in this file.", hint="One line of text each.", field="file")
    if len(rows) > MAX_ROWS:
        raise InvalidInput(
            f"There are {len(rows):,} lines; the limit is {MAX_ROWS:,}.", hint="Split the file.", field="file"
        )
    for n, row in enumerate(rows, 1):
        if len(row.text) > MAX_CHARACTERS:
            raise InvalidInput(f"Line {n} is longer than {MAX_CHARACTERS:,} characters.", field="file")
    return Imported(format, rows, warnings)


def guess(name: str, text: str) -> Format:
    """By the ending of the name, else by how it looks."""
    ending = name.rpartition(".")[2].lower()
    if ending in ("csv", "tsv"):
        return "csv"
    if ending == "srt" or _CUE.search(text[:2000]):
        return "srt"
    return "txt"


def _txt(text: str) -> tuple[list[Line], list[str]]:
    return [Line(line.strip()) for line in text.split("\n") if line.strip()], []


def _csv(text: str) -> tuple[list[Line], list[str]]:
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ";" if text.partition("\n")[0].count(";") else ","
    try:
        table = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error as error:
        raise InvalidInput(
            f"The CSV cannot be read: {error}.", hint="Save it again as CSV UTF-8.", field="file"
        ) from error
    if not table:
        return [], []
    named = [COLUMNS.get(cell.strip().lower()) for cell in table[0]]
    if "text" not in named:
        return [Line(row[0].strip()) for row in table], ["No column is called text; the first one was taken."]
    unknown = [cell for cell, name in zip(table[0], named, strict=True) if name is None and cell.strip()]
    warnings = [f"The columns {', '.join(unknown)} were not used."] if unknown else []
    return [_line(n, row, named) for n, row in enumerate(table[1:], 2)], warnings


def _line(number: int, row: list[str], named: list[str | None]) -> Line:
    values = {name: cell.strip() for name, cell in zip(named, row, strict=False) if name and cell.strip()}
    try:
        return Line(
            text=values.get("text", ""),
            label=values.get("label", "")[:200],
            start_s=float(values["start_s"]) if "start_s" in values else None,
            end_s=float(values["end_s"]) if "end_s" in values else None,
            voice=values.get("voice"),
            preset=values.get("preset"),
            seed=int(values["seed"]) if "seed" in values else None,
        )
    except ValueError as error:
        raise InvalidInput(
            f"Line {number}: {error}.", hint="seed, start_s and end_s are numbers.", field="file"
        ) from error


def _srt(text: str) -> tuple[list[Line], list[str]]:
    rows, broken = [], 0
    for block in re.split(r"\n\s*\n", text.strip().removeprefix("\ufeff")):
        found = _CUE.search(block)
        if found is None:
            broken += bool(block.strip())
            continue
        spoken = _TAG.sub("", block[found.end() :].partition("\n")[2])
        label = block[: found.start()].strip()
        times = [int(part) for part in found.groups()]
        rows.append(Line(" ".join(spoken.split()), label[:200], _seconds(times[:4]), _seconds(times[4:])))
    return rows, [f"{broken} blocks without a time were left out."] if broken else []


def _seconds(parts: list[int]) -> float:
    hours, minutes, seconds, milliseconds = parts
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
