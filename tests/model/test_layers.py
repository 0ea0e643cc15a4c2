"""A cache changes nothing but the work."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from moksori.model import Model
from moksori.model.layers import RMSNorm, rotary


class Growing:
    """The plainest cache there can be."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[Tensor, Tensor]] = {}

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        if layer in self.kept:
            keys = torch.cat([self.kept[layer][0], keys], dim=2)
            values = torch.cat([self.kept[layer][1], values], dim=2)
        self.kept[layer] = keys, values
        return keys, values


@pytest.mark.parametrize("pieces", [(7, 1, 1, 1), (1, 3, 6), (10,)])
def test_a_sequence_in_pieces_equals_the_whole(models, pieces: tuple[int, ...]) -> None:
    model: Model = models("1.7b-custom-voice")
    sequence = torch.randn(2, 10, 96, generator=torch.Generator().manual_seed(0))
    cache, start, found = Growing(), 0, []
    for length in pieces:
        found.append(model.talker(sequence[:, start : start + length], start, cache))
        start += length
    torch.testing.assert_close(torch.cat(found, dim=1), model.talker(sequence), atol=1e-5, rtol=0)


def test_what_comes_later_changes_nothing_before(models) -> None:
    model: Model = models("0.6b-custom-voice")
    sequence = torch.randn(1, 8, 64, generator=torch.Generator().manual_seed(1))
    before = model.talker(sequence)[:, :5]
    sequence[:, 5:] += 1.0
    torch.testing.assert_close(model.talker(sequence)[:, :5], before, atol=1e-6, rtol=0)


def test_teacher_forced_scores_equal_one_codebook_at_a_time(models) -> None:
    model: Model = models("1.7b-custom-voice")
    inputs = torch.randn(3, 6, 96, generator=torch.Generator().manual_seed(2))
    together = model.predictor.logits(inputs)
    assert together.shape == (3, 5, 128)
    for codebook in range(1, 6):
        state = model.predictor(inputs[:, : codebook + 1])[:, -1]
        alone = model.predictor.lm_head[codebook - 1](state)
        torch.testing.assert_close(together[:, codebook - 1], alone, atol=1e-4, rtol=0)


def test_rotary_turns_each_pair_by_its_own_frequency() -> None:
    cos, sin = rotary(torch.tensor([0, 5]), 4, 100.0, torch.float32)
    assert cos[0].tolist() == [1.0] * 4
    assert sin[1].tolist() == pytest.approx([math.sin(5), math.sin(0.5)] * 2)


def test_norm_scales_after_it_rounds_as_upstream_does() -> None:
    norm = RMSNorm(4, 0.0).bfloat16()
    norm.weight.data = torch.tensor([1.0, 3.0, 0.5, 2.0]).bfloat16()
    x = torch.tensor([1.0, -2.0, 3.0, 0.1]).bfloat16()
    wide = x.float() / x.float().pow(2).mean().sqrt()
    assert norm(x).equal(norm.weight * wide.bfloat16())
