"""The learning curves of a run as SVG: `python -m recipes.pocket.curves --folder runs/pocket --target docs`.

The talker may have learnt in several runs, each begun from the one before: name their logs in order. Knows the logs
and nothing of models.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from moksori.training.plot import Line, lines, smooth

Rows = list[dict[str, float]]


def read(path: Path) -> Rows:
    """A log's rows, each step once (a run that went on wrote some again), without what was left empty."""
    with path.open(newline="") as file:
        every = [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
    return [row for _, row in sorted({row["step"]: row for row in every}.items())]


def one_after_another(logs: Sequence[Path]) -> Rows:
    joined: Rows = []
    for log in logs:
        before = joined[-1]["step"] if joined else 0.0
        joined += [{**row, "step": before + row["step"]} for row in read(log)]
    return joined


def _line(rows: Rows, name: str, label: str, share: float = 0.0) -> Line:
    there = [row for row in rows if row.get(name)]
    values = smooth([row[name] for row in there], share) if share else [row[name] for row in there]
    points = [(row["step"], value) for row, value in zip(there, values, strict=True)]
    return Line(label, points, dashed=not share)


def talker(logs: Sequence[Path]) -> str:
    rows = one_after_another(logs)
    series = [
        _line(rows, "first", "first codebook", 0.9),
        _line(rows, "others", "the others", 0.9),
        _line(rows, "valid_first", "first, new texts"),
        _line(rows, "unheard_first", "first, new voices"),
        _line(rows, "unheard_others", "others, new voices"),
    ]
    return lines([one for one in series if one.points], "pocket's talker: loss by step")


def codec(folder: Path) -> str:
    losses, valid = read(folder / "losses.csv"), read(folder / "valid.csv")
    series = [
        _line(losses, "sound", "in training", 0.9),
        _line(valid, "valid", "new texts"),
        _line(valid, "unseen", "new variants"),
    ]
    return lines([one for one in series if one.points], "pocket's codec: log-mel error by step")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.pocket.curves", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the recipe's folder")
    parser.add_argument("--talker", type=Path, nargs="*", help="logs of the talker's runs, in order")
    parser.add_argument("--target", type=Path, default=Path("docs"))
    given = parser.parse_args()
    logs = given.talker or [given.folder / "talker" / "final" / "log.csv"]
    (given.target / "pocket-talker.svg").write_text(talker(logs), encoding="utf-8")
    (given.target / "pocket-codec.svg").write_text(codec(given.folder / "codec"), encoding="utf-8")


if __name__ == "__main__":
    main()
