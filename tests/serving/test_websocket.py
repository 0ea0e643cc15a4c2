"""Text in while it is written, sound out while it is made."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from moksori.engine.espeak import EspeakEngine
from moksori.serving.keys import Key
from moksori.synthesizer import Synthesizer

from .running import SlowEngine, running, until

TEXT = "안녕하세요. 오늘은 2026년 11월 20일입니다. 반갑습니다."
PLACE = "/v1/audio/speech/stream"


def open_socket(server, **given) -> ClientConnection:
    return connect(server.url.replace("http", "ws") + PLACE, proxy=None, **given)


def say(socket: ClientConnection, kind: str, **fields) -> None:
    socket.send(json.dumps({"type": kind, **fields}, ensure_ascii=False))


def listen(socket: ClientConnection) -> tuple[np.ndarray, list[dict]]:
    """Everything up to the end of one speech."""
    sound, events = b"", []
    while True:
        message = socket.recv(timeout=20)
        if isinstance(message, bytes):
            sound += message
            continue
        events.append(json.loads(message))
        if events[-1]["type"] in ("done", "cancelled", "error"):
            return np.frombuffer(sound, "<i2"), events


@pytest.fixture(scope="module")
def whole():
    synthesizer = Synthesizer(EspeakEngine())
    return synthesizer.speak(TEXT, synthesizer.preset_voice("f2"), seed=3)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_text_in_pieces_is_the_same_sound_as_text_at_once(server, whole, step):
    with open_socket(server) as socket:
        say(socket, "start", voice="f2", seed=3)
        for at in range(0, len(TEXT), step):
            say(socket, "text", text=TEXT[at : at + step])
        say(socket, "end")
        sound, events = listen(socket)
    assert (sound == whole.pcm).all()
    assert events[0] == events[0] | {"type": "started", "sample_rate": 24_000, "seed": 3, "format": "pcm"}
    assert events[-1]["type"] == "done"
    assert events[-1]["seconds"] == pytest.approx(whole.seconds, abs=0.5)


def test_each_unit_has_its_text_and_its_time(server, whole):
    with open_socket(server) as socket:
        say(socket, "start", voice="f2", seed=3)
        say(socket, "text", text=TEXT)
        say(socket, "end")
        _, events = listen(socket)
    units = [event for event in events if event["type"] == "unit"]
    assert [unit["index"] for unit in units] == [0, 1, 2]
    assert units[1]["text"] == "오늘은 2026년 11월 20일입니다."
    for unit, record in zip(units, whole.manifest.units, strict=True):
        assert unit["start_s"] == pytest.approx(record.start / 24_000, abs=0.001)
        assert unit["end_s"] == pytest.approx((record.start + record.samples) / 24_000, abs=0.001)


def test_a_sentence_is_spoken_before_the_next_is_written(server):
    with open_socket(server) as socket:
        say(socket, "start")
        say(socket, "text", text="첫 문장입니다. 둘째 문")
        assert json.loads(socket.recv(timeout=10))["type"] == "started"
        assert isinstance(socket.recv(timeout=10), bytes)
        say(socket, "text", text="장입니다.")
        say(socket, "end")
        _, events = listen(socket)
        assert [e["text"] for e in events if e["type"] == "unit"] == ["첫 문장입니다.", "둘째 문장입니다."]


def test_a_number_with_a_point_is_not_cut_in_two(server):
    with open_socket(server) as socket:
        say(socket, "start")
        for piece in ("값은 3", ".", "14", "입니다", ". ", "끝."):
            say(socket, "text", text=piece)
        say(socket, "end")
        _, events = listen(socket)
    assert [e["text"] for e in events if e["type"] == "unit"] == ["값은 3.14입니다.", "끝."]


def test_flush_speaks_what_is_there(server):
    with open_socket(server) as socket:
        say(socket, "start")
        say(socket, "text", text="끝나지 않은 말")
        say(socket, "flush")
        assert json.loads(socket.recv(timeout=10))["type"] == "started"
        assert isinstance(socket.recv(timeout=10), bytes)
        say(socket, "end")
        assert listen(socket)[1][-1]["type"] == "done"


def test_what_cannot_be_spoken_is_skipped_and_said_so(server):
    with open_socket(server) as socket:
        say(socket, "start")
        say(socket, "text", text="😀\n안녕하세요.\n")
        say(socket, "end")
        _, events = listen(socket)
    assert [e["type"] for e in events if e["type"] != "skipped"][-2:] == ["unit", "done"]


def test_a_cancel_stops_the_work_and_another_speech_may_start(tmp_path):
    with running(tmp_path, lambda: SlowEngine(0.05)) as slow, open_socket(slow) as socket:
        say(socket, "start")
        say(socket, "text", text="아주 길게 이어지는 첫째 문장을 여기에서 계속해서 말하고 있습니다. 다음.")
        say(socket, "flush")
        while not isinstance(socket.recv(timeout=10), bytes):
            pass
        say(socket, "cancel")
        _, events = listen(socket)
        steps = slow.engine.steps
        assert events[-1]["type"] == "cancelled"
        time.sleep(0.3)
        assert slow.engine.steps <= steps + 1
        say(socket, "start")
        say(socket, "text", text="네.")
        say(socket, "end")
        assert listen(socket)[1][-1]["type"] == "done"


def test_leaving_stops_the_work(tmp_path):
    with running(tmp_path, lambda: SlowEngine(0.05)) as slow:
        with open_socket(slow) as socket:
            say(socket, "start")
            say(socket, "text", text="아주 길게 이어지는 첫째 문장을 여기에서 계속해서 말하고 있습니다.")
            say(socket, "end")
            while not isinstance(socket.recv(timeout=10), bytes):
                pass
        steps = slow.engine.steps
        time.sleep(0.5)
        assert slow.engine.steps <= steps + 3
        until(lambda: slow.state.queue.inside == 0)


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "fly"}], "invalid_input"),
        (["no json"], "invalid_input"),
        ([b"\x00\x01"], "invalid_input"),
        ([{"type": "text", "text": "먼저"}], "invalid_input"),
        ([{"type": "start", "voice": "nobody"}], "unknown_voice"),
        ([{"type": "start", "input": "여기"}], "invalid_input"),
        ([{"type": "start", "speed": "x"}], "invalid_input"),
        ([{"type": "start"}, {"type": "start"}], "conflict"),
        ([{"type": "start"}, {"type": "text", "text": 5}], "invalid_input"),
        ([{"type": "start"}, {"type": "text", "text": "가" * 10_001}], "input_too_long"),
    ],
)
def test_what_is_wrong_is_said_and_the_connection_lives_on(server, messages, code):
    with open_socket(server) as socket:
        for message in messages:
            socket.send(json.dumps(message) if isinstance(message, dict) else message)
        while True:
            event = json.loads(socket.recv(timeout=10))
            if event["type"] == "error":
                break
        assert event["error"]["code"] == code
        say(socket, "start")
        say(socket, "text", text="네.")
        say(socket, "end")
        assert listen(socket)[1][-1]["type"] == "done"
    until(lambda: server.state.queue.inside == 0)


def test_fields_nobody_knows_are_named(server):
    with open_socket(server) as socket:
        say(socket, "start", top_k=5)
        assert json.loads(socket.recv(timeout=10))["ignored"] == ["top_k"]


def test_strange_pages_and_wrong_keys_do_not_get_in(tmp_path):
    with running(tmp_path, keys=(Key.of("k", "right"),)) as server:
        for given in (
            {},
            {"additional_headers": {"Authorization": "Bearer wrong"}},
            {"additional_headers": {"Authorization": "Bearer right"}, "origin": "https://evil.example"},
        ):
            with pytest.raises((InvalidStatus, ConnectionClosed)), open_socket(server, **given) as socket:
                socket.recv(timeout=5)
        right = {"additional_headers": {"Authorization": "Bearer right"}, "origin": server.url}
        with open_socket(server, **right) as socket:
            say(socket, "start")
            assert json.loads(socket.recv(timeout=10))["type"] == "started"
