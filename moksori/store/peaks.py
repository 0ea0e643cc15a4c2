"""What a waveform is drawn from: the lowest and highest sample of each stretch, and a spectrogram. numpy only.

Pure functions of PCM; `PeakCache` keeps the coarse peaks of whole takes on disk and may be deleted at any time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from moksori.audio.pcm import Int16

Int8 = npt.NDArray[np.int8]
PER_SECOND = 100
FLOOR_DB = -90.0


def peaks(pcm: Int16, bins: int) -> Int8:
    """(n,) int16 to (bins, 2) int8: minimum and maximum of each of `bins` equal stretches; zeros for no samples."""
    if len(pcm) == 0:
        return np.zeros((bins, 2), dtype=np.int8)
    edges = np.linspace(0, len(pcm), bins + 1).astype(np.int64)
    starts = np.minimum(edges[:-1], len(pcm) - 1)
    low = np.minimum.reduceat(pcm, starts)
    high = np.maximum.reduceat(pcm, starts)
    return np.stack([low >> 8, high >> 8], axis=1).astype(np.int8)


def regroup(fine: Int8, bins: int) -> Int8:
    """(m, 2) peaks to (bins, 2): what `peaks` of the samples would give, up to the edges of the fine stretches."""
    edges = np.linspace(0, len(fine), bins + 1).astype(np.int64)
    starts = np.minimum(edges[:-1], max(0, len(fine) - 1))
    if len(fine) == 0:
        return np.zeros((bins, 2), dtype=np.int8)
    return np.stack([np.minimum.reduceat(fine[:, 0], starts), np.maximum.reduceat(fine[:, 1], starts)], axis=1)


def spectrogram(pcm: Int16, sample_rate: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """(height, width) uint8, high frequencies first: 0 is -90 dB full scale, 255 is 0 dB. Up to half the rate."""
    window = 1024 if sample_rate >= 16_000 else 512
    shape = np.hanning(window)
    padded = np.pad(pcm.astype(np.float64) / 32_768.0, window // 2)
    at = np.linspace(0, max(0, len(padded) - window), width).astype(np.int64)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[at] * shape
    magnitude = np.abs(np.fft.rfft(frames, axis=1)) * (2.0 / shape.sum())  # (width, window // 2 + 1)
    rows = np.linspace(0, magnitude.shape[1], height + 1).astype(np.int64)
    banded = np.maximum.reduceat(magnitude, rows[:-1], axis=1)
    level = 20 * np.log10(np.maximum(banded, 1e-6))
    scaled = np.clip((level - FLOOR_DB) / -FLOOR_DB, 0, 1) * 255
    return np.ascontiguousarray(scaled.T[::-1]).astype(np.uint8)


class PeakCache:
    """Coarse peaks of whole takes, by the name of the sound."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str) -> Int8 | None:
        try:
            return np.asarray(np.load(self.folder / f"{name}.npy", allow_pickle=False), dtype=np.int8)
        except (OSError, ValueError):  # not there, or half-written by a crash
            return None

    def put(self, name: str, pcm: Int16, sample_rate: int) -> Int8:
        fine = peaks(pcm, max(1, round(len(pcm) / sample_rate * PER_SECOND)))
        self.folder.mkdir(parents=True, exist_ok=True)
        np.save(self.folder / f"{name}.npy", fine)
        return fine
