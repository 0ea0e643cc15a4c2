"""One frame for a batch, on compiled kernels: read a prompt, predict a frame's codes, advance by a frame.

A batch is whoever is passed in; a sequence may join or leave between any two calls. Knows nothing of requests, of
text, or of when speech should end.
"""

from __future__ import annotations

from collections.abc import Sequence as Listed
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from moksori.errors import Unavailable
from moksori.model import Model, Sampling

from . import depth, kernels
from .lora import Addition
from .packing import Precision
from .prefix import Prefixes
from .room import Room, at
from .sequence import Sequence
from .threads import Team
from .weights import Weights

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]

PROMPT_ROWS = 64  # positions of a prompt that are read together


@dataclass(frozen=True)
class Draw:
    """What one sequence's draws depend on, besides the scores."""

    seed: int
    frame: int
    sampling: Sampling


class Stepper(Protocol):
    """What the scheduler runs on: compiled kernels, plain torch, or CUDA graphs.

    most     sequences in the largest batch.
    crowded  set by the caller: another thread of this process is computing beside the step.
    """

    most: int
    crowded: bool

    def begin(self, capacity: int, addition: Addition | None = None) -> Sequence: ...

    def read(self, sequence: Sequence, rows: Floats) -> None:
        """Prompt rows (P, hidden) into the caches; leaves hidden and logits of the last one."""
        ...

    def predict(self, sequences: Listed[Sequence], first: Listed[int], draws: Listed[Draw]) -> Codes:
        """The frame that begins with `first`: codes (B, groups). Leaves `total`."""
        ...

    def advance(self, sequences: Listed[Sequence], text: Floats) -> None:
        """Reads the frame just predicted, with its text rows (B, hidden); leaves hidden and logits."""
        ...

    def close(self) -> None: ...


class CompiledStep:
    """The CPU path. `most`: the largest batch; `positions`: the longest sequence."""

    def __init__(
        self, model: Model, precision: Precision, *, most: int = 8, positions: int = 4096, threads: int | None = None
    ) -> None:
        self.config = model.config
        self.most, self.positions, self.crowded = most, positions, False
        self.weights = Weights.of(model, precision, positions)
        self.team = Team(threads)
        talker, predictor = model.config.talker, model.config.predictor
        groups, members = talker.num_code_groups, self.team.members
        self._talker = Room(talker.stack, max(PROMPT_ROWS, most), members, positions)
        self._logits = np.zeros((most, talker.vocab_size), np.float32)
        self._predictor = Room(predictor.stack, 2 * most, members, groups + 1, talker.stack.hidden_size)
        small = (most, predictor.stack.num_layers, predictor.stack.num_kv_heads, groups + 1, predictor.stack.head_dim)
        self._keys, self._values = np.zeros(small, np.float32), np.zeros(small, np.float32)
        self._inputs = np.zeros((2 * most, talker.stack.hidden_size), np.float32)
        self._total = np.zeros((most, talker.stack.hidden_size), np.float32)
        self._scores = np.zeros((groups - 1, most, predictor.vocab_size), np.float32)
        self._prefixes = Prefixes()
        self._space = np.zeros((most, 2, predictor.vocab_size), np.float32)

    def begin(self, capacity: int, addition: Addition | None = None) -> Sequence:
        if capacity > self.positions:
            raise Unavailable(
                f"The text, voice and ceiling need {capacity} positions; there is room for {self.positions}.",
                hint="Split the text into sentences, shorten the reference, or lower the frame ceiling.",
                code="too_long",
            )
        return Sequence.begin(self.config.talker.stack, self.config.talker.vocab_size, capacity, addition)

    def read(self, sequence: Sequence, rows: Floats) -> None:
        room = self._talker
        begins = sequence.position == 0
        known = self._prefixes.recall(sequence, rows) if begins else 0
        for start in range(known, len(rows), PROMPT_ROWS):
            piece = rows[start : start + PROMPT_ROWS]
            places = sequence.position + np.arange(len(piece))
            last = start + len(piece) == len(rows)
            first = len(piece) - 1 if last else len(piece)
            self._step([sequence] * len(piece), piece, places, first)
            sequence.position += len(piece)
            if last:
                sequence.hidden[:] = room.hidden[len(piece) - 1]
                sequence.logits[:] = self._logits[0]
        if begins:
            self._prefixes.keep(sequence, rows)

    def predict(self, sequences: Listed[Sequence], first: Listed[int], draws: Listed[Draw]) -> Codes:
        return self._predict(sequences, np.array(first, np.int64)[:, None], draws, given=False)

    def predict_given(self, sequences: Listed[Sequence], codes: Codes) -> Floats:
        """Teacher-forced: scores (groups - 1, B, vocab) with the codes of the frame given."""
        self._predict(sequences, codes, [Draw(0, 0, Sampling())] * len(sequences), given=True)
        count, vocab = len(sequences), self._scores.shape[2]
        return self._scores.reshape(len(self._scores), -1)[:, : count * vocab].reshape(-1, count, vocab).copy()

    def advance(self, sequences: Listed[Sequence], text: Floats) -> None:
        places = np.array([s.position for s in sequences])
        self._step(sequences, np.stack([s.total for s in sequences]) + text, places, first=0)
        for row, sequence in enumerate(sequences):
            sequence.position += 1
            sequence.hidden[:] = self._talker.hidden[row]
            sequence.logits[:] = self._logits[row]

    def close(self) -> None:
        self.team.close()

    def _step(self, sequences: Listed[Sequence], rows: Floats, places: Codes, first: int) -> None:
        room = self._talker
        room.x[: len(rows)] = rows
        for row, sequence in enumerate(sequences):
            assert places[row] < sequence.capacity, "the scheduler stops a sequence before its cache is full"
            room.place(row, int(places[row]), sequence.keys, sequence.values, sequence.addition)
        head = kernels.Head(first, self.weights.talker_head, at(self._logits), self._logits.shape[1])
        # A prompt is arithmetic between few barriers: everyone helps, and nobody tries whether fewer would be faster.
        kind = ("step", len(rows), self.crowded) if len(rows) <= self.most else None
        self.team.run(kernels.step, self.weights.talker, room.batch(len(rows)), room.work, head, kind=kind)

    def _predict(self, sequences: Listed[Sequence], codes: Codes, draws: Listed[Draw], given: bool) -> Codes:
        count, groups = len(sequences), self.config.talker.num_code_groups
        full = np.zeros((count, groups), np.int64)
        full[:, : codes.shape[1]] = codes
        samplings = [d.sampling for d in draws]
        seeds, frames = np.array([d.seed for d in draws], np.int64), np.array([d.frame for d in draws], np.int64)
        top_k = np.array([s.predictor_top_k for s in samplings], np.int64)
        temperature = np.array([s.predictor_temperature for s in samplings], np.float32)
        top_p = np.array([s.predictor_top_p for s in samplings], np.float32)
        choice = depth.Choice(
            count, groups, at(full), at(seeds), at(frames), at(temperature), at(top_k), at(top_p), at(self._total),
            int(given),
        )  # fmt: skip
        room = self._predictor
        for row, sequence in enumerate(sequences):
            self._inputs[row] = sequence.hidden
            room.place(row, 0, self._keys[row], self._values[row])
            room.place(count + row, 1, self._keys[row], self._values[row])
        apart = self._scores[0].size
        frame = depth.Frame(self.weights.tables, choice, at(self._inputs), at(self._scores), apart, at(self._space))
        kind = ("predict", count, self.crowded)
        self.team.run(depth.predict, self.weights.predictor, room.batch(2 * count), room.work, frame, kind=kind)
        for row, sequence in enumerate(sequences):
            sequence.total[:] = self._total[row]
        return full
