"""Tiny checkpoints and a folder of recordings that are sound, not speech."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from tests import checkpoints
from tests.recordings import TEXTS, tone


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.tiny("0.6b-base", tmp_path_factory.mktemp("base") / "tiny-base", seed=3)


@pytest.fixture(scope="session")
def custom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.tiny("0.6b-custom-voice", tmp_path_factory.mktemp("custom") / "tiny-custom", seed=3)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clips.jsonl beside its wavs, one speaker."""
    folder = tmp_path_factory.mktemp("recordings")
    lines = []
    for number, text in enumerate(TEXTS):
        name = f"take_{number}.wav"
        soundfile.write(folder / name, tone(0.8 + 0.2 * number, 150, number), 24_000)
        lines.append(json.dumps({"audio": name, "text": text, "speaker": "mina", "language": "korean"}))
    (folder / "clips.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "clips.jsonl"
