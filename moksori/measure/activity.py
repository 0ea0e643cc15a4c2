"""Where in a clip something is said: levels against the clip's own speech level, silences, pace. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .level import Pcm, envelope_db

WINDOW_MS = 10.0
BELOW_SPEECH_DB = 35.0  # frication of a quiet 'ㅎ' lies about 30 dB under the vowels
FLOOR_DB = -65.0
SHORT_GAP_S = 0.15  # the closure of 'ㄲ' or 'ㅊ' is not a pause


@dataclass(frozen=True)
class Activity:
    """active  (k,) bool per 10 ms, closures filled in.  speech_db  the level of its loud parts (95th percentile)."""

    active: npt.NDArray[np.bool_]
    speech_db: float
    seconds: float

    @property
    def active_s(self) -> float:
        return min(float(self.active.sum()) * WINDOW_MS / 1000, self.seconds)

    @property
    def silence_share(self) -> float:
        return 1.0 - self.active_s / self.seconds if self.seconds else 1.0

    @property
    def leading_s(self) -> float:
        return float(np.argmax(self.active)) * WINDOW_MS / 1000 if self.active.any() else self.seconds

    @property
    def trailing_s(self) -> float:
        if not self.active.any():
            return self.seconds
        last = len(self.active) - 1 - int(np.argmax(self.active[::-1]))
        return max(0.0, self.seconds - (last + 1) * WINDOW_MS / 1000)

    @property
    def longest_silence(self) -> tuple[float, float]:
        """(start, length) in seconds of the longest silence between the first and the last sound."""
        runs = [r for r in _runs(~self.active) if r[0] > 0 and r[1] < len(self.active)]
        if not runs:
            return 0.0, 0.0
        start, end = max(runs, key=lambda r: r[1] - r[0])
        return start * WINDOW_MS / 1000, (end - start) * WINDOW_MS / 1000


def activity(pcm: Pcm, sample_rate: int) -> Activity:
    """Which 10 ms of a clip carry sound: at most 35 dB below its speech level, and not below -65 dB at all."""
    levels = envelope_db(pcm, sample_rate, window_ms=WINDOW_MS)
    speech_db = float(np.percentile(levels, 95)) if len(levels) else -120.0
    active = levels > max(speech_db - BELOW_SPEECH_DB, FLOOR_DB)
    gap = round(SHORT_GAP_S * 1000 / WINDOW_MS)
    for start, end in _runs(~active):
        if start > 0 and end < len(active) and end - start <= gap:
            active[start:end] = True
    return Activity(active, speech_db, len(pcm) / sample_rate)


def pace(pcm: Pcm, sample_rate: int, syllables: int) -> float:
    """Syllables per second of sounding time: pauses longer than 0.15 s do not count. 0 for silence."""
    sounding = activity(pcm, sample_rate).active_s
    return syllables / sounding if sounding else 0.0


def _runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[start, end) of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
