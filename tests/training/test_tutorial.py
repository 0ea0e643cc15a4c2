"""The tutorial as a test: a LoRA on pocket to a voice it has never heard, on two cores, makes it measurably nearer."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from moksori.cli import main

CHECKPOINT = Path(__file__).parents[2] / "moksori" / "checkpoints" / "pocket-base"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not CHECKPOINT.is_dir(), reason="pocket is not built yet"),
]

RUN = """
model: {model}
data: ready/manifest.jsonl
output: runs/stranger
speaker: stranger
learn: lora
lora: {{rank: 16, alpha: 32, dropout: 0.0}}
rate: 1.0e-3
epochs: 6
held_out: 0.05
batch_size: 8
accumulate: 1
layouts: {{streaming: 0.0, in_context: 0.0}}
"""


def test_a_lora_on_pocket_raises_likeness_to_an_unseen_voice_within_ten_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recipes.pocket import texts
    from recipes.pocket.espeak import Speaker, Synthesis
    from recipes.pocket.speak import UNSEEN

    monkeypatch.chdir(tmp_path)
    assert "f2" in UNSEEN
    voice, synthesis = Speaker("f2", 62, 50, 168), Synthesis()
    said = [one.text for one in texts.draw(77, 800) if one.language == "ko" and 8 <= len(one.text) <= 40][:160]
    for folder, part in (("recordings", said[:120]), ("unheard", said[120:])):
        (tmp_path / folder).mkdir()
        for number, text in enumerate(part):
            soundfile.write(tmp_path / folder / f"{number:03d}.wav", synthesis.speak(text, "ko", voice), 24_000)
            (tmp_path / folder / f"{number:03d}.txt").write_text(text, encoding="utf-8")
    began = time.process_time()
    assert main(["data", "prepare", "recordings", "ready", "--speaker", "stranger", "--language", "korean"]) == 0
    (tmp_path / "run.yaml").write_text(RUN.format(model=CHECKPOINT), encoding="utf-8")
    assert main(["train", "run.yaml"]) == 0
    assert time.process_time() - began < 2 * 600
    # Sentences that were not learnt, so that each take is compared with the voice itself saying the same words.
    (tmp_path / "unheard.txt").write_text("\n".join(said[120:]), encoding="utf-8")
    assert main(["evaluate", "out", "--model", str(CHECKPOINT), "--pack", "runs/stranger/packs/stranger",
                 "--recordings", "unheard", "--texts", "unheard.txt", "--seeds", "1,2,3,4"]) == 0  # fmt: skip
    found = json.loads((tmp_path / "out" / "figures.json").read_text(encoding="utf-8"))
    base, voice = found["settings"]["base"], found["settings"]["voice"]
    assert voice["same_words_db"] < 0.95 * base["same_words_db"]
    apart: dict[str, dict[str, list[float]]] = {}
    for take in found["takes"]:
        figures = take["figures"]
        apart.setdefault(take["text"], {}).setdefault(take["setting"], []).append(figures["same_words_db"])
    nearer = np.array([np.mean(one["base"]) - np.mean(one["voice"]) for one in apart.values()])
    assert nearer.mean() > 2 * nearer.std(ddof=1) / len(nearer) ** 0.5, "more than chance, sentence by sentence"
    assert voice["score"] > base["score"]
    assert voice["run_away"] <= base["run_away"] + 0.06
