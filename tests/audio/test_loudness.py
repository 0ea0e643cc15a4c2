"""One gain to the target, held back by the peak."""

from __future__ import annotations

import numpy as np
import pytest

from moksori import audio, measure

RATE = 24_000
TONE = (0.1 * np.sin(2 * np.pi * 997 * np.arange(2 * RATE) / RATE)).astype(np.float32)


@pytest.mark.parametrize("target", [-16.0, -23.0, -30.0])
def test_the_target_is_reached_by_one_gain(target):
    out, done = audio.normalise(TONE, RATE, target)
    assert measure.loudness(out, RATE) == pytest.approx(target, abs=0.01)
    assert not done.limited
    assert np.allclose(out / TONE.max(), TONE * 10 ** (done.gain_db / 20) / TONE.max(), atol=1e-6)


def test_a_peak_is_never_pushed_out_of_range():
    peaky = TONE * 0.01
    peaky[1000] = 0.5
    out, done = audio.normalise(peaky, RATE, -16.0)
    assert done.limited
    assert audio.true_peak_db(out, RATE) == pytest.approx(-1.0, abs=0.05)


def test_silence_stays_silence():
    out, done = audio.normalise(np.zeros(RATE, np.float32), RATE)
    assert not out.any()
    assert done.gain_db == 0.0


def test_the_true_peak_sees_between_the_samples():
    """A tone at a quarter of the rate, sampled at 45 degrees: the samples reach 0.707, the sound 1.0."""
    x = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4).astype(np.float32)
    assert np.abs(x).max() == pytest.approx(0.7071, abs=1e-3)
    assert audio.true_peak_db(x[2000:-2000], RATE) == pytest.approx(0.0, abs=0.6)
