"""Loops and drones: a phrase said again and again, or a sound that does not change. Both are how run-aways sound.

Works on the shape of short spectra (log-mel without their loudness), so a loop is found at any volume. numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .level import Pcm, as_float

HOP_S = 0.02
BANDS = 24
SHORTEST_S, LONGEST_S = 0.3, 5.0
ALIKE = 0.9
STILL_S = 1.5
STILL_CHANGE = 0.35  # neper per band: speech changes by more than 1, a held vowel or room tone by less than 0.3
SILENT_DB = -55.0
Spectra = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Loop:
    """The same `length_s` of sound at `at_s` and directly after it, `times` in a row."""

    at_s: float
    length_s: float
    times: int


def find_loop(pcm: Pcm, sample_rate: int) -> Loop | None:
    """The longest stretch in which sound follows itself; None if there is none.

    A phrase that is meant to be repeated is found as well: the caller knows.
    """
    spectra, sounding = _shapes(pcm, sample_rate)
    shape = (spectra - spectra[sounding].mean(axis=0)) * sounding[:, None] if sounding.any() else spectra
    best: tuple[int, int, int] | None = None  # (covered frames, start, lag)
    for lag in range(round(SHORTEST_S / HOP_S), min(round(LONGEST_S / HOP_S), len(shape) // 2) + 1):
        start, covered = _longest_match(shape, lag)
        if covered >= lag and (best is None or covered + lag > best[0] * 1.05):
            best = (covered + lag, start, lag)
    if best is None:
        return None
    covered, start, lag = best
    return Loop(start * HOP_S, lag * HOP_S, max(2, round(covered / lag)))


def find_drone(pcm: Pcm, sample_rate: int) -> tuple[float, float] | None:
    """(start, length) in seconds of the longest audible stretch of 1.5 s or more whose spectrum stands still."""
    spectra, sounding = _shapes(pcm, sample_rate)
    span = round(0.2 / HOP_S)
    if len(spectra) <= span:
        return None
    smooth = _moving_mean(spectra, span)
    change = np.abs(smooth[span:] - smooth[:-span]).mean(axis=1)
    still = (change < STILL_CHANGE) & sounding[: len(change)]
    start, length = _longest_run(still)
    seconds = (length + span) * HOP_S
    return (start * HOP_S, seconds) if length and seconds >= STILL_S else None


def _longest_match(shape: Spectra, lag: int) -> tuple[int, int]:
    """Start and length of the longest run of windows (0.3 s) that resemble the window one lag later."""
    a, b = shape[:-lag], shape[lag:]
    width = round(SHORTEST_S / HOP_S)
    dot, aa, bb = (_moving_sum((u * v).sum(axis=1), width) for u, v in ((a, b), (a, a), (b, b)))
    energy = np.sqrt(aa * bb)
    start, length = _longest_run(dot > np.maximum(ALIKE * energy, 1e-3 * width))
    return start, length + width - 1 if length else 0


def _moving_sum(x: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    if len(x) < width:
        return np.zeros(0)
    total = np.concatenate([[0.0], np.cumsum(x)])
    sums: npt.NDArray[np.float64] = total[width:] - total[:-width]
    return sums


def _moving_mean(x: Spectra, width: int) -> Spectra:
    total = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(x, axis=0)])
    means: Spectra = (total[width:] - total[:-width]) / width
    return means


def _longest_run(mask: npt.NDArray[np.bool_]) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))).reshape(-1, 2)
    if len(edges) == 0:
        return 0, 0
    start, end = edges[np.argmax(edges[:, 1] - edges[:, 0])]
    return int(start), int(end - start)


def _shapes(pcm: Pcm, rate: int) -> tuple[Spectra, npt.NDArray[np.bool_]]:
    """(frames, bands) natural log-mel minus its mean over bands, and which frames are loud enough to count."""
    x = as_float(pcm).astype(np.float64)
    hop = round(HOP_S * rate)
    size = 2 * hop
    count = max(0, (len(x) - size) // hop + 1)
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(x, size)[::hop][:count] if count else np.zeros((0, size))
    power = np.abs(np.fft.rfft(frames * window)) ** 2 / (window**2).sum() / size * 2
    mel = np.log(power @ _mel_bank(size, rate).T + 1e-9)
    level = 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-12)) if count else np.zeros(0)
    return mel - mel.mean(axis=1, keepdims=True), level > SILENT_DB


def _mel_bank(size: int, rate: int) -> npt.NDArray[np.float64]:
    """(bands, bins) triangles, evenly spaced on the mel scale from 80 Hz to 8 kHz or half the rate."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (80.0, min(8000.0, rate / 2)))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(size, 1 / rate)
    rise = (hz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - hz) / np.diff(edges)[1:, None]
    return np.maximum(0.0, np.minimum(rise, fall))
