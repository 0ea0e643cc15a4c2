"""Codes to sound along a canonical schedule, one stream at a time on one thread.

The decoder always advances in the same pieces, whoever listens, so a stream joined is the whole, bit for bit; and it
never runs on more than one thread, because matrix products split their sums by threads. The first pieces are small,
so that sound starts soon; each later one is no longer than what the pieces before it take to play. Knows nothing of
requests or of who listens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from moksori.model.codec import Codec, Decoder
from moksori.model.codec.causal import State

from . import memory
from .decoder import rearrange

Pcm = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]

SCHEDULE = (2, 3, 4, 6, 8, 12)  # frames; the last one for ever
REFERENCE_PIECE = 24
CodecPrecision = Literal["fp32", "bf16"]


def piece(index: int) -> int:
    """How many frames the index-th piece of a stream has."""
    return SCHEDULE[min(index, len(SCHEDULE) - 1)]


def codec_precision(precision: str) -> CodecPrecision:
    """bf16 where the processor multiplies it natively and the weights are not asked for in full."""
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return "bf16" if precision != "fp32" and native else "fp32"


class Vocoder:
    """The decoder of a codec; streams share its weights."""

    def __init__(self, codec: Codec, precision: CodecPrecision) -> None:
        assert codec.decoder is not None, "a runtime loads the codec with its decoder"
        self.decoder = converted(codec.decoder, torch.bfloat16 if precision == "bf16" else torch.float32)
        if next(self.decoder.parameters()).device.type == "cpu":
            rearrange(self.decoder)
        self.precision = precision
        self.sample_rate = codec.sample_rate

    def begin(self, reference: Codes) -> Stream:
        """A stream that has heard `reference` (R, groups), of which nothing is given out."""
        return Stream(self, reference)

    @torch.inference_mode()
    def step(self, codes: Codes, state: State) -> Pcm:
        device = next(self.decoder.parameters()).device
        sound: Tensor = self.decoder.step(torch.from_numpy(np.ascontiguousarray(codes))[None].to(device), state)
        return np.asarray(sound[0].float().cpu().numpy(), np.float32)

    def warm_up(self, groups: int) -> None:
        """Lets the library prepare its kernels for every shape of the schedule, so that no listener waits for it."""
        stream = self.begin(np.zeros((0, groups), np.int64))
        stream.feed(np.zeros((sum(SCHEDULE), groups), np.int64))


def converted(decoder: Decoder, dtype: torch.dtype) -> Decoder:
    """As `decoder.to(dtype)`, but the file's pages are given back as they are read, not kept beside the copy."""

    def convert(tensor: Tensor) -> Tensor:
        other = tensor.to(dtype) if tensor.is_floating_point() else tensor
        if other is not tensor:
            memory.drop(tensor)
        return other

    decoder._apply(convert)  # type: ignore[no-untyped-call]  # what `to` does; Codebook derives its entries anew
    return decoder


class Stream:
    """One unit on its way to sound. Feed frames as they come, then finish."""

    def __init__(self, vocoder: Vocoder, reference: Codes) -> None:
        self._vocoder = vocoder
        self._state = vocoder.decoder.begin()
        self._waiting: list[Codes] = []
        self._pieces = 0
        for start in range(0, len(reference), REFERENCE_PIECE):
            vocoder.step(reference[start : start + REFERENCE_PIECE], self._state)

    def feed(self, frames: Sequence[Codes] | Codes) -> list[Pcm]:
        """Frames (n, groups) -> the pieces that are now complete."""
        self._waiting.extend(frames)
        sounds = []
        while len(self._waiting) >= piece(self._pieces):
            sounds.append(self._advance(piece(self._pieces)))
        return sounds

    def finish(self) -> Pcm:
        """What is left; may be empty."""
        return self._advance(len(self._waiting)) if self._waiting else np.zeros(0, np.float32)

    def _advance(self, count: int) -> Pcm:
        ready, self._waiting = self._waiting[:count], self._waiting[count:]
        self._pieces += 1
        return self._vocoder.step(np.stack(ready), self._state)
