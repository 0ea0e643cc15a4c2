"""Tiny random codecs for the tests, the same ones that the official package computed the golden files from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from moksori.model.codec import Codec, CodecConfig
from tests.parity.codec_random import CASES, GOLDEN_CLIP, GOLDEN_SAMPLES, SEED, clip, official_config, random_tensors

GOLDEN = Path(__file__).parent / "golden"


@cache
@torch.inference_mode(False)  # the first caller may be inside inference mode; what it makes is kept for all
def tensors(case: str = "tiny") -> dict[str, Tensor]:
    return random_tensors(official_config(CASES[case]), SEED)


def config(case: str = "tiny") -> CodecConfig:
    return CodecConfig.from_dict(official_config(CASES[case]))


@cache
@torch.inference_mode(False)
def codec(case: str = "tiny") -> Codec:
    return Codec.load(config(case), tensors(case))


def sound(samples: int, seed: int = 1) -> Tensor:
    return torch.from_numpy(clip(seed, samples, 24000))


def golden(case: str) -> tuple[Tensor, Tensor, Tensor]:
    """The clip, and the official package's codes (T, Q) and waveform for it."""
    seen = load_file(GOLDEN / f"{case}.safetensors")
    return sound(GOLDEN_SAMPLES, GOLDEN_CLIP), seen["codes"].long(), seen["sound"]
