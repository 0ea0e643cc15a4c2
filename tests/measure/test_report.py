"""One report: each fault has its mark, and a good clip has none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from moksori import measure

from .sounds import RATE, babble, fading, join, silence, tone

GOOD = join(silence(0.1), babble(12), fading(0.25, 300), silence(0.2))


def codes(pcm, **given):
    return {mark.code for mark in measure.report(pcm, RATE, **given).marks}


def test_a_good_clip_has_no_mark():
    assert codes(GOOD, syllables=12) == set()


@pytest.mark.parametrize(
    ("pcm", "code"),
    [
        (silence(1.0), "silent"),
        (join(babble(12), tone(0.2)), "cut_off"),
        (np.clip(GOOD * 20, -1, 1), "clipped"),
        (join(babble(6), silence(2.0), babble(6, seed=5), fading(0.25, 300)), "long_pause"),
        (join(babble(60), fading(0.25, 300)), "run_away"),
        (join(babble(12, syllable_s=0.08), fading(0.1, 300)), "rushed"),
        (join(babble(12, syllable_s=0.5), fading(0.1, 300)), "dragging"),
        (join(*[babble(4, seed=9)] * 3, fading(0.25, 300)), "loop"),
        (join(babble(12), tone(3.0), fading(0.25, 300)), "drone"),
    ],
)
def test_each_fault_has_its_mark(pcm, code):
    assert code in codes(pcm, syllables=12)


def test_every_mark_says_where_and_why():
    report = measure.report(join(babble(4), *[babble(4, seed=9)] * 3, tone(0.3)), RATE, syllables=16)
    by_code = {mark.code: mark for mark in report.marks}
    assert by_code["loop"].at_s == pytest.approx(0.8, abs=0.15)
    assert by_code["cut_off"].at_s == pytest.approx(len(join(babble(16), tone(0.3))) / RATE, abs=0.1)
    assert all(mark.reason.endswith(".") for mark in report.marks)


def test_a_repetition_that_is_meant_is_no_fault():
    pcm = join(*[babble(4, seed=9)] * 3, fading(0.25, 300))
    assert "loop" not in codes(pcm, syllables=12, repeats=True)


def test_without_syllables_nothing_is_said_of_pace():
    report = measure.report(babble(60), RATE)
    assert report.pace is None
    assert not {"run_away", "rushed", "dragging"} & {mark.code for mark in report.marks}


def test_a_report_is_json():
    for pcm in (GOOD, silence(0.5), np.zeros(0, np.float32)):
        json.dumps(measure.report(pcm, RATE, syllables=3).to_json(), allow_nan=False)


def test_a_minute_is_measured_in_a_second():
    import time

    pcm = babble(300)
    start = time.perf_counter()
    measure.report(pcm, RATE, syllables=300)
    assert time.perf_counter() - start < 5.0  # about 1 s alone; the machine may be shared
