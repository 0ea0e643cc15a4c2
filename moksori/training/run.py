"""One training run, before its first step: what takes part, whether the wiring is right, how many steps there are.

The run asks its observer how it sounds; it imports nothing that speaks. `prepare` checks and decides what learns,
`train` in `loop` learns, `finish` in `outcome` writes what came of it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from moksori.errors import InvalidInput
from moksori.model import Model

from .clips import Clips
from .disk import space
from .gate import Verdict, enforce, judge
from .pack import preset_name
from .settings import Settings
from .trainable import Learning, choose

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Moment:
    """What an observer is shown: the model as it is now, in eval mode, and where to leave what it makes."""

    model: Model
    learning: Learning
    clips: Clips
    step: int
    folder: Path


Observer = Callable[[Moment], Metrics]
Tell = Callable[[str, Mapping[str, float]], None]


@dataclass
class Standing:
    """Where a run is. Everything here is in its checkpoint."""

    step: int = 0
    epoch: int = 0
    place: int = 0
    best: float = float("-inf")
    best_step: int = 0
    since_best: int = 0
    stopped: bool = False
    rounding_lost: float = 0.0
    spent_s: float = 0.0


@dataclass
class Run:
    """Everything that takes part, and where it stands."""

    settings: Settings
    folder: Path
    model: Model
    train: Clips
    valid: Clips | None
    learning: Learning
    steps: int
    verdict: Verdict | None
    data_sha256: str
    standing: Standing = field(default_factory=Standing)
    history: list[dict[str, float]] = field(default_factory=list)


def prepare(settings: Settings, folder: Path, model: Model, train: Clips, valid: Clips | None) -> Run:
    """Check the wiring, then decide what learns. Raises InvalidInput where the gate refuses."""
    if settings.learn == "lora" and train.kind != "base":
        raise InvalidInput(
            f"An adapter becomes a voice pack, which speaks on a Base checkpoint; this one is {train.kind}.",
            hint="Give a Base checkpoint, or `learn: full`.",
            field="learn",
        )
    for speaker in {settings.speaker, *(row.speaker for row in train.rows)} - {""}:
        preset_name(speaker)
    if train.kind == "custom_voice":
        strangers = sorted({row.speaker for row in train.rows} - set(model.config.talker.speakers))
        if strangers:
            raise InvalidInput(
                f"This checkpoint has no preset voice {strangers[0]!r} and cannot hear a new one.",
                hint="Train on a Base checkpoint; `moksori pack merge` makes a custom_voice one of it.",
                field="model",
            )
    verdict = None
    if settings.gate:
        verdict = judge(model, train)
        enforce(verdict)
    learning = choose(model, settings, train.text_ids())
    per_epoch = -(-len(train.order(0)) // (settings.accumulate * processes()))
    steps = settings.steps or max(1, round(settings.epochs * per_epoch))
    return Run(settings, folder, model, train, valid, learning, steps, verdict, data_sha256(train))


def data_sha256(clips: Clips) -> str:
    """Of transcripts and codes, in order: a run goes on only with the data it began with."""
    digest = hashlib.sha256()
    for utterance in clips.utterances:
        digest.update(utterance.text.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(utterance.codes.astype("<u2").tobytes())
    return digest.hexdigest()


def processes() -> int:
    """How many processes share the run, as their launcher says."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process writes and speaks for the others."""
    return os.environ.get("RANK", "0") == "0"


def adopt(learning: Learning, weights: Sequence[torch.Tensor]) -> None:
    """Values of a checkpoint into what learns."""
    with torch.no_grad():
        for parameter, value in zip(learning.parameters, weights, strict=True):
            parameter.copy_(value)


def write_json(path: Path, content: Any) -> None:
    draft = path.with_name(f".{path.name}.part")
    with space(path):
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
