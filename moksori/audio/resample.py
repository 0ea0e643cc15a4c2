"""Another sample rate, for whole clips and for streams: soxr at its high quality, the same numbers either way.

Knows nothing of files; a stream resampled in pieces equals the clip resampled at once.
"""

from __future__ import annotations

import numpy as np
import soxr

from .pcm import Float


def resample(pcm: Float, from_rate: int, to_rate: int) -> Float:
    """(n,) float32 at one rate to (m,) float32 at another; untouched if they are equal."""
    if from_rate == to_rate:
        return pcm
    resampler = Resampler(from_rate, to_rate)
    return np.concatenate([resampler.write(pcm), resampler.finish()])


class Resampler:
    """A stream at one rate in, the same stream at another rate out. Holds back some milliseconds until `finish`."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._stream = (
            None if from_rate == to_rate else soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality="HQ")
        )

    def write(self, pcm: Float) -> Float:
        if self._stream is None:
            return pcm
        out: Float = self._stream.resample_chunk(np.ascontiguousarray(pcm, dtype=np.float32))
        return out

    def finish(self) -> Float:
        empty = np.zeros(0, dtype=np.float32)
        if self._stream is None:
            return empty
        out: Float = self._stream.resample_chunk(empty, last=True)
        return out
