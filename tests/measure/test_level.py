"""Silence and clipping."""

from __future__ import annotations

import numpy as np
import pytest

from moksori import audio, measure

from .sounds import RATE, join, silence, tone


def test_nothing_and_zeros_and_faint_noise_are_silent():
    noise = np.random.default_rng(0).normal(0, 10 ** (-60 / 20), RATE).astype(np.float32)
    for pcm in (np.zeros(0, np.float32), silence(1), noise):
        assert measure.is_silent(pcm, RATE)


def test_one_short_word_in_long_silence_is_not_silent():
    assert not measure.is_silent(join(silence(5), tone(0.1, 0.01), silence(5)), RATE)


def test_int16_and_float_give_the_same():
    pcm = tone(0.5)
    assert measure.envelope_db(audio.to_int16(pcm), RATE) == pytest.approx(measure.envelope_db(pcm, RATE), abs=0.01)


def test_the_level_of_a_sine_is_three_decibels_below_its_peak():
    assert measure.envelope_db(tone(1.0, 1.0), RATE, window_ms=50).mean() == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize("gain", [1.2, 2.0, 5.0])
def test_the_share_of_clipping_is_that_of_the_flat_tops(gain):
    """A sine driven `gain` times over full scale is flat where |sin| > 1 / gain."""
    pcm = np.clip(tone(1.0, gain), -1, 1)
    assert measure.clipping(pcm) == pytest.approx(1 - 2 / np.pi * np.arcsin(1 / gain), abs=0.02)


def test_a_full_scale_sine_is_not_clipped():
    assert measure.clipping(tone(1.0, 1.0, hz=1234.5)) < 0.02
    assert measure.clipping(tone(1.0, 0.99)) == 0.0


def test_single_peaks_are_not_clipping():
    pcm = tone(1.0)
    pcm[::100] = 1.0
    assert measure.clipping(pcm) == 0.0
