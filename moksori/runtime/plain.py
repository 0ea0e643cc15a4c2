"""The step in plain PyTorch, one sequence after another: where Numba is missing, and the slow truth beside it.

Knows nothing of requests, of text, or of when speech should end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from collections.abc import Sequence as Listed

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from moksori.model import Model
from moksori.model.adapter import attach
from moksori.model.predictor import embed_codes

from .lora import Addition, inner_pairs
from .sampling import draw_plainly
from .sequence import Sequence
from .step import Codes, Draw

Floats = npt.NDArray[np.float32]


class PlainStep:
    """A `Stepper` over the model's own modules, which it turns to float32."""

    def __init__(self, model: Model, *, most: int = 8) -> None:
        self.config, self.most, self.crowded = model.config, most, False
        self.talker, self.predictor = model.talker, model.predictor
        for module in (self.talker.layers, self.talker.norm, self.talker.codec_head, self.predictor):
            module.float()

    def begin(self, capacity: int, addition: Addition | None = None) -> Sequence:
        return Sequence.begin(self.config.talker.stack, self.config.talker.vocab_size, capacity, addition)

    def read(self, sequence: Sequence, rows: Floats) -> None:
        self._read(sequence, torch.from_numpy(np.ascontiguousarray(rows)))

    def advance(self, sequences: Listed[Sequence], text: Floats) -> None:
        for sequence, row in zip(sequences, text, strict=True):
            self._read(sequence, torch.from_numpy(sequence.total + row)[None])

    @torch.inference_mode()
    def predict(self, sequences: Listed[Sequence], first: Listed[int], draws: Listed[Draw]) -> Codes:
        frames = [self._predict(*row) for row in zip(sequences, first, draws, strict=True)]
        return np.stack(frames)

    def close(self) -> None:
        pass

    @torch.inference_mode()
    def _read(self, sequence: Sequence, rows: Tensor) -> None:
        with self._wearing(sequence.addition):
            hidden = self.talker(rows[None], sequence.position, _Cache(sequence))[0, -1]
            sequence.logits[:] = self.talker.logits(hidden).numpy()
        sequence.position += len(rows)
        sequence.hidden[:] = hidden.numpy()

    @contextlib.contextmanager
    def _wearing(self, addition: Addition | None) -> Iterator[None]:
        """Only what a step uses is replaced: other threads build prompts meanwhile."""
        if addition is None:
            yield
            return
        attached = attach(self.talker, inner_pairs(addition.lora.adapter), addition.scale)
        try:
            yield
        finally:
            attached.detach()

    def _predict(self, sequence: Sequence, first: int, draw: Draw) -> Codes:
        codes, hidden, s = [first], torch.from_numpy(sequence.hidden)[None], draw.sampling
        for codebook in range(1, self.config.talker.num_code_groups):
            embedded = embed_codes(self.talker.codec_embedding, self.predictor, torch.tensor(codes))
            state = self.predictor(torch.cat([hidden, embedded])[None])[0, -1]
            scores = self.predictor.lm_head[codebook - 1](state).numpy()
            spot = (draw.seed, draw.frame, codebook)
            codes.append(draw_plainly(scores, s.predictor_temperature, s.predictor_top_k, s.predictor_top_p, spot))
        embedded = embed_codes(self.talker.codec_embedding, self.predictor, torch.tensor(codes))
        sequence.total[:] = embedded.sum(0).numpy()
        return np.array(codes, np.int64)


class _Cache:
    """A sequence's arrays as the model's layers extend them."""

    def __init__(self, sequence: Sequence) -> None:
        self._sequence = sequence

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        start = self._sequence.position
        end = start + keys.shape[2]
        kept = []
        for cache, new in ((self._sequence.keys, keys), (self._sequence.values, values)):
            cache[layer, :, start:end] = new[0].numpy()
            kept.append(torch.from_numpy(cache[layer, :, :end])[None])
        return kept[0], kept[1]
