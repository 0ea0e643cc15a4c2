"""The observer of a training run: at each listening it speaks fixed texts, keeps the sound, and measures it.

Knows how a run shows itself (`Moment`); nothing of how it learns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from moksori import audio, measure, text
from moksori.model import Model, VoicePrompt
from moksori.training.run import Moment

from . import likeness
from .speak import Spoken, speak

RATE = 24_000
RECORDINGS = 12
# What a listening gives; `own_encoder` only where the checkpoint has one.
FIGURES = ("score", "timbre", "own_encoder", "ended", "pace_ratio", "cut_off", "seconds")


@dataclass
class Ears:
    """`texts` are spoken with each of `seeds`, in the run's first voice."""

    texts: Sequence[str]
    seeds: Sequence[int]
    _likeness: likeness.Likeness | None = field(default=None, init=False)
    _pace: float = field(default=0.0, init=False)

    def listen(self, moment: Moment) -> dict[str, float]:
        """Means over all takes. `score` grows with likeness and falls with run-aways and wrong pace."""
        if self._likeness is None:
            self._compare_with(moment)
        assert self._likeness is not None
        clips = moment.clips
        speaker = clips.rows[0].speaker
        voice = VoicePrompt.preset(speaker)
        if clips.vectors:
            voice = VoicePrompt("vector", vector=clips.vectors[speaker].float().cpu().numpy())
        language = clips.utterances[0].language
        folder = moment.folder / "samples" / f"step-{moment.step:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        found = []
        for number, written in enumerate(self.texts):
            for seed in self.seeds:
                said = speak(moment.model, text.read(written).spoken, voice, language=language, seed=seed)
                if len(said.pcm):
                    audio.write(folder / f"{number}-{seed}.wav", audio.to_int16(said.pcm), RATE)
                found.append(self._figures(said, written))
        heard = {name: [one[name] for one in found if name in one] for name in FIGURES[1:]}
        means = {name: float(np.mean(values)) for name, values in heard.items() if values}
        return means | {"score": means["timbre"] * means["ended"] - abs(float(np.log(max(means["pace_ratio"], 0.05))))}

    def _compare_with(self, moment: Moment) -> None:
        clips = moment.clips
        speaker = clips.rows[0].speaker
        chosen = clips.by_speaker[speaker][:RECORDINGS]
        sounds = [audio.read(clips.rows[i].audio, sample_rate=RATE).pcm for i in chosen]
        model: Model = moment.model
        with torch.inference_mode():  # as the codec gives them back, so that its colour is on both sides
            heard = [model.codec.decode(model.codec.encode(torch.from_numpy(pcm))).cpu().numpy() for pcm in sounds]
        self._likeness = likeness.of(heard, RATE, model=model)
        syllables = [text.syllables(clips.utterances[i].text) for i in chosen]
        paces = [measure.pace(s, RATE, n) for s, n in zip(sounds, syllables, strict=True)]
        self._pace = float(np.median(paces)) or 1.0

    def _figures(self, said: Spoken, written: str) -> dict[str, float]:
        assert self._likeness is not None
        if not len(said.pcm):
            return {"timbre": 0.0, "ended": float(said.ended), "pace_ratio": 0.05, "cut_off": 0.0, "seconds": 0.0}
        syllables = text.syllables(text.read(written).spoken)
        pace = measure.pace(said.pcm, RATE, syllables)
        return {
            **self._likeness.measure(said.pcm),
            "ended": float(said.ended),
            "pace_ratio": pace / self._pace,
            "cut_off": float(measure.ending(said.pcm, RATE).cut_off),
            "seconds": len(said.pcm) / RATE,
        }


def samples(folder: Path) -> list[Path]:
    """What was kept of all listenings, in order."""
    return sorted((folder / "samples").glob("step-*/*.wav"))
