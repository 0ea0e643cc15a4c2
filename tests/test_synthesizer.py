"""The one path from text to speech, over a real engine (the draft voice: small, quick, always there)."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

import moksori
from moksori.errors import Cancelled, InvalidInput, NotFound, Unavailable
from moksori.script import Settings
from moksori.synthesizer import Synthesizer
from tests import checkpoints


@pytest.fixture(scope="module")
def draft() -> Iterator[Synthesizer]:
    synthesizer = moksori.load(engine="espeak")
    yield synthesizer
    synthesizer.close()


def test_speak_is_stream_joined(draft: Synthesizer) -> None:
    voice = draft.default_voice()
    stream = draft.stream("첫째 문장입니다. 둘째 문장입니다.", voice, seed=3)
    chunks = list(stream)
    whole = draft.speak("첫째 문장입니다. 둘째 문장입니다.", voice, seed=3)
    assert np.array_equal(np.concatenate(chunks), whole.pcm)
    assert stream.speech.manifest.pcm_sha256 == whole.sha256 == whole.manifest.pcm_sha256


def test_the_hash_is_that_of_the_raw_samples(draft: Synthesizer, tmp_path: Path) -> None:
    speech = draft.speak("해시를 확인합니다.", draft.default_voice())
    raw = speech.save(tmp_path / "x.pcm")
    assert hashlib.sha256(raw.read_bytes()).hexdigest() == speech.sha256


def test_editing_a_sentence_leaves_the_sound_of_the_others(draft: Synthesizer) -> None:
    def unit(written: str, spoken: str) -> np.ndarray:
        speech = draft.speak(written, draft.default_voice(), seed=3)
        record = next(u for u in speech.manifest.units if u.spoken == spoken)
        return speech.pcm[record.start : record.start + record.samples]

    before = unit("처음 문장입니다. 이 문장은 그대로입니다.", "이 문장은 그대로입니다.")
    after = unit("바뀐 문장이 앞에 왔습니다. 이 문장은 그대로입니다.", "이 문장은 그대로입니다.")
    assert np.array_equal(before, after)


def test_a_repeated_unit_is_placed_bit_for_bit_with_its_pause(draft: Synthesizer) -> None:
    settings = Settings(pause_s=0.1)
    once = draft.speak("문이 열립니다.", draft.default_voice(), settings=settings)
    thrice = draft.speak("[repeat 3]문이 열립니다.[/repeat]", draft.default_voice(), settings=settings)
    pause = np.zeros(round(0.1 * once.sample_rate), np.int16)
    expected = np.concatenate([once.pcm, pause, once.pcm, pause, once.pcm])
    assert np.array_equal(thrice.pcm, expected)


def test_trailing_silence_is_exactly_as_long_as_asked(draft: Synthesizer) -> None:
    plain = draft.speak("끝.", draft.default_voice())
    longer = draft.speak("끝.", draft.default_voice(), settings=Settings(trailing_s=0.5))
    assert len(longer.pcm) - len(plain.pcm) == 0.5 * plain.sample_rate
    assert not longer.pcm[len(plain.pcm) :].any()


def test_the_key_is_known_before_any_compute_and_stays(draft: Synthesizer) -> None:
    script = draft.script("열쇠는 미리 압니다.", seed=9)
    planned = draft.plan(script, draft.default_voice())
    spoken = draft.speak("열쇠는 미리 압니다.", draft.default_voice(), seed=9)
    assert planned.key == spoken.manifest.key
    assert replace(planned, seed=10).key != planned.key


def test_a_manifest_writes_every_default_out(draft: Synthesizer) -> None:
    manifest = draft.speak("기본값.", draft.default_voice()).manifest
    declared = draft.description.parameters["properties"]
    assert set(manifest.settings["parameters"]) == set(declared)
    assert manifest.settings["pause_s"] == 0.2
    assert manifest.settings["policy"]


def test_without_keeping_the_pcm_the_manifest_is_the_same(draft: Synthesizer) -> None:
    stream = draft.stream("메모리는 그대로입니다.", draft.default_voice(), keep=False)
    for _ in stream:
        pass
    assert stream.manifest is not None
    assert stream.manifest.pcm_sha256 == draft.speak("메모리는 그대로입니다.", draft.default_voice()).sha256


def test_a_cancelled_stream_ends_with_cancelled(draft: Synthesizer) -> None:
    cancel = threading.Event()
    stream = iter(draft.stream("하나입니다. " * 50, draft.default_voice(), cancel=cancel))
    next(stream)
    cancel.set()
    with pytest.raises(Cancelled):
        list(stream)
    assert len(draft.speak("다시 말합니다.", draft.default_voice()).pcm)


def test_what_the_engine_does_not_know_is_refused_before_it_starts(draft: Synthesizer) -> None:
    voice = draft.default_voice()
    with pytest.raises(InvalidInput, match="whisper"):
        draft.stream("가", voice, settings=Settings(parameters={"whisper": 1}))
    with pytest.raises(InvalidInput, match="klingon"):
        draft.stream("가", voice, settings=Settings(language="klingon"))
    with pytest.raises(InvalidInput, match="instruct"):
        draft.stream("가", voice, settings=Settings(instruct="sadly"))
    with pytest.raises(NotFound, match="f1"):
        draft.preset_voice("nobody")


def test_saved_files_read_back(draft: Synthesizer, tmp_path: Path) -> None:
    speech = draft.speak("파일로 저장합니다.", draft.default_voice())
    for name in ("a.wav", "a.flac"):
        pcm, rate = soundfile.read(speech.save(tmp_path / name), dtype="int16")
        assert rate == speech.sample_rate
        assert np.array_equal(pcm, speech.pcm)


def test_a_model_that_is_not_installed_says_how_to_get_it() -> None:
    with pytest.raises((Unavailable, NotFound), match=r"moksori models pull|no model"):
        moksori.load("1.7b-voice-design")


def test_a_tensor_that_nothing_uses_is_kept_in_the_manifest_and_refused_when_strict(tmp_path: Path) -> None:
    folder = checkpoints.tiny("0.6b-custom-voice", tmp_path / "odd")
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"talker.odd": torch.zeros(3)}, folder / "model.safetensors")
    with pytest.raises(InvalidInput, match=r"Unused tensor: talker\.odd"):
        moksori.load(str(folder), strict=True)
    synthesizer = moksori.load(str(folder))
    try:
        plan = synthesizer.plan(synthesizer.script("안녕"), synthesizer.default_voice())
    finally:
        synthesizer.close()
    assert plan.checkpoint is not None
    assert plan.checkpoint["warnings"] == ("Unused tensor: talker.odd",)
