"""Learning rates over the steps of a run: a linear start, then a cosine down to a tenth. Nothing else."""

from __future__ import annotations

import math

FLOOR = 0.1


def rate(step: int, steps: int, peak: float, warm_up: float) -> float:
    """The rate of step `step` (from 0) of `steps`; `warm_up` is a share of all steps."""
    rising = max(1, round(warm_up * steps))
    if step < rising:
        return peak * (step + 1) / rising
    done = min(1.0, (step - rising) / max(1, steps - rising))
    return peak * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * done)))
