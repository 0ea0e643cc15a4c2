"""Where something is said."""

from __future__ import annotations

import numpy as np
import pytest

from moksori import measure

from .sounds import RATE, babble, join, silence, tone


def test_silences_are_measured_where_they_are():
    heard = measure.activity(join(silence(0.5), tone(1.0), silence(0.8), tone(1.0), silence(0.3)), RATE)
    assert heard.leading_s == pytest.approx(0.5, abs=0.02)
    assert heard.trailing_s == pytest.approx(0.3, abs=0.02)
    assert heard.longest_silence == pytest.approx((1.5, 0.8), abs=0.02)
    assert heard.silence_share == pytest.approx(1.6 / 3.6, abs=0.01)
    assert heard.active_s == pytest.approx(2.0, abs=0.03)


def test_a_closure_between_syllables_is_not_a_pause():
    heard = measure.activity(join(tone(0.5), silence(0.12), tone(0.5)), RATE)
    assert heard.longest_silence == (0.0, 0.0)
    assert heard.active_s == pytest.approx(1.12, abs=0.02)


@pytest.mark.parametrize("per_second", [3, 5, 8])
def test_pace_counts_syllables_per_second_of_sound(per_second):
    pcm = join(babble(20, syllable_s=1 / per_second), silence(2.0), babble(20, syllable_s=1 / per_second))
    assert measure.pace(pcm, RATE, 40) == pytest.approx(per_second, rel=0.05)


def test_loudness_of_the_clip_does_not_matter():
    pcm = join(tone(0.5), silence(0.5), tone(0.5))
    quiet = measure.activity((pcm * 0.02).astype(np.float32), RATE)
    assert quiet.active_s == measure.activity(pcm, RATE).active_s


def test_silence_is_all_silence():
    for pcm in (silence(1.0), np.zeros(0, np.float32)):
        heard = measure.activity(pcm, RATE)
        assert heard.silence_share == 1.0
        assert measure.pace(pcm, RATE, 5) == 0.0
