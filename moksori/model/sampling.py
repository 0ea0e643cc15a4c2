"""Which code may follow, and how likely: the official distribution in plain torch, the truth for the fast sampler.

Knows nothing of random numbers: a chooser is passed the scores and returns a code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from moksori.errors import InvalidInput

from .config import TalkerConfig

# (frame, codebook, scores (vocab,) float32 with -inf for what is excluded) -> code
Choose = Callable[[int, int, Tensor], int]

# Upstream never lets the first two frames be the end of speech.
MIN_FRAMES = 2


@dataclass(frozen=True)
class Sampling:
    """Upstream's names and defaults. A temperature of 0 is greedy; top_k 0 and top_p 1 switch those off."""

    temperature: float = 0.9
    top_k: int = 50
    top_p: float = 1.0
    repetition_penalty: float = 1.05
    predictor_temperature: float = 0.9
    predictor_top_k: int = 50
    predictor_top_p: float = 1.0

    @property
    def greedy(self) -> Sampling:
        return replace(self, temperature=0.0, predictor_temperature=0.0)

    @classmethod
    def from_generation_config(cls, data: Mapping[str, Any]) -> Sampling:
        """What `generation_config.json` sets beats the defaults; keys that are not about sampling are not read."""
        named = {
            "temperature": "temperature",
            "top_k": "top_k",
            "top_p": "top_p",
            "repetition_penalty": "repetition_penalty",
            "subtalker_temperature": "predictor_temperature",
            "subtalker_top_k": "predictor_top_k",
            "subtalker_top_p": "predictor_top_p",
        }
        found = {ours: data[theirs] for theirs, ours in named.items() if data.get(theirs) is not None}
        if data.get("do_sample") is False:
            found["temperature"] = 0.0
        if data.get("subtalker_dosample") is False:
            found["predictor_temperature"] = 0.0
        sampling = cls(**found)
        sampling.check()
        return sampling

    def check(self) -> None:
        """Raises InvalidInput for a value out of range."""
        ranges = {
            "temperature": (self.temperature, 0.0, 2.0),
            "predictor_temperature": (self.predictor_temperature, 0.0, 2.0),
            "top_p": (self.top_p, 0.0, 1.0),
            "predictor_top_p": (self.predictor_top_p, 0.0, 1.0),
            "top_k": (self.top_k, 0, 1 << 20),
            "predictor_top_k": (self.predictor_top_k, 0, 1 << 20),
            "repetition_penalty": (self.repetition_penalty, 0.5, 2.0),
        }
        for name, (value, low, high) in ranges.items():
            if not isinstance(value, int | float) or not low <= value <= high:
                raise InvalidInput(f"{name} is {value!r}, outside {low} to {high}.", field=name)


def first_code_scores(logits: Tensor, history: Sequence[int], sampling: Sampling, config: TalkerConfig) -> Tensor:
    """Talker logits (vocab,) of the next frame -> scores (vocab,) in float32, before temperature.

    `history` holds the first codes generated so far in this unit; codes of a reference are not in it.
    """
    scores = logits.float().clone()
    if history and sampling.repetition_penalty != 1.0:
        used = torch.tensor(sorted(set(history)), device=scores.device)
        penalty = sampling.repetition_penalty
        scores[used] = torch.where(scores[used] < 0, scores[used] * penalty, scores[used] / penalty)
    end = scores[config.eos_id].clone()
    scores[config.num_first_codes :] = -torch.inf
    if len(history) >= MIN_FRAMES:
        scores[config.eos_id] = end
    return scores


def warp(scores: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """Scores (vocab,) -> scores whose softmax is the distribution to draw from. Ties at the k-th place all stay."""
    if temperature == 0:
        return scores
    scores = scores / temperature
    if 0 < top_k < len(scores):
        scores = scores.masked_fill(scores < scores.topk(top_k).values[-1], -torch.inf)
    if top_p < 1.0:
        ascending, order = scores.sort()
        tail = ascending.softmax(-1).cumsum(-1) <= 1.0 - top_p
        tail[-1] = False  # the likeliest always stays
        scores = scores.masked_fill(tail.scatter(0, order, tail), -torch.inf)
    return scores


def greedy(frame: int, codebook: int, scores: Tensor) -> int:
    """The likeliest code, the lower one of two equals."""
    return int(scores.argmax())


def seeded(seed: int) -> Choose:
    """Draws with torch's own generator. Not what the runtime draws by; only the distribution is the same."""
    generator = torch.Generator().manual_seed(seed)

    def draw(frame: int, codebook: int, scores: Tensor) -> int:
        return int(torch.multinomial(scores.softmax(-1).cpu(), 1, generator=generator))

    return draw
