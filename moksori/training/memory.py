"""How much memory a run will need, before it starts, and what it really took.

What the process holds with the model loaded is measured; gradients, both moments of AdamW and the activations of the
largest batch are added. Knows nothing of allocators, so the measured peak is printed beside the estimate.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from moksori.model.config import ModelConfig, StackConfig

GIB = 1024**3


@dataclass(frozen=True)
class Memory:
    """All in GiB. `held`: the process with the model, before the run; `peak` is 0 before the run."""

    held: float
    learning: float
    activations: float
    peak: float = 0.0

    @property
    def total(self) -> float:
        return self.held + self.learning + self.activations

    def sentence(self) -> str:
        return (
            f"about {self.total:.2f} GiB at most: {self.held:.2f} with the model loaded, gradients and moments "
            f"{self.learning:.2f}, activations of the largest batch {self.activations:.2f}"
        )


def estimate(config: ModelConfig, held: float, learnt: int, positions: int, frames: int) -> Memory:
    """`learnt` values (float32: gradient and two moments), `positions` of the largest batch, `frames` that the
    predictor sees of it."""
    talker = _activations(config.talker.stack, positions)
    predictor = _activations(config.predictor.stack, frames * config.talker.num_code_groups)
    codes = frames * config.talker.num_code_groups * config.predictor.vocab_size
    logits = 3 * (positions * config.talker.vocab_size + codes)
    return Memory(held, learnt * 12 / GIB, (talker + predictor + logits) * 4 / GIB)


def _activations(stack: StackConfig, positions: int) -> int:
    """Values kept for the backward pass: about 12 hidden, 3 feed-forward and 3 attention rows a position and layer."""
    width = 12 * stack.hidden_size + 3 * stack.intermediate_size + 3 * stack.num_heads * stack.head_dim
    return positions * stack.num_layers * width


def held_gib(device: torch.device) -> float:
    """What the process holds now; on a card what torch has allocated there."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device) / GIB
    pages = Path("/proc/self/statm")
    if not pages.is_file():
        return peak_gib(device)
    return int(pages.read_text().split()[1]) * resource.getpagesize() / GIB


def peak_gib(device: torch.device) -> float:
    """The highest the process stood so far; on a card the allocator's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / GIB
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (GIB if sys.platform == "darwin" else GIB / 1024)


def is_shortage(error: Exception) -> bool:
    """Whether memory ran out: a card says it by type, torch on a processor in words only."""
    words = ("can't allocate memory", "not enough memory", "cannot allocate memory")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(w in str(error).lower() for w in words)
