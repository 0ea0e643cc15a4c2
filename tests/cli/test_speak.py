"""`moksori speak` as a stranger would try it: each mistake one clear line, nothing half-written."""

from __future__ import annotations

import functools
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

KOREAN = "안녕하세요. 오늘은 2026년 11월 20일입니다."


def moksori(*arguments: str, cwd: Path, stdin: str | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "moksori", *arguments],
        cwd=cwd,
        input=None if stdin is None else stdin.encode(),
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=120,
        check=False,
    )


def speak(*arguments: str, cwd: Path, stdin: str | None = None) -> subprocess.CompletedProcess[bytes]:
    return moksori("speak", *arguments, "--engine", "espeak", cwd=cwd, stdin=stdin)


def test_korean_becomes_audible_and_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        done = speak(KOREAN, "--seed", "5", "-o", name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    pcm, rate = soundfile.read(tmp_path / "a.wav")
    assert 2.0 < len(pcm) / rate < 12.0
    assert np.sqrt(np.mean(pcm**2)) > 0.01


def test_standard_input_to_standard_output(tmp_path: Path) -> None:
    done = speak("-", "-o", "-", cwd=tmp_path, stdin=KOREAN)
    assert done.returncode == 0, done.stderr
    pcm, _ = soundfile.read(io.BytesIO(done.stdout))
    assert len(pcm) > 24_000


def test_without_a_name_nothing_is_overwritten(tmp_path: Path) -> None:
    assert [speak("하나", cwd=tmp_path).returncode for _ in range(2)] == [0, 0]
    assert {p.name for p in tmp_path.iterdir()} == {"speech.wav", "speech-2.wav"}


def test_json_prints_the_manifest(tmp_path: Path) -> None:
    done = speak("표 3장", "-o", "x.wav", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["units"][0]["spoken"] == "표 세 장"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([""], "empty"),
        (["😀😀"], "nothing to speak"),
        (["가", "--voice", "nobody"], "nobody"),
        (["가", "--language", "klingon"], "klingon"),
        (["가", "--parameter", "whisper=1"], "whisper"),
        (["가", "--parameter", "speed"], "NAME=VALUE"),
        (["가", "--seed", "-1"], "seed"),
        (["가", "--format", "midi"], "midi"),
        (["가", "-o", "sub/x.wav"], "mkdir"),
        (["가", "-o", "x.txt"], "ending"),
        (["가", "--reference", "."], "folder"),
        (["가", "--reference", "missing.wav"], "missing.wav"),
        (["가", "--reference", "notes.txt"], "not a sound"),
        (["가", "--transcript", "가"], "--reference"),
        (["가", "--voice", "f1", "--design", "x"], "exclude"),
        (["가", "--instruct", "슬프게"], "instruct"),
        (["가", "--model", "no-such-model"], "no-such-model"),
    ],
)
def test_a_mistake_is_one_clear_line_and_nothing_is_written(arguments: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("이것은 소리가 아닙니다.", encoding="utf-8")
    engine = [] if "--model" in arguments else ["--engine", "espeak"]
    done = moksori("speak", *arguments, *engine, cwd=tmp_path)
    error = done.stderr.decode().strip()
    assert done.returncode not in (0, 1), error
    assert says in error
    assert "\n" not in error
    assert "Traceback" not in error
    assert {p.name for p in tmp_path.iterdir()} == {"notes.txt"}


def test_a_text_over_the_limit_is_refused_naming_it(tmp_path: Path) -> None:
    done = speak("-", cwd=tmp_path, stdin="가" * 100_001)
    assert done.returncode == 2
    assert b"100,000" in done.stderr


def write_reference(path: Path, seconds: float, level: float = 0.3) -> None:
    time_s = np.arange(round(seconds * 24_000)) / 24_000
    tone = level * np.sin(2 * np.pi * 180 * time_s) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s))
    soundfile.write(path, np.clip(tone, -1, 1), 24_000)


@pytest.mark.parametrize(
    ("seconds", "level", "says"), [(0.5, 0.3, "0.5 s long"), (70, 0.3, "70 s long"), (5, 0.0, "silent")]
)
def test_a_reference_that_cannot_work_is_refused(seconds: float, level: float, says: str, tmp_path: Path) -> None:
    write_reference(tmp_path / "ref.wav", seconds, level)
    done = speak("가", "--reference", "ref.wav", cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr.decode()


def test_a_closed_pipe_ends_quietly_with_an_exit_status(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "moksori", "speak", KOREAN * 30, "-o", "-", "--engine", "espeak"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(64)
    process.stdout.close()
    error = process.stderr.read().decode()
    assert process.wait(60) != 0
    assert "Traceback" not in error
    assert error.strip().count("\n") == 0


def test_control_c_half_way_leaves_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "moksori", "speak", KOREAN * 2000, "-o", "x.wav", "--engine", "espeak"]
    # Whoever runs the tests in the background may ignore the signal, and children inherit that.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, preexec_fn=heed)
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert b"Traceback" not in error
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission_is_said_before_anything_is_computed(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert b"permission" in speak("가", "-o", "x.wav", cwd=tmp_path).stderr
