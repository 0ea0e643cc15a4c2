"""Clients that never finish, never read or never write lose their place; a stopping server ends what it speaks."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from wyoming.client import AsyncTcpClient
from wyoming.tts import SynthesizeChunk, SynthesizeStart

from moksori.serving import connections, limits

from .running import SlowEngine, running, until

SPEECH = "/v1/audio/speech"
STREAM = "/v1/audio/speech/stream"
LONG = " ".join(f"여기는 {n}번 문장입니다." for n in range(300))


def dial(host: str) -> socket.socket:
    name, port = host.split(":")
    made = socket.create_connection((name, int(port)), timeout=20)
    made.settimeout(20)
    return made


def request(body: dict) -> bytes:
    data = json.dumps(body).encode()
    head = f"POST {SPEECH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def await_close(connection: socket.socket, drip: bytes) -> None:
    """Until the other side closes, while a byte is sent now and then."""
    since = time.monotonic()
    connection.settimeout(0.1)
    while time.monotonic() - since < 30:
        try:
            connection.sendall(drip)
            if connection.recv(1000) == b"":
                return
        except TimeoutError:
            continue
        except OSError:
            return
    raise AssertionError("the connection is still open")


def test_a_head_that_never_ends_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_S", 1.0)
    with running(tmp_path) as server:
        since = time.monotonic()
        with dial(server.host) as silent, dial(server.host) as slow:
            slow.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\n")
            await_close(slow, b"X")
            assert time.monotonic() - since > 0.9
            await_close(silent, b"")
        with dial(server.host) as again:  # the second request of a connection is no better
            again.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert again.recv(1000).startswith(b"HTTP/1.1 200")
            await_close(again, b"G")


def test_a_head_in_pieces_and_a_long_wait_for_the_answer_are_fine(tmp_path, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_S", 4.0)
    with running(tmp_path, lambda: SlowEngine(0.05)) as server, dial(server.host) as connection:
        whole = request({"input": "천천히 오는 문장입니다. 그래도 됩니다.", "response_format": "flac"})
        for at in range(0, 60, 20):
            connection.sendall(whole[at : at + 20])
            time.sleep(0.1)
        connection.sendall(whole[60:])
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 200")
        with connect(server.url.replace("http", "ws") + STREAM, proxy=None) as talk:
            time.sleep(4.5)
            talk.send('{"type": "start"}')
            assert json.loads(talk.recv(timeout=10))["type"] == "started"


def test_a_body_that_never_ends_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "BODY_S", 1.0)
    with running(tmp_path) as server:
        with dial(server.host) as connection:
            connection.sendall(request({"input": "네."})[:-5])
            answer = connection.recv(10_000)
            assert answer.startswith(b"HTTP/1.1 408")
            await_close(connection, b"")
        until(lambda: server.metric("moksori_requests_total") == 1)
        until(lambda: server.state.queue.inside == 0)


def test_a_reader_that_takes_nothing_loses_its_place(tmp_path):
    with running(tmp_path, lambda: SlowEngine(0.0), patience_s=1) as server:
        with dial(server.host) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(request({"input": LONG, "response_format": "wav"}))
            until(lambda: server.state.queue.inside == 1)
            until(lambda: server.state.queue.inside == 0, 30)
        until(lambda: server.metric("moksori_requests_total") == 1)
        assert 'outcome="cancelled"' in server.state.metrics.text().decode()


def test_a_websocket_that_takes_nothing_loses_its_place(tmp_path):
    with running(tmp_path, lambda: SlowEngine(0.0), patience_s=1) as server:
        with dial(server.host) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(
                f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            assert connection.recv(1000).startswith(b"HTTP/1.1 101")
            for message in ({"type": "start"}, {"type": "text", "text": LONG[:8000]}, {"type": "end"}):
                connection.sendall(frame(json.dumps(message).encode()))
            until(lambda: server.state.queue.inside == 1)
            until(lambda: server.state.queue.inside == 0, 30)
        until(lambda: server.metric("moksori_requests_total") == 1)


def until_closed(talk: ClientConnection) -> tuple[list[str | bytes], int]:
    """What comes until the other side closes, and the code with which it does."""
    heard = []
    try:
        while True:
            heard.append(talk.recv(timeout=20))
    except ConnectionClosed as closed:
        return heard, closed.rcvd.code if closed.rcvd else 0


def frame(data: bytes) -> bytes:
    """A text message as a client sends it, masked with zeros."""
    return b"\x81\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data


def test_a_speech_whose_text_does_not_come_gives_its_place_back(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running(tmp_path, patience_s=1, wyoming=f"tcp://127.0.0.1:{port}") as server:
        with connect(server.url.replace("http", "ws") + STREAM, proxy=None) as talk:
            talk.send('{"type": "start"}')
            assert json.loads(talk.recv(timeout=10))["type"] == "started"
            event = json.loads(talk.recv(timeout=10))
            assert event["error"]["code"] == "text_timeout"
            until(lambda: server.state.queue.inside == 0)
            talk.send('{"type": "start"}')
            assert json.loads(talk.recv(timeout=10))["type"] == "started"

        async def promise() -> None:
            async with AsyncTcpClient("127.0.0.1", port) as client:
                await client.write_event(SynthesizeStart().event())
                await client.write_event(SynthesizeChunk(text="안녕하").event())
                while (event := await asyncio.wait_for(client.read_event(), 20)) is not None:
                    if event.type == "error":
                        return

        asyncio.run(promise())
        until(lambda: server.state.queue.inside == 0)


@pytest.mark.parametrize(
    "nonsense", [b"\n", b"{}\n", b"[]\n", b"5\n", b"\xff\xfe\n", b'{"type": "synthesize"}\n', b"x" * 200_000]
)
def test_what_is_no_wyoming_ends_its_connection_and_nothing_else(satellites, nonsense):
    server, port = satellites
    with dial(f"127.0.0.1:{port}") as connection, suppress(OSError):  # it may be gone before all is sent
        connection.sendall(nonsense)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(10_000):
            pass
    until(lambda: server.state.queue.inside == 0)


@pytest.fixture(scope="module")
def satellites(tmp_path_factory):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running(
        tmp_path_factory.mktemp("data"), lambda: SlowEngine(0.05), wyoming=f"tcp://127.0.0.1:{port}"
    ) as server:
        yield server, port


def test_a_satellite_that_leaves_stops_the_work(satellites):
    server, port = satellites

    async def leave() -> None:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(SynthesizeStart().event())
            await client.write_event(
                SynthesizeChunk(text="아주 길게 이어지는 문장을 여기에서 계속해서 말하고 있습니다. 다음.").event()
            )
            while (event := await client.read_event()) is not None and event.type != "audio-chunk":
                pass

    asyncio.run(leave())
    until(lambda: server.state.queue.inside == 0)
    steps = server.engine.steps
    time.sleep(0.5)
    assert server.engine.steps <= steps + 1


def test_a_stopping_server_ends_what_a_websocket_was_given_and_says_that_it_goes(tmp_path):
    text = "가나다라 마바사아 자차카타 파하 가나다라 마바사아. 아직"
    with running(tmp_path, lambda: SlowEngine(0.03), grace_s=20) as server:
        with connect(server.url.replace("http", "ws") + STREAM, proxy=None) as talk:
            talk.send('{"type": "start"}')
            talk.send(json.dumps({"type": "text", "text": text}))
            until(lambda: server.state.queue.speaking == 1)
            server.server.should_exit = True
            heard, code = until_closed(talk)
        events = [json.loads(message) for message in heard if isinstance(message, str)]
        assert [event["text"] for event in events if event["type"] == "unit"] == [text[:-3], "아직"]
        assert events[-1]["type"] == "done"
        assert code == 1012


def test_sigterm_during_a_stream_lets_it_finish(tmp_path):
    """The command itself. The listener takes its time, so that most is not yet spoken when the signal comes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "moksori", "serve", "--api-only", "--engine=espeak", "--port=0", f"--data={tmp_path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MOKSORI_CONFIG": ""},
        cwd=Path(__file__).parents[2],
    )
    url = process.stdout.readline().split()[-1]
    body = {"input": LONG[: len(LONG) // 2], "response_format": "pcm"}  # 12 MB, more than all buffers hold
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as http:
        whole = http.post(SPEECH, json=body).content
        with http.stream("POST", SPEECH, json=body) as answer:
            pieces = answer.iter_raw()
            heard = next(pieces)
            process.send_signal(signal.SIGTERM)
            until(lambda: not accepts(url))
            heard += b"".join(pieces)
        assert heard == whole
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in err


def accepts(url: str) -> bool:
    """Whether somebody listens there."""
    try:
        httpx.get(url + "/health", trust_env=False)
    except httpx.ConnectError:
        return False
    return True
