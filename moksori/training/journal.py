"""The figures of a run, a row at a time, in CSV files of its folder: what a person opens and what plots are drawn from.

A resumed run first forgets the rows after its checkpoint, so that no step stands there twice. Knows nothing of what
the figures mean.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from .disk import space


class Journal:
    """`log.csv` and others in `folder`; with `writes` false (a process that is not the first) nothing happens."""

    def __init__(self, folder: Path, *, writes: bool = True) -> None:
        self.folder = folder
        self.writes = writes

    def add(self, name: str, row: Mapping[str, float]) -> None:
        """A row, flushed. A figure that earlier rows did not have gets a column of its own."""
        if not self.writes:
            return
        path = self.folder / name
        header = _header(path)
        if not header or set(row) - set(header):
            self._rewrite(path, [*header, *(key for key in row if key not in header)], rows(path))
            header = _header(path)
        with space(path), path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([_shown(row.get(key)) for key in header])

    def forget_after(self, step: int) -> None:
        """Rows of later steps, and a line that a kill left unfinished, are removed from all files."""
        if not self.writes:
            return
        for path in sorted(self.folder.glob("*.csv")):
            self._rewrite(path, _header(path), [row for row in rows(path) if row["step"] <= step])

    def _rewrite(self, path: Path, header: Sequence[str], kept: Sequence[Mapping[str, float]]) -> None:
        draft = path.with_name(f".{path.name}.part")
        with space(path):
            try:
                with draft.open("w", newline="", encoding="utf-8") as file:
                    writer = csv.writer(file)
                    writer.writerow(header)
                    writer.writerows([_shown(row.get(key)) for key in header] for row in kept)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)


def rows(path: Path) -> list[dict[str, float]]:
    """All whole rows; figures that a row does not have are left out. A file that is not there has none."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    header, found = (lines[0] if lines else []), []
    for line in lines[1:]:
        if len(line) == len(header) and line[0]:
            found.append({key: float(value) for key, value in zip(header, line, strict=True) if value})
    return found


def _header(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
