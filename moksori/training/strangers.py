"""Clips that are of somebody else than the others: single ones far off, or a second group beside the first.

Works on the timbres that `examine` measures. Knows nothing of transcripts or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# With fewer clips nobody can tell.
LEAST = 6
# Two groups are two people where their centres lie this far apart, in the measure of `points`, and this many times
# the spread along that line. Clips of one person come to 2.6 to 4.3 times, of two people to 4.9 to 50 (espeak voices).
_APART, _SPREADS = 2.0, 6.0
_LEAST_GROUP = 3
# A single clip: this many times as far from the middle as the others usually are.
_FAR, _LEAST_FAR = 3.0, 0.8


@dataclass(frozen=True)
class Stranger:
    """`index` of a clip; `times` as far from the others as they usually are; `group` how many there are with it."""

    index: int
    times: float
    group: int = 1


def find(timbres: Sequence[Floats]) -> list[Stranger]:
    """Of clips that are said to be of one speaker; timbres (14,) each."""
    if len(timbres) < LEAST:
        return []
    points = np.stack(timbres)
    points[:, -1] *= 3.0  # an octave of pitch weighs as much as a clearly other timbre
    other = _second_group(points)
    own = points if other is None else points[~other]
    apart = np.linalg.norm(points - np.median(own, axis=0), axis=1)
    usual = max(float(np.median(apart if other is None else apart[~other])), 1e-6)
    found = []
    for index, distance in enumerate(apart):
        if other is not None and other[index]:
            found.append(Stranger(index, distance / usual, int(other.sum())))
        elif distance > max(_FAR * usual, _LEAST_FAR):
            found.append(Stranger(index, distance / usual))
    return found


def _second_group(points: Floats) -> npt.NDArray[np.bool_] | None:
    """(n,) true for the smaller of two groups; None where the clips are one group."""
    centred = points - points.mean(axis=0)
    side = centred @ np.linalg.svd(centred, full_matrices=False)[2][0] > 0
    for _ in range(20):
        if side.all() or not side.any():
            return None
        a, b = points[side].mean(axis=0), points[~side].mean(axis=0)
        moved = np.linalg.norm(points - a, axis=1) < np.linalg.norm(points - b, axis=1)
        if (moved == side).all():
            break
        side = moved
    apart = float(np.linalg.norm(a - b))
    along = points @ ((a - b) / max(apart, 1e-9))
    spread = np.sqrt((along[side].var() * side.sum() + along[~side].var() * (~side).sum()) / len(points))
    smaller = side if side.sum() <= (~side).sum() else ~side
    two = apart > max(_APART, _SPREADS * float(spread)) and int(smaller.sum()) >= _LEAST_GROUP
    return smaller if two else None
