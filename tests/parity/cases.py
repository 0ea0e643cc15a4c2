"""What is compared: for every kind of checkpoint its modes, in both layouts, alone and in batches.

Plain data that both sides read; knows nothing of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE = 24000
FRAMES = 62

SHORT = "네."
PLAIN = "안녕하세요, 오늘은 날씨가 좋습니다."
MIXED = "내 iPhone15를 KBS뉴스AI에서 봤어요! don't stop… 3시 30분 (50%)"
ODD = "각이 e\u0301 \u0e01\u0e33  두 칸\n새 줄\t탭 🙂 ﬁ ½ http://a.b/c\n"
LONG = "긴 문장은 여러 마디로 이어지고, 그 사이에 쉼표가 있으며, 끝에는 마침표가 있습니다. " * 2
CALM = "차분하고 낮은 목소리로 천천히 말해 주세요."
CHEERFUL = "Speak in a bright, cheerful voice!"


@dataclass(frozen=True)
class Row:
    """One text in one voice. `reference` names a clip; with a transcript it is in-context."""

    text: str
    language: str | None = None
    speaker: str = ""
    instruct: str = ""
    reference: str = ""
    transcript: str = ""


@dataclass(frozen=True)
class Case:
    """Rows that upstream speaks in one batch and we speak one by one."""

    name: str
    layout: str
    rows: tuple[Row, ...]
    frames: int = FRAMES

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def cases(kind: str) -> Iterator[Case]:
    """All cases for one of `tests.checkpoints.KINDS`."""
    for layout in ("whole", "streaming"):
        for name, rows in _named(kind):
            yield Case(f"{name}-{layout}", layout, rows)


def endings() -> Iterator[Case]:
    """For a preset checkpoint that ends by itself: the rows of a batch end at different frames."""
    rows = tuple(Row(text, None, name) for text in (PLAIN, SHORT, MIXED) for name in ("sohee", "ryan", "eric"))
    yield Case("ends-whole", "whole", rows[:1])
    yield Case("ends-streaming", "streaming", rows[1:2])
    yield Case("ends-batch-whole", "whole", rows)
    yield Case("ends-batch-streaming", "streaming", rows)


def _named(kind: str) -> Iterator[tuple[str, tuple[Row, ...]]]:
    if kind.endswith("base"):
        yield from _clones()
    elif kind.endswith("design"):
        yield "design", (Row(PLAIN, "korean", instruct=CALM),)
        yield "undescribed", (Row(MIXED),)
        yield "batch", (
            Row(SHORT, "english", instruct=CHEERFUL), Row(LONG, instruct=CALM), Row(ODD, "Korean"),
        )  # fmt: skip
    else:
        yield from _presets(takes_instruct=kind.startswith("1.7b"))


def _presets(takes_instruct: bool) -> Iterator[tuple[str, tuple[Row, ...]]]:
    yield "preset", (Row(PLAIN, "korean", "sohee"),)
    yield "automatic", (Row(MIXED, None, "Ryan"),)
    yield "dialect", (Row(ODD, "Chinese", "eric"),)
    yield "dialect-automatic", (Row(SHORT, "auto", "eric"),)
    yield "dialect-abroad", (Row(PLAIN, "english", "eric"),)
    if takes_instruct:
        yield "instruct", (Row(PLAIN, "korean", "sohee", CALM),)
    calm, cheerful = (CALM, CHEERFUL) if takes_instruct else ("", "")
    yield "batch", (
        Row(LONG, "korean", "sohee", calm), Row(SHORT, None, "eric"), Row(MIXED, "japanese", "ryan", cheerful),
    )  # fmt: skip


def _clones() -> Iterator[tuple[str, tuple[Row, ...]]]:
    yield "vector", (Row(PLAIN, "korean", reference="short"),)
    yield "vector-automatic", (Row(MIXED, None, reference="long"),)
    # Surplus text trails into generation here, and text runs short there.
    yield "in-context-short", (Row(LONG, "korean", reference="short", transcript=MIXED),)
    yield "in-context-long", (Row(SHORT, None, reference="long", transcript="네"),)
    yield "in-context-telephone", (Row(PLAIN, "korean", reference="telephone", transcript=SHORT),)
    yield "in-context-odd", (Row(ODD, "english", reference="short", transcript="\n 두 줄\n"),)
    yield (
        "batch",
        (
            Row(LONG, "korean", reference="long", transcript=PLAIN),
            Row(SHORT, None, reference="short"),
            Row(MIXED, "chinese", reference="short", transcript=ODD),
        ),
    )


def clip(name: str) -> np.ndarray:
    """A reference, mono float32 at RATE: voiced sweeps with noise, of 1.1 or 4.6 seconds."""
    seconds, seed = {"short": (1.1, 1), "long": (4.6, 2)}[name]
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.RandomState(seed).standard_normal(len(time))
    pitch = 120 + 40 * seed + 30 * np.sin(2 * np.pi * 1.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voiced = sum(np.sin(k * phase) / k for k in range(1, 9))
    return ((0.2 * voiced + 0.05 * noise) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))).astype(np.float32)


def write_clips(folder: Path) -> dict[str, str]:
    """Two at the model's rate, and one as bad as they come: 8 kHz, 8 bits, stereo."""
    for name in ("short", "long"):
        soundfile.write(folder / f"{name}.wav", clip(name), RATE, subtype="FLOAT")
    telephone = clip("long")[::3, None] * np.array([0.4, 0.3])
    soundfile.write(folder / "telephone.wav", telephone, 8000, subtype="PCM_U8")
    return {name: str(folder / f"{name}.wav") for name in ("short", "long", "telephone")}
