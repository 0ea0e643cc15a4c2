"""Speak the texts with many synthetic voices: `speech.i16` (all samples in one file) and `clips.jsonl`.

One line of `clips.jsonl` is one clip: id, text, language, kind, speaker (name, variant, pitch, range, speed), split
and where its samples lie. Splits: `train`; `valid`, texts that training never sees; `unseen`, variants that
training never hears. The first half is spoken by espeak-ng's variants, the second by crossings of them and, as the
first, by the voices that have names. Resumable only as a whole: it takes a few minutes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from . import texts, voices
from .espeak import Speaker, Synthesis, variants

UNSEEN = ("Annie", "Gene", "Michael", "Reed", "adam", "david", "f2", "grandma", "ian", "m3", "pablo", "steph2")
# The voices that the custom_voice checkpoint knows by name. They get more clips than others.
NAMED = {
    "haneul": Speaker("f5", 52, 45, 165),
    "bora": Speaker("belinda", 60, 50, 172),
    "narae": Speaker("Andrea", 50, 55, 160),
    "dohyun": Speaker("m2", 45, 45, 165),
    "minjun": Speaker("max", 50, 50, 170),
    "taeyang": Speaker("Andy", 40, 40, 158),
    "sora": Speaker("steph", 58, 45, 176),
    "jiho": Speaker("edward", 55, 50, 168),
}
_SETTINGS_PER_VARIANT = 7
_NAMED_SHARE, _UNSEEN_SHARE, _VALID_SHARE = 0.16, 0.04, 0.025
_CLIPS_PER_CROSSING = 18
_BATCH = 200

_synthesis: Synthesis | None = None


def speakers(seed: int) -> tuple[list[Speaker], list[Speaker]]:
    """Those for training, and those whose variants are held out."""
    source = random.Random(seed)
    seen, unseen = [], []
    for variant in variants():
        for _ in range(_SETTINGS_PER_VARIANT):
            one = Speaker(variant, source.randint(20, 80), source.randint(25, 75), source.randint(145, 205))
            (unseen if variant in UNSEEN else seen).append(one)
    return seen, unseen


def plan(seed: int, count: int, folder: Path) -> list[dict[str, object]]:
    """What to say by whom, without sound. `folder` is given the data of espeak-ng with the crossings."""
    first = _plan_variants(seed, count - count // 2)
    tested = {clip["text"] for clip in first if clip["split"] == "valid"}
    parents = [variant for variant in variants() if variant not in UNSEEN]
    crossed = voices.crossings(folder, parents, max(1, count // 2 // _CLIPS_PER_CROSSING), seed)
    source = random.Random(seed + 1)
    speakers = [Speaker(n, source.randint(20, 80), source.randint(25, 75), source.randint(145, 205)) for n in crossed]
    named = list(NAMED.values())
    second: list[dict[str, object]] = []
    for text in texts.draw(seed + 1, count // 2):
        speaker = source.choice(named if source.random() < _NAMED_SHARE else speakers)
        if text.text not in tested:
            second.append(_clip(len(first) + len(second), "train", text, speaker))
    return first + second


def _clip(number: int, split: str, text: texts.Text, speaker: Speaker) -> dict[str, object]:
    return {"id": number, "split": split, **asdict(text), "speaker": {"name": speaker.name, **asdict(speaker)}}


def _plan_variants(seed: int, count: int) -> list[dict[str, object]]:
    source = random.Random(seed)
    seen, unseen = speakers(seed)
    named = list(NAMED.values())
    clips: list[dict[str, object]] = []
    for number, text in enumerate(texts.draw(seed, count)):
        chance = source.random()
        split = "train"
        if chance < _UNSEEN_SHARE:
            speaker, split = source.choice(unseen), "unseen"
        elif chance < _UNSEEN_SHARE + _NAMED_SHARE:
            speaker = source.choice(named)
        else:
            speaker = source.choice(seen)
        if split == "train" and source.random() < _VALID_SHARE and text.kind != "short":
            split = "valid"
        clips.append(_clip(number, split, text, speaker))
    spoken = {clip["text"] for clip in clips if clip["split"] == "train"}
    for clip in clips:  # a text that training hears elsewhere is no test of anything
        if clip["split"] == "valid" and clip["text"] in spoken:
            clip["split"] = "train"
    return clips


def _speak_batch(data: Path, clips: list[dict[str, object]]) -> list[np.ndarray]:
    global _synthesis
    _synthesis = _synthesis or Synthesis(data)
    sounds = []
    for clip in clips:
        given = clip["speaker"]
        assert isinstance(given, dict)
        speaker = Speaker(given["variant"], given["pitch"], given["range"], given["speed"])
        sound = _synthesis.speak(str(clip["text"]), str(clip["language"]), speaker)
        sounds.append((sound * 32767).astype(np.int16))
    return sounds


def speak(folder: Path, seed: int, count: int, processes: int) -> None:
    """Write `speech.i16` and `clips.jsonl`; clips that come out empty or longer than 12 s are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "espeak-ng-data"
    clips = plan(seed, count, data)
    batches = [clips[i : i + _BATCH] for i in range(0, len(clips), _BATCH)]
    start, left_out = 0, 0
    with (
        ProcessPoolExecutor(processes) as pool,
        (folder / "speech.part").open("wb") as samples,
        (folder / "clips.part").open("w", encoding="utf-8") as lines,
    ):
        for batch, sounds in zip(batches, pool.map(partial(_speak_batch, data), batches), strict=True):
            for clip, sound in zip(batch, sounds, strict=True):
                if not 2400 <= len(sound) <= 12 * 24000:
                    left_out += 1
                    continue
                lines.write(json.dumps({**clip, "start": start, "samples": len(sound)}, ensure_ascii=False) + "\n")
                samples.write(sound.tobytes())
                start += len(sound)
    (folder / "speech.part").rename(folder / "speech.i16")
    (folder / "clips.part").rename(folder / "clips.jsonl")
    print(f"{start / 24000 / 3600:.2f} hours in {len(clips) - left_out} clips, {left_out} left out")


def load(folder: Path) -> tuple[np.ndarray, list[dict[str, object]]]:
    """All samples, memory-mapped, and the clips in order."""
    return np.memmap(folder / "speech.i16", dtype=np.int16, mode="r"), list(read(folder / "clips.jsonl"))


def read(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
