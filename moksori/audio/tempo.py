"""Faster or slower at the same pitch, for whole clips and for streams.

The stretching is Signalsmith's (`python-stretch`, MIT), which works on whole passages; a stream is cut into passages
in its pauses, where no seam can be heard. Knows nothing of what is said.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from platform import machine

import numpy as np

from moksori.errors import InvalidInput, Unavailable

from .pcm import Int16, to_float, to_int16

SLOWEST, FASTEST = 0.25, 4.0
UNBUILT = ("aarch64",)  # Linux on Arm: nobody publishes a built python-stretch
NO_WHEEL = "There is none for this kind of processor; leave speed at 1.0, or let the player change it."
WINDOW_S = 0.02
QUIET = 10 ** (-45 / 20)
SHORTEST_S, LONGEST_S = 0.4, 3.0  # of a passage; the longest is what a listener may wait for


class Tempo:
    """int16 mono in at one tempo, out at another: `speed` 2.0 takes half the time. 1.0 passes everything through.

    Where the stream is cut depends on its sound alone, not on how it arrives in chunks.
    """

    def __init__(self, speed: float, sample_rate: int) -> None:
        if not SLOWEST <= speed <= FASTEST:  # also refuses NaN
            raise InvalidInput(f"speed is {speed}, outside {SLOWEST} to {FASTEST}.", field="speed")
        if speed != 1.0 and find_spec("python_stretch") is None:
            raise Unavailable(
                "Another speed than 1.0 needs python-stretch, which is not installed.",
                hint=NO_WHEEL if machine() in UNBUILT else "Install it with: pip install 'moksori[serving]'",
                code="missing_extra",
                field="speed",
            )
        self.speed = speed
        self._rate = sample_rate
        self._window = round(WINDOW_S * sample_rate)
        self._held: Int16 = np.zeros(0, np.int16)
        self._looked = 0  # samples of `_held` already searched for a pause

    def write(self, pcm: Int16) -> Int16:
        if self.speed == 1.0:
            return pcm
        self._held = np.concatenate([self._held, pcm])
        passages = []
        while (cut := self._find_cut()) is not None:
            passages.append(self._stretched(self._held[:cut]))
            self._held, self._looked = self._held[cut:], 0
        return np.concatenate(passages) if passages else np.zeros(0, np.int16)

    def finish(self) -> Int16:
        held, self._held = self._held, np.zeros(0, np.int16)
        return self._stretched(held) if len(held) else held

    def _find_cut(self) -> int | None:
        """The first pause after the shortest passage, or the quietest place once the longest is reached."""
        first = max(self._looked, round(SHORTEST_S * self._rate) // self._window * self._window)
        longest = round(LONGEST_S * self._rate)
        for start in range(first, min(len(self._held), longest) - self._window + 1, self._window):
            self._looked = start + self._window
            if _level(self._held[start : start + self._window]) < QUIET:
                return start + self._window // 2
        if len(self._held) < longest:
            return None
        starts = range(longest // 2, longest - self._window + 1, self._window)
        return min(starts, key=lambda at: _level(self._held[at : at + self._window])) + self._window // 2

    def _stretched(self, passage: Int16) -> Int16:
        target = round(len(passage) / self.speed)
        if not passage.any():
            return np.zeros(target, np.int16)
        padded = np.pad(passage, (0, max(0, 6 * self._window - len(passage))))
        stretch = import_module("python_stretch.Signalsmith").Stretch(1)  # seeded: the same each time
        stretch.preset(1, float(self._rate))
        stretch.timeFactor = self.speed
        return to_int16(stretch.process(to_float(padded)[None])[0])[:target]


def _level(window: Int16) -> float:
    x = to_float(window).astype(np.float64)
    return float(np.sqrt(np.mean(x * x)))
