"""How a clip ends: does the last syllable fade as speech does, or is it chopped? numpy only.

The measures are those of the subtitle community's survey of engines: the time of decay from -20 to -45 dB, and the
energy of the last 80 ms, both against the clip's own speech level. A speech recogniser cannot hear a chopped end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .level import Pcm, as_float, envelope_db, to_db

LATE_DB, FAINT_DB = -20.0, -45.0
TAIL_MS = 80.0
CHOPPED_MS = 20.0  # a natural ending needs 50 to 250 ms; an unreleased 'ㄱ' about 30
LOUD_TAIL_DB = -25.0
SMOOTH_MS = 15.0  # longer than the pitch period of a low voice, or the level would fall between two pulses
END_MS = 10.0
LOOK_S = 3.0


@dataclass(frozen=True)
class Ending:
    """decay_ms     from the last sound at -20 dB to the last at -45 dB of the speech level.
    tail_db      level of the last 80 ms against the speech level.
    trailing_ms  what follows the last sound at -45 dB.
    cut_off      the sound stops rather than ends.
    """

    decay_ms: float
    tail_db: float
    trailing_ms: float
    cut_off: bool


def ending(pcm: Pcm, sample_rate: int) -> Ending:
    """Measure the last 3 s of a clip. Silence has no ending: all zero, not cut off."""
    levels = envelope_db(pcm, sample_rate)
    speech_db = float(np.percentile(levels, 95)) if len(levels) else -120.0
    if speech_db < -60.0:
        return Ending(0.0, -120.0, 0.0, cut_off=False)
    faint_db = max(speech_db + FAINT_DB, min(_noise_db(levels) + 6.0, speech_db - 26.0))
    curve = _level_curve(as_float(pcm)[-round(LOOK_S * sample_rate) :], sample_rate)
    late, faint = _last_above(curve, speech_db + LATE_DB), _last_above(curve, faint_db)
    ms = 1000.0 / sample_rate
    trailing_ms = (len(curve) - 1 - faint) * ms
    tail = as_float(pcm)[-round(TAIL_MS / ms) :].astype(np.float64)
    tail_db = float(to_db(float(np.sqrt(np.mean(tail * tail))))) - speech_db
    decay_ms = (faint - late) * ms
    runs_into_end = trailing_ms < END_MS and tail_db > LOUD_TAIL_DB
    return Ending(decay_ms, tail_db, trailing_ms, cut_off=runs_into_end or decay_ms < CHOPPED_MS)


def _noise_db(levels: npt.NDArray[np.float64]) -> float:
    """Level of the room, as in a recorded clip, where it may hide the -45 dB; -120 if the clip has no steady noise.

    Noise shows as many quiet windows of nearly one level; a fade into digital silence has all levels.
    """
    heard = levels[levels > -100.0]
    lowest, low = np.percentile(heard, (0, 5))
    return float(low) if low - lowest < 6.0 else -120.0


def _level_curve(x: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float64]:
    """(n,) level in dB of the 15 ms that begin at each sample: it falls where the sound stops, not later."""
    width = max(1, round(SMOOTH_MS * rate / 1000))
    total = np.concatenate([[0.0], np.cumsum(x.astype(np.float64) ** 2), np.zeros(width)])
    total[len(x) + 1 :] = total[len(x)]
    return to_db(np.sqrt(np.maximum(total[width : len(x) + width] - total[: len(x)], 0.0) / width))


def _last_above(curve: npt.NDArray[np.float64], level: float) -> int:
    above = np.flatnonzero(curve > level)
    return int(above[-1]) if len(above) else 0
