"""BS.1770 against the values that EBU Tech 3341 and the standard itself state."""

from __future__ import annotations

import numpy as np
import pytest

from moksori import measure

from .sounds import silence, tone


def sine(rate: int, db: float, seconds: float, hz: float = 997.0) -> np.ndarray:
    return (10 ** (db / 20) * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("db", [0.0, -23.0, -40.0])
def test_a_997_hz_sine_measures_three_below_its_level(rate, db):
    """BS.1770-4: a 0 dBFS 997 Hz sine in one channel reads -3.01 LKFS."""
    assert measure.loudness(sine(rate, db, 3.0), rate) == pytest.approx(db - 3.01, abs=0.05)


@pytest.mark.parametrize(
    "parts",
    [
        ((-36, 10), (-23, 60), (-36, 10)),  # EBU Tech 3341 case 3: the quiet ends fall under the relative gate
        ((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)),  # case 4: the silent ends fall under the absolute one
    ],
)
def test_quiet_passages_do_not_count(parts):
    """In stereo these read -23.0; a single channel reads 3.01 less."""
    pcm = np.concatenate([sine(24_000, db, s) for db, s in parts])
    assert measure.loudness(pcm, 24_000) == pytest.approx(-23.0 - 3.01, abs=0.1)


def test_the_filter_cuts_below_40_hz_and_lifts_above_2_khz():
    base = measure.loudness(sine(48_000, -20, 2.0), 48_000)
    assert measure.loudness(sine(48_000, -20, 2.0, hz=20.0), 48_000) - base < -10
    assert measure.loudness(sine(48_000, -20, 2.0, hz=8000.0), 48_000) - base == pytest.approx(3.3, abs=0.3)


def test_silence_and_nothing_read_minus_seventy():
    for pcm in (silence(1.0), np.zeros(0, np.float32), tone(1.0, 1e-5)):
        assert measure.loudness(pcm, 24_000) == measure.SILENCE_LUFS


def test_a_clip_shorter_than_a_block_has_a_loudness():
    assert measure.loudness(sine(24_000, -20, 0.2), 24_000) == pytest.approx(-23.0, abs=0.3)
