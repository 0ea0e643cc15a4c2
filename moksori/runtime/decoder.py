"""The codec's decoder rearranged for a CPU: the same function, in fewer and larger steps.

A transposed convolution whose kernel is twice its stride is a plain one over two positions that makes all samples of a
position at once, which the library does about three times as fast; an activation is one pass instead of five. Knows
nothing of streams.
"""

from __future__ import annotations

import importlib.util

import torch
from torch import Tensor, nn

from moksori.model.codec.causal import CausalConv, CausalUpsample, State
from moksori.model.codec.decoder import Decoder, Snake

LANES = 16


def rearrange(decoder: Decoder) -> Decoder:
    """Replaces what is slow in `decoder`, in place, in its present dtype."""
    compiled = importlib.util.find_spec("numba") is not None
    for parent in list(decoder.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, CausalUpsample):
                setattr(parent, name, Upsample(child))
            elif isinstance(child, Snake) and compiled:
                setattr(parent, name, OnePassSnake(child))
    # The decoder tells its activations, which take no state, from the rest by their class.
    return decoder


class Upsample(nn.Module):
    """(B, C, T) -> (B, C', T * stride), as `CausalUpsample`."""

    def __init__(self, slow: CausalUpsample) -> None:
        super().__init__()
        weight, bias = slow.conv.weight, slow.conv.bias  # (C, C', kernel)
        assert bias is not None, "every transposed convolution of the codec has a bias"
        self.out, self.stride = weight.shape[1], slow.conv.stride[0]
        reach = -(-weight.shape[2] // self.stride)
        full = weight.new_zeros(*weight.shape[:2], reach * self.stride)
        full[:, :, : weight.shape[2]] = weight
        taps = full.reshape(*full.shape[:2], reach, self.stride).flip(2)  # the newest position comes last
        self.conv = CausalConv(weight.shape[0], self.out * self.stride, reach).to(weight)
        self.conv.conv.weight = nn.Parameter(taps.permute(1, 3, 0, 2).flatten(0, 1).contiguous(), requires_grad=False)
        self.conv.conv.bias = nn.Parameter(bias.repeat_interleave(self.stride), requires_grad=False)

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        y: Tensor = self.conv(x, state)
        return y.reshape(len(y), self.out, self.stride, -1).transpose(2, 3).flatten(2)


class OnePassSnake(Snake):
    """As `Snake`; what is shorter than a vector goes the slow way."""

    def __init__(self, slow: Snake) -> None:
        super().__init__(len(slow.alpha))
        self.alpha, self.beta = slow.alpha, slow.beta
        self._a = slow.alpha.float().exp().contiguous()
        self._inverse_b = (1.0 / (slow.beta.float().exp() + 1e-9)).contiguous()

    def forward(self, x: Tensor) -> Tensor:
        from .snake import snake

        size = {torch.bfloat16: 2, torch.float32: 4}.get(x.dtype)
        batch, channels, n = x.shape
        if size is None or n < LANES or batch != 1 or x.device.type != "cpu":
            return super().forward(x)
        x = x.contiguous()
        out = torch.empty_like(x)
        a, inverse_b = self._a.data_ptr(), self._inverse_b.data_ptr()
        snake(x.data_ptr(), out.data_ptr(), channels, n, a, inverse_b, size)
        return out
