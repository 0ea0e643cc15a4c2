"""The part of what the official package computed that is small enough to keep: read by tests without that package.

One safetensors file per kind of checkpoint. Waveforms are thinned; everything else is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.parity.cases import Case

SEED = 0
FOLDER = Path(__file__).parents[1] / "model" / "golden"
EVERY = 97  # a prime, so that no period of the codec hides between kept samples
KEPT = (
    "preset-whole", "dialect-streaming", "instruct-streaming", "vector-whole", "vector-automatic-streaming",
    "in-context-odd-whole", "in-context-short-streaming", "in-context-long-streaming", "design-whole",
    "undescribed-streaming",
)  # fmt: skip


def write(folder: Path, kind: str, chosen: Iterable[Case], official: Mapping[str, Tensor]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = {case.name for case in chosen if case.name in KEPT}
    kept = {name: tensor for name, tensor in official.items() if name.split("/")[0] in names}
    save_file({name: _small(name, tensor) for name, tensor in kept.items()}, folder / f"{kind}.safetensors")


def read(kind: str) -> dict[str, Tensor]:
    """As the official side gave them, waveforms thinned."""
    kept = load_file(FOLDER / f"{kind}.safetensors")
    return {name: t.long() if t.dtype in (torch.uint8, torch.int16) else t for name, t in kept.items()}


def _small(name: str, tensor: Tensor) -> Tensor:
    part = name.rsplit("/", 1)[1]
    if part == "wave":
        return tensor[::EVERY].clone()
    if part in ("codes", "frames", "reference"):
        return tensor.to(torch.uint8)
    if part == "ids":
        return tensor.to(torch.int16)
    return tensor
