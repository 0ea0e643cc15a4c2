"""What the recipe adds to the training of a talker: frames that are wrong on purpose, parts of a voice."""

from __future__ import annotations

import numpy as np
import torch

from moksori.training.batch import Batch
from recipes.pocket.talker import _corrupt, part_of


def batch(rows: int = 6, length: int = 40, groups: int = 4) -> Batch:
    generator = torch.Generator().manual_seed(0)
    codec = torch.randint(0, 500, (rows, length, groups), generator=generator)
    codec[:, :10] = -1
    codec[:, 30:, 1:] = -1  # a position with a first code alone is a control token, no frame
    text = torch.zeros(rows, length, dtype=torch.long)
    return Batch(text, codec, codec.clone(), torch.full((rows,), -1), torch.ones_like(text))


def test_a_share_of_the_heard_frames_is_replaced_by_other_frames_and_nothing_else_changes() -> None:
    given = batch()
    found = _corrupt(given, 0.25, torch.Generator().manual_seed(1))
    changed = (found.codec != given.codec).any(-1)
    assert 10 < int(changed.sum()) < 60  # of 120 frames
    assert not changed[:, :10].any()
    assert not changed[:, 30:].any()
    frames = {tuple(frame) for frame in given.codec[:, 10:30].reshape(-1, 4).tolist()}
    assert all(tuple(frame) in frames for frame in found.codec[changed].tolist())
    assert torch.equal(found.target, given.target)
    assert torch.equal(_corrupt(given, 0.0, torch.Generator().manual_seed(1)).codec, given.codec)


def test_a_part_of_a_voice_has_the_rows_that_were_asked_for() -> None:
    mel = np.arange(50, dtype=np.float32)[:, None].repeat(3, axis=1)
    part = part_of(mel, 20, np.random.default_rng(0))
    assert part.shape == (20, 3)
    assert np.array_equal(np.diff(part[:, 0]), np.ones(19))
    assert np.array_equal(part_of(mel, 80, np.random.default_rng(0))[50:, 0], np.arange(30))
