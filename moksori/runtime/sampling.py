"""Choosing a frame's first code: the official distribution, drawn by noise that depends on seed and frame alone.

Compiled where Numba is there, plain otherwise; both give the same code, but for scores that are equal to the last bit
of a logarithm. Knows nothing of batches or of when speech should end.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from moksori.model import Sampling
from moksori.model.config import TalkerConfig
from moksori.model.sampling import warp

from . import noise

compiled: Any = None
if importlib.util.find_spec("numba") is not None:
    from . import draw as compiled

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scored:
    """scores (vocab,) before temperature, the end code in where it may be drawn; and how the end code stood."""

    scores: Floats
    rank: int
    probability: float


@dataclass(eq=False)
class FirstCode:
    """Chooses the first codes of one unit: keeps which were used."""

    config: TalkerConfig
    sampling: Sampling
    seed: int

    def __post_init__(self) -> None:
        self.used = np.zeros(self.config.num_first_codes, np.int64)
        self._room = np.zeros((2, self.config.vocab_size), np.float32)

    def score(self, logits: Floats, may_end: bool) -> Scored:
        if compiled is None:
            return self._score_plainly(logits, may_end)
        ids = compiled.Ids(self.config.num_first_codes, self.config.eos_id)
        penalty, used = float(self.sampling.repetition_penalty), self.used.ctypes.data
        rank, share = compiled.first_scores(self._place(logits), used, penalty, ids, may_end)
        return Scored(self._room[0].copy(), int(rank), float(share))

    def draw(self, scored: Scored, frame: int) -> int:
        s = self.sampling
        if compiled is None:
            return draw_plainly(scored.scores, s.temperature, s.top_k, s.top_p, (self.seed, frame, 0))
        spot = compiled.Spot(self.seed, frame, 0)
        return int(compiled.draw(self._place(scored.scores), float(s.temperature), s.top_k, float(s.top_p), spot))

    def without_end(self, scored: Scored) -> Scored:
        scores = scored.scores.copy()
        scores[self.config.eos_id] = -np.inf
        return Scored(scores, scored.rank, scored.probability)

    def use(self, code: int) -> None:
        self.used[code] = 1

    def _place(self, scores: Floats) -> Any:
        """A copy of scores where the compiled functions may work on it."""
        self._room[0] = scores
        return compiled.Scores(self._room[0].ctypes.data, self._room[1].ctypes.data, len(scores))

    def _score_plainly(self, logits: Floats, may_end: bool) -> Scored:
        scores, penalty = logits.copy(), np.float32(self.sampling.repetition_penalty)
        codes, used = scores[: self.config.num_first_codes], self.used > 0
        codes[used] = np.where(codes[used] < 0, codes[used] * penalty, codes[used] / penalty)
        end = scores[self.config.eos_id]
        shares = torch.from_numpy(np.append(codes, end).astype(np.float64)).softmax(-1)
        scores[self.config.num_first_codes :] = -np.inf
        if may_end:
            scores[self.config.eos_id] = end
        return Scored(scores, int((codes > end).sum()), float(shares[-1]))


def draw_plainly(scores: Floats, temperature: float, top_k: int, top_p: float, spot: tuple[int, int, int]) -> int:
    """The slow truth: scores (vocab,) -> a code. `spot` is (seed, frame, codebook)."""
    warped = warp(torch.from_numpy(scores), temperature, top_k, top_p).numpy()
    if temperature == 0:
        return int(warped.argmax())
    seed, frame, codebook = spot
    return int((warped.astype(np.float64) + noise.gumbel(seed, frame, codebook, len(warped))).argmax())
