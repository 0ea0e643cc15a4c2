"""What the runtime is asked to speak, and what comes back.

A request is rows of numbers already: the prompt, the text track, how to draw, when to stop. Knows nothing of voices,
languages or text.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from moksori.model import Sampling

from .ending import EndingSettings
from .lora import Addition

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]
Priority = Literal["interactive", "batch"]
Reason = Literal["end", "ceiling", "stationary", "cancelled"]


class Text(Protocol):
    """The text track behind the prompt: a row for each frame that was spoken."""

    def row(self, frame: int) -> Floats | None:
        """(hidden,) to add to frame `frame`; None while it is not written yet."""
        ...


@dataclass(frozen=True)
class WrittenText:
    """All text is known: rows (N, hidden), then `pad` for ever."""

    rows: Floats
    pad: Floats

    def row(self, frame: int) -> Floats | None:
        return self.rows[frame] if frame < len(self.rows) else self.pad


class GrowingText:
    """Text that is still being written. One thread adds rows, another reads them."""

    def __init__(self, pad: Floats) -> None:
        self._pad = pad
        self._rows: list[Floats] = []
        self._complete = False
        self._lock = threading.Lock()
        self._notify: Callable[[], None] = lambda: None

    def on_change(self, notify: Callable[[], None]) -> None:
        self._notify = notify

    def add(self, rows: Floats) -> None:
        """Rows (n, hidden); the last call brings the end of text."""
        with self._lock:
            self._rows.extend(rows)
        self._notify()

    def complete(self) -> None:
        with self._lock:
            self._complete = True
        self._notify()

    def row(self, frame: int) -> Floats | None:
        with self._lock:
            if frame < len(self._rows):
                return self._rows[frame]
            return self._pad if self._complete else None


@dataclass(frozen=True)
class Request:
    """One unit.

    rows        (P, hidden) float32, what the talker reads first.
    text        rows that are added to spoken frames.
    reference   (R, groups) codes in front of the speech, for the decoder; may be empty.
    syllables   how many the unit is spoken in; a ceiling follows from it.
    addition    what a voice pack adds to the weights.
    """

    rows: Floats
    text: Text
    reference: Codes
    syllables: int
    seed: int
    sampling: Sampling
    ending: EndingSettings = field(default_factory=EndingSettings)
    priority: Priority = "interactive"
    addition: Addition | None = None


@dataclass(frozen=True)
class Finished:
    """How a unit ended. codes (frames, groups); report: what the ending decision saw and did."""

    reason: Reason
    codes: Codes
    report: dict[str, Any]


@dataclass(frozen=True)
class Piece:
    """Sound on its way out, float32 at the codec's rate; `finished` on the last one only."""

    pcm: Floats
    finished: Finished | None = None
