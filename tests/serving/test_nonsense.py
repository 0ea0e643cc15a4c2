"""Whatever is sent, the answer is a clear refusal in OpenAI's shape, and the server goes on."""

from __future__ import annotations

import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from moksori import audio

from .running import Running, running, until

SPEECH = "/v1/audio/speech"
TEXT = "안녕하세요."


def post(http: httpx.Client, content: bytes, kind: str = "application/json") -> httpx.Response:
    return http.post(SPEECH, content=content, headers={"content-type": kind})


def refused(answer: httpx.Response, status: int = 400) -> dict:
    assert answer.status_code == status, answer.text[:300]
    error = answer.json()["error"]
    assert error["message"]
    assert error["type"] == "invalid_request_error"
    return error


@pytest.mark.parametrize(
    "content",
    [
        b'{"input": "\xff\xfe"}',
        b'{"input": "\x00"}',
        b'{"input": "a" "b"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"input": "a", "seed": ' + b"9" * 5000 + b"}",
        b"\x00" * 100,
        b"\xef\xbb\xbf",
        b"5",
        b'{"input": null}',
        b'[{"input": "a"}]',
    ],
)
def test_what_is_no_request(http, content):
    refused(post(http, content))


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "image/png", "application/xml", ""],
)
def test_what_does_not_say_that_it_is_json(http, kind):
    answer = post(http, json.dumps({"input": TEXT}).encode(), kind)
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        refused(answer)


@pytest.mark.parametrize(
    "fields",
    [
        '"seed": -1',
        '"seed": 9223372036854775808',
        '"seed": 1.5',
        '"seed": "x"',
        '"seed": []',
        '"speed": NaN',
        '"speed": Infinity',
        '"speed": 0',
        '"speed": -1',
        '"pause_s": NaN',
        '"pause_s": -1',
        '"trailing_s": Infinity',
        '"voice": []',
        '"voice": {}',
        '"voice": {"id": 5}',
        '"voice": {"id": "f2", "more": 1}',
        '"voice": "\\ud800"',
        '"model": "\\u0000"',
        '"model": "tts-1-"',
        '"input": "\\ud800"',
        '"response_format": ["mp3"]',
        '"stream_format": 5',
        '"stream": "perhaps"',
        '"priority": "urgent"',
        '"language": {"a": 1}',
        '"rate": NaN',
        '"rate": "fast"',
        '"rate": {}',
        '"reference": "data:audio/wav;base64,"',
        '"reference": "data:,abc"',
        '"reference": "%%%%"',
        '"reference": "aGVsbG8="',
        '"reference": "file:///etc/passwd"',
        '"transcript": "\\ud800", "reference": "aGVsbG8="',
        '"keep": "perhaps"',
    ],
)
def test_fields_that_cannot_be_used(http, fields):
    answer = post(http, f'{{"input": "{TEXT}", {fields}}}'.encode())
    status = 404 if '"model"' in fields or '"voice": "' in fields else 400
    refused(answer, status)


@pytest.mark.parametrize(
    "text", ["\x00", "\x01\x02", "\u200b", "\ufeff", "\u202e", "\ud7ff", "🏳️‍🌈", "<|im_end|>", "\r\n\t "]
)
def test_text_without_a_word_in_it_is_spoken_or_refused(http, text):
    answer = http.post(SPEECH, json={"input": text, "response_format": "pcm"})
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert refused(answer)["param"] == "text"


def test_text_with_strange_characters_is_spoken_in_every_format(http):
    for format in ("mp3", "opus", "flac", "wav"):
        answer = http.post(SPEECH, json={"input": "안녕\x00하세요\u2028 <b>\x1b[31m", "response_format": format})
        assert answer.status_code == 200
        assert audio.read(answer.content).seconds > 0.3


def test_null_means_that_a_field_was_not_sent(http):
    names = ("voice", "speed", "seed", "instructions", "language", "response_format", "reference", "stream")
    plain = http.post(SPEECH, json={"input": TEXT, "response_format": "wav"})
    assert http.post(SPEECH, json={"input": TEXT} | dict.fromkeys(names)).headers["content-type"] == "audio/mpeg"
    nulls = {"input": TEXT} | dict.fromkeys(names) | {"response_format": "wav"}
    assert http.post(SPEECH, json=nulls).content == plain.content


def test_names_of_unknown_fields_cannot_break_the_header(http):
    for name in ("a\\r\\nX-Evil: 1", "\\ud800", "\\u0000", "", " ", "한글", "x" * 100_000):
        answer = post(http, f'{{"input": "{TEXT}", "{name}": 1}}'.encode())
        assert "x-evil" not in answer.headers
        if name == "\\ud800":  # half a character is no text, and so no name
            refused(answer)
        else:
            assert answer.status_code == 200, answer.text
            assert answer.headers["x-ignored-fields"]
    answer = http.post(SPEECH, json={"input": TEXT} | {f"f{n}": n for n in range(5000)})
    assert answer.status_code == 200
    assert answer.headers["x-ignored-fields"].endswith("f28, f29, and 4970 more")


def test_ten_megabytes_of_text_are_too_much(http):
    assert refused(http.post(SPEECH, json={"input": "가" * 3_500_000}))["code"] == "input_too_long"


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Running:
    """A server that takes bodies up to 2.4 MB."""
    with running(tmp_path_factory.mktemp("data"), max_upload_mb=1) as started:
        yield started


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(small):
    with httpx.Client(base_url=small.url, trust_env=False, timeout=20) as http:
        large = b'{"input": "' + b"a" * 3_000_000 + b'"}'

        def pieces():
            for at in range(0, len(large), 100_000):
                yield large[at : at + 100_000]

        for content in (large, pieces()):
            try:
                error = refused(http.post(SPEECH, content=content, headers={"content-type": "application/json"}), 413)
                assert error["code"] == "too_large"
            except (httpx.WriteError, httpx.ReadError):  # refused while still sending
                pass
        assert http.post("/v1/audio/voices", files={"file": b"x" * 3_000_000}, data={"name": "a"}).status_code == 413
        assert http.post(SPEECH, json={"input": TEXT}).status_code == 200
        until(lambda: small.metric("moksori_requests_total") == 3)


@pytest.mark.parametrize(
    "message", [b"\x00\x01", b"", "", "null", "[]", "5", "{", '{"type": null}', '{"type": {}}', "[" * 50_000, "\x00"]
)
def test_a_websocket_survives_messages_that_mean_nothing(server, message):
    place = server.url.replace("http", "ws") + "/v1/audio/speech/stream"
    with connect(place, proxy=None) as socket:
        socket.send(message)
        assert json.loads(socket.recv(timeout=10))["type"] == "error"
        socket.send(json.dumps({"type": "start"}))
        assert json.loads(socket.recv(timeout=10))["type"] == "started"
        socket.send(message)
        events = [json.loads(socket.recv(timeout=10)) for _ in range(2)]
        assert "error" in [event["type"] for event in events]
    until(lambda: server.state.queue.inside == 0)


def test_a_websocket_message_that_is_too_large_ends_the_connection(small):
    place = small.url.replace("http", "ws") + "/v1/audio/speech/stream"
    with connect(place, proxy=None) as socket:
        socket.send("a" * 3_000_000)
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=10)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009
