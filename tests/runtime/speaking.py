"""Tiny real checkpoints and what is asked of them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moksori.model import VoicePrompt
from moksori.runtime.ending import EndingSettings
from moksori.runtime.request import Finished, Piece
from moksori.runtime.runtime import Runtime, Utterance
from tests import checkpoints

WORDS = ["안녕하세요", "오늘은 날씨가 좋습니다", "the voice", "AI 입니다.", "좋습니다 안녕하세요 the AI", "오늘은"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.tiny("0.6b-custom-voice", tmp_path_factory.mktemp("runtime") / "tiny")


@pytest.fixture(scope="session")
def wide_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A talker wider than its predictor, which therefore has a projection."""
    return checkpoints.tiny("1.7b-custom-voice", tmp_path_factory.mktemp("runtime") / "wide")


@pytest.fixture(scope="session")
def runtimes(folder: Path) -> Iterator[Callable[..., Runtime]]:
    """Loaded once for each precision and number of threads."""
    loaded: dict[tuple[str, int], Runtime] = {}

    def get(precision: str, threads: int = 1) -> Runtime:
        key = (precision, threads)
        if key not in loaded:
            loaded[key] = Runtime(folder, precision, threads=threads)
        return loaded[key]

    yield get
    for runtime in loaded.values():
        runtime.close()


def utterance(number: int, **changes: object) -> Utterance:
    """The same request for the same number, of mixed length."""
    given: dict[str, object] = {
        "text": WORDS[number % len(WORDS)],
        "voice": VoicePrompt.preset(["sohee", "ryan"][number % 2]),
        "syllables": 8,
        "language": "korean",
        "seed": number * 7919,
        "ending": EndingSettings(ceiling=3 + number * 5 % 17, stationary=0),
    }
    return Utterance(**{**given, **changes})  # type: ignore[arg-type]


def listen(pieces: Iterator[Piece]) -> tuple[np.ndarray, Finished]:
    """Joined sound, and how it ended."""
    heard = list(pieces)
    assert all(piece.finished is None for piece in heard[:-1])
    assert heard[-1].finished is not None
    return np.concatenate([piece.pcm for piece in heard]), heard[-1].finished


def digest(pcm: np.ndarray) -> str:
    return hashlib.sha256(pcm.tobytes()).hexdigest()


def elsewhere(program: str, *arguments: str) -> list[Any]:
    """What two processes at once print as JSON when they run `program`."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program, *arguments]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    printed = [process.communicate(timeout=280)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    return [json.loads(text) for text in printed]
