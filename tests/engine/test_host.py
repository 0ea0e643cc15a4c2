"""An engine in a process of its own: the same sound, another environment, and deaths that nobody hears."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from moksori.engine import registry
from moksori.engine.host import Command, HostedEngine
from moksori.engine.protocol import Finish, Request
from moksori.errors import InvalidInput, MoksoriError, NotFound, Unavailable
from moksori.voice import Voice
from tests import checkpoints

from .speaking import sound
from .test_packs import write_pack

LONG = "가나다라 마바사아, " * 120
SOURCE = Path(__file__).parents[2]


def ask(engine, unit="안녕하세요.", **given) -> Request:
    return Request(unit, engine.prepare(Voice.preset("f2")), 5, **given)


@pytest.fixture
def hosted():
    engine = HostedEngine(Command("espeak"))
    yield engine
    engine.close()


def test_it_sounds_as_it_does_in_process(hosted):
    local = registry.open("espeak")
    assert hosted.describe() == local.describe()
    assert sound(hosted, ask(hosted, LONG)) == sound(local, ask(local, LONG))


def test_a_kill_mid_stream_is_not_heard(hosted):
    request = ask(hosted, LONG)
    expected = sound(hosted, request)
    stream = hosted.stream(request, threading.Event())
    heard = [next(stream).pcm for _ in range(3)]
    victim = hosted.process_id
    os.kill(victim, signal.SIGKILL)
    heard += [chunk.pcm for chunk in stream]
    assert b"".join(pcm.tobytes() for pcm in heard) == expected
    assert sound(hosted, request) == expected
    assert hosted.restarts == 1  # at the latest now: the worker may have sent everything before it was killed
    assert hosted.process_id != victim


def test_a_death_while_idle_is_not_noticed(hosted):
    request = ask(hosted)
    expected = sound(hosted, request)
    for _ in range(3):
        os.kill(hosted.process_id, signal.SIGKILL)
        assert sound(hosted, request) == expected
    assert hosted.restarts == 3


ODD_ENGINE = """
    import os, sys, threading, time
    from dataclasses import replace
    import numpy as np
    from moksori.engine.espeak import EspeakEngine
    from moksori.engine.protocol import Chunk, Finish

    class OddEngine(EspeakEngine):
        '''Dies, fails, waits or prints as its text asks; writes into a file what it did.'''

        def stream(self, request, cancel):
            print("a library that prints")
            for step in range(50):
                if cancel.is_set():
                    with open(os.environ["ODD"], "a") as file:
                        file.write(f"left after {step}")
                    yield Chunk(np.zeros(0, np.float32), Finish("cancelled", step))
                    return
                if request.unit == "die always" and step == 5:
                    os._exit(3)
                if request.unit == "die once" and step == 5 and not os.path.exists(os.environ["ODD"]):
                    open(os.environ["ODD"], "w").close()
                    os._exit(3)
                if request.unit == "memory":
                    raise MemoryError
                if request.unit == "fail":
                    raise ZeroDivisionError("by zero")
                if request.unit == "cancel" and step == 5:
                    open(os.environ["ODD"] + " waits", "w").close()
                    cancel.wait(200)
                while request.unit == "kill" and step == 5 and not os.path.exists(os.environ["ODD"]):
                    time.sleep(0.01)
                yield Chunk(np.full(100, step / 100, np.float32))
            yield Chunk(np.zeros(1, np.float32), Finish("end", trace={"number": np.float32(1.5)}))
"""


@pytest.fixture
def odd_home(tmp_path, monkeypatch) -> Path:
    """A package with an entry point, as another project would bring its engine."""
    (tmp_path / "odd_engine.py").write_text(textwrap.dedent(ODD_ENGINE))
    info = tmp_path / "odd_engine-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-engine\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[moksori.engines]\nodd = odd_engine:OddEngine\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("ODD", str(tmp_path / "odd"))
    return tmp_path


@pytest.fixture
def odd(odd_home):
    engine = HostedEngine(Command("odd"))
    yield engine
    engine.close()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "the engine never came there"
        time.sleep(0.01)


WHOLE = np.concatenate([np.full(100, step / 100, np.float32) for step in range(50)] + [[0]])


def test_a_death_mid_stream_continues_at_the_very_sample(odd):
    heard = np.concatenate([c.pcm for c in odd.stream(ask(odd, "die once"), threading.Event())])
    assert (heard == WHOLE).all()
    assert (odd.restarts, odd.replays) == (1, 1)


def test_a_kill_mid_stream_continues_at_the_very_sample(odd, odd_home):
    stream = odd.stream(ask(odd, "kill"), threading.Event())
    heard = [next(stream).pcm for _ in range(5)]  # the worker now waits for what comes too late for it
    os.kill(odd.process_id, signal.SIGKILL)
    (odd_home / "odd").touch()
    heard += [chunk.pcm for chunk in stream]
    assert (np.concatenate(heard) == WHOLE).all()
    assert (odd.restarts, odd.replays) == (1, 1)


@pytest.mark.parametrize("unit", ["die always", "memory"])
def test_a_second_death_over_one_request_is_an_error_and_the_engine_lives_on(odd, unit):
    with pytest.raises(Unavailable, match="died twice"):
        sound(odd, ask(odd, unit))
    assert sound(odd, ask(odd, "live"))
    assert (odd.restarts, odd.replays) == (2, 1)


def test_a_failure_in_the_worker_keeps_its_name(odd):
    with pytest.raises(MoksoriError, match="ZeroDivisionError: by zero") as caught:
        sound(odd, ask(odd, "fail"))
    assert caught.value.code == "engine_failed"
    assert odd.restarts == 0


def test_a_cancel_crosses_and_ends_the_step_that_hears_it(odd, odd_home):
    cancel = threading.Event()
    stream = odd.stream(ask(odd, "cancel"), cancel)
    for _ in range(5):
        next(stream)
    wait_until((odd_home / "odd waits").exists)
    cancel.set()
    assert list(stream)[-1].finish == Finish("cancelled", 6)
    assert (odd_home / "odd").read_text() == "left after 6"


def test_a_stream_that_is_left_ends_the_step_that_hears_it(odd, odd_home):
    stream = odd.stream(ask(odd, "cancel"), threading.Event())
    for _ in range(5):
        next(stream)
    wait_until((odd_home / "odd waits").exists)
    stream.close()
    wait_until(lambda: (odd_home / "odd").exists() and (odd_home / "odd").read_text() != "")
    assert (odd_home / "odd").read_text() == "left after 6"


def test_errors_keep_message_hint_code_and_field(hosted):
    local = registry.open("espeak")
    with pytest.raises(InvalidInput) as near:
        sound(local, ask(local, parameters={"nope": 1}))
    with pytest.raises(InvalidInput) as far:
        sound(hosted, ask(hosted, parameters={"nope": 1}))
    for name in ("message", "hint", "code", "field"):
        assert getattr(far.value, name) == getattr(near.value, name)


def test_an_engine_that_cannot_be_opened_says_why_at_once():
    with pytest.raises(NotFound, match="no engine 'nope'"):
        HostedEngine(Command("nope"))
    with pytest.raises(InvalidInput, match="does not run on"):
        HostedEngine(Command("espeak", device="cuda"))


def test_a_python_that_is_not_there_or_lacks_moksori_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(Unavailable, match="cannot be started"):
        HostedEngine(Command("espeak", python=tmp_path / "python"))
    bare = tmp_path / "bare"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    with pytest.raises(Unavailable, match="stopped while it started") as caught:
        HostedEngine(Command("espeak", python=bare))
    assert "import moksori" in caught.value.hint


def test_no_process_and_no_file_descriptor_is_left_behind():
    def children() -> set[int]:
        return {child.pid for child in psutil.Process().children(recursive=True)}

    before, files = children(), psutil.Process().num_fds()
    for _ in range(3):
        engine = HostedEngine(Command("espeak"))
        request = ask(engine)
        os.kill(engine.process_id, signal.SIGKILL)
        assert sound(engine, request)
        engine.close()
        engine.close()
        with pytest.raises(Unavailable, match="closed"):
            sound(engine, request)
    assert children() == before
    assert psutil.Process().num_fds() <= files


def test_the_worker_ends_when_its_host_is_killed():
    code = (
        "import time; from moksori.engine.host import *;"
        "e = HostedEngine(Command('espeak')); print(e.process_id, flush=True); time.sleep(60)"
    )
    host = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=SOURCE, text=True)
    worker = psutil.Process(int(host.stdout.readline()))
    host.kill()
    host.wait()
    worker.wait(120)


def test_an_engine_speaks_from_another_environment(tmp_path):
    """A venv of its own, which reaches the packages of this one through a path file, as a shared installation does."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (site / "shared.pth").write_text(f"{SOURCE}\n{sysconfig.get_paths()['purelib']}\n")
    python = tmp_path / "venv" / "bin" / "python"
    engine = HostedEngine(Command("espeak", python=python))
    try:
        command_line = psutil.Process(engine.process_id).cmdline()
        assert command_line[0] == str(python)
        local = registry.open("espeak")
        assert sound(engine, ask(engine)) == sound(local, ask(local))
    finally:
        engine.close()


def hold_when_killed(command: Command, voice: Voice | None = None) -> int:
    """Killed after the first chunk of many: another process goes on at the very sample. Returns the replays."""
    engine = HostedEngine(command)
    try:
        voice = voice or Voice.preset(engine.describe().speakers[0].id)
        long = {"min_frames": 250, "max_frames": 250, "stationary_frames": 0}
        request = Request("안녕하세요, 오늘은 날씨가 좋습니다.", engine.prepare(voice), 14, parameters=long, seed=9)
        expected = sound(engine, request)
        stream = engine.stream(request, threading.Event())
        heard = next(stream).pcm.tobytes()
        os.kill(engine.process_id, signal.SIGKILL)
        heard += b"".join(chunk.pcm.tobytes() for chunk in stream)
        assert heard == expected
        assert len(expected) == 4 * 250 * 1920
        replays = engine.replays
        assert sound(engine, request) == expected
        assert engine.restarts == 1
        return replays
    finally:
        engine.close()


def test_pocket_killed_mid_sentence_is_not_heard():
    assert hold_when_killed(Command("pocket", precision="int8")) == 1


def test_a_pack_killed_mid_sentence_is_not_heard(tmp_path):
    base = checkpoints.tiny("0.6b-base", tmp_path / "base")
    voice = Voice.pack(write_pack(base, tmp_path / "pack", 1), scale=0.7)
    hold_when_killed(Command("qwen3", str(base), precision="bf16"), voice)
