"""A stranger's folder to a voice pack through the command line, with everything in it that goes wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from moksori.cli import main
from tests import checkpoints
from tests.recordings import TEXTS, tone

RUN = """
model: base
data: ready/manifest.jsonl
output: runs/mina
speaker: mina
consent: mine
gate: false
steps: {steps}
batch_size: 2
accumulate: 1
save_every: 2
held_out: 0.2
lora: {{rank: 2, alpha: 4}}
watch: {{every: 2, texts: ["안녕하세요"], keep: true}}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    checkpoints.tiny("0.6b-base", tmp_path / "base", seed=3)
    folder = tmp_path / "recordings"
    folder.mkdir()
    for n, text in enumerate(TEXTS):
        soundfile.write(folder / f"{n}.wav", tone(1.0 + 0.1 * n, 150, n), 24_000)
        (folder / f"{n}.txt").write_text(text, encoding="utf-8")
    stereo = np.stack([tone(1.2, 150, 9, 16_000)] * 2, axis=1)
    soundfile.write(folder / "stereo.mp3", stereo, 16_000)
    (folder / "stereo.txt").write_text("안녕 <laugh> 하세요", encoding="utf-8")
    soundfile.write(folder / "untold.wav", tone(1.0, 150, 10), 24_000)
    soundfile.write(folder / "empty.wav", np.zeros(0), 24_000)
    return tmp_path


def test_from_a_folder_of_recordings_to_two_checkpoints(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    assert main(["data", "check", "recordings", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["clips"], told["usable"]) == (9, 7)
    assert main(["data", "prepare", "recordings", "ready", "--speaker", "mina", "--language", "korean",
                 "--fix", "strip_tags"]) == 0  # fmt: skip
    assert main(["data", "manifest", "ready/manifest.jsonl"]) == 0
    assert main(["data", "encode", "ready/manifest.jsonl", "--model", "base"]) == 0
    (place / "run.yaml").write_text(RUN.format(steps=4), encoding="utf-8")
    assert main(["train", "run.yaml"]) == 0
    report = json.loads((place / "runs/mina/report.json").read_text())
    assert report["memory"]["peak"] > 0
    assert list((place / "runs/mina/samples").rglob("*.wav"))
    capsys.readouterr()
    assert main(["pack", "info", "runs/mina/packs/mina", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["consent"] == "mine"
    assert main(["pack", "merge", "runs/mina/packs/mina", "merged", "--model", "base"]) == 0
    assert main(["pack", "export", "runs/mina/packs/mina", "mina.zip"]) == 0
    assert main(["evaluate", "out", "--model", "base", "--pack", "runs/mina/packs/mina", "--recordings",
                 "ready/manifest.jsonl", "--seeds", "1", "--texts", "recordings/0.txt"]) == 0  # fmt: skip
    assert {"base", "voice"} == set(json.loads((place / "out/figures.json").read_text())["settings"])
    kept = [
        json.loads((place / f"runs/mina/packs/{name}/voice.json").read_text()) for name in ("mina", "step-000002/mina")
    ]
    assert [Path(about["base"]) for about in kept] == [place / "base"] * 2, "a merge finds it from any folder"
    said = ["--recordings", "ready/manifest.jsonl", "--seeds", "1", "--texts", "recordings/0.txt", "--model", "base"]
    assert main(["sweep", "steps", *said, "--pack", "runs/mina/packs/step-000002/mina", "--pack",
                 "runs/mina/packs/mina", "--scales", "1.0"]) == 0  # fmt: skip
    found = json.loads((place / "steps/figures.json").read_text())["settings"]
    assert set(found) == {"runs/mina/packs/step-000002/mina scale 1", "runs/mina/packs/mina scale 1"}
    assert main(["sweep", "scales", *said, "--pack", "runs/mina/packs/mina", "--scales", "0.3,1.5", "--recommend"]) == 0
    best = json.loads((place / "scales/figures.json").read_text())["best"]
    assert f"scale {json.loads((place / 'runs/mina/packs/mina/voice.json').read_text())['scale']:g}" == best
    assert main(["sweep", "both", *said, "--pack", "runs/mina/packs/mina", "--model", "base", "--recommend"]) == 2


def test_a_run_with_other_settings_does_not_overwrite_one(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    assert main(["data", "prepare", "recordings", "ready", "--speaker", "mina"]) == 0
    (place / "run.yaml").write_text(RUN.format(steps=2), encoding="utf-8")
    assert main(["train", "run.yaml", "--check"]) == 0
    assert not (place / "runs").exists(), "a check leaves nothing"
    (place / "run.yaml").write_text(RUN.format(steps=1), encoding="utf-8")
    assert main(["train", "run.yaml"]) == 0
    (place / "run.yaml").write_text(RUN.format(steps=3), encoding="utf-8")
    assert main(["train", "run.yaml", "--check"]) == 5
    assert "steps (1, now 3)" in capsys.readouterr().err


def test_what_is_wrong_in_run_yaml_is_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    (place / "run.yaml").write_text("model: base\nlearning: lora\n", encoding="utf-8")
    assert main(["train", "run.yaml"]) == 2
    error = capsys.readouterr().err
    assert "learning" in error
    assert "Traceback" not in error
