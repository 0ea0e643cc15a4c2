"""Codebooks while they are learnt: moving averages over real latents, in the split layout of the official format.

Book 0 quantizes its own projection of the latent; books 1.. quantize another one, each what the ones before left.
Knows nothing of sound.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_RECENT = 8192  # latents kept for starting books and for replacing dead entries


class Books(nn.Module):
    """`count` codebooks of `size` entries of `width` values; all state is in buffers."""

    def __init__(self, count: int, size: int, width: int, decay: float = 0.98) -> None:
        super().__init__()
        self.count, self.size, self.decay = count, size, decay
        self.register_buffer("usage", torch.ones(count, size))
        self.register_buffer("sums", torch.zeros(count, size, width))
        self.register_buffer("recent", torch.zeros(2, _RECENT, width))
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    def entries(self, book: int) -> Tensor:
        return self.sums[book] / self.usage[book].clamp(min=1e-5)[:, None]

    @torch.no_grad()
    def remember(self, semantic: Tensor, acoustic: Tensor) -> None:
        """(N, width) each, into a ring."""
        at = (int(self.seen) + torch.arange(len(semantic))) % _RECENT
        self.recent[0, at], self.recent[1, at] = semantic, acoustic
        self.seen += len(semantic)

    @torch.no_grad()
    def codes(self, semantic: Tensor, acoustic: Tensor, learn: bool = False) -> Tensor:
        """(N, width) each -> (N, count). `learn` moves the entries towards what they were chosen for."""
        found = []
        residual = acoustic
        for book in range(self.count):
            given = semantic if book == 0 else residual
            entries = self.entries(book)
            chosen = torch.cdist(given, entries).argmin(dim=1)
            found.append(chosen)
            if book:
                residual = residual - entries[chosen]
            if learn:
                self._move(book, given, chosen)
        return torch.stack(found, dim=1)

    def look_up(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """(N, count) -> the two quantized projections, (N, width) each."""
        parts = [self.entries(book)[codes[:, book]] for book in range(self.count)]
        return parts[0], torch.stack(parts[1:]).sum(0)

    def _move(self, book: int, given: Tensor, chosen: Tensor) -> None:
        counts = torch.bincount(chosen, minlength=self.size).float()
        self.usage[book].mul_(self.decay).add_(counts, alpha=1 - self.decay)
        total = torch.zeros_like(self.sums[book]).index_add_(0, chosen, given)
        self.sums[book].mul_(self.decay).add_(total, alpha=1 - self.decay)
        share = float(self.usage[book].sum()) / self.size
        dead = self.usage[book] < 0.03 * share
        if dead.any():
            fresh = given[torch.randint(len(given), (int(dead.sum()),))]
            self.usage[book][dead] = share
            self.sums[book][dead] = fresh * share

    @torch.no_grad()
    def fit(self, semantic: Tensor, acoustic: Tensor, rounds: int, start: bool) -> list[float]:
        """k-means on many latents, book after book; from random latents (`start`) or from the entries there are.

        Returns what each book leaves, as a share of the variance it was given.
        """
        left = []
        residual = acoustic
        for book in range(self.count):
            given = semantic if book == 0 else residual
            entries = given[torch.randperm(len(given))[: self.size]] if start else self.entries(book)
            entries, chosen, counts = _k_means(given, entries.clone(), rounds)
            share = 0.2  # about what the moving averages hold for a batch of 120 latents
            self.usage[book] = share * (counts / counts.mean()).clamp(0.1, 10)
            self.sums[book] = entries * self.usage[book][:, None]
            rest = given - entries[chosen]
            left.append(float(rest.square().mean() / given.square().mean()))
            if book:
                residual = rest
        self.started.fill_(True)
        return left


def _k_means(given: Tensor, entries: Tensor, rounds: int) -> tuple[Tensor, Tensor, Tensor]:
    for turn in range(rounds + 1):
        chosen = torch.cat([torch.cdist(part, entries).argmin(dim=1) for part in given.split(16384)])
        counts = torch.bincount(chosen, minlength=len(entries)).float()
        if turn == rounds:
            break
        means = torch.zeros_like(entries).index_add_(0, chosen, given) / counts.clamp(min=1)[:, None]
        empty = counts == 0
        means[empty] = given[torch.randint(len(given), (int(empty.sum()),))]
        entries = means
    return entries, chosen, counts
