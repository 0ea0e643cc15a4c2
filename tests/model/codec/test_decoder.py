"""Frame by frame equals whole, whatever the chunks."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from moksori.errors import InvalidInput
from moksori.model.codec import Decoder, State
from tests.model.codec import tiny

FRAMES = 90  # more than the window of 72


def decoder(case: str = "tiny") -> Decoder:
    found = tiny.codec(case).decoder
    assert found is not None
    return found


def drawn(frames: int, case: str = "tiny") -> Tensor:
    books = tiny.config(case).valid_quantizers
    return torch.randint(0, 128, (frames, books), generator=torch.Generator().manual_seed(frames))


@pytest.fixture(scope="module")
def whole() -> Tensor:
    with torch.inference_mode():
        return decoder()(drawn(FRAMES)[None])[0]


def close(made: Tensor, expected: Tensor) -> bool:
    # Rounding of 1e-7 in the first layer grows a hundredfold in random networks.
    return made.shape == expected.shape and float((made - expected).abs().max()) < 1e-4


@torch.inference_mode()
def in_pieces(codes: Tensor, sizes: list[int], state: State) -> Tensor:
    return torch.cat([decoder().step(piece, state) for piece in codes.split(sizes)])


@pytest.mark.parametrize("size", [1, 7, 72, 89])
def test_any_chunking_gives_the_waveform_of_one_piece(whole: Tensor, size: int) -> None:
    sizes = [size] * (FRAMES // size) + ([FRAMES % size] if FRAMES % size else [])
    assert close(in_pieces(drawn(FRAMES), sizes, decoder().begin()), whole)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
@settings(max_examples=6, deadline=None)
def test_uneven_chunks_give_the_waveform_of_one_piece(sizes: list[int]) -> None:
    codes = drawn(sum(sizes), "tiny")
    with torch.inference_mode():
        expected = decoder()(codes[None])[0]
    assert close(in_pieces(codes, sizes, decoder().begin()), expected)


def test_grouped_keys_and_a_short_window_stream_as_well() -> None:
    codes = drawn(30, "other")
    one = decoder("other")
    with torch.inference_mode():
        state = one.begin()
        made = torch.cat([one.step(frame, state) for frame in codes.split(1)])
        assert close(made, one(codes[None])[0])


def test_a_state_can_be_continued_twice(whole: Tensor) -> None:
    codes, state = drawn(FRAMES), decoder().begin()
    in_pieces(codes[:40], [40], state)
    saved = state.clone()
    first = in_pieces(codes[40:], [50], state)
    second = in_pieces(codes[40:], [25, 25], saved)
    assert close(first, whole[40 * 1920 :])
    assert close(second, first)


def test_a_state_does_not_grow_with_the_stream() -> None:
    def size(state: State) -> int:
        return sum(t.untyped_storage().nbytes() for kept in state.held.values() for t in kept)

    state = decoder().begin()
    in_pieces(drawn(FRAMES), [FRAMES], state)
    before = size(state)
    in_pieces(drawn(FRAMES), [45, 45], state)
    assert size(state) == before
    assert state.position == 2 * FRAMES


def test_streams_in_one_batch_do_not_touch_each_other() -> None:
    codes = torch.stack((drawn(12), drawn(12).flip(0)))
    with torch.inference_mode():
        state = decoder().begin()
        made = torch.cat([decoder().step(piece, state) for piece in codes.split(4, dim=1)], dim=1)
        for row, expected in zip(codes, made, strict=True):
            assert close(decoder()(row[None])[0], expected)


@pytest.mark.parametrize("frames", [1, 2, 73])
def test_n_frames_are_n_times_1920_samples(frames: int) -> None:
    assert tiny.codec().decode(drawn(frames)).shape == (frames * 1920,)


def test_decode_in_pieces_is_the_sound_of_one_call() -> None:
    codes = drawn(305)
    with torch.inference_mode():
        assert float((tiny.codec().decode(codes) - decoder()(codes[None])[0]).abs().max()) < 1e-5


def test_warm_up_is_cut_off_and_changes_only_how_the_first_frames_begin() -> None:
    codes = drawn(100)
    plain, warm = tiny.codec().decode(codes), tiny.codec().decode(codes, warm_up=3)
    assert warm.shape == plain.shape
    assert float((warm - plain)[:1920].abs().max()) > 1e-3


@pytest.mark.parametrize(
    "codes",
    [
        torch.zeros(3, 5, dtype=torch.long),
        torch.zeros(0, 4, dtype=torch.long),
        torch.full((2, 4), 128),
        torch.full((2, 4), -1),
        torch.zeros(2, 4),
    ],
)
def test_codes_that_cannot_be_are_refused(codes: Tensor) -> None:
    with pytest.raises(InvalidInput):
        tiny.codec().decode(codes)
