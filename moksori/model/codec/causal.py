"""Causal convolutions that can run over a whole signal or piece by piece, and the state that joins the pieces.

Without a state a layer sees the whole signal; with one it continues where the last piece stopped. Both give the
same numbers, because nothing here looks ahead. Knows nothing of codes or of what the layers are for.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


class State:
    """What a stack of causal layers remembers between two pieces of one stream.

    Each layer keeps one entry under itself as key; a missing entry means the start of the stream. States are
    values: `clone()` gives an independent continuation of the same past. `position` counts attended positions.
    """

    def __init__(self) -> None:
        self.held: dict[nn.Module, tuple[Tensor, ...]] = {}
        self.position = 0

    def clone(self) -> State:
        copy = State()
        copy.held = {layer: tuple(t.clone() for t in kept) for layer, kept in self.held.items()}
        copy.position = self.position
        return copy

    def recall(self, layer: nn.Module, start: Callable[[], Tensor]) -> Tensor:
        return self.held[layer][0] if layer in self.held else start()

    def keep(self, layer: nn.Module, *tensors: Tensor) -> None:
        # Copies, so that a view never holds a whole piece's memory alive.
        self.held[layer] = tuple(t.clone(memory_format=torch.contiguous_format) for t in tensors)


class CausalConv(nn.Module):
    """Conv1d padded on the left only, (B, C, T) -> (B, C', ceil(T / stride)).

    The end of a signal that the stride does not divide is filled up: with zeros, or with the last value where
    `repeat_edge` is set (which also fills the start with the first value).
    """

    def __init__(
        self, channels: int, out: int, kernel: int, *, stride: int = 1, dilation: int = 1, groups: int = 1,
        bias: bool = True, repeat_edge: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv = nn.Conv1d(channels, out, kernel, stride=stride, dilation=dilation, groups=groups, bias=bias)
        self.stride = stride
        self.history = (kernel - 1) * dilation + 1 - stride
        self.repeat_edge = repeat_edge

    def forward(self, x: Tensor, state: State | None = None, *, ends: bool = True) -> Tensor:
        """`ends=False` says that more will follow; the piece must then be a multiple of the stride."""
        missing = -x.shape[-1] % self.stride
        assert ends or missing == 0, "a piece inside a stream must be a multiple of the stride"
        if state is None:
            return self.conv(self._extend(x, self.history, missing))  # type: ignore[no-any-return]
        if self.history:
            past = state.recall(self, lambda: self._before(x))
            x = torch.cat((past, x), dim=-1)
            state.keep(self, x[..., x.shape[-1] - self.history :])
        return self.conv(self._extend(x, 0, missing))  # type: ignore[no-any-return]

    def _extend(self, x: Tensor, left: int, right: int) -> Tensor:
        if left == right == 0:
            return x
        return functional.pad(x, (left, right), mode="replicate" if self.repeat_edge else "constant")

    def _before(self, x: Tensor) -> Tensor:
        if self.repeat_edge:
            return x[..., :1].expand(-1, -1, self.history)
        return x.new_zeros(x.shape[0], x.shape[1], self.history)


class CausalUpsample(nn.Module):
    """ConvTranspose1d cut on the right, (B, C, T) -> (B, C', T * stride)."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        assert stride <= kernel <= 2 * stride, "one piece's tail must fit into the next frame"
        self.conv = nn.ConvTranspose1d(channels, out, kernel, stride=stride)
        self.overlap = kernel - stride

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        y: Tensor = self.conv(x)
        if self.overlap == 0:
            return y
        y, tail = y[..., : -self.overlap], y[..., -self.overlap :]
        if state is None:
            return y
        past = state.recall(self, lambda: torch.zeros_like(tail))
        assert self.conv.bias is not None
        state.keep(self, tail - self.conv.bias[:, None])  # the next piece brings the bias itself
        return torch.cat((y[..., : self.overlap] + past, y[..., self.overlap :]), dim=-1)
