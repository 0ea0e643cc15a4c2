"""Endings whose decay is known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from moksori import measure

from .sounds import RATE, babble, fading, join, silence, tone


@pytest.mark.parametrize("db_per_s", [100, 200, 400, 800])
def test_the_decay_from_minus_20_to_minus_45_is_25_db_of_the_slope(db_per_s):
    pcm = join(tone(1.0), fading(80 / db_per_s, db_per_s), silence(0.5))
    assert measure.ending(pcm, RATE).decay_ms == pytest.approx(25_000 / db_per_s, abs=4)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 2.0])
def test_trailing_silence_is_what_follows(seconds):
    pcm = join(tone(1.0), fading(0.2, 400), silence(seconds))
    beyond = 0.2 - 45 / 400  # the rest of the fade is below -45 dB already
    assert measure.ending(pcm, RATE).trailing_ms == pytest.approx(1000 * (seconds + beyond), abs=8)


def test_a_natural_fade_is_not_cut_off():
    for tail in (silence(0.0), silence(0.3)):
        assert not measure.ending(join(babble(6), fading(0.3, 250), tail), RATE).cut_off


def test_a_chopped_vowel_is_cut_off_with_or_without_silence_after_it():
    for tail in (silence(0.0), silence(0.05), silence(1.0)):
        ending = measure.ending(join(babble(6), tone(0.2), tail), RATE)
        assert ending.cut_off
        assert ending.decay_ms < 6


def test_a_file_that_stops_in_mid_word_is_cut_off():
    pcm = babble(8)
    assert measure.ending(pcm[: -round(0.1 * RATE)], RATE).cut_off


def test_the_tail_level_is_relative_to_the_speech():
    for gain in (0.1, 1.0):
        pcm = gain * join(tone(1.0), 0.1 * tone(0.08))
        assert measure.ending(pcm.astype(np.float32), RATE).tail_db == pytest.approx(-20, abs=0.3)


def test_room_noise_does_not_hide_a_fade_or_invent_one():
    rng = np.random.default_rng(0)
    for chopped in (False, True):
        speech = join(babble(6), tone(0.2)) if chopped else join(babble(6), fading(0.4, 200))
        clip = join(silence(0.5), speech, silence(0.8))
        clip = clip + rng.normal(0, 0.0015, len(clip)).astype(np.float32)
        assert measure.ending(clip, RATE).cut_off == chopped


def test_silence_has_no_ending():
    for pcm in (silence(1.0), np.zeros(0, np.float32)):
        assert not measure.ending(pcm, RATE).cut_off
