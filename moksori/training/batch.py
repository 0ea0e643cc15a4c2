"""Layouts side by side in tensors, and the order in which a run sees its clips.

The order is a pure function of (seed, epoch): length buckets shuffled twice, so that a run resumes in the middle of an
epoch with nothing stored but two numbers. It knows nothing of models, files or losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .layout import IGNORE, NONE, Layout


@dataclass(frozen=True)
class Batch:
    """text (B, L), codec (B, L, G), target (B, L, G), speaker (B,): ids or NONE / IGNORE; mask (B, L): 1 where used."""

    text: Tensor
    codec: Tensor
    target: Tensor
    speaker: Tensor
    mask: Tensor

    @property
    def num_frames(self) -> int:
        """Frames that are learnt: positions whose whole row of codes is predicted."""
        return int((self.target[..., -1] != IGNORE).sum())

    @property
    def num_first_codes(self) -> int:
        """Predictions of the first codebook, the ends of speech included."""
        return int((self.target[..., 0] != IGNORE).sum())

    def to(self, device: torch.device | str) -> Batch:
        return Batch(*(t.to(device) for t in (self.text, self.codec, self.target, self.speaker, self.mask)))


def collate(layouts: Sequence[Layout], multiple: int = 1) -> Batch:
    """Right-padded to the longest, rounded up to `multiple` positions."""
    rows, groups = len(layouts), layouts[0].codec.shape[1]
    length = -(-max(len(layout) for layout in layouts) // multiple) * multiple
    text = np.full((rows, length), NONE, np.int64)
    codec = np.full((rows, length, groups), NONE, np.int64)
    target = np.full((rows, length, groups), IGNORE, np.int64)
    mask = np.zeros((rows, length), np.int64)
    for row, layout in enumerate(layouts):
        used = slice(0, len(layout))
        text[row, used], codec[row, used], target[row, used] = layout.text, layout.codec, layout.target
        mask[row, used] = 1
    speaker = np.array([layout.speaker for layout in layouts], np.int64)
    return Batch(*(torch.from_numpy(array) for array in (text, codec, target, speaker, mask)))


def epoch_order(
    lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int, weights: Sequence[float] | None = None
) -> list[list[int]]:
    """Indices of each batch of an epoch: clips of similar length together, batches in random order.

    weights  draw that many clips with replacement, in proportion (balancing speakers); None: each clip once.
    """
    rng = np.random.default_rng([seed, epoch, 1])
    count = len(lengths)
    if weights is None:
        chosen = rng.permutation(count)
    else:
        share = np.asarray(weights, np.float64)
        chosen = rng.choice(count, size=count, p=share / share.sum())
    # Sorted inside pools of many batches, with a little noise, so that no two epochs have the same neighbours.
    pool = max(batch_size * 32, 1)
    noisy = np.asarray(lengths, np.float64) * rng.uniform(0.95, 1.05, count)
    batches: list[list[int]] = []
    for start in range(0, count, pool):
        part = chosen[start : start + pool]
        part = part[np.argsort(noisy[part], kind="stable")]
        batches += [part[i : i + batch_size].tolist() for i in range(0, len(part), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]
