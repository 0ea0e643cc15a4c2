"""Who speaks: the checks on a reference clip, and what makes two voices the same."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest

from moksori import audio
from moksori.errors import InvalidInput, NotFound
from moksori.voice import REFERENCE_RATE, Voice, check_reference

from .measure.sounds import babble


def clip(seconds: float, rate: int = 24_000, gain: float = 1.0) -> bytes:
    pcm = audio.to_int16(np.clip(gain * babble(int(seconds * 5) + 1), -1, 1))[: round(seconds * 24_000)]
    return audio.encode(audio.to_int16(audio.resample(audio.to_float(pcm), 24_000, rate)), rate, "wav")


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100])
def test_a_reference_of_any_rate_is_kept_at_24_khz(rate):
    reference = Voice.cloned(clip(5.0, rate), "안녕하세요").reference
    assert reference.seconds == pytest.approx(5.0, abs=0.01)
    assert len(reference.pcm) == pytest.approx(5 * REFERENCE_RATE, abs=100)
    assert reference.warnings == ()


def test_bytes_path_and_open_file_make_the_same_voice(tmp_path: Path):
    path = tmp_path / "a.wav"
    path.write_bytes(clip(4.0))
    with path.open("rb") as file:
        voices = [Voice.cloned(source, "가") for source in (path, str(path), path.read_bytes(), file)]
    assert len({voice.fingerprint for voice in voices}) == 1


def test_a_reference_under_one_second_is_refused():
    with pytest.raises(InvalidInput, match=r"0\.5 s long"):
        Voice.cloned(clip(0.5))


def test_a_reference_over_a_minute_is_refused():
    with pytest.raises(InvalidInput, match="limit is 60 s"):
        Voice.cloned(clip(61.0))


@pytest.mark.parametrize(("seconds", "words"), [(2.0, "only 2.0 s"), (20.0, "20 s long")])
def test_a_short_or_long_reference_is_warned_about(seconds, words):
    (warning,) = Voice.cloned(clip(seconds)).reference.warnings
    assert words in warning


def test_a_silent_reference_is_refused():
    with pytest.raises(InvalidInput, match="silent"):
        Voice.cloned(audio.encode(np.zeros(72_000, np.int16), 24_000, "wav"))


def test_a_clipped_reference_is_warned_about():
    warnings = Voice.cloned(clip(5.0, gain=20.0)).reference.warnings
    assert any("clipped" in warning for warning in warnings)


def test_a_folder_a_text_and_nothing_are_refused(tmp_path: Path):
    text = tmp_path / "a.txt"
    text.write_text("안녕하세요")
    for source, error in ((tmp_path, InvalidInput), (text, InvalidInput), (tmp_path / "no.wav", NotFound)):
        with pytest.raises(error):
            Voice.cloned(source)


def test_an_empty_transcript_is_none_and_spaces_around_it_do_not_count():
    assert Voice.cloned(clip(4.0), "  ").reference.transcript is None
    assert Voice.cloned(clip(4.0), " 안녕 ").fingerprint == Voice.cloned(clip(4.0), "안녕").fingerprint


def test_everything_that_is_heard_changes_the_fingerprint(tmp_path: Path):
    voices = [
        Voice.preset("a"),
        Voice.preset("b"),
        Voice.cloned(clip(4.0)),
        Voice.cloned(clip(4.0), "가"),
        Voice.cloned(clip(4.5)),
        Voice.designed("차분한 목소리"),
        Voice.designed("밝은 목소리"),
        Voice.pack(tmp_path, scale=0.5),
        Voice.pack(tmp_path, scale=1.0),
    ]
    assert len({voice.fingerprint for voice in voices}) == len(voices)


def test_names_and_consent_do_not_change_the_fingerprint():
    a = Voice.cloned(clip(4.0), name="a", consent="mine")
    assert a.fingerprint == Voice.cloned(clip(4.0), name="b").fingerprint


def test_an_empty_description_is_refused():
    with pytest.raises(InvalidInput, match="empty"):
        Voice.designed(" \n")


@pytest.mark.parametrize("scale", [-0.1, 1.6, float("nan")])
def test_a_scale_out_of_range_is_refused(scale):
    with pytest.raises(InvalidInput, match="scale"):
        Voice.pack(Path("x"), scale=scale)


def test_a_voice_crosses_a_process_border():
    voice = Voice.cloned(clip(4.0), "가")
    assert pickle.loads(pickle.dumps(voice)).fingerprint == voice.fingerprint


def test_a_voice_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Voice.preset("a").speaker = "b"


def test_the_hash_of_a_reference_is_of_its_samples():
    pcm = babble(20)
    reference = check_reference(audio.Audio(pcm, REFERENCE_RATE), None)
    louder = check_reference(audio.Audio((pcm * np.float32(1.001)), REFERENCE_RATE), None)
    assert reference.sha256 != louder.sha256
