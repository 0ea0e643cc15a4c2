"""The draft voice speaks all of it, in ten languages, the same each time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from moksori import measure
from moksori.engine import espeak
from moksori.engine.espeak import LANGUAGES, VARIANTS, EspeakEngine, pieces
from moksori.engine.protocol import Request
from moksori.errors import InvalidInput
from moksori.voice import Voice

SOURCE = Path(__file__).parents[2]
GREETING = {
    "korean": "안녕하세요, 반갑습니다.",
    "chinese": "你好，今天天气很好。",
    "english": "Good morning, my friends.",
    "japanese": "おはようございます。",
    "german": "Guten Morgen zusammen.",
    "french": "Bonjour tout le monde.",
    "russian": "Доброе утро, друзья.",
    "portuguese": "Bom dia a todos.",
    "spanish": "Buenos días a todos.",
    "italian": "Buongiorno a tutti.",
}


@pytest.fixture(scope="module")
def engine() -> EspeakEngine:
    return EspeakEngine()


def speak(engine, unit, speaker="plain", language="korean", **parameters) -> np.ndarray:
    request = Request(unit, engine.prepare(Voice.preset(speaker)), 1, language, parameters=parameters)
    return np.concatenate([chunk.pcm for chunk in engine.stream(request, threading.Event())])


def seconds(engine, unit, **given) -> float:
    return measure.activity(speak(engine, unit, **given), espeak.SAMPLE_RATE).active_s


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_spoken(engine, language):
    pcm = speak(engine, GREETING[language], language=language)
    assert not measure.is_silent(pcm, espeak.SAMPLE_RATE)
    assert 0.5 < measure.activity(pcm, espeak.SAMPLE_RATE).active_s < 5


@pytest.mark.parametrize("syllables", [50, 100, 200, 400, 1000])
@pytest.mark.parametrize("word", [4, 400])
def test_no_syllable_of_a_long_korean_sentence_is_dropped(engine, syllables, word):
    """Time per syllable stays that of a short sentence, spaced or not, where eSpeak NG alone loses most of it."""
    words = [("가나다라" * 100)[:word]] * (syllables // word + 1)
    short = seconds(engine, "가나다라 " * 5) / 20
    spoken = " ".join(words)[: syllables * 5 // 4 if word == 4 else syllables]
    count = sum(c != " " for c in spoken)
    assert seconds(engine, spoken) / count == pytest.approx(short, rel=0.1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_loses_the_end_of_a_long_sentence(engine, language):
    one = GREETING[language].rstrip(".。").replace(",", "").replace("，", "") + " "
    assert seconds(engine, one * 12, language=language) > 12 * seconds(engine, one, language=language) * 0.75


def test_the_last_word_of_a_long_sentence_is_heard(engine):
    """The end of the long sentence is the sound of its last piece alone."""
    long = "가나다라 마바사아 " * 30 + "끝입니다"
    last = pieces(long)[-1]
    tail = measure.envelope_db(speak(engine, last)[::-1], espeak.SAMPLE_RATE)
    whole = measure.envelope_db(speak(engine, long)[::-1], espeak.SAMPLE_RATE)[: len(tail)]
    assert len(pieces(long)) == 4
    assert np.corrcoef(whole, tail)[0, 1] > 0.95


def test_cutting_loses_no_character_and_prefers_commas():
    text = "첫째 문장은 이렇게 시작하고, 둘째 부분은 " + "아주 " * 30 + "길게 이어지며, 마지막은 짧다"
    assert "".join(pieces(text)).replace(" ", "") == text.replace(" ", "")
    assert pieces("하나 둘, 셋 넷", longest=8) == ["하나 둘,", "셋 넷"]
    assert pieces("   ") == []
    assert all(len(piece) <= 80 for piece in pieces("가" * 5000))


@pytest.mark.parametrize("speaker", VARIANTS)
def test_every_voice_is_the_same_each_time_whatever_was_spoken_before(engine, speaker):
    first = speak(engine, "안녕하세요. 반갑습니다.", speaker)
    speak(engine, "Something else", "f2", "english", pitch=80)
    assert (speak(engine, "안녕하세요. 반갑습니다.", speaker) == first).all()


def test_every_voice_is_the_same_in_another_process_at_another_time(engine):
    code = """
import ctypes, hashlib
from tests.engine.test_espeak import VARIANTS, EspeakEngine, speak
for _ in range(7): ctypes.CDLL(None).rand()
engine = EspeakEngine()
for speaker in VARIANTS: print(hashlib.sha256(speak(engine, "안녕하세요. 반갑습니다.", speaker).tobytes()).hexdigest())
"""
    here = [hashlib.sha256(speak(engine, "안녕하세요. 반갑습니다.", s).tobytes()).hexdigest() for s in VARIANTS]
    time.sleep(1.1)  # the library's own seed is the time in seconds
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SOURCE)
    assert there.stdout.split() == here


def test_every_voice_is_another_voice(engine):
    heard = {speak(engine, "안녕하세요", speaker).tobytes() for speaker in VARIANTS}
    assert len(heard) == len(VARIANTS)


def test_voice_ids_can_be_typed_on_a_command_line():
    assert all(id.isascii() and id.isalnum() and id == id.lower() for id in VARIANTS)


def test_a_higher_rate_is_faster_and_a_higher_pitch_is_higher(engine):
    text = "오늘은 날씨가 좋습니다"
    assert seconds(engine, text, rate=300) < 0.7 * seconds(engine, text)
    assert seconds(engine, text, rate=100) > 1.4 * seconds(engine, text)
    low, high = (_pitch(speak(engine, "아아아아아", pitch=p)) for p in (20, 80))
    assert high > 1.3 * low


def _pitch(pcm: np.ndarray) -> float:
    """By autocorrelation of the middle 0.2 s, from 60 to 250 Hz."""
    middle = pcm[len(pcm) // 2 - 2400 : len(pcm) // 2 + 2400]
    auto = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    return 24_000 / (96 + int(auto[96:400].argmax()))


def test_its_ending_fades(engine):
    for text in ("안녕하세요", "네", "오늘은 이만 마치겠습니다."):
        assert not measure.ending(speak(engine, text), espeak.SAMPLE_RATE).cut_off


def test_it_is_named_a_draft_voice_with_its_licence(engine):
    about = engine.describe()
    assert about.draft
    assert "draft voice" in about.title
    assert "GPL-3.0" in about.licence
    assert all("raft" in speaker.name for speaker in about.speakers)


@pytest.mark.parametrize("given", [{"model": "big"}, {"device": "cuda"}, {"precision": "fp16"}])
def test_what_it_does_not_have_is_refused(given):
    with pytest.raises(InvalidInput):
        EspeakEngine(**given)


def test_threads_do_not_disturb_each_other(engine):
    expected = {s: speak(engine, "안녕하세요, 오늘도 좋은 하루 되세요.", s).tobytes() for s in ("f1", "m1", "plain")}
    wrong: list[str] = []

    def check(speaker: str) -> None:
        for _ in range(10):
            if speak(engine, "안녕하세요, 오늘도 좋은 하루 되세요.", speaker).tobytes() != expected[speaker]:
                wrong.append(speaker)

    threads = [threading.Thread(target=check, args=(speaker,)) for speaker in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
