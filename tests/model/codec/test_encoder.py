"""Any length, in pieces, with the codes of one piece."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from moksori.errors import InvalidInput
from moksori.model.codec import encoder as encoding
from tests.model.codec import tiny


@pytest.mark.parametrize("samples", [1, 959, 1920, 1921, 3 * 1920 - 1, 24000])
def test_a_clip_has_as_many_frames_as_it_begins(samples: int) -> None:
    codes = tiny.codec().encode(tiny.sound(samples))
    assert codes.shape == (-(-samples // 1920), 4)
    assert codes.dtype == torch.int64


@pytest.mark.parametrize("case", ["tiny", "other"])
@pytest.mark.parametrize("extra", [0, 1, 960, 1000])
def test_pieces_with_carried_state_give_the_codes_of_one_piece(
    monkeypatch: pytest.MonkeyPatch, case: str, extra: int
) -> None:
    pcm = tiny.sound(30 * 1920 + extra)
    whole = tiny.codec(case).encode(pcm)
    monkeypatch.setattr(encoding, "_PIECE_FRAMES", 7)
    monkeypatch.setattr(encoding, "_ROWS", 16)
    assert torch.equal(tiny.codec(case).encode(pcm), whole)


def test_a_long_clip_takes_the_path_in_pieces() -> None:
    pcm = tiny.sound(20 * 24000 + 77)
    one = tiny.codec().encoder
    assert one is not None
    assert pcm.shape[0] > encoding._PIECE_FRAMES * one.samples_per_frame
    with torch.inference_mode():
        in_one_piece = one.downsample(one._transform(one.encoder(pcm[None, None])))
        assert float((one.latent(pcm[None]) - in_one_piece).abs().max()) < 1e-4
        assert torch.equal(tiny.codec().encode(pcm), one.quantizer(in_one_piece)[0])


def test_what_comes_later_changes_no_earlier_frame() -> None:
    pcm = tiny.sound(10 * 1920)
    longer = torch.cat((pcm, tiny.sound(5000, seed=9)))
    assert torch.equal(tiny.codec().encode(longer)[:10], tiny.codec().encode(pcm))


def test_rows_of_a_batch_are_encoded_as_alone() -> None:
    rows = torch.stack([tiny.sound(9000, seed) for seed in (1, 2, 3)])
    together = tiny.codec().encode(rows)
    for row, codes in zip(rows, together, strict=True):
        assert torch.equal(tiny.codec().encode(row), codes)


def test_numpy_arrays_are_clips_as_well() -> None:
    pcm = tiny.sound(5000)
    assert torch.equal(tiny.codec().encode(pcm.numpy()), tiny.codec().encode(pcm))


@pytest.mark.parametrize(
    "pcm",
    [np.zeros(0, np.float32), np.zeros((1, 1, 5), np.float32), np.zeros(9, np.int16), np.full(9, np.nan, np.float32)],
)
def test_what_is_no_clip_is_refused(pcm: np.ndarray) -> None:
    with pytest.raises(InvalidInput):
        tiny.codec().encode(pcm)
