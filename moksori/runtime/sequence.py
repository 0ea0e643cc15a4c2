"""One sequence being spoken: its caches, its place, and what the last step left for it.

The caches are taken for the longest the sequence may become; pages nobody wrote cost nothing. Knows nothing of
weights or of other sequences.
"""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moksori.model.config import StackConfig

from .lora import Addition

Floats = npt.NDArray[np.float32]


@dataclass(eq=False)
class Sequence:
    """keys, values  (layers, kv_heads, capacity, head_dim)
    position      positions read so far; the next row goes there
    hidden        (hidden,) the talker's normed state at the last position
    logits        (vocab,) raw scores of the next frame's first code
    total         (hidden,) summed embeddings of the last frame's codes
    addition      what an adapter adds to the weights for this sequence
    """

    keys: Floats
    values: Floats
    hidden: Floats
    logits: Floats
    total: Floats
    position: int = 0
    addition: Addition | None = None

    @classmethod
    def begin(cls, shape: StackConfig, vocab: int, capacity: int, addition: Addition | None = None) -> Sequence:
        caches = (shape.num_layers, shape.num_kv_heads, capacity, shape.head_dim)
        hidden = shape.hidden_size
        return cls(
            keys=_untouched(caches),
            values=_untouched(caches),
            hidden=np.zeros(hidden, np.float32),
            logits=np.zeros(vocab, np.float32),
            total=np.zeros(hidden, np.float32),
            addition=addition,
        )

    @property
    def capacity(self) -> int:
        return int(self.keys.shape[2])


def _untouched(shape: tuple[int, ...]) -> Floats:
    """Zeros in small pages that cost nothing until they are written; numpy would ask for huge ones."""
    pages = mmap.mmap(-1, max(1, 4 * math.prod(shape)))
    return np.frombuffer(pages, np.float32, math.prod(shape)).reshape(shape)
