"""The embedded model behind the API: what is left is not spoken, another speed keeps the pitch, formats read back."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import soundfile

from moksori import audio
from moksori.engine.pocket import PocketEngine
from moksori.engine.protocol import Chunk, Finish, Request

from .running import Running, running, until

SPEECH = "/v1/audio/speech"
TEXT = "지금부터 안내 말씀을 드리겠습니다."
FRAME = 1920


class Watched(PocketEngine):
    """How each unit ended, and how many frames of it had come out as sound."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[tuple[Finish, int]] = []

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Chunk]:
        samples = 0
        for chunk in super().stream(request, cancel):
            samples += len(chunk.pcm)
            if chunk.finish is not None:
                self.ended.append((chunk.finish, samples // FRAME))
            yield chunk


@pytest.fixture(scope="module")
def pocket(tmp_path_factory) -> Running:
    with running(tmp_path_factory.mktemp("data"), Watched) as started:
        yield started


@pytest.fixture
def http(pocket) -> httpx.Client:
    with httpx.Client(base_url=pocket.url, timeout=120, trust_env=False) as client:
        yield client


def test_a_client_that_leaves_stops_the_models_work(pocket, http):
    whole = 250
    long = {"min_frames": whole, "max_frames": whole, "stationary_frames": 0}
    ended = len(pocket.engine.ended)
    with http.stream("POST", SPEECH, json={"input": TEXT, "response_format": "pcm", "seed": 3, **long}) as answer:
        next(answer.iter_raw())
    until(lambda: len(pocket.engine.ended) > ended and not pocket.state.queue.inside, 60)
    finish, heard = pocket.engine.ended[-1]
    print(f"\n{whole} frames in all, left when {heard} had come out, {finish.frames} were made")
    assert finish.reason == "cancelled"
    assert finish.frames < whole / 2


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.25, 2.0, 4.0])
def test_another_speed_keeps_the_pitch(http, speed):
    voice = {"input": TEXT, "response_format": "wav", "seed": 3}
    plain = audio.read(http.post(SPEECH, json=voice).content)
    other = audio.read(http.post(SPEECH, json=voice | {"speed": speed}).content)
    assert other.seconds == pytest.approx(plain.seconds / speed, rel=0.03)
    before, after = pitch(plain.pcm, 24_000), pitch(other.pcm, 24_000)
    print(f"\nspeed {speed}: {before:.1f} Hz, then {after:.1f} Hz")
    assert 70 < before < 400
    assert after == pytest.approx(before, rel=0.06)


@pytest.mark.parametrize("faster", [0.8, 1.25])
def test_a_tape_that_runs_faster_does_not_keep_the_pitch(http, faster):
    """The measure of the test above would notice."""
    plain = audio.read(http.post(SPEECH, json={"input": TEXT, "response_format": "wav", "seed": 3}).content)
    assert pitch(plain.pcm, round(24_000 * faster)) == pytest.approx(pitch(plain.pcm, 24_000) * faster, rel=0.06)


def pitch(pcm: np.ndarray, rate: int) -> float:
    """Hz: the lag at which loud windows of 40 ms are, all together, most like themselves."""
    window, low, high = round(0.04 * rate), rate // 400, rate // 70
    loud = 0.3 * np.abs(pcm).max()
    likeness = np.zeros(high - low)
    for at in range(0, len(pcm) - window - high, window // 2):
        here = pcm[at : at + window].astype(np.float64)
        if np.abs(here).max() > loud:
            shifted = np.stack([pcm[at + lag : at + lag + window] for lag in range(low, high)]).astype(np.float64)
            likeness += shifted @ here / (np.linalg.norm(shifted, axis=1) * np.linalg.norm(here) + 1e-9)
    first = int(np.argmax(likeness > 0.9 * likeness.max()))  # not one of its octaves below
    return rate / (low + first + int(np.argmax(likeness[first : first + 12])))


@pytest.mark.parametrize("format", audio.available())
def test_every_format_reads_back(http, format):
    body = {"input": TEXT, "response_format": format, "seed": 3}
    seconds = len(http.post(SPEECH, json=body | {"response_format": "pcm"}).content) / 48_000
    sound = http.post(SPEECH, json=body).content
    if format == "pcm":
        return
    if format in ("aac", "webm"):  # libsndfile knows neither
        assert audio.read(sound).seconds == pytest.approx(seconds, abs=0.1)
        return
    pcm, rate = soundfile.read(io.BytesIO(sound))
    assert len(pcm) / rate == pytest.approx(seconds, abs=0.1)
    assert np.abs(pcm).max() > 0.05
