"""One schedule for every listener."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from moksori.model import load
from moksori.model.codec.decoder import Snake
from moksori.runtime.decoder import OnePassSnake, Upsample, rearrange
from moksori.runtime.vocoder import SCHEDULE, Vocoder, codec_precision, piece


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 128, (60, 4))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_sound_does_not_depend_on_how_frames_come(folder, codes, precision):
    vocoder = Vocoder(load(folder).codec, precision)
    found = []
    for sizes in ([60], [1] * 60, [7, 1, 30, 22]):
        stream, sounds, start = vocoder.begin(codes[:0]), [], 0
        for size in sizes:
            sounds += stream.feed(codes[start : start + size])
            start += size
        found.append(np.concatenate([*sounds, stream.finish()]))
    assert all(np.array_equal(found[0], other) for other in found[1:])
    assert len(found[0]) == 60 * vocoder.decoder.samples_per_frame


def test_pieces_come_as_soon_as_they_are_complete(folder, codes):
    stream = Vocoder(load(folder).codec, "fp32").begin(codes[:0])
    lengths = [len(sound) for frame in codes for sound in stream.feed(frame[None])]
    samples = lengths[0] // SCHEDULE[0]
    assert lengths == [samples * piece(index) for index in range(len(lengths))]
    assert len(stream.finish()) == samples * (60 - sum(piece(index) for index in range(len(lengths))))
    assert len(stream.finish()) == 0


def test_a_reference_is_heard_but_not_given_out(folder, codes):
    codec = load(folder).codec
    stream = Vocoder(codec, "fp32").begin(codes[:30])
    sound = np.concatenate([*stream.feed(codes[30:]), stream.finish()])
    with torch.inference_mode():
        whole = codec.decoder(torch.from_numpy(codes)[None])[0].numpy()
    assert np.abs(sound - whole[len(whole) // 2 :]).max() < 1e-5


def test_no_piece_is_longer_than_what_came_before_allows(folder):
    """While a piece is being made the one before it plays: at twice real time it may be twice as long."""
    assert all(later <= 2 * earlier for earlier, later in itertools.pairwise(SCHEDULE))


def test_full_precision_asks_for_a_codec_in_full_precision():
    assert codec_precision("fp32") == "fp32"
    assert codec_precision("int8") in ("bf16", "fp32")


def test_the_rearranged_decoder_computes_the_same(folder, codes):
    """In one piece and in uneven ones: to a few float32 roundings of a signal within [-1, 1]."""
    with torch.inference_mode():
        given = torch.from_numpy(codes)[None]
        expected = load(folder).codec.decoder(given)
        fast = rearrange(load(folder).codec.decoder)
        assert sum(isinstance(m, OnePassSnake | Upsample) for m in fast.modules()) > 10
        assert (fast(given) - expected).abs().max() < 1e-5
        state = fast.begin()
        pieces = [fast.step(piece, state) for piece in given.split([1, 20, 3, 36], dim=1)]
        assert (torch.cat(pieces, dim=1) - expected).abs().max() < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_activation_is_right_wherever_a_sample_stands(dtype):
    slow = Snake(8)
    torch.nn.init.normal_(slow.alpha)
    torch.nn.init.normal_(slow.beta)
    fast = OnePassSnake(slow)
    x = (20 * torch.randn(1, 8, 77, generator=torch.Generator().manual_seed(0))).to(dtype)
    with torch.inference_mode():
        found = fast(x)
        expected = slow.double()(x.double())
        tolerance = 2e-5 if dtype == torch.float32 else 0.01
        assert ((found - expected).abs() / (1 + expected.abs())).max() < tolerance
        for start in (1, 5, 30):
            assert torch.equal(fast(x[..., start:]), found[..., start:])
        assert fast(x[..., :5]).shape == (1, 8, 5)
