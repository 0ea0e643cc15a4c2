"""A table of which some rows learn: a small parameter of their own beside the whole table, which stays as it is.

Gradients, moments and checkpoints are then of those rows alone. Knows nothing of which rows, or why.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Rows(nn.Module):
    """An embedding; `learnt` (n, width) float32 stands for the rows `ids` of `table`."""

    def __init__(self, table: nn.Embedding, ids: Sequence[int]) -> None:
        super().__init__()
        self.table = table.requires_grad_(False)
        weight = table.weight
        self.ids = torch.tensor(list(ids), dtype=torch.int64, device=weight.device)
        self.learnt = nn.Parameter(weight.detach()[self.ids].float().clone())
        place = torch.full((len(weight),), -1, dtype=torch.int64, device=weight.device)
        place[self.ids] = torch.arange(len(self.ids), device=weight.device)
        self.register_buffer("place", place, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        fixed: Tensor = self.table(ids)
        place = self.get_buffer("place")[ids]
        learnt = self.learnt[place.clamp(min=0)].to(fixed.dtype)
        return torch.where((place >= 0)[..., None], learnt, fixed)

    @property
    def weight(self) -> Tensor:
        """The whole table as it is now."""
        whole = self.table.weight.detach().clone()
        whole[self.ids] = self.learnt.detach().to(whole.dtype)
        return whole

    @torch.no_grad()
    def settled(self) -> nn.Embedding:
        """The plain embedding again, with the learnt rows in it."""
        self.table.weight[self.ids] = self.learnt.to(self.table.weight.dtype)
        return self.table
