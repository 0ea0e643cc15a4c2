"""Bring a clip to a loudness without changing its shape: one gain, held back so that no peak leaves the range.

Measuring is `moksori.measure`'s; a stored take is never altered, only what leaves the house.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moksori import measure

from .pcm import Float
from .resample import resample

PEAK_DB = -1.0  # true peak; what EBU R128 allows
WEB_LUFS, BROADCAST_LUFS = -16.0, -23.0


@dataclass(frozen=True)
class Loudness:
    """What was measured and done. `limited`: the target was not reached because a peak would have left the range."""

    measured_lufs: float
    gain_db: float
    limited: bool


def normalise(
    pcm: Float, sample_rate: int, target_lufs: float = WEB_LUFS, *, peak_db: float = PEAK_DB
) -> tuple[Float, Loudness]:
    """(n,) float32 at the target loudness, or as near as its true peak allows; silence stays untouched."""
    measured = measure.loudness(pcm, sample_rate)
    if measured <= measure.SILENCE_LUFS:
        return pcm, Loudness(measured, 0.0, limited=False)
    wanted = target_lufs - measured
    room = peak_db - true_peak_db(pcm, sample_rate)
    gain = min(wanted, room)
    return pcm * np.float32(10 ** (gain / 20)), Loudness(measured, gain, limited=room < wanted)


def true_peak_db(pcm: Float, sample_rate: int) -> float:
    """The highest value between samples too, by four-fold oversampling (BS.1770-4 annex 2), in dB full scale."""
    peak = float(np.abs(resample(pcm, sample_rate, 4 * sample_rate)).max(initial=0.0))
    return float(20 * np.log10(max(peak, float(np.abs(pcm).max(initial=0.0)), 1e-6)))
