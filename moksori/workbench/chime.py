"""A chime before and after an announcement: struck tones, made with numpy, at any rate. Knows no files."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from moksori.audio.pcm import Float

Wave = npt.NDArray[np.float64]
Chime = Literal["none", "before", "after", "both"]
RISING, FALLING = (659.25, 830.61, 987.77), (987.77, 830.61, 659.25)  # E5, G sharp 5, B5
APART_S, RING_S, GAP_S = 0.28, 1.1, 0.35
PARTIALS = ((1.0, 1.0, 1.0), (2.0, 0.35, 0.6), (3.01, 0.12, 0.35))  # ratio, level, how long it rings
PEAK = 0.35


def chime(sample_rate: int, *, rising: bool) -> Float:
    """(n,) float32: three struck tones, rising before and falling after."""
    tones = RISING if rising else FALLING
    t = np.arange(round(RING_S * sample_rate)) / sample_rate
    whole = np.zeros(round((APART_S * (len(tones) - 1) + RING_S) * sample_rate) + 1)
    for n, hertz in enumerate(tones):
        at = round(n * APART_S * sample_rate)
        whole[at : at + len(t)] += _tone(t, hertz, sample_rate)
    return np.asarray(whole / np.abs(whole).max() * PEAK, dtype=np.float32)


def with_chime(pcm: Float, sample_rate: int, where: Chime) -> Float:
    """The clip with its chimes and a short silence between."""
    gap = np.zeros(round(GAP_S * sample_rate), dtype=np.float32)
    before = [chime(sample_rate, rising=True), gap] if where in ("before", "both") else []
    after = [gap, chime(sample_rate, rising=False)] if where in ("after", "both") else []
    return np.concatenate([*before, pcm, *after])


def _tone(t: Wave, hertz: float, sample_rate: int) -> Wave:
    attack = np.minimum(1.0, t / 0.004)
    fade = np.minimum(1.0, (RING_S - t) / 0.05)
    tone = np.zeros_like(t)
    for ratio, level, length in PARTIALS:
        if hertz * ratio < sample_rate / 2:
            tone += level * np.exp(-t * 5.0 / length) * np.sin(2 * np.pi * hertz * ratio * t)
    return np.asarray(tone * attack * fade, dtype=np.float64)
