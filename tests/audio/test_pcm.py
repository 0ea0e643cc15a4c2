"""The one place of rounding."""

from __future__ import annotations

import numpy as np
import pytest

from moksori import audio
from moksori.errors import MoksoriError


def test_every_int16_survives_the_way_through_float():
    every = np.arange(-32768, 32768).astype(np.int16)
    assert (audio.to_int16(audio.to_float(every)) == every).all()


def test_rounding_is_to_the_nearest_and_clipped():
    x = np.array([0.4, 0.6, -0.4, -0.6, 1.5, 2.5]) / 32768
    assert audio.to_int16(x).tolist() == [0, 1, 0, -1, 2, 2]
    assert audio.to_int16(np.array([1.0, -1.0, 9.0, -9.0])).tolist() == [32767, -32768, 32767, -32768]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_is_an_error_not_a_click(bad):
    with pytest.raises(MoksoriError, match="not numbers"):
        audio.to_int16(np.array([0.0, bad]))


def test_the_hash_sees_every_sample():
    pcm = np.arange(1000, dtype=np.int16)
    other = pcm.copy()
    other[999] += 1
    assert audio.pcm_sha256(pcm) != audio.pcm_sha256(other)
    assert audio.pcm_sha256(pcm) == audio.pcm_sha256(pcm.astype(">i2").astype(np.int16))
