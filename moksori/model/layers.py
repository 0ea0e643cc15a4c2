"""The decoder layer that talker and predictor share: RMS norm, rotary positions, grouped attention, gated MLP.

Attribute names are the released tensors' names. Knows nothing of tokens, prompts or sampling; a key-value cache is
whatever object the caller passes.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import StackConfig

Rotary = tuple[Tensor, Tensor]


class Cache(Protocol):
    """Keeps what earlier positions left behind."""

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Takes (B, kv_heads, T, head_dim) of the new positions, returns those of all positions so far."""
        ...


class RMSNorm(nn.Module):
    """Normalises in float32, scales in the input's dtype: the order matters in bfloat16."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)
        return self.weight * wide.to(x.dtype)


def rotary(positions: Tensor, head_dim: int, theta: float, dtype: torch.dtype) -> Rotary:
    """Cosines and sines (..., T, head_dim) for integer `positions` (..., T), computed in float32, then cast."""
    exponents = torch.arange(0, head_dim, 2, dtype=torch.int64, device=positions.device).float() / head_dim
    angles = positions.float()[..., None] * (1.0 / theta**exponents)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos().to(dtype), angles.sin().to(dtype)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (B, heads, T, head_dim); the first half of a head pairs with the second half."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


class Attention(nn.Module):
    """Grouped-query attention with RMS-normalised queries and keys, causal."""

    def __init__(self, config: StackConfig, layer: int) -> None:
        super().__init__()
        heads, kv_heads, bias = config.num_heads, config.num_kv_heads, config.attention_bias
        self.head_dim = config.head_dim
        self.layer = layer
        self.q_proj = nn.Linear(config.hidden_size, heads * self.head_dim, bias=bias)
        self.k_proj = nn.Linear(config.hidden_size, kv_heads * self.head_dim, bias=bias)
        self.v_proj = nn.Linear(config.hidden_size, kv_heads * self.head_dim, bias=bias)
        self.o_proj = nn.Linear(heads * self.head_dim, config.hidden_size, bias=bias)
        self.q_norm = RMSNorm(self.head_dim, config.rms_norm_eps)
        self.k_norm = RMSNorm(self.head_dim, config.rms_norm_eps)

    def forward(self, x: Tensor, rope: Rotary, mask: Tensor | None, cache: Cache | None) -> Tensor:
        heads = (*x.shape[:2], -1, self.head_dim)
        q = _rotate(self.q_norm(self.q_proj(x).view(heads)).transpose(1, 2), *rope)
        k = _rotate(self.k_norm(self.k_proj(x).view(heads)).transpose(1, 2), *rope)
        v = self.v_proj(x).view(heads).transpose(1, 2)
        if cache is not None:
            k, v = cache.extend(self.layer, k, v)
        y = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None, enable_gqa=True)
        return self.o_proj(y.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class MLP(nn.Module):
    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))  # type: ignore[no-any-return]


class Layer(nn.Module):
    def __init__(self, config: StackConfig, layer: int) -> None:
        super().__init__()
        self.self_attn = Attention(config, layer)
        self.mlp = MLP(config)
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, rope: Rotary, mask: Tensor | None, cache: Cache | None) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rope, mask, cache)
        return x + self.mlp(self.post_attention_layernorm(x))  # type: ignore[no-any-return]


class Stack(nn.Module):
    """Layers and the final norm. Subclasses add what goes in and what comes out."""

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.shape = config
        self.layers = nn.ModuleList(Layer(config, index) for index in range(config.num_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def run(self, x: Tensor, start: int = 0, cache: Cache | None = None) -> Tensor:
        """(B, T, hidden) at positions start.. -> normed hidden states (B, T, hidden). With `start`, `cache` holds all
        earlier positions. Right padding needs no mask: what is causal never looks at it."""
        positions = torch.arange(start, start + x.shape[1], device=x.device)
        rope = rotary(positions, self.shape.head_dim, self.shape.rope_theta, x.dtype)
        mask = None
        if start:
            mask = positions[:, None] >= torch.arange(start + x.shape[1], device=x.device)
        for layer in self.layers:
            x = layer(x, rope, mask, cache)
        return self.norm(x)  # type: ignore[no-any-return]
