"""How loud, how silent, how clipped: levels of a clip in decibels below full scale. numpy only; no files."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.float32] | npt.NDArray[np.int16]

SILENT_DB = -55.0  # the loudest 50 ms of room noise in a quiet room stays below; whispered speech is above -45
CLIPPED_AT = 0.999


def as_float(pcm: Pcm) -> npt.NDArray[np.float32]:
    """(n,) int16 or float to (n,) float32 with full scale at 1.0."""
    if pcm.dtype == np.int16:
        return pcm.astype(np.float32) / np.float32(32_768.0)
    return pcm.astype(np.float32, copy=False)


def to_db(amplitude: npt.NDArray[np.floating] | float) -> npt.NDArray[np.float64]:
    """Amplitude (not power) to decibels; nothing is quieter than -120."""
    return 20.0 * np.log10(np.maximum(np.asarray(amplitude, dtype=np.float64), 1e-6))


def envelope_db(pcm: Pcm, sample_rate: int, *, window_ms: float = 10.0) -> npt.NDArray[np.float64]:
    """(k,) RMS level of each consecutive window, the last one possibly shorter."""
    x = as_float(pcm).astype(np.float64)
    width = max(1, round(sample_rate * window_ms / 1000))
    if len(x) == 0:
        return np.zeros(0)
    starts = np.arange(0, len(x), width)
    power = np.add.reduceat(x * x, starts) / np.diff(np.append(starts, len(x)))
    return to_db(np.sqrt(power))


def is_silent(pcm: Pcm, sample_rate: int) -> bool:
    """Whether even the loudest 50 ms are quieter than quiet speech. Nothing at all is silent."""
    levels = envelope_db(pcm, sample_rate, window_ms=50.0)
    return len(levels) == 0 or float(levels.max()) < SILENT_DB


def clipping(pcm: Pcm) -> float:
    """Share of samples, 0 to 1, that lie in flat tops: two or more neighbours at full scale with equal sign."""
    x = as_float(pcm)
    if len(x) == 0:
        return 0.0
    hot = np.where(x >= CLIPPED_AT, 1, 0) - np.where(x <= -CLIPPED_AT, 1, 0)  # (n,) -1, 0 or 1
    same = (hot[1:] == hot[:-1]) & (hot[1:] != 0)
    flat = np.zeros(len(x), dtype=bool)
    flat[1:] |= same
    flat[:-1] |= same
    return float(flat.mean())
