"""The CUDA path's functions on the CPU, without graphs: the numbers are the plain step's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from moksori.errors import Unavailable
from moksori.model import Sampling, load
from moksori.runtime.graphs import GraphedStep, draw_rows
from moksori.runtime.noise import gumbel_rows
from moksori.runtime.plain import PlainStep
from moksori.runtime.sampling import draw_plainly
from moksori.runtime.step import Draw


@pytest.mark.parametrize("kind", ["folder", "wide_folder"])
def test_frames_equal_the_plain_step(kind, request):
    folder = request.getfixturevalue(kind)
    steps = GraphedStep(load(folder), most=4, positions=256), PlainStep(load(folder))
    hidden = steps[0].config.talker.stack.hidden_size
    results = []
    for stepper in steps:
        rng, sequences, found = np.random.default_rng(0), [], []
        for length in (5, 70, 12):  # 70 looks further back than the others
            sequences.append(stepper.begin(200))
            stepper.read(sequences[-1], rng.normal(0, 1, (length, hidden)).astype(np.float32))
        for frame in range(4):
            draws = [Draw(seed, frame, Sampling()) for seed in range(3)]
            codes = stepper.predict(sequences, [1, 2, 3], draws)
            stepper.advance(sequences, rng.normal(0, 1, (3, hidden)).astype(np.float32))
            found.append((codes, np.stack([s.logits for s in sequences]), np.stack([s.total for s in sequences])))
        results.append(found)
    for (codes, logits, total), (codes_, logits_, total_) in zip(*results, strict=True):
        assert np.array_equal(codes, codes_)
        np.testing.assert_allclose(logits, logits_, atol=2e-4)
        np.testing.assert_allclose(total, total_, atol=1e-5)


def test_rows_draw_what_each_would_draw_alone():
    scores = torch.randn(6, 128, generator=torch.Generator().manual_seed(0)) * 2
    settings = [(0.9, 50, 1.0), (0.8, 30, 0.85), (1.3, 0, 0.6), (0.7, 0, 1.0), (1.0, 1, 1.0), (0.0, 50, 1.0)]
    temperature, top_k, top_p = (torch.tensor(column) for column in zip(*settings, strict=True))
    for frame in range(40):
        noise = gumbel_rows(torch.arange(6), torch.full((6,), frame), 2, 128)
        together = draw_rows(scores, temperature, top_k, top_p, noise)
        for row, (t, k, p) in enumerate(settings):
            assert int(together[row]) == draw_plainly(scores[row].numpy(), t, k, p, (row, frame, 2))


def test_a_place_is_free_again_when_its_sequence_is_gone(folder):
    stepper = GraphedStep(load(folder), most=1, positions=64)
    first, second = stepper.begin(64), stepper.begin(64)
    with pytest.raises(Unavailable):
        stepper.begin(64)
    del first
    third = stepper.begin(64)
    assert third.place.index != second.place.index
