"""A table of which some rows learn computes what the table would, and only those rows move."""

from __future__ import annotations

import torch
from torch import nn

from moksori.training.rows import Rows


def test_it_is_the_table_until_it_learns_and_only_its_rows_learn() -> None:
    torch.manual_seed(0)
    table = nn.Embedding(20, 4)
    before = table.weight.detach().clone()
    rows = Rows(table, [3, 7])
    ids = torch.tensor([[3, 4], [7, 3]])
    assert torch.equal(rows(ids), before[ids])
    rows(ids).pow(2).sum().backward()
    assert rows.learnt.grad is not None
    assert rows.learnt.grad.shape == (2, 4)
    assert table.weight.grad is None
    with torch.no_grad():
        rows.learnt += 1
    assert torch.equal(rows(ids)[0, 0], before[3] + 1)
    assert torch.equal(rows(ids)[0, 1], before[4])
    assert torch.equal(rows.weight[7], before[7] + 1)
    settled = rows.settled()
    assert settled is table
    moved = (table.weight != before).any(1).nonzero()[:, 0].tolist()
    assert moved == [3, 7]
