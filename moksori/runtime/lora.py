"""An adapter as the steps read it: padded arrays and a table of their addresses, and one sequence's share of it.

The product is added beside the weights, y = W x + s B (A x), never merged, so that sequences with different adapters
and with none stand in one batch over one copy of the weights. Knows nothing of voices, files or packs.
"""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from moksori.errors import InvalidInput
from moksori.model import Model
from moksori.model.adapter import MAX_SCALE, Adapter, LoraLinear, Pair
from moksori.model.config import TalkerConfig

LANES = 16
MAX_RANK = 256  # what the space between the two products is taken for
NAMES = (
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
)  # fmt: skip
HEAD = "codec_head"
PROJECTION = "text_projection."

Floats = npt.NDArray[np.float32]


class Lora:
    """An adapter for a talker of this config. Addresses in `table` stay valid as long as this object lives.

    table  (7 * layers + 1, 4) int64: addresses of down (rank, in) and up (out, rank), the padded rank, and the pair's
           scaling as the bits of a float32; zeros where there is no pair. The last row is the head's.
    """

    def __init__(self, adapter: Adapter, config: TalkerConfig) -> None:
        """Raises InvalidInput for an adapter of another model, or of a rank beyond MAX_RANK."""
        self.adapter = adapter
        paths = [f"layers.{layer}.{name}" for layer in range(config.stack.num_layers) for name in NAMES]
        rows = {path: row for row, path in enumerate([*paths, HEAD])}
        self.table = np.zeros((len(rows), 4), np.int64)
        self._alive: list[Floats] = []
        shapes = _shapes(config)
        for path, pair in adapter.pairs.items():
            _check(path, pair, shapes.get(path))
            if path in rows:
                self._enter(self.table[rows[path]], pair)
        self.in_text = any(path.startswith(PROJECTION) for path in adapter.pairs)

    def _enter(self, row: npt.NDArray[np.int64], pair: Pair) -> None:
        rank = -(-len(pair.down) // LANES) * LANES
        down = np.zeros((rank, pair.down.shape[1]), np.float32)
        up = np.zeros((len(pair.up), rank), np.float32)
        down[: len(pair.down)], up[:, : len(pair.down)] = pair.down.numpy(), pair.up.numpy()
        self._alive += [down, up]
        row[:3] = down.ctypes.data, up.ctypes.data, rank
        row[3] = np.float32(pair.scaling).view(np.int32)


@dataclass(frozen=True, eq=False)
class Addition:
    """What a request adds to the weights: an adapter at a scale above 0 (at 0 there is nothing to add)."""

    lora: Lora
    scale: float

    @classmethod
    def of(cls, lora: Lora | None, scale: float) -> Addition | None:
        if not 0.0 <= scale <= MAX_SCALE:
            raise InvalidInput(f"The pack's scale is {scale}, outside 0 to {MAX_SCALE}.", field="scale")
        return None if lora is None or scale == 0.0 else cls(lora, scale)


def beside(model: Model, addition: Addition | None) -> Model:
    """The model whose prompts this addition makes: another text projection over the same tables, or the model itself.

    Other threads build prompts at the same time, so nothing of the model is changed.
    """
    if addition is None or not addition.lora.in_text:
        return model
    talker = _copied(model.talker)
    talker._modules["text_projection"] = projection = _copied(model.talker.text_projection)
    for path, pair in addition.lora.adapter.pairs.items():
        if path.startswith(PROJECTION):
            name = path.removeprefix(PROJECTION)
            base = projection.get_submodule(name)
            assert isinstance(base, nn.Linear)
            linear = LoraLinear(base, pair)
            linear.scale = addition.scale
            projection._modules[name] = linear
    return dataclasses.replace(model, talker=talker)


def _copied(module: Any) -> Any:
    """The same parameters and children, in a module whose children can be replaced."""
    other = copy.copy(module)
    other._modules = dict(module._modules)
    return other


def inner_pairs(adapter: Adapter) -> Adapter:
    """The part of an adapter that a step adds; the rest belongs to prompts."""
    return Adapter({path: pair for path, pair in adapter.pairs.items() if not path.startswith(PROJECTION)})


def _shapes(config: TalkerConfig) -> dict[str, tuple[int, int]]:
    """(out, in) of every linear of the talker by its path."""
    shape, text = config.stack, config.text_hidden_size
    hidden, inner = shape.hidden_size, shape.intermediate_size
    queries, keys = shape.num_heads * shape.head_dim, shape.num_kv_heads * shape.head_dim
    of_layer = (
        (queries, hidden), (keys, hidden), (keys, hidden), (hidden, queries), (inner, hidden), (inner, hidden),
        (hidden, inner),
    )  # fmt: skip
    found = {f"layers.{layer}.{n}": of_layer[k] for layer in range(shape.num_layers) for k, n in enumerate(NAMES)}
    outside = {"linear_fc1": (text, text), "linear_fc2": (hidden, text)}
    return found | {HEAD: (config.vocab_size, hidden)} | {PROJECTION + name: s for name, s in outside.items()}


def _check(path: str, pair: Pair, expected: tuple[int, int] | None) -> None:
    found = (len(pair.up), pair.down.shape[1])
    if expected is None:
        raise InvalidInput(
            f"The adapter changes {path}, which this talker does not have.",
            hint="It was trained on another model.",
            field="voice",
        )
    if found != expected:
        raise InvalidInput(
            f"The adapter's {path} is {found[0]} x {found[1]}; this talker's is {expected[0]} x {expected[1]}.",
            hint="It was trained on another size of the model.",
            field="voice",
        )
    if len(pair.down) > MAX_RANK:
        raise InvalidInput(
            f"The adapter has rank {len(pair.down)}; up to {MAX_RANK} is spoken as a pack.",
            hint="Merge it into a checkpoint: moksori pack merge.",
            field="voice",
        )
