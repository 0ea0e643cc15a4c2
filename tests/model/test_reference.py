"""The oracle itself: it ends where it should, and what it is asked is what it does."""

from __future__ import annotations

import pytest
import torch

from moksori.model import Model, VoicePrompt, build, load
from moksori.model.reference import frames, generate
from moksori.model.sampling import seeded
from tests import checkpoints


@pytest.fixture(scope="module")
def eager(tmp_path_factory) -> Model:
    return load(checkpoints.tiny("0.6b-custom-voice", tmp_path_factory.mktemp("eager"), 0, eager_end=3.0))


def test_a_run_ends_by_itself_or_at_the_ceiling_and_says_which(eager: Model) -> None:
    prompt = build(eager, "네.", VoicePrompt.preset("sohee"))
    whole = generate(eager, prompt, eager.sampling.greedy, max_frames=200)
    assert whole.reason == "end"
    assert 2 <= len(whole.codes) < 200
    cut = generate(eager, prompt, eager.sampling.greedy, max_frames=len(whole.codes) - 1)
    assert (cut.reason, len(cut.codes)) == ("ceiling", len(whole.codes) - 1)
    assert cut.codes.equal(whole.codes[:-1])
    just = generate(eager, prompt, eager.sampling.greedy, max_frames=len(whole.codes))
    assert just.reason == "end", "a run whose end comes right after the last allowed frame was not cut off"


def test_a_ceiling_of_nothing_gives_no_frames_in_the_right_shape(eager: Model) -> None:
    prompt = build(eager, "네.", VoicePrompt.preset("sohee"))
    found = generate(eager, prompt, eager.sampling, seeded(1), max_frames=0)
    assert found.codes.shape == (0, eager.config.talker.num_code_groups)


def test_a_chooser_is_asked_for_every_code_in_order_and_obeyed(models) -> None:
    model: Model = models("0.6b-custom-voice")
    prompt = build(model, "네.", VoicePrompt.preset("sohee"))
    asked = []

    def third(frame: int, codebook: int, scores: torch.Tensor) -> int:
        asked.append((frame, codebook))
        return int(scores.topk(3).indices[2])

    found = generate(model, prompt, model.sampling, third, max_frames=3).codes
    groups = model.config.talker.num_code_groups
    assert asked[: 3 * groups] == [(frame, codebook) for frame in range(3) for codebook in range(groups)]
    assert not found.equal(generate(model, prompt, model.sampling.greedy, max_frames=3).codes)


def test_at_temperature_0_nobody_is_asked(models) -> None:
    model: Model = models("0.6b-custom-voice")
    prompt = build(model, "네.", VoicePrompt.preset("sohee"))

    def refuse(frame: int, codebook: int, scores: torch.Tensor) -> int:
        raise AssertionError("greedy is not a draw")

    assert len(generate(model, prompt, model.sampling.greedy, refuse, max_frames=2).codes) == 2


def test_frames_come_one_by_one_and_equal_the_whole(models) -> None:
    model: Model = models("1.7b-voice-design")
    prompt = build(model, "안녕하세요", VoicePrompt.design("낮은 목소리"), layout="streaming")
    one_by_one = frames(model, prompt, model.sampling, seeded(4))
    found = torch.stack([next(one_by_one) for _ in range(4)])
    assert found.equal(generate(model, prompt, model.sampling, seeded(4), max_frames=4).codes)
