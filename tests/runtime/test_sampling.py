"""The compiled sampler draws from upstream's distribution, and draws what the plain one draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from moksori.model import Sampling, load
from moksori.model.sampling import first_code_scores, warp
from moksori.runtime import draw, sampling
from moksori.runtime.sampling import FirstCode, draw_plainly

SETTINGS = [(0.9, 50, 1.0), (0.8, 30, 0.85), (1.3, 0, 0.6), (0.7, 0, 1.0), (1.0, 1, 1.0), (0.0, 50, 1.0)]


def compiled_draw(scores: np.ndarray, setting: tuple[float, int, float], spot: tuple[int, int, int]) -> int:
    room = np.stack([scores, np.zeros_like(scores)])
    place = draw.Scores(room[0].ctypes.data, room[1].ctypes.data, len(scores))
    return int(draw.draw(place, *setting, draw.Spot(*spot)))


@pytest.fixture(scope="module")
def logits() -> np.ndarray:
    return np.random.default_rng(5).normal(0, 2, 2048).astype(np.float32)


@pytest.mark.parametrize("setting", SETTINGS)
def test_compiled_and_plain_draw_the_same_codes(logits, setting):
    for seed in range(60):
        spot = (seed, seed * 3, seed % 16)
        assert compiled_draw(logits, setting, spot) == draw_plainly(logits, *setting, spot)


@pytest.mark.parametrize("setting", [(0.9, 20, 1.0), (1.2, 0, 0.8), (0.8, 30, 0.85)])
def test_draws_follow_the_official_distribution(setting):
    """A chi-squared test against the processors that upstream samples with."""
    transformers = pytest.importorskip("transformers")
    logits = np.random.default_rng(1).normal(0, 1.5, 128).astype(np.float32)
    temperature, top_k, top_p = setting
    scores = torch.from_numpy(logits)[None]
    official = [transformers.TemperatureLogitsWarper(temperature)]
    official += [transformers.TopKLogitsWarper(top_k)] if top_k else []
    official += [transformers.TopPLogitsWarper(top_p)] if top_p < 1 else []
    for processor in official:
        scores = processor(torch.zeros(1, 0, dtype=torch.long), scores)
    expected = scores.softmax(-1)[0].double().numpy()
    count = 20_000
    drawn = np.bincount([compiled_draw(logits, setting, (n, n % 50, n % 16)) for n in range(count)], minlength=128)
    assert not drawn[expected == 0].any(), "a code was drawn that upstream excludes"
    likely = expected * count >= 5
    statistic = ((drawn - expected * count)[likely] ** 2 / (expected * count)[likely]).sum()
    freedom = likely.sum() - 1
    assert freedom > 5
    assert statistic < freedom + 5 * np.sqrt(2 * freedom)


def test_ties_at_the_kth_place_all_stay():
    scores = np.array([3, 2, 2, 2, 1, 0, 0, 0], np.float32)
    drawn = {compiled_draw(scores, (1.0, 2, 1.0), (seed, 0, 0)) for seed in range(200)}
    assert drawn == {0, 1, 2, 3}


def test_excluded_codes_are_never_drawn():
    scores = np.full(64, -np.inf, np.float32)
    scores[[5, 9]] = 0.0
    for setting in ((1.0, 0, 1.0), (1.0, 50, 1.0), (1.0, 0, 0.9)):
        assert {compiled_draw(scores, setting, (seed, 0, 0)) for seed in range(50)} == {5, 9}


@pytest.mark.parametrize("compiled", [True, False])
def test_first_scores_are_the_models(folder, monkeypatch, compiled):
    if not compiled:
        monkeypatch.setattr(sampling, "compiled", None)
    config = load(folder).config.talker
    asked = Sampling(repetition_penalty=1.3)
    raw = np.random.default_rng(2).normal(0, 3, config.vocab_size).astype(np.float32)
    history = [3, 9, 3, 77]
    first = FirstCode(config, asked, seed=1)
    for code in history:
        first.use(code)
    found = first.score(raw, may_end=True)
    expected = first_code_scores(torch.from_numpy(raw), history, asked, config)
    np.testing.assert_array_equal(found.scores, expected.numpy())
    candidates = expected[torch.isfinite(expected)]
    assert found.rank == int((candidates > expected[config.eos_id]).sum())
    assert found.probability == pytest.approx(float(expected.double().softmax(-1)[config.eos_id]), rel=1e-6)
    blocked = first.score(raw, may_end=False)
    assert blocked.scores[config.eos_id] == -np.inf
    assert (blocked.rank, blocked.probability) == (found.rank, found.probability)
    assert first.without_end(found).scores[config.eos_id] == -np.inf


def test_warp_is_what_transformers_does(logits):
    transformers = pytest.importorskip("transformers")
    scores = torch.from_numpy(logits)[None]
    none = torch.zeros(1, 0, dtype=torch.long)
    for processor in (
        transformers.TemperatureLogitsWarper(0.8),
        transformers.TopKLogitsWarper(40),
        transformers.TopPLogitsWarper(0.7),
    ):
        scores = processor(none, scores)
    assert torch.equal(warp(torch.from_numpy(logits), 0.8, 40, 0.7), scores[0])
