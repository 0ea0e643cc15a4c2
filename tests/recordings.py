"""Recordings that are sound, not speech: buzzes that swell and fade like syllables."""

from __future__ import annotations

import numpy as np

TEXTS = ["안녕하세요", "오늘은 날씨가 좋습니다", "the voice", "입니다", "voice 안녕하세요", "좋습니다"]


def tone(seconds: float, pitch: float, seed: int, rate: int = 24_000) -> np.ndarray:
    """(n,) float32 at `rate`, between two short silences."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    sound = sum(np.sin(2 * np.pi * pitch * k * t + rng.random()) / k for k in range(1, 12))
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * 3.5 * t + rng.random() * 6)
    quiet = np.zeros(round(0.15 * rate))
    return np.concatenate([quiet, 0.15 * sound * swell, quiet]).astype(np.float32)
