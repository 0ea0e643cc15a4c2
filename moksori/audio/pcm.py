"""Samples: the one place where floats become 16-bit integers, and the hash that a take is known by.

Canonical PCM of a speech is int16 mono; knows nothing of files or formats.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moksori.errors import MoksoriError

Float = npt.NDArray[np.float32]
Int16 = npt.NDArray[np.int16]

FULL_SCALE = 32_768.0


@dataclass(frozen=True)
class Audio:
    """Mono sound: float32 (n,) with full scale at 1.0, and its sample rate in Hz."""

    pcm: Float
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.pcm) / self.sample_rate


def to_int16(pcm: npt.NDArray[np.floating]) -> Int16:
    """(n,) float to (n,) int16: nearest, ties to even, clipped. `to_int16(to_float(x)) == x` for every int16."""
    if not np.isfinite(pcm).all():
        raise MoksoriError("The sound contains values that are not numbers.", hint="The engine failed; try again.")
    scaled = np.rint(np.asarray(pcm, dtype=np.float64) * FULL_SCALE)
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def to_float(pcm: Int16) -> Float:
    """(n,) int16 to (n,) float32 in [-1, 1); exact."""
    return pcm.astype(np.float32) / np.float32(FULL_SCALE)


def pcm_sha256(pcm: Int16) -> str:
    """Hash of the samples (little-endian): what equal takes share in any file format.

    It is the `sha256sum` of the format `pcm`, so that anybody can check it.
    """
    assert pcm.dtype == np.int16, pcm.dtype
    return hashlib.sha256(pcm.astype("<i2").tobytes()).hexdigest()
