"""The corpus: voices between espeak-ng's own, spoken by a process of their own (the library is one in each)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recipes.pocket.speak import NAMED, UNSEEN
from recipes.pocket.voices import crossings

CLIPS = 48


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    command = [sys.executable, "-m", "recipes.pocket", "speak", "--folder", str(folder), "--processes", "1"]
    subprocess.run([*command, "--clips", str(CLIPS)], check=True, timeout=120)
    return folder / "speech"


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "clips.jsonl").read_text("utf-8").splitlines()]


def test_the_first_half_is_spoken_by_variants_and_the_second_by_crossings_and_named_voices(spoken: Path) -> None:
    clips = lines(spoken)
    assert len(clips) >= CLIPS - 2
    named = {one.name for one in NAMED.values()}
    crossed = [int(str(clip["id"])) for clip in clips if "crossing" in str(clip["speaker"])]
    assert crossed
    assert min(crossed) >= CLIPS // 2
    for clip in clips:
        speaker = clip["speaker"]
        assert isinstance(speaker, dict)
        if int(str(clip["id"])) >= CLIPS // 2:
            assert speaker["variant"].startswith("crossing") or speaker["name"] in named


def test_every_clip_sounds_and_lies_where_its_line_says(spoken: Path) -> None:
    sound = np.fromfile(spoken / "speech.i16", np.int16).astype(np.float32) / 32768
    end = 0
    for clip in lines(spoken):
        start, samples = int(str(clip["start"])), int(str(clip["samples"]))
        assert start == end
        end = start + samples
        assert np.sqrt(np.mean(sound[start:end] ** 2)) > 0.01
    assert end == len(sound)


def test_a_crossing_is_the_same_for_a_seed_and_lies_near_its_parents(tmp_path: Path) -> None:
    parents = ["f2", "m3"]
    for folder in ("one", "two"):
        assert crossings(tmp_path / folder, parents, 3, seed=5) == ["crossing0000", "crossing0001", "crossing0002"]
    one, two = (
        [(tmp_path / folder / "crossings" / f"crossing000{n}").read_text() for n in range(3)]
        for folder in ("one", "two")
    )
    assert one == two
    assert len(set(one)) == 3
    for text in one:
        frequency = int(next(line for line in text.splitlines() if line.startswith("formant 1 ")).split()[2])
        assert 96 * 0.8 < frequency < 110 * 1.25


def test_held_out_variants_are_nobodys_parents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from recipes.pocket import speak

    asked: list[list[str]] = []
    monkeypatch.setattr(speak.voices, "crossings", lambda _folder, parents, *_: asked.append(parents) or ["crossing0"])
    speak.plan(3, 60, tmp_path)
    assert len(asked[0]) > 60
    assert not set(asked[0]) & set(UNSEEN)
