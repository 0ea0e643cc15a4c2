"""`POST /v1/audio/speech`: every format streams and reads back, nothing is dropped, leaving stops the work."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
import sys
import time

import httpx
import numpy as np
import pytest
import soundfile

from moksori import audio
from moksori.engine.espeak import EspeakEngine
from moksori.synthesizer import Synthesizer

from .running import SlowEngine, running, until

TEXT = "안녕하세요. 오늘은 2026년 11월 20일입니다. 지금부터 안내 말씀을 드리겠습니다."
SPEECH = "/v1/audio/speech"


def ask(http, **fields) -> httpx.Response:
    return http.post(SPEECH, json={"model": "tts-1", "voice": "f2", "input": TEXT, **fields})


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    synthesizer = Synthesizer(EspeakEngine())
    return synthesizer.speak(TEXT, synthesizer.preset_voice("f2")).pcm


@pytest.mark.parametrize("format", audio.available())
def test_every_format_reads_back_as_what_the_synthesizer_speaks(http, spoken, format):
    answer = ask(http, response_format=format)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == audio.FORMATS[format].media_type
    if format == "pcm":
        assert (np.frombuffer(answer.content, "<i2") == spoken).all()
        return
    clip = audio.read(answer.content)
    assert clip.seconds == pytest.approx(len(spoken) / 24_000, abs=0.25)
    if format in ("wav", "flac"):
        assert (audio.to_int16(clip.pcm) == spoken).all()
    if format not in ("aac", "webm"):
        pcm, rate = soundfile.read(io.BytesIO(answer.content))
        assert len(pcm) / rate == pytest.approx(len(spoken) / 24_000, abs=0.25)


def test_streamed_and_whole_are_the_same_bytes(http):
    assert ask(http, response_format="wav", stream=False).content == ask(http, response_format="wav").content


def test_mp3_is_the_default(http):
    assert ask(http).headers["content-type"] == "audio/mpeg"


def test_the_manifest_of_the_take_has_the_hash_of_what_was_heard(http):
    answer = ask(http, response_format="pcm", seed=7)
    assert answer.headers["x-seed"] == "7"
    manifest = http.get(f"/v1/audio/takes/{answer.headers['x-take-id']}").json()
    assert manifest["pcm_sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert manifest["seed"] == 7
    assert manifest["text"] == TEXT
    assert http.get("/v1/audio/takes/nothing").status_code == 404


def test_pcm_tells_its_rate(http):
    answer = ask(http, response_format="pcm")
    assert answer.headers["x-pcm-sample-rate"] == "24000"
    assert answer.headers["x-pcm-bit-depth"] == "16"
    assert answer.headers["x-pcm-channels"] == "1"


@pytest.mark.parametrize(("format", "header"), [("pcm", 0), ("wav", None)])
def test_chunks_of_the_transfer_are_whole_samples(server, format, header):
    """Read from the socket, because HTTP libraries cut chunks as the network does."""
    body = json.dumps({"input": TEXT, "response_format": format}).encode()
    head = f"POST {SPEECH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(server.host.split(":"), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        file = connection.makefile("rb")
        while file.readline().strip():
            pass
        sizes = []
        while size := int(file.readline(), 16):
            data = file.read(size + 2)[:-2]
            if header is None:
                header = data.index(b"data") + 8
            sizes.append(size)
    assert len(sizes) > 2
    assert (sizes[0] - header) % 2 == 0
    assert all(size % 2 == 0 for size in sizes[1:])


def test_server_sent_events_carry_the_same_sound(http):
    with http.stream(
        "POST", SPEECH, json={"input": TEXT, "voice": "f2", "response_format": "pcm", "stream_format": "sse"}
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line]
    sound = b"".join(base64.b64decode(e["audio"]) for e in events if e["type"] == "speech.audio.delta")
    assert sound == ask(http, response_format="pcm").content
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["input_tokens"] == len(TEXT)
    assert events[-1]["pcm_sha256"] == hashlib.sha256(sound).hexdigest()


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.5, 4.0])
def test_speed_changes_the_length(http, spoken, speed):
    clip = audio.read(ask(http, response_format="wav", speed=speed).content)
    assert clip.seconds == pytest.approx(len(spoken) / 24_000 / speed, rel=0.02)


def test_parameters_of_the_engine_are_top_level_fields(http, spoken):
    fast = audio.read(ask(http, response_format="wav", rate=300).content)
    assert fast.seconds < 0.8 * len(spoken) / 24_000
    answer = ask(http, rate=9999)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "rate"


def test_unknown_fields_are_accepted_and_named_back(http):
    answer = ask(http, top_k=50, instructions="밝게", **{"한글": 1})
    assert answer.status_code == 200
    assert answer.headers["x-ignored-fields"] == "top_k, %ED%95%9C%EA%B8%80, instructions"
    assert "x-ignored-fields" not in ask(http).headers


@pytest.mark.parametrize(
    ("fields", "status", "code", "param"),
    [
        ({"voice": "nobody"}, 404, "unknown_voice", "voice"),
        ({"voice": {"id": "nobody"}}, 404, "unknown_voice", "voice"),
        ({"model": "gpt-5"}, 404, "model_not_found", "model"),
        ({"response_format": "aiff"}, 400, "unknown_format", "response_format"),
        ({"speed": 5}, 400, "invalid_input", "speed"),
        ({"speed": "fast"}, 400, "invalid_input", "speed"),
        ({"seed": -1}, 400, "invalid_input", "seed"),
        ({"seed": 2**32}, 400, "invalid_input", "seed"),
        ({"input": ""}, 400, "invalid_input", "text"),
        ({"input": "   "}, 400, "invalid_input", "text"),
        ({"input": "😀🎉"}, 400, "invalid_input", "text"),
        ({"input": 5}, 400, "invalid_input", "input"),
        ({"input": "가" * 10_001}, 400, "input_too_long", "input"),
        ({"language": "klingon"}, 400, "unknown_language", "language"),
        ({"stream_format": "xml"}, 400, "invalid_input", "stream_format"),
        ({"reference": "AAAA"}, 400, "invalid_input", None),
        ({"reference": "https://example.org/a.wav"}, 400, "invalid_input", "reference"),
        ({"reference": "!!"}, 400, "invalid_input", "reference"),
        ({"transcript": "가"}, 400, "invalid_input", "transcript"),
        ({"pause_s": 99}, 400, "invalid_input", "pause_s"),
    ],
)
def test_what_cannot_be_done_is_an_error_in_openais_shape(http, fields, status, code, param):
    answer = ask(http, **fields)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert answer.headers["x-request-id"]


def test_errors_list_what_there_is(http):
    assert "f2" in ask(http, voice="nobody").json()["error"]["message"]
    assert "tts-1" in ask(http, model="nothing").json()["error"]["message"]
    assert "flac" in ask(http, response_format="nothing").json()["error"]["message"]


def test_a_format_or_a_speed_that_needs_another_package_says_which_and_what_there_is(http, monkeypatch):
    for package, fields, param in (
        ("av", {"response_format": "aac"}, "response_format"),
        ("python_stretch", {"speed": 2.0}, "speed"),
    ):
        monkeypatch.setitem(sys.modules, package, None)
        answer = ask(http, **fields)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == ("missing_extra", param)
        assert "pip install" in error["hint"] or "processor" in error["hint"]
    assert "opus" in ask(http, response_format="aac").json()["error"]["hint"]
    assert ask(http, speed=1.0).status_code == 200


def test_a_server_without_a_store_says_that_it_keeps_nothing(http):
    answer = ask(http, keep=True)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "keep"
    assert ask(http, keep=False).status_code == 200


def test_what_is_no_json_is_refused(http):
    for content in (b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe"):
        answer = http.post(SPEECH, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400, content
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_openais_voices_are_aliases_of_different_voices(http):
    sounds = {ask(http, voice=name, response_format="pcm").content for name in ("alloy", "echo", "nova")}
    assert len(sounds) == 3
    assert ask(http, voice={"id": "f2"}, response_format="pcm").content == ask(http, response_format="pcm").content


def test_a_language_may_be_a_field_or_the_end_of_the_models_name(http):
    english = {"input": "Good morning, everyone.", "response_format": "pcm"}
    field = ask(http, language="en", **english).content
    assert ask(http, model="tts-1-en", **english).content == field
    assert ask(http, **english).content != field


def test_a_reference_on_a_model_that_does_not_clone_says_so(http):
    clip = audio.encode(audio.to_int16(0.1 * np.sin(np.arange(96_000) * 0.05)), 24_000, "wav")
    answer = ask(http, reference="data:audio/wav;base64," + base64.b64encode(clip).decode())
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "unsupported_voice"


def test_the_clients_request_id_is_kept_if_it_is_plain(http):
    assert ask(http).headers["x-request-id"].startswith("req-")
    for given, kept in (("abc-123", True), ("a b", False), ("x" * 65, False)):
        answer = http.post(SPEECH, json={"input": "네"}, headers={"x-request-id": given})
        assert (answer.headers["x-request-id"] == given) is kept


def test_sound_arrives_long_before_the_end(tmp_path):
    with running(tmp_path, lambda: SlowEngine(0.01)) as slow, httpx.Client(base_url=slow.url, trust_env=False) as http:
        for format in ("pcm", "mp3", "opus"):
            started = time.monotonic()
            with http.stream("POST", SPEECH, json={"input": TEXT, "response_format": format}) as answer:
                chunks = answer.iter_raw()
                next(chunks)
                first = time.monotonic() - started
                for _ in chunks:
                    pass
            assert first < 0.5 * (time.monotonic() - started), format


def test_a_client_that_leaves_stops_the_work_within_two_frames(tmp_path):
    with running(tmp_path, lambda: SlowEngine(0.2)) as slow, httpx.Client(base_url=slow.url, trust_env=False) as http:
        steps = slow.engine.steps
        with http.stream("POST", SPEECH, json={"input": TEXT, "response_format": "pcm"}) as answer:
            chunks = answer.iter_raw()
            next(chunks)
        left = slow.engine.steps
        time.sleep(1.0)
        assert steps < left
        assert slow.engine.steps <= left + 2
        until(lambda: slow.state.queue.inside == 0)
        until(lambda: slow.metric("moksori_requests_total") == 1)


def test_a_client_that_leaves_while_it_waits_never_gets_a_turn(tmp_path):
    with (
        running(tmp_path, lambda: SlowEngine(0.05), concurrency=1) as slow,
        httpx.Client(base_url=slow.url, trust_env=False) as http,
    ):
        long = "가나다라 마바사아 자차카타 파하 " * 6
        with http.stream("POST", SPEECH, json={"input": long, "response_format": "pcm"}) as answer:
            chunks = answer.iter_raw()  # kept, or it would close the connection at once
            next(chunks)
            with pytest.raises(httpx.ReadTimeout):
                http.post(SPEECH, json={"input": "이것은 들리지 않습니다."}, timeout=0.3)
            time.sleep(0.3)
        until(lambda: slow.state.queue.inside == 0)
        assert "이것은 들리지 않습니다." not in slow.engine.units


def test_a_slow_reader_holds_back_only_itself(tmp_path):
    """One reads nothing; another is served meanwhile; and the first is spoken no further than a unit ahead."""
    text = " ".join(f"여기는 {n}번 문장입니다." for n in range(300))
    with running(tmp_path, lambda: SlowEngine(0.0)) as slow, httpx.Client(base_url=slow.url, trust_env=False) as http:
        with http.stream("POST", SPEECH, json={"input": text, "response_format": "wav"}) as sleeper:
            chunks = sleeper.iter_raw()
            next(chunks)
            time.sleep(2.5)
            ahead = len(slow.engine.units)
            started = time.monotonic()
            assert http.post(SPEECH, json={"input": "네, 안녕하세요."}).status_code == 200
            assert time.monotonic() - started < 2.0
            assert ahead < 250
        until(lambda: slow.state.queue.inside == 0)
