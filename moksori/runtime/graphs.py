"""The CUDA path: static caches, one batch size, and the talker's step and the whole predictor loop as one graph each.

A graph replays the same kernels over the same addresses, so nothing may be allocated or decided inside it: every input
is copied into place first. A library picks its kernels by the shape, so a batch is always filled up to the same size,
and how far back a row looks follows from its own position alone: its neighbours cannot change its numbers. The same
functions run without a graph on any device, which is how they are tested; on a GPU they have not been run. Knows
nothing of requests or of when speech should end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Listed
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from moksori.errors import Unavailable
from moksori.model import Model
from moksori.model.config import StackConfig
from moksori.model.layers import Stack, rotary

from .lora import Addition
from .noise import gumbel_rows
from .sequence import Sequence
from .step import Codes, Draw

Floats = npt.NDArray[np.float32]
WARM_UPS = 3  # runs before a capture, in which libraries choose their kernels and take their memory
logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Graphed:
    """Owns capture and replay of one function over static tensors; without CUDA it calls the function.

    The function reads and writes `buffers` only. `enabled` false is the off switch.
    """

    function: Callable[[], None]
    name: str
    enabled: bool = True
    graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        if not self.enabled:
            self.function()
            return
        if self.graph is None:
            self.graph = self._capture()
        self.graph.replay()

    def _capture(self) -> torch.cuda.CUDAGraph:
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UPS):
                self.function()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self.function()
        except RuntimeError as error:
            raise Unavailable(
                f"The step {self.name} could not be captured as a CUDA graph: {error}",
                hint="Start with MOKSORI_CUDA_GRAPHS=0 to run it without graphs, slower.",
                code="graph_capture",
            ) from error
        return graph


@dataclass(eq=False)
class Caches:
    """Keys and values of all places, (layers, places, kv_heads, positions, head_dim). The last place is nobody's: rows
    that only fill up a batch write there."""

    keys: Tensor
    values: Tensor

    @classmethod
    def empty(cls, shape: StackConfig, places: int, positions: int, like: Tensor) -> Caches:
        sizes = (shape.num_layers, places, shape.num_kv_heads, positions, shape.head_dim)
        return cls(like.new_zeros(sizes), like.new_zeros(sizes))


@dataclass(eq=False)
class _View:
    """One step's window on the caches, as the model's layers extend them: each row at its own place and position."""

    caches: Caches
    places: Tensor
    positions: Tensor
    reach: int

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """(B, kv_heads, T, head_dim) of rows (B,) at positions (B, T)."""
        kept = []
        for cache, new in ((self.caches.keys, keys), (self.caches.values, values)):
            cache[layer][self.places[:, None], :, self.positions] = new.transpose(1, 2)
            kept.append(cache[layer][self.places][:, :, : self.reach])
        return kept[0], kept[1]


def run_stack(stack: Stack, x: Tensor, view: _View) -> Tensor:
    """Layers over x (B, T, hidden) at view.positions (B, T); static shapes, masked to what each row has behind it."""
    cos, sin = rotary(view.positions, stack.shape.head_dim, stack.shape.rope_theta, x.dtype)
    behind = torch.arange(view.reach, device=x.device)
    mask = (behind <= view.positions[..., None])[:, None]
    for layer in stack.layers:
        x = layer(x, (cos[:, None], sin[:, None]), mask, view)
    return stack.norm(x)  # type: ignore[no-any-return]


class GraphedStep:
    """A `Stepper` on one device. `most`: the largest batch; `positions`: the longest sequence."""

    def __init__(self, model: Model, *, most: int = 8, positions: int = 1024, graphs: bool | None = None) -> None:
        self.config, self.talker, self.predictor = model.config, model.talker, model.predictor
        self.most, self.positions, self.crowded = most, positions, False
        like = model.talker.codec_head.weight
        self._like = like
        on_card = like.device.type == "cuda"
        self._graphs = on_card if graphs is None else graphs
        self._free = list(range(most * 2))
        self._caches = Caches.empty(model.config.talker.stack, len(self._free) + 1, positions, like)
        self._steps: dict[int, _TalkerStep] = {}
        self._loop = _PredictorLoop(self)

    def begin(self, capacity: int, addition: Addition | None = None) -> Sequence:
        if addition is not None:
            raise Unavailable(
                "A pack's adapter is not added on a graphics card yet.",
                hint="Merge it into a checkpoint (moksori pack merge), or speak on the processor (device cpu).",
                code="pack_on_card",
                field="voice",
            )
        if capacity > self.positions or not self._free:
            raise Unavailable(
                f"The text, voice and ceiling need {capacity} positions; there is room for {self.positions}.",
                hint="Split the text into sentences, shorten the reference, or lower the frame ceiling.",
                code="too_long",
            )
        hidden, vocab = self.config.talker.stack.hidden_size, self.config.talker.vocab_size
        sequence = _CardSequence(
            keys=np.empty((1, 1, capacity, 1), np.float32),
            values=np.empty(0, np.float32),
            hidden=np.zeros(hidden, np.float32),
            logits=np.zeros(vocab, np.float32),
            total=np.zeros(hidden, np.float32),
        )
        sequence.place = _Claim(self._free)
        return sequence

    @torch.inference_mode()
    def read(self, sequence: Sequence, rows: Floats) -> None:
        """Position by position through the same graph that speaks, so that a prompt's numbers have one order."""
        for row in rows:
            self._advance([sequence], row[None])

    @torch.inference_mode()
    def advance(self, sequences: Listed[Sequence], text: Floats) -> None:
        self._advance(sequences, np.stack([s.total for s in sequences]) + text)

    @torch.inference_mode()
    def predict(self, sequences: Listed[Sequence], first: Listed[int], draws: Listed[Draw]) -> Codes:
        codes, totals = self._loop(np.stack([s.hidden for s in sequences]), first, draws)
        for sequence, total in zip(sequences, totals, strict=True):
            sequence.total[:] = total
        return codes

    def close(self) -> None:
        self._steps.clear()
        for name in ("_loop", "_caches"):
            vars(self).pop(name, None)

    def _advance(self, sequences: Listed[Sequence], rows: Floats) -> None:
        reaches = [_reach(s.position + 1, self.positions) for s in sequences]
        for reach in sorted(set(reaches)):
            chosen = [index for index, own in enumerate(reaches) if own == reach]
            if reach not in self._steps:
                self._steps[reach] = _TalkerStep(self, reach)
            self._advance_alike([sequences[index] for index in chosen], rows[chosen], self._steps[reach])

    def _advance_alike(self, sequences: Listed[Sequence], rows: Floats, step: _TalkerStep) -> None:
        hidden, logits = step(sequences, rows)
        for sequence, state, scores in zip(sequences, hidden, logits, strict=True):
            sequence.position += 1
            sequence.hidden[:], sequence.logits[:] = state, scores


@dataclass
class _Claim:
    """A place in the caches; free again when its sequence is gone."""

    free: list[int]
    index: int = field(init=False)

    def __post_init__(self) -> None:
        self.index = self.free.pop()

    def __del__(self) -> None:
        self.free.append(self.index)


class _CardSequence(Sequence):
    place: _Claim


class _TalkerStep:
    """One position of each row, looking back over `reach` positions."""

    def __init__(self, owner: GraphedStep, reach: int) -> None:
        rows = owner.most
        like, hidden = owner._like, owner.config.talker.stack.hidden_size
        self._nobody = owner._caches.keys.shape[1] - 1
        self._x = like.new_zeros(rows, 1, hidden)
        self._places = torch.full((rows,), self._nobody, dtype=torch.int64, device=like.device)
        self._positions = torch.zeros(rows, 1, dtype=torch.int64, device=like.device)
        self._hidden = like.new_zeros(rows, hidden)
        self._logits = like.new_zeros(rows, owner.config.talker.vocab_size)
        view = _View(owner._caches, self._places, self._positions, reach)

        def run() -> None:
            state = run_stack(owner.talker, self._x, view)[:, 0]
            self._hidden.copy_(state)
            self._logits.copy_(owner.talker.logits(state))

        self._run = Graphed(run, f"talker over {reach} positions", owner._graphs)

    def __call__(self, sequences: Listed[Sequence], rows: Floats) -> tuple[Floats, Floats]:
        count = len(sequences)
        self._x[:count, 0].copy_(torch.from_numpy(np.ascontiguousarray(rows)))
        self._places[count:] = self._nobody
        self._places[:count].copy_(torch.tensor([_place(s) for s in sequences]))
        self._positions[count:] = 0
        self._positions[:count, 0].copy_(torch.tensor([s.position for s in sequences]))
        self._run()
        return _floats(self._hidden[:count]), _floats(self._logits[:count])


class _PredictorLoop:
    """A frame's other codes for every row, drawn on the device."""

    def __init__(self, owner: GraphedStep) -> None:
        rows, like, config = owner.most, owner._like, owner.config
        groups, device = config.talker.num_code_groups, like.device
        self._owner = owner
        self._caches = Caches.empty(config.predictor.stack, rows, groups + 1, like)
        self._hidden = like.new_zeros(rows, config.talker.stack.hidden_size)
        self._total = torch.zeros(rows, config.talker.stack.hidden_size, device=device)
        self._codes = torch.zeros(rows, groups, dtype=torch.int64, device=device)
        self._seeds, self._frames, self._top_k = (torch.zeros(rows, dtype=torch.int64, device=device) for _ in range(3))
        self._temperature, self._top_p = (torch.ones(rows, device=device) for _ in range(2))
        self._all = torch.arange(rows, device=device)
        self._run = Graphed(self._frame, "predictor", owner._graphs)

    def __call__(self, hidden: Floats, first: Listed[int], draws: Listed[Draw]) -> tuple[Codes, Floats]:
        count = len(draws)
        samplings = [d.sampling for d in draws]
        self._hidden[:count].copy_(torch.from_numpy(hidden))
        columns: Mapping[Tensor, list[float] | list[int]] = {
            self._codes[:, 0]: list(first),
            self._seeds: [d.seed for d in draws],
            self._frames: [d.frame for d in draws],
            self._top_k: [s.predictor_top_k for s in samplings],
            self._temperature: [s.predictor_temperature for s in samplings],
            self._top_p: [s.predictor_top_p for s in samplings],
        }
        for target, values in columns.items():
            target[:count].copy_(torch.tensor(values, dtype=target.dtype))
        self._run()
        return self._codes[:count].cpu().numpy().copy(), _floats(self._total[:count])

    def _frame(self) -> None:
        predictor, groups = self._owner.predictor, self._owner.config.talker.num_code_groups
        embedded = self._owner.talker.codec_embedding(self._codes[:, 0])
        self._total.copy_(embedded)
        x = torch.stack([self._hidden, embedded.to(self._hidden)], dim=1)
        for codebook in range(1, groups):
            start = 0 if codebook == 1 else codebook
            positions = torch.arange(start, codebook + 1, device=x.device).expand(len(x), -1)
            view = _View(self._caches, self._all, positions, groups + 1)
            state = run_stack(predictor, predictor.small_to_mtp_projection(x), view)[:, -1]
            scores = predictor.lm_head[codebook - 1](state).float()
            noise = gumbel_rows(self._seeds, self._frames, codebook, scores.shape[1])
            code = draw_rows(scores, self._temperature, self._top_k, self._top_p, noise)
            self._codes[:, codebook].copy_(code)
            embedded = predictor.codec_embedding[codebook - 1](code)
            self._total.add_(embedded)
            x = embedded.to(self._hidden)[:, None]


def draw_rows(scores: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor, noise: Tensor) -> Tensor:
    """`model.sampling.warp` and the Gumbel argmax for rows with settings of their own, without a branch on values.
    scores and noise (B, vocab), the settings (B,); a temperature of 0 takes the likeliest."""
    vocab = scores.shape[1]
    greedy = temperature == 0
    warm = scores / torch.where(greedy, torch.ones_like(temperature), temperature)[:, None]
    ordered, order = warm.sort(dim=-1, descending=True, stable=True)
    kth = torch.where(top_k > 0, top_k.clamp(max=vocab), torch.full_like(top_k, vocab)) - 1
    warm = warm.masked_fill(warm < ordered.gather(1, kth[:, None]), -torch.inf)
    ordered = warm.gather(1, order)
    shares = ordered.softmax(-1)
    above = shares.flip(-1).cumsum(-1).flip(-1)  # each code's own share and those of all less likely ones
    tail = (above <= 1.0 - top_p[:, None]) & (top_p < 1.0)[:, None]
    tail[:, 0] = False
    warm = warm.masked_fill(torch.zeros_like(tail).scatter(1, order, tail), -torch.inf)
    drawn = (warm.double() + noise).argmax(-1)
    return torch.where(greedy, scores.argmax(-1), drawn)


def _reach(needed: int, positions: int) -> int:
    """How far back a graph looks: a power of two, so that few graphs serve all lengths."""
    reach = 64
    while reach < needed:
        reach *= 2
    return min(reach, positions)


def _place(sequence: Sequence) -> int:
    assert isinstance(sequence, _CardSequence), "a sequence belongs to the step that began it"
    return sequence.place.index


def _floats(tensor: Tensor) -> Floats:
    return tensor.float().cpu().numpy().copy()
