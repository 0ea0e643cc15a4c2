"""Curves as SVG text, from the log of a run: one line for the first codebook, one for each other. No libraries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path

from .journal import rows

WIDTH, HEIGHT, LEFT, BOTTOM, LEGEND = 760, 320, 48, 28, 120
COLOURS = ("#1f6feb", "#d1495b", "#2a9d8f", "#e9a23b", "#7b5ea7", "#4c8c2b", "#c2577a", "#5b6770")


@dataclass(frozen=True)
class Line:
    """`points`: (step, value)."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


def curves(folder: Path) -> str:
    """The losses of a run by codebook over its steps: of its batches (smoothed), and of held-out clips (dashed)."""
    learnt, held = rows(folder / "log.csv"), rows(folder / "held_out.csv")
    series = [
        *(Line(name.replace("book_", "codebook "), _points(learnt, name, smoothed=True)) for name in _books(learnt)),
        *(Line(name.replace("valid_book_", "held out "), _points(held, name), dashed=True) for name in _books(held)),
    ]
    return lines(series, "loss by codebook")


def _books(found: Sequence[Mapping[str, float]]) -> list[str]:
    names = dict.fromkeys(name for row in found for name in row if "book_" in name)
    return sorted(names, key=lambda name: int(name.rsplit("_", 1)[1]))


def _points(found: Sequence[Mapping[str, float]], name: str, smoothed: bool = False) -> list[tuple[float, float]]:
    there = [(row["step"], row[name]) for row in found if name in row]
    values = smooth([value for _, value in there]) if smoothed else [value for _, value in there]
    return [(step, value) for (step, _), value in zip(there, values, strict=True)]


def smooth(values: Sequence[float], share: float = 0.9) -> list[float]:
    """Exponential mean, corrected for its start."""
    mean, found = 0.0, []
    for count, value in enumerate(values, start=1):
        mean = share * mean + (1 - share) * value
        found.append(mean / (1 - share**count))
    return found


def lines(series: Sequence[Line], title: str) -> str:
    """A chart as a complete SVG document, with a legend and round ticks."""
    x, values = ([point[axis] for line in series for point in line.points] for axis in (0, 1))
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    first, last = (min(x), max(x)) if x and min(x) != max(x) else (0.0, max(1.0, *x) if x else 1.0)
    height = max(HEIGHT, 40 + 16 * len(series))

    def at(a: float, b: float) -> tuple[float, float]:
        across = LEFT + (a - first) / (last - first) * (WIDTH - LEFT - LEGEND)
        return across, height - BOTTOM - (b - low) / (high - low) * (height - BOTTOM - 28)

    parts = [_text(LEFT, 14, title, "start")]
    for tick in ticks(low, high):
        _, y = at(first, tick)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - LEGEND}" y2="{y:.1f}" stroke="#8884"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{tick:g}", "end"))
    parts += [_text(at(tick, low)[0], height - 8, f"{tick:g}", "middle") for tick in ticks(first, last)]
    for index, line in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        points = " ".join("{:.1f},{:.1f}".format(*at(*point)) for point in line.points)
        dash = ' stroke-dasharray="5 3"' if line.dashed else ""
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.4" fill="{colour}"/>' for a, b in _dots(line, at)]
        parts.append(_text(WIDTH - LEGEND + 8, 30 + 16 * index, line.name, "start", colour))
    body = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="12" role="img"><title>{_escape(title)}</title>{body}</svg>\n'
    )


def _dots(line: Line, at: Callable[[float, float], tuple[float, float]]) -> list[tuple[float, float]]:
    """Few points are marked: one alone makes no line."""
    return [at(*point) for point in line.points] if len(line.points) <= 12 else []


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two."""
    if high <= low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** floor(log10(raw))
    step = next(power * unit for unit in (1, 2, 5, 10) if power * unit >= raw)
    start = -(-low // step) * step
    return [round(start + step * n, 10) for n in range(int((high - start) / step + 1e-9) + 1)]


def _text(x: float, y: float, words: str, anchor: str, colour: str = "currentColor") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{_escape(words)}</text>'


def _escape(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
