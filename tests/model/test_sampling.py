"""The distribution is the official one, stated by hand here once more."""

from __future__ import annotations

import math

import pytest
import torch

from moksori.errors import InvalidInput
from moksori.model.config import ModelConfig, TalkerConfig
from moksori.model.sampling import Sampling, first_code_scores, greedy, seeded, warp
from tests import checkpoints


@pytest.fixture(scope="module")
def config() -> TalkerConfig:
    return ModelConfig.from_json(checkpoints.tiny_config("0b6", "custom_voice")).talker


def logits(config: TalkerConfig) -> torch.Tensor:
    return torch.randn(config.vocab_size, generator=torch.Generator().manual_seed(3))


def test_control_ids_are_never_drawn_and_the_end_only_after_two_frames(config: TalkerConfig) -> None:
    for history in ([], [5], [5, 6], [5, 6, 7]):
        scores = first_code_scores(logits(config), history, Sampling(), config)
        possible = set(scores.isfinite().nonzero().flatten().tolist())
        ends = {config.eos_id} if len(history) >= 2 else set()
        assert possible == set(range(config.num_first_codes)) | ends


def test_repetition_pushes_down_whatever_the_sign_and_however_often(config: TalkerConfig) -> None:
    raw = logits(config)
    raw[7], raw[8] = 2.0, -2.0
    scores = first_code_scores(raw, [7, 7, 8], Sampling(repetition_penalty=1.25), config)
    assert scores[7] == pytest.approx(1.6)
    assert scores[8] == pytest.approx(-2.5)
    untouched = torch.ones(config.num_first_codes, dtype=torch.bool)
    untouched[[7, 8]] = False
    assert scores[: config.num_first_codes][untouched].equal(raw[: config.num_first_codes][untouched])


def test_logits_are_not_changed_in_place(config: TalkerConfig) -> None:
    raw = logits(config)
    before = raw.clone()
    first_code_scores(raw, [1, 2, 3], Sampling(), config)
    assert raw.equal(before)


def test_top_k_keeps_ties_at_the_last_place() -> None:
    kept = warp(torch.tensor([3.0, 1.0, 2.0, 2.0, 0.0]), 1.0, 2, 1.0).isfinite()
    assert kept.tolist() == [True, False, True, True, False]


@pytest.mark.parametrize(("top_p", "kept"), [(0.5, 1), (0.65, 2), (0.9, 3), (1e-9, 1)])
def test_top_p_keeps_the_fewest_that_reach_it(top_p: float, kept: int) -> None:
    scores = torch.tensor([0.6, 0.25, 0.1, 0.05]).log()
    assert int(warp(scores, 1.0, 0, top_p).isfinite().sum()) == kept


def test_temperature_divides_before_the_cuts() -> None:
    scores = torch.tensor([0.6, 0.25, 0.1, 0.05]).log()
    hot = warp(scores, 2.0, 0, 1.0).softmax(-1)
    weights = [math.sqrt(p) for p in (0.6, 0.25, 0.1, 0.05)]
    assert hot.tolist() == pytest.approx([w / sum(weights) for w in weights])
    assert int(warp(scores, 2.0, 0, 0.65).isfinite().sum()) == 2


def test_a_temperature_of_zero_leaves_the_scores_and_greedy_takes_the_lower_of_equals() -> None:
    scores = torch.tensor([1.0, 5.0, 5.0])
    assert warp(scores, 0.0, 1, 0.1).equal(scores)
    assert greedy(0, 0, scores) == 1


def test_draws_follow_the_distribution() -> None:
    scores = torch.tensor([0.5, 0.3, 0.2]).log()
    draw = seeded(1)
    drawn = torch.tensor([draw(frame, 0, scores) for frame in range(3000)]).bincount(minlength=3) / 3000
    assert drawn.tolist() == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1.0}, {"top_p": 1.5}, {"predictor_top_k": -1}, {"repetition_penalty": 0.0}]
)
def test_a_setting_out_of_range_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Sampling(**wrong).check()  # type: ignore[arg-type]
    assert caught.value.field in wrong


def test_generation_config_speaks_of_the_subtalker() -> None:
    found = Sampling.from_generation_config(
        {"subtalker_top_k": 7, "top_p": 0.8, "max_new_tokens": 9, "do_sample": False}
    )
    assert found == Sampling(temperature=0.0, top_p=0.8, predictor_top_k=7)
