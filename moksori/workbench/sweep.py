"""The cells of a sweep: axes with their values, all combinations or a random sample. Pure; knows no models.

Axes: `seed`, `voice`, `instruct`, `pack_scale`, `model`, `precision`, `pause_s`, `parameters.<name>`. The same
axes and order seed give the same cells, so a sweep can be planned, looked at, and then started.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from moksori.engine.protocol import MAX_SEED
from moksori.errors import InvalidInput

Cell = dict[str, Any]
MAX_CELLS, MAX_VALUES = 1000, 200
TEXTS = ("voice", "instruct", "model", "precision")
NUMBERS = ("pack_scale", "pause_s")
PARAMETER = "parameters."
SLOW = ("model", "precision")  # changing these loads a model: they vary slowest


def cells(axes: Mapping[str, Any], mode: str, samples: int | None, order_seed: int) -> list[Cell]:
    """All cells, in the order they run. Raises InvalidInput naming the axis that is wrong."""
    values = {name: _values(name, given, order_seed) for name, given in axes.items()}
    size = math.prod(len(options) for options in values.values())
    if mode == "grid":
        if samples is not None:
            raise InvalidInput("samples is for random sweeps.", hint='Leave it out, or use "random".', field="samples")
        if size > MAX_CELLS:
            raise InvalidInput(
                f"The grid has {size:,} cells; the limit is {MAX_CELLS:,}.",
                hint="Fewer values, or a random sample of them.",
                field="axes",
            )
        chosen = [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]
    else:
        chosen = _sample(values, min(samples or 50, size), size, order_seed)
    return sorted(chosen, key=lambda cell: [list(values[name]).index(cell[name]) for name in SLOW if name in cell])


def _sample(values: Mapping[str, Sequence[Any]], count: int, size: int, order_seed: int) -> list[Cell]:
    """`count` different cells of the grid, each as likely as any other."""
    chosen = []
    for number in random.Random(order_seed).sample(range(size), count):
        cell = {}
        for name, options in values.items():
            number, at = divmod(number, len(options))
            cell[name] = options[at]
        chosen.append(cell)
    return chosen


def _values(name: str, given: Any, order_seed: int) -> list[Any]:
    if name == "seed" and isinstance(given, Mapping) and set(given) == {"count"}:
        count = _whole(name, given["count"], 1, MAX_VALUES)
        return random.Random(f"seeds {order_seed}").sample(range(MAX_SEED + 1), count)
    options = _range(name, given) if isinstance(given, Mapping) else given
    if not isinstance(options, list) or not 1 <= len(options) <= MAX_VALUES:
        raise _wrong(name, f"is a list of 1 to {MAX_VALUES} values, or a range")
    for option in options:
        _check(name, option)
    if len({repr(option) for option in options}) < len(options):
        raise _wrong(name, "has the same value twice")
    return list(options)


def _range(name: str, given: Mapping[str, Any]) -> list[float]:
    """`{"from", "to", "steps"}`: evenly spaced, both ends included."""
    if set(given) != {"from", "to", "steps"} or name in ("seed", *TEXTS):
        raise _wrong(name, 'is a list, or {"from", "to", "steps"} for numbers')
    low, high = given["from"], given["to"]
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, int | float) or not math.isfinite(end):
            raise _wrong(name, "has ends that are not numbers")
    steps = _whole(name, given["steps"], 2, MAX_VALUES)
    points = [low + (high - low) * n / (steps - 1) for n in range(steps)]
    whole = all(isinstance(end, int) for end in (low, high)) and all(point == int(point) for point in points)
    return [int(point) for point in points] if whole else [round(point, 6) for point in points]


def _check(name: str, option: Any) -> None:
    is_number = isinstance(option, int | float) and not isinstance(option, bool) and math.isfinite(option)
    if name == "seed":
        _whole(name, option, 0, MAX_SEED)
    elif name in TEXTS:
        if not isinstance(option, str) or len(option) > 2000:
            raise _wrong(name, "has values that are not text")
    elif name in NUMBERS:
        if not is_number:
            raise _wrong(name, "has values that are not numbers")
    elif not name.startswith(PARAMETER):
        known = ", ".join(["seed", *TEXTS, *NUMBERS, f"{PARAMETER}<name>"])
        raise InvalidInput(f"There is no axis {name!r}.", hint=f"Axes: {known}.", code="unknown_axis", field="axes")
    elif not is_number and not isinstance(option, str | bool):
        raise _wrong(name, "has values that a parameter cannot have")


def _whole(name: str, value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise _wrong(name, f"has {value!r}, not {low} to {high}")
    return value


def _wrong(name: str, what: str) -> InvalidInput:
    return InvalidInput(f"The axis {name!r} {what}.", code="bad_axis", field=f"axes.{name}")
