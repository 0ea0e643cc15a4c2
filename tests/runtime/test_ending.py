"""When speech ends, stepped without a model."""

from __future__ import annotations

import json

import pytest

from moksori.runtime.ending import Ending, EndingSettings


def speak(ending: Ending, frames: int, code=lambda frame: frame % 97, rank: int = 300):
    """Speaks up to `frames` frames; returns why it stopped, if it did."""
    for frame in range(frames):
        ending.see(rank, 0.001)
        if reason := ending.spoken(code(frame)):
            return reason
    return None


def test_the_end_code_is_blocked_until_the_minimum():
    ending = Ending(EndingSettings(minimum=5), syllables=10)
    seen = []
    for frame in range(7):
        seen.append(ending.may_end())
        ending.spoken(frame)
    assert seen == [False] * 5 + [True] * 2


@pytest.mark.parametrize(("syllables", "pace", "ceiling"), [(20, 2.0, 150), (20, 5.0, 75), (40, 2.0, 275)])
def test_the_ceiling_follows_from_syllables_and_pace(syllables, pace, ceiling):
    ending = Ending(EndingSettings(pace=pace), syllables)
    assert ending.ceiling == ceiling
    assert speak(ending, 1000) == "ceiling"
    assert len(ending.first_codes) == ceiling
    assert ending.report()["interventions"][0]["kind"] == "ceiling"


def test_a_given_ceiling_wins_but_not_over_the_model():
    assert Ending(EndingSettings(ceiling=30), 100).ceiling == 30
    assert Ending(EndingSettings(ceiling=5000), 100, model_ceiling=2047).ceiling == 2047


def test_without_syllables_or_pace_only_the_model_limits():
    assert Ending(EndingSettings(), 0, model_ceiling=800).ceiling == 800
    assert Ending(EndingSettings(pace=0.0), 5, model_ceiling=800).ceiling == 800


@pytest.mark.parametrize("syllables", [1, 2, 3])
def test_up_to_three_syllables_have_a_policy_of_their_own(syllables):
    short = Ending(EndingSettings(), syllables)
    assert short.report()["policy"] == "short"
    assert short.minimum == max(2, 2 * syllables)
    assert short.ceiling < 45
    usual = Ending(EndingSettings(short_policy=False), syllables)
    assert (usual.minimum, usual.report()["policy"]) == (2, "usual")


def test_stationary_sound_is_stopped_and_speech_is_not():
    settings = EndingSettings(stationary=30, pace=0.0)
    assert speak(Ending(settings, 20), 400, code=lambda frame: 7 if frame > 40 else frame) == "stationary"
    assert speak(Ending(settings, 20), 400, code=lambda frame: frame * 31 % 50) is None
    assert speak(Ending(EndingSettings(stationary=0, pace=0.0), 20), 400, code=lambda frame: 7) is None


def test_an_end_after_too_little_speech_is_held_for_a_while_only():
    ending = Ending(EndingSettings(hold=3), syllables=40)
    speak(ending, 10)
    answers = []
    for frame in range(5):
        ending.see(0, 0.9)
        answers.append(ending.accepts_end())
        if not answers[-1]:
            ending.spoken(frame)
    assert answers == [False, False, False, True, True]
    held = ending.report()["interventions"]
    assert [i["kind"] for i in held] == ["held"] * 3
    assert held[0]["detail"] == "10 frames for 40 syllables"


def test_an_end_that_nothing_led_up_to_is_held_and_a_prepared_one_is_not():
    sudden, prepared = (Ending(EndingSettings(hold=5), syllables=4) for _ in range(2))
    speak(sudden, 30, rank=400)
    speak(prepared, 30, rank=20)
    for ending in (sudden, prepared):
        ending.see(0, 0.9)
    assert not sudden.accepts_end()
    assert prepared.accepts_end()


def test_without_hold_every_drawn_end_is_believed():
    ending = Ending(EndingSettings(), syllables=100)
    ending.see(5, 0.2)
    assert ending.accepts_end()
    assert (ending.reason, ending.interventions) == ("end", [])


def test_the_report_is_small_and_json():
    ending = Ending(EndingSettings(), syllables=50)
    speak(ending, 200, rank=30)
    report = ending.report()
    assert len(json.dumps(report)) < 1500
    assert len(report["rank"]) == len(report["probability"]) == 24
    assert report["first_near_end"] == 0
