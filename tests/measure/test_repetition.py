"""Loops and drones are found where they are, and ordinary speech has none."""

from __future__ import annotations

import numpy as np
import pytest

from moksori import measure

from .sounds import RATE, babble, join, silence, tone


@pytest.mark.parametrize("times", [2, 3, 5])
@pytest.mark.parametrize("syllables", [2, 4, 8])
def test_a_phrase_said_again_is_a_loop_of_its_length(times, syllables):
    phrase = babble(syllables, seed=7)
    rng = np.random.default_rng(3)
    copies = [phrase * rng.uniform(0.7, 1.0) + rng.normal(0, 0.001, len(phrase)) for _ in range(times)]
    pcm = join(babble(5, seed=1), *copies, babble(3, seed=2)).astype(np.float32)
    loop = measure.find_loop(pcm, RATE)
    assert loop is not None
    assert loop.length_s == pytest.approx(syllables * 0.2, abs=0.03)
    assert loop.times == times
    assert loop.at_s == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("seed", range(5))
def test_speech_that_does_not_repeat_has_no_loop(seed):
    pcm = join(babble(25, seed=seed), silence(0.4), babble(20, seed=seed + 100))
    assert measure.find_loop(pcm, RATE) is None
    assert measure.find_drone(pcm, RATE) is None


def test_a_held_sound_is_a_drone_of_its_length():
    pcm = join(babble(10), tone(3.0), silence(0.5))
    start, length = measure.find_drone(pcm, RATE)
    assert start == pytest.approx(2.0, abs=0.25)
    assert length == pytest.approx(3.0, abs=0.3)


def test_audible_noise_that_never_ends_is_a_drone():
    noise = np.random.default_rng(0).normal(0, 0.02, 5 * RATE).astype(np.float32)
    start, length = measure.find_drone(join(babble(10), noise), RATE)
    assert start == pytest.approx(2.0, abs=0.3)
    assert length == pytest.approx(5.0, abs=0.4)


def test_silence_is_neither():
    for pcm in (silence(5.0), np.zeros(0, np.float32), silence(0.01)):
        assert measure.find_loop(pcm, RATE) is None
        assert measure.find_drone(pcm, RATE) is None
