"""Random numbers without a generator: each is a pure function of (seed, frame, codebook, index).

Philox 4x32 with 10 rounds (Salmon et al., 2011), in NumPy and in torch with the same integers on any device; the
compiled form is in `draw`. A code is drawn as the argmax of score + Gumbel noise, which is exactly a draw from the
softmax and needs one number per candidate, whoever else is in the batch. Knows nothing of scores.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
DOMAIN = 0x6D6F6B73  # second half of the key: this project's numbers, none other's
MASK = 0xFFFFFFFF


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """One block in plain integers: the truth for the vectorised forms, and equal to the published vectors."""
    (a, b, c, d), (k0, k1) = counter, key
    for _ in range(ROUNDS):
        p, q = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        a, b, c, d = (q >> 32) ^ b ^ k0, q & MASK, (p >> 32) ^ d ^ k1, p & MASK
        k0, k1 = (k0 + KEY_STEPS[0]) & MASK, (k1 + KEY_STEPS[1]) & MASK
    return a, b, c, d


def gumbel(seed: int, frame: int, codebook: int, count: int) -> npt.NDArray[np.float64]:
    """(count,) standard Gumbel numbers for candidates 0 .. count - 1."""
    words = _words(torch.tensor([seed]), torch.tensor([frame]), codebook, count)
    return _to_gumbel(words)[0].numpy()


def gumbel_rows(seeds: Tensor, frames: Tensor, codebook: int, count: int) -> Tensor:
    """(B,) int64 seeds and frames, on any device -> (B, count) float64; each row as `gumbel` gives it."""
    return _to_gumbel(_words(seeds, frames, codebook, count))


def _words(seeds: Tensor, frames: Tensor, codebook: int, count: int) -> Tensor:
    """(B, count) 32-bit words in int64; candidate i is word i % 4 of block i // 4."""
    blocks = torch.arange((count + 3) // 4, device=seeds.device)[None].expand(len(seeds), -1)
    a, b = blocks, torch.full_like(blocks, codebook)
    c, d = frames[:, None].expand_as(blocks), torch.zeros_like(blocks)
    k0, k1 = (seeds & MASK)[:, None], torch.full_like(seeds, DOMAIN)[:, None]
    for _ in range(ROUNDS):
        # The products wrap in int64; as bit patterns they are right, and the mask drops the sign that >> spreads.
        p, q = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b, c, d = ((q >> 32) & MASK) ^ b ^ k0, q & MASK, ((p >> 32) & MASK) ^ d ^ k1, p & MASK
        k0, k1 = (k0 + KEY_STEPS[0]) & MASK, (k1 + KEY_STEPS[1]) & MASK
    return torch.stack((a, b, c, d), dim=-1).flatten(1)[:, :count]


def _to_gumbel(words: Tensor) -> Tensor:
    uniform = (words.double() + 0.5) * 2.0**-32  # in (0, 1), both ends excluded
    return -torch.log(-torch.log(uniform))
