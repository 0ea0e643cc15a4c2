"""Another tempo, the same pitch, as a stream or at once."""

from __future__ import annotations

import numpy as np
import pytest

from moksori import audio
from moksori.errors import InvalidInput
from tests.measure.sounds import RATE, babble, join, silence, tone

SPEECH = audio.to_int16(join(babble(8), silence(0.2), babble(30, seed=2), silence(0.3), babble(3, seed=3)))
SPEEDS = (0.25, 0.5, 0.8, 1.25, 2.0, 4.0)


def stretched(pcm: np.ndarray, speed: float, step: int = 1920) -> np.ndarray:
    tempo = audio.Tempo(speed, RATE)
    return np.concatenate([*(tempo.write(pcm[at : at + step]) for at in range(0, len(pcm), step)), tempo.finish()])


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_length_is_divided_by_the_speed(speed):
    assert len(stretched(SPEECH, speed)) == pytest.approx(len(SPEECH) / speed, rel=0.005)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_pitch_stays(speed):
    out = stretched(audio.to_int16(tone(2.0, hz=220.0)), speed)
    middle = audio.to_float(out[len(out) // 4 : len(out) * 3 // 4])
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 17))
    assert spectrum.argmax() * RATE / (1 << 17) == pytest.approx(220.0, abs=2.0)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_level_stays_within_two_decibels(speed):
    out = audio.to_float(stretched(SPEECH, speed))
    assert abs(20 * np.log10(out.std() / audio.to_float(SPEECH).std())) < 2.0


@pytest.mark.parametrize("step", [77, 1920, 24_000, 10**9])
def test_chunks_of_any_size_give_the_same(step):
    assert (stretched(SPEECH, 1.3, step) == stretched(SPEECH, 1.3)).all()


def test_sound_comes_out_while_it_goes_in():
    tempo, waited, longest = audio.Tempo(1.5, RATE), 0, 0
    for at in range(0, len(SPEECH), 1920):
        waited = 0 if len(tempo.write(SPEECH[at : at + 1920])) else waited + 1920
        longest = max(longest, waited)
    assert longest / RATE <= 3.1


def test_speed_one_changes_nothing():
    assert (stretched(SPEECH, 1.0) == SPEECH).all()


@pytest.mark.parametrize("speed", [0.24, 4.01, 0.0, -1.0, float("nan")])
def test_a_speed_out_of_range_is_refused(speed):
    with pytest.raises(InvalidInput, match="speed"):
        audio.Tempo(speed, RATE)


@pytest.mark.parametrize("samples", [0, 1, 100, 3000])
def test_almost_nothing_is_no_trouble(samples):
    out = stretched(np.full(samples, 500, np.int16), 2.0)
    assert len(out) == pytest.approx(samples / 2, abs=1)
