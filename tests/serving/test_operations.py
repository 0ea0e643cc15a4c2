"""What an operator relies on: health, readiness, metrics that add up, logs without text, an orderly end."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from moksori import cli
from moksori.engine.espeak import EspeakEngine
from moksori.engine.host import Command, HostedEngine
from moksori.errors import Unavailable
from moksori.serving import log
from moksori.serving.app import create_app
from moksori.serving.config import Config
from moksori.serving.loading import Loading
from moksori.synthesizer import Synthesizer

from .running import SlowEngine, running, until

SPEECH = "/v1/audio/speech"


def test_health_answers_while_the_model_loads_and_ready_only_after(tmp_path):
    gate = threading.Event()

    def slow_to_open() -> Synthesizer:
        gate.wait(10)
        return Synthesizer(EspeakEngine())

    loading = Loading(slow_to_open)
    app = create_app(Config(data=tmp_path), loading)
    loading.start()
    transport = httpx.ASGITransport(app)

    async def look() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            assert (await http.get("/health")).status_code == 200
            for answer in (await http.get("/ready"), await http.post(SPEECH, json={"input": "네"})):
                assert answer.status_code == 503
                assert answer.headers["retry-after"] == "2"
                assert answer.json()["error"]["code"] == "busy"
            gate.set()
            loading.done.wait(20)
            assert (await http.get("/ready")).json()["status"] == "ready"

    import asyncio

    asyncio.run(look())
    loading.close()


def test_a_model_that_cannot_be_loaded_is_said_on_ready(tmp_path):
    def broken() -> Synthesizer:
        raise Unavailable("The model is not installed.", hint="moksori models pull 0.6b-base")

    loading = Loading(broken)
    loading.start()
    loading.done.wait(5)
    app = create_app(Config(data=tmp_path), loading)

    async def look() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
            answer = await http.get("/ready")
            assert answer.status_code == 503
            assert "moksori models pull" in answer.json()["error"]["message"]

    import asyncio

    asyncio.run(look())


def test_unknown_places_and_methods_are_errors_in_the_same_shape(http):
    assert http.get("/v1/nothing").json()["error"]["code"] == "not_found"
    assert http.get(SPEECH).json()["error"]["code"] == "method_not_allowed"


def test_metrics_add_up(tmp_path):
    with running(tmp_path) as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        for _ in range(3):
            assert http.post(SPEECH, json={"input": "안녕하세요. 반갑습니다."}).status_code == 200
        for body in ({"input": ""}, {"input": "네", "voice": "nobody"}):
            assert http.post(SPEECH, json=body).status_code >= 400
        until(lambda: server.metric("moksori_requests_total") == 5)
        text = http.get("/metrics").text
        assert 'moksori_requests_total{outcome="done",way="http"} 3.0' in text
        assert 'moksori_requests_total{outcome="invalid_input",way="http"} 1.0' in text
        assert 'moksori_requests_total{outcome="unknown_voice",way="http"} 1.0' in text
        assert server.metric("moksori_first_audio_seconds_count") == 3
        assert server.metric("moksori_real_time_factor_count") == 3
        assert server.metric("moksori_endings_total") == 6
        assert server.metric("moksori_characters_total") == 3 * len("안녕하세요. 반갑습니다.")
        assert server.metric("moksori_requests_inside") == 0
        assert server.metric("moksori_ready") == 1
        assert server.metric("moksori_memory_bytes") > 1e7
        assert not re.search(r"안녕|nobody", text)


def test_what_prometheus_reads_keeps_its_rules(server, http):
    http.post(SPEECH, json={"input": "네."})
    answer = http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(answer.text))
    assert len(families) >= 13
    for family in families:
        assert re.fullmatch(r"moksori_[a-z0-9_]*[a-z0-9]", family.name)
        assert family.documentation
        assert family.type in ("counter", "gauge", "histogram")
        for sample in family.samples:
            if family.type == "counter":
                assert sample.name in (f"{family.name}_total", f"{family.name}_created")
            assert all(re.fullmatch(r"[a-z_]+", label) for label in sample.labels)
    for name in ("first_audio_seconds", "real_time_factor"):
        (histogram,) = [family for family in families if family.name == f"moksori_{name}"]
        buckets = [sample.value for sample in histogram.samples if sample.name.endswith("_bucket")]
        assert buckets == sorted(buckets)
        assert histogram.samples[len(buckets) - 1].labels["le"] == "+Inf"


@pytest.fixture
def logged():
    """What the package logs, as JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.JsonLines())
    logger = logging.getLogger("moksori")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.parametrize("log_text", [False, True])
def test_one_line_is_logged_per_speech_and_no_text_unless_asked(tmp_path, logged, log_text):
    with running(tmp_path, log_text=log_text) as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        http.post(SPEECH, json={"input": "비밀스러운 말입니다."}, headers={"x-request-id": "abc-1"})
        until(lambda: any(line["event"] == "speech" for line in logged()))
    (line,) = [line for line in logged() if line["event"] == "speech"]
    assert line["request_id"] == "abc-1"
    assert line["outcome"] == "done"
    assert line["characters"] == len("비밀스러운 말입니다.")
    assert line["audio_s"] > 0.5
    assert ("비밀" in json.dumps(logged(), ensure_ascii=False)) is log_text


def test_a_bug_is_logged_with_its_traceback_and_told_without(tmp_path, logged):
    class Broken(SlowEngine):
        def stream(self, request, cancel):
            if "고장" in request.unit:
                raise ZeroDivisionError("secret detail")
            return super().stream(request, cancel)

    with running(tmp_path, lambda: Broken(0)) as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        answer = http.post(SPEECH, json={"input": "고장 난 문장입니다."})
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "internal"
        assert "secret" not in answer.text
        assert http.post(SPEECH, json={"input": "다음 문장입니다."}).status_code == 200
        until(lambda: server.state.queue.inside == 0)
    assert any("ZeroDivisionError: secret detail" in line.get("traceback", "") for line in logged())


def test_a_failure_in_mid_stream_breaks_the_stream_visibly(tmp_path):
    class Breaks(SlowEngine):
        def stream(self, request, cancel):
            if "고장" in request.unit:
                raise Unavailable("The engine died.")
            return super().stream(request, cancel)

    text = "첫 문장은 잘 됩니다. 고장 난 문장입니다."
    with running(tmp_path, lambda: Breaks(0)) as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            http.post(SPEECH, json={"input": text, "response_format": "pcm"})
        answer = http.post(SPEECH, json={"input": text, "stream_format": "sse", "response_format": "pcm"})
        last = json.loads(answer.text.strip().splitlines()[-1].removeprefix("data: "))
        assert last["type"] == "error"
        assert "died" in last["error"]["message"]


def test_an_engine_killed_under_a_listener_is_replaced_unheard(tmp_path):
    with (
        running(tmp_path, lambda: HostedEngine(Command("pocket"))) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as http,
    ):
        long = {"min_frames": 250, "max_frames": 250, "stationary_frames": 0}  # seconds of work after the first sound
        body = {"input": "여기는 일 번 문장입니다.", "response_format": "pcm", "seed": 3, **long}
        expected = http.post(SPEECH, json=body).content
        with http.stream("POST", SPEECH, json=body) as answer:
            chunks = answer.iter_raw()
            heard = next(chunks)
            os.kill(server.engine.process_id, signal.SIGKILL)
            heard += b"".join(chunks)
        assert heard == expected
        assert http.post(SPEECH, json=body).content == expected
        assert len(expected) == 2 * 250 * 1920
        assert server.metric("moksori_engine_restarts_total") == 1
        assert server.metric("moksori_retries_total") == 1


def test_shutting_down_lets_those_inside_finish_and_admits_nobody(tmp_path):
    text = "가나다라 마바사아 자차카타 파하 가나다라 마바사아."
    with running(tmp_path, lambda: SlowEngine(0.03), grace_s=20) as server:
        whole: list[int] = []

        def listen() -> None:
            with httpx.Client(trust_env=False, timeout=30) as http:
                whole.append(
                    len(http.post(server.url + SPEECH, json={"input": text, "response_format": "pcm"}).content)
                )

        listener = threading.Thread(target=listen)
        listener.start()
        until(lambda: server.state.queue.speaking == 1)
        server.server.should_exit = True
        listener.join(20)
    synthesizer = Synthesizer(EspeakEngine())
    assert whole == [2 * len(synthesizer.speak(text, synthesizer.default_voice()).pcm)]


def test_what_does_not_end_within_the_grace_is_broken_off(tmp_path):
    text = " ".join(f"여기는 {n}번 문장입니다." for n in range(60))
    with running(tmp_path, lambda: SlowEngine(0.05), grace_s=1) as server:
        with (
            httpx.Client(trust_env=False, timeout=30) as http,
            http.stream("POST", server.url + SPEECH, json={"input": text, "response_format": "pcm"}) as answer,
        ):
            pieces = answer.iter_raw()
            next(pieces)
            server.server.should_exit = True
            with pytest.raises(httpx.RemoteProtocolError):
                list(pieces)
        until(lambda: 'outcome="cancelled"' in server.state.metrics.text().decode())
        until(lambda: server.state.queue.inside == 0)


def serve(*arguments: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "moksori", "serve", "--api-only", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MOKSORI_CONFIG": "", **environment},
        cwd=Path(__file__).parents[2],
    )


def test_the_command_says_when_it_is_ready_and_ends_in_order(tmp_path):
    process = serve("--port", "0", "--data", str(tmp_path), "--engine", "espeak", "--log-format", "json")
    line = process.stdout.readline()
    url = re.fullmatch(r"moksori is ready on (http://127\.0\.0\.1:\d+)\n", line)[1]
    with httpx.Client(trust_env=False) as http:
        assert http.post(url + SPEECH, json={"input": "비밀입니다."}).status_code == 200
        with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=10) as connection:
            connection.sendall(b"\x00\xff no HTTP\r\n\r\n")
            assert b"400" in connection.recv(1000)
        (worker,) = psutil.Process(process.pid).children()
        taken = serve("--port", url.rsplit(":", 1)[1], "--data", str(tmp_path / "b"), "--engine", "espeak")
        _, complaint = taken.communicate(timeout=60)
        assert taken.returncode == 4
        assert "cannot be used" in complaint
        assert "--port" in complaint
        assert "Traceback" not in complaint
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "비밀" not in err
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert "speech" in events
    assert "Invalid HTTP request received." in events
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def _same_log():
    """The command sets up the log of its process, which here is everybody's."""
    logger = logging.getLogger("moksori")
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


@pytest.mark.usefixtures("_same_log")
@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (("--engine", "festival"), {}, "There is no engine"),
        (("--host", "999.1.1.1"), {}, "cannot be used"),
        (("--device", "cpu", "--precision", "fp16"), {}, "needs a GPU"),
        (
            ("--engine", "pocket", "--device", "cuda:7", "--precision", "fp16"),
            {"MOKSORI_ISOLATE": "false"},
            "There is no device 'cuda:7'. Here: cpu",
        ),
        ((), {"MOKSORI_PROT": "1"}, "Did you mean MOKSORI_PORT"),
        (("--config", "nothing.toml"), {}, "There is no file"),
    ],
)
def test_what_keeps_it_from_serving_is_one_line(tmp_path, monkeypatch, capsys, arguments, environment, words):
    for name, value in ({"MOKSORI_CONFIG": ""} | environment).items():
        monkeypatch.setenv(name, value)
    status = cli.main(["serve", "--api-only", "--port", "0", "--data", str(tmp_path), *arguments])
    out, err = capsys.readouterr()
    assert status in (2, 3, 4)
    assert words in err
    assert "Traceback" not in err
    assert "ready" not in out
