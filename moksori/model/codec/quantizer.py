"""Residual vector quantization: codebooks kept as sums and usages, looked up in both directions.

The encoder's half and the decoder's half name the same things differently in the official files, hence two small
classes over one codebook. Training (moving averages, dead entries) lives elsewhere; nothing here changes a codebook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import DecoderConfig, EncoderConfig

_SMALLEST_USAGE = 1e-5


class Codebook(nn.Module):
    """Entries are `sums / usages`; stored under the official names `<sums>` and `cluster_usage`."""

    def __init__(self, size: int, width: int, sums: str) -> None:
        super().__init__()
        self.sums = sums
        self.register_buffer("cluster_usage", torch.ones(size))
        self.register_buffer(sums, torch.zeros(size, width))
        self._entries: Tensor | None = None

    @property
    def entries(self) -> Tensor:
        """(size, width). Computed once, so the stored tensors must not change afterwards."""
        if self._entries is None:
            usage = self.get_buffer("cluster_usage").clamp(min=_SMALLEST_USAGE)
            self._entries = self.get_buffer(self.sums) / usage[:, None]
        return self._entries

    def nearest(self, x: Tensor) -> Tensor:
        """(..., width) -> (...) the index of the entry at the smallest Euclidean distance."""
        flat = x.reshape(1, -1, x.shape[-1]).float()
        # cdist and argmin rather than any rearrangement: ties and rounding must fall as they do upstream.
        return torch.cdist(flat, self.entries[None].float())[0].argmin(dim=-1).view(x.shape[:-1])

    def look_up(self, codes: Tensor) -> Tensor:
        return functional.embedding(codes, self.entries)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        self._entries = None  # moved or cast: derive it anew
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call, no-any-return]


class EncoderQuantizer(nn.Module):
    """Latents to codes, (B, hidden, T) -> (B, T, Q): one semantic book, and residual books beside it."""

    def __init__(self, config: EncoderConfig, count: int) -> None:
        super().__init__()
        semantic = config.num_semantic_quantizers
        self.semantic_residual_vector_quantizer = _Search(config, semantic)
        self.acoustic_residual_vector_quantizer = _Search(config, count - semantic)

    def forward(self, latent: Tensor) -> Tensor:
        parts = (self.semantic_residual_vector_quantizer, self.acoustic_residual_vector_quantizer)
        return torch.cat([part(latent) for part in parts], dim=-1)


class _Search(nn.Module):
    def __init__(self, config: EncoderConfig, count: int) -> None:
        super().__init__()
        inner = config.vector_quantization_hidden_dimension
        self.input_proj = nn.Conv1d(config.hidden_size, inner, 1, bias=False) if inner != config.hidden_size else None
        self.layers = nn.ModuleList(
            nn.ModuleDict({"codebook": Codebook(config.codebook_size, config.codebook_dim, "embed_sum")})
            for _ in range(count)
        )

    def forward(self, latent: Tensor) -> Tensor:
        residual = (latent if self.input_proj is None else self.input_proj(latent)).transpose(1, 2)
        codes = []
        for book in _books(self.layers, "codebook"):
            codes.append(book.nearest(residual))
            residual = residual - book.look_up(codes[-1])
        return torch.stack(codes, dim=-1)


class DecoderQuantizer(nn.Module):
    """Codes to latents, (B, T, Q) -> (B, codebook_dim, T)."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.rvq_first = _Sum(config, 1)
        self.rvq_rest = _Sum(config, config.num_quantizers - 1)

    def forward(self, codes: Tensor) -> Tensor:
        latent: Tensor = self.rvq_first(codes[..., :1]) + self.rvq_rest(codes[..., 1:])
        return latent


class _Sum(nn.Module):
    def __init__(self, config: DecoderConfig, count: int) -> None:
        super().__init__()
        inner = config.codebook_dim // 2
        self.vq = nn.ModuleDict(
            {
                "layers": nn.ModuleList(
                    nn.ModuleDict({"_codebook": Codebook(config.codebook_size, inner, "embedding_sum")})
                    for _ in range(count)
                )
            }
        )
        self.output_proj = nn.Conv1d(inner, config.codebook_dim, 1, bias=False)

    def forward(self, codes: Tensor) -> Tensor:
        books = _books(self.vq["layers"], "_codebook")
        # One after the other from zero, as upstream sums them.
        total = torch.zeros((), device=codes.device)
        for k, book in enumerate(books):
            total = total + book.look_up(codes[..., k])
        return self.output_proj(total.transpose(1, 2))  # type: ignore[no-any-return]


def _books(layers: nn.Module, name: str) -> Iterable[Codebook]:
    assert isinstance(layers, nn.ModuleList)
    for layer in layers:
        assert isinstance(layer, nn.ModuleDict)
        book = layer[name]
        assert isinstance(book, Codebook)
        yield book
