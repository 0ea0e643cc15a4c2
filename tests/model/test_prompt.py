"""What stands on the two tracks, and what is refused before anything is built."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from moksori.errors import InvalidInput
from moksori.model import Model, Prompt, VoicePrompt, build

TEXT = "안녕하세요, 좋습니다."


@pytest.fixture
def preset(models) -> Model:
    found: Model = models("1.7b-custom-voice")
    return found


@pytest.fixture
def base(models) -> Model:
    found: Model = models("1.7b-base")
    return found


def clone(frames: int, transcript: str = "네.") -> VoicePrompt:
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 128, (frames, 6)) if frames else None
    vector = draw.standard_normal(96).astype(np.float32)
    return VoicePrompt("in_context" if frames else "vector", transcript=transcript, vector=vector, codes=codes)


def rows(model: Model, text_ids: tuple[int, ...]) -> torch.Tensor:
    return model.talker.embed_text(torch.tensor(text_ids))


def test_the_table_of_positions(preset: Model) -> None:
    """Whole text: role, tags, speaker, the text's beginning over pad, text and its end over pad, pad over bos."""
    talker = preset.config.talker
    prompt = build(preset, TEXT, VoicePrompt.preset("sohee"), "korean")
    framed, count = preset.tokenizer.spoken(TEXT), len(prompt.text_ids)
    tags = [talker.think_id, talker.think_bos_id, talker.languages["korean"], talker.think_eos_id]
    codec_ids = [*tags, talker.speakers["sohee"], *[talker.pad_id] * (count + 2), talker.bos_id]
    pad, bos, eos = preset.config.tts_pad_id, preset.config.tts_bos_id, preset.config.tts_eos_id
    text_ids = (*framed.role, *[pad] * 5, bos, *prompt.text_ids, eos, pad)
    expected = rows(preset, text_ids)
    expected[3:] += preset.talker.codec_embedding(torch.tensor(codec_ids))
    torch.testing.assert_close(prompt.embeddings, expected, atol=1e-5, rtol=0)
    assert len(prompt.trailing) == 0
    torch.testing.assert_close(prompt.pad, rows(preset, (pad,))[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("layout", ["whole", "streaming"])
def test_text_that_is_not_read_at_first_trails_and_then_comes_padding(preset: Model, layout: str) -> None:
    prompt = build(preset, TEXT, VoicePrompt.preset("ryan"), layout=layout)  # type: ignore[arg-type]
    trailing = 0 if layout == "whole" else len(prompt.text_ids)
    assert len(prompt.trailing) == trailing
    assert prompt.text_row(trailing).equal(prompt.pad)
    assert prompt.text_row(10_000).equal(prompt.pad)


@pytest.mark.parametrize(("frames", "surplus"), [(3, True), (80, False)])
def test_in_context_streaming_sums_both_tracks_to_the_reference_end(base: Model, frames: int, surplus: bool) -> None:
    prompt = build(base, TEXT, clone(frames), layout="streaming")
    opening = 3 + 3 + 1 + 1
    assert len(prompt.embeddings) == opening + 1 + frames
    text = len(base.tokenizer.spoken("네.").body) + len(prompt.text_ids) + 1
    assert len(prompt.trailing) == max(0, text - 1 - frames)
    assert bool(len(prompt.trailing)) is surplus
    assert prompt.reference_codes.shape == (frames, 6)


def test_an_instruction_is_in_front_and_changes_nothing_behind(preset: Model) -> None:
    voice = VoicePrompt.preset("sohee")
    without, with_ = build(preset, TEXT, voice), build(preset, TEXT, voice, instruct="천천히")
    added = len(preset.tokenizer.instruction("천천히"))
    assert len(with_.embeddings) == len(without.embeddings) + added
    torch.testing.assert_close(with_.embeddings[added:], without.embeddings, atol=1e-6, rtol=0)


def test_a_dialect_speaker_has_its_dialect_in_chinese_and_when_left_to_choose(preset: Model) -> None:
    eric = VoicePrompt.preset("Eric")
    chosen = [build(preset, TEXT, eric, language).embeddings for language in (None, "Chinese", "sichuan_dialect")]
    assert chosen[0].equal(chosen[1])
    assert chosen[0].equal(chosen[2])
    assert not chosen[0].equal(build(preset, TEXT, eric, "korean").embeddings)
    auto = [build(preset, TEXT, VoicePrompt.preset("ryan"), language) for language in (None, "chinese")]
    assert len(auto[0].embeddings) == len(auto[1].embeddings) - 1


@pytest.mark.parametrize("threads", [1, 2])
def test_a_prompt_does_not_depend_on_the_number_of_threads(base: Model, threads: int) -> None:
    alone = build(base, TEXT * 8, clone(30))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        again = build(base, TEXT * 8, clone(30))
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert again.embeddings.equal(alone.embeddings)


def test_control_tokens_in_a_text_stay_text_up_to_the_talker(preset: Model) -> None:
    prompt = build(preset, "가<|im_end|>나", VoicePrompt.preset("sohee"))
    assert preset.config.im_end_id not in prompt.text_ids


@pytest.mark.parametrize(
    ("kind", "arguments", "field"),
    [
        ("1.7b-custom-voice", {"spoken_text": " \n"}, "text"),
        ("1.7b-custom-voice", {"voice": VoicePrompt.preset("nobody")}, "voice"),
        ("1.7b-custom-voice", {"language": "klingon"}, "language"),
        ("1.7b-custom-voice", {"layout": "sideways"}, "layout"),
        ("1.7b-custom-voice", {"voice": clone(4)}, "voice"),
        ("1.7b-custom-voice", {"voice": VoicePrompt.design("낮은 목소리")}, "voice"),
        ("0.6b-custom-voice", {"instruct": "천천히"}, "instruct"),
        ("1.7b-base", {"voice": clone(0), "instruct": "천천히"}, "instruct"),
        ("1.7b-base", {"voice": VoicePrompt.preset("sohee")}, "voice"),
        ("0.6b-base", {"voice": clone(0)}, "voice"),
        ("1.7b-voice-design", {"voice": VoicePrompt.design("낮은"), "instruct": "천천히"}, "instruct"),
    ],
)
def test_what_upstream_would_drop_or_misread_is_refused(models, kind: str, arguments: dict, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        build(models(kind), **{"spoken_text": TEXT, "voice": VoicePrompt.preset("sohee"), **arguments})
    assert caught.value.field == field


@pytest.mark.parametrize("codes", [np.zeros((4, 5), int), np.zeros((0, 6), int), np.full((4, 6), 128)])
def test_codes_that_are_not_this_models_are_refused(base: Model, codes: np.ndarray) -> None:
    voice = VoicePrompt("in_context", transcript="네.", vector=np.zeros(96, np.float32), codes=codes)
    with pytest.raises(InvalidInput):
        build(base, TEXT, voice)


def test_a_text_that_leaves_no_room_for_speech_is_refused(preset: Model) -> None:
    stack = dataclasses.replace(preset.config.talker.stack, max_positions=40)
    config = dataclasses.replace(preset.config, talker=dataclasses.replace(preset.config.talker, stack=stack))
    small = dataclasses.replace(preset, config=config)
    assert len(build(small, "네.", VoicePrompt.preset("sohee")).embeddings) < 40
    with pytest.raises(InvalidInput, match="holds 40"):
        build(small, "가나다라" * 12, VoicePrompt.preset("sohee"))


def test_a_prompt_is_all_tensors_and_numbers(base: Model) -> None:
    prompt = build(base, TEXT, clone(4))
    assert isinstance(prompt, Prompt)
    assert prompt.reference_codes.dtype == torch.int64
    assert all(type(identity) is int for identity in prompt.text_ids)
