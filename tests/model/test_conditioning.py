"""A reference becomes the same arrays every time, and they survive being stored."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from moksori.errors import InvalidInput
from moksori.model import Model, VoicePrompt
from moksori.model.conditioning import clone
from moksori.model.speaker import SHORTEST_SAMPLES, mel_filters
from tests.parity.cases import clip


@pytest.fixture
def base(models) -> Model:
    found: Model = models("0.6b-base")
    return found


def test_with_a_transcript_it_is_in_context_without_a_vector_alone(base: Model) -> None:
    pcm = clip("short")
    alone, spoken = clone(base, pcm), clone(base, pcm, "네.")
    assert (alone.mode, alone.codes) == ("vector", None)
    assert spoken.mode == "in_context"
    assert alone.vector is not None
    assert np.array_equal(alone.vector, spoken.vector)
    assert clone(base, pcm, "  ").mode == "vector"


def test_silence_is_appended_for_the_codec_recorded_and_can_be_off(base: Model) -> None:
    pcm = clip("short")
    usual, bare = clone(base, pcm, "네."), clone(base, pcm, "네.", tail_silence_s=0.0)
    assert len(bare.codes) == -(-len(pcm) // 1920)
    assert len(usual.codes) == -(-(len(pcm) + 12000) // 1920)
    assert usual.facts == {"tail_silence_s": 0.5, "encoder_attention": "full"}
    whole = len(pcm) // 1920
    assert np.array_equal(usual.codes[:whole], bare.codes[:whole])
    assert np.array_equal(usual.vector, bare.vector)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_changes_no_bit(base: Model, threads: int) -> None:
    alone = clone(base, clip("long"), "네.").to_bytes()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert clone(base, clip("long"), "네.").to_bytes() == alone
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_a_stored_voice_comes_back_whole(base: Model) -> None:
    voice = clone(base, clip("short"), '따옴표 " 와 줄\n바꿈')
    again = VoicePrompt.from_bytes(voice.to_bytes())
    assert again.to_bytes() == voice.to_bytes()
    assert again.transcript == voice.transcript
    assert np.array_equal(again.codes, voice.codes)
    assert again.vector.dtype == np.float32
    for plain in (VoicePrompt.preset("sohee"), VoicePrompt.design("낮은 목소리")):
        assert VoicePrompt.from_bytes(plain.to_bytes()) == plain


@pytest.mark.parametrize("data", [b"", b"{}\n", b'{"mode": "preset", "pitch": 3}\n', b"not json\n1234"])
def test_what_is_no_stored_voice_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        VoicePrompt.from_bytes(data)


def test_a_checkpoint_without_an_encoder_cannot_clone(models) -> None:
    with pytest.raises(InvalidInput, match="cannot clone") as caught:
        clone(models("1.7b-custom-voice"), clip("short"))
    assert "Base" in caught.value.hint


def test_a_clip_too_short_for_a_vector_is_refused_and_the_shortest_works(base: Model) -> None:
    with pytest.raises(InvalidInput, match="at least"):
        clone(base, clip("short")[: SHORTEST_SAMPLES - 1])
    vector = clone(base, clip("short")[:SHORTEST_SAMPLES]).vector
    assert vector is not None
    assert np.isfinite(vector).all()


def test_mel_bands_are_triangles_of_equal_area_that_widen_with_pitch() -> None:
    bands = mel_filters(24000, 128)
    assert bands.shape == (128, 513)
    assert (bands >= 0).all()
    centres = bands.argmax(axis=1)
    assert (np.diff(centres) >= 0).all()
    area = bands[60:].sum(axis=1) * 24000 / 1024
    assert area == pytest.approx(np.ones(68), rel=0.05)
