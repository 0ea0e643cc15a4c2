"""Causal self-attention with rotary positions, whole or piece by piece, for both transformers of the codec.

Positions count from the start of the stream and never wrap; a window limits how far back a position looks. Knows
nothing of norms, feed-forward parts or layer scales, in which the two transformers differ.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .causal import State

# Queries attend in blocks of this many positions, so that a mask is never (T, T) for a long T.
_BLOCK = 2048


class Attention(nn.Module):
    """(B, T, D) -> (B, T, D); `window` positions including the own one are seen, all earlier ones where it is None."""

    def __init__(self, width: int, heads: int, kv_heads: int, head_dim: int, theta: float, window: int | None) -> None:
        super().__init__()
        assert heads % kv_heads == 0
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, head_dim
        self.theta, self.window = theta, window
        self.q_proj = nn.Linear(width, heads * head_dim, bias=False)
        self.k_proj = nn.Linear(width, kv_heads * head_dim, bias=False)
        self.v_proj = nn.Linear(width, kv_heads * head_dim, bias=False)
        self.o_proj = nn.Linear(heads * head_dim, width, bias=False)

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        """With a state, x continues at `state.position`; the caller advances that after the last layer."""
        start = 0 if state is None else state.position
        turn = rotation(start, x.shape[1], self.head_dim, self.theta, x)
        q = rotate(self._split(self.q_proj(x), self.heads), turn)
        k = rotate(self._split(self.k_proj(x), self.kv_heads), turn)
        v = self._split(self.v_proj(x), self.kv_heads)
        if state is not None:
            k, v = self._remember(k, v, state)
        if self.kv_heads < self.heads:
            k, v = (t.repeat_interleave(self.heads // self.kv_heads, dim=1) for t in (k, v))
        return self.o_proj(self._attend(q, k, v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def _split(self, x: Tensor, heads: int) -> Tensor:
        return x.view(*x.shape[:2], heads, self.head_dim).transpose(1, 2)

    def _remember(self, k: Tensor, v: Tensor, state: State) -> tuple[Tensor, Tensor]:
        if self in state.held:
            past = state.held[self]
            k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
        reach = k.shape[2] if self.window is None else self.window - 1
        first = max(0, k.shape[2] - reach)
        state.keep(self, k[:, :, first:], v[:, :, first:])
        return k, v

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """q may be shorter than k: its positions are then the last ones of k."""
        count, before = q.shape[2], k.shape[2] - q.shape[2]
        if self.window is None and before == 0:
            return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        pieces = []
        for low in range(0, count, _BLOCK):
            high = min(low + _BLOCK, count)
            first = 0 if self.window is None else max(0, before + low - self.window + 1)
            last = before + high
            at = torch.arange(before + low, last, device=q.device)[:, None]
            seen = torch.arange(first, last, device=q.device)[None, :]
            mask = seen <= at
            if self.window is not None:
                mask &= seen > at - self.window
            pieces.append(
                functional.scaled_dot_product_attention(
                    q[:, :, low:high], k[:, :, first:last], v[:, :, first:last], attn_mask=mask
                )
            )
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=2)


def rotation(start: int, count: int, head_dim: int, theta: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines (count, head_dim) for positions start .. start + count - 1, in float32 first."""
    steps = torch.arange(0, head_dim, 2, dtype=torch.int64, device=like.device).float() / head_dim
    angles = torch.arange(start, start + count, device=like.device).float()[:, None] * (1.0 / theta**steps)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate the two halves of the last dimension of (B, H, T, head_dim) against each other."""
    cos, sin = turn
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-high, low), dim=-1) * sin
