"""Another rate, the same sound."""

from __future__ import annotations

import numpy as np
import pytest

from moksori.audio import Resampler, resample


@pytest.mark.parametrize(("a", "b"), [(22_050, 24_000), (24_000, 8_000), (24_000, 48_000), (44_100, 24_000)])
@pytest.mark.parametrize("step", [1, 160, 1921, 100_000])
def test_a_stream_in_pieces_equals_the_clip_at_once(a, b, step):
    pcm = np.random.default_rng(0).normal(0, 0.1, 3000 if step == 1 else 40_000).astype(np.float32)
    stream = Resampler(a, b)
    parts = [stream.write(pcm[at : at + step]) for at in range(0, len(pcm), step)]
    assert (np.concatenate([*parts, stream.finish()]) == resample(pcm, a, b)).all()


def test_a_tone_keeps_its_frequency_and_level():
    t = np.arange(22_050) / 22_050
    out = resample((0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32), 22_050, 24_000)
    spectrum = np.abs(np.fft.rfft(out[:24_000] * np.hanning(24_000)[: len(out)]))
    assert int(spectrum.argmax()) == 1000
    assert abs(out[2000:-2000].std() - 0.5 / np.sqrt(2)) < 1e-3


def test_equal_rates_change_nothing():
    pcm = np.ones(10, np.float32)
    assert resample(pcm, 24_000, 24_000) is pcm
