"""Recordings that are sound, not speech: buzzes that swell and fade like syllables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

TEXTS = ["안녕하세요", "오늘은 날씨가 좋습니다", "the voice", "입니다", "voice 안녕하세요", "좋습니다"]


def tone(seconds: float, pitch: float, seed: int, rate: int = 24_000) -> np.ndarray:
    """(n,) float32 at `rate`, between two short silences."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    sound = sum(np.sin(2 * np.pi * pitch * k * t + rng.random()) / k for k in range(1, 12))
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * 3.5 * t + rng.random() * 6)
    quiet = np.zeros(round(0.15 * rate))
    return np.concatenate([quiet, 0.15 * sound * swell, quiet]).astype(np.float32)


def write_manifest(folder: Path) -> list[Path]:
    """A new folder with one recording for each of `TEXTS`, by one speaker, and their `manifest.jsonl`."""
    from moksori.training import manifest

    folder.mkdir()
    rows = []
    for n, text in enumerate(TEXTS):
        soundfile.write(folder / f"{n}.wav", tone(1.0 + 0.1 * n, 150, n), 24_000)
        rows.append(manifest.Row((folder / f"{n}.wav").resolve(), text, speaker="mina"))
    manifest.write(folder / "manifest.jsonl", rows)
    return [row.audio for row in rows]
