"""What adapters add to a product: s * up (down x), for rows of which each has an adapter of its own or none.

Each row's numbers depend on the row and its adapter only: rows with the same adapter are worked on together, as many
at a time as fit, by sums whose order does not depend on how many. Knows nothing of layers.
"""

from __future__ import annotations

from typing import NamedTuple

from . import lanes, vectors
from .compiled import compiled
from .lora import MAX_RANK
from .products import Operand, Span

ENTRY = 32  # bytes of a row of `Lora.table`


class Narrow(NamedTuple):
    """rows of down x, already times their strength, `rank` of the widest apart; additions 0: nothing to add."""

    additions: int
    entry: int
    rows: int
    address: int


@compiled
def _alike(additions: int, row: int, rows: int) -> int:
    """How many rows from this one on have the same adapter."""
    end = row + 1
    while end < rows and vectors.int_at(additions, end) == vectors.int_at(additions, row):
        end += 1
    return end - row


@compiled
def narrow(additions: int, strengths: int, entry: int, x: Operand, out: int) -> Narrow:
    """The first half, into `out` (rows, MAX_RANK). additions and strengths as in `kernels.Batch`."""
    if additions == 0:
        return Narrow(0, 0, 0, 0)
    row = 0
    while row < x.rows:
        count, table = _alike(additions, row, x.rows), vectors.int_at(additions, row)
        at = table + ENTRY * entry
        if table != 0 and vectors.int_at(at, 0) != 0:
            _narrow(at, x, row, count, out)
            for r in range(row, row + count):
                s = vectors.float_at(strengths, r) * vectors.float_at(at, 6)
                for k in range(vectors.int_at(at, 2)):
                    place = MAX_RANK * r + k
                    vectors.put_float(out, place, vectors.float_at(out, place) * s)
        row += count
    return Narrow(additions, entry, x.rows, out)


@compiled
def _narrow(at: int, x: Operand, first: int, count: int, out: int) -> None:
    down, rank = vectors.int_at(at, 0), vectors.int_at(at, 2)
    for k in range(rank):
        w, row = down + 4 * x.stride * k, first
        while row < first + count:
            source, place, left = x.x + 4 * x.stride * row, out + 4 * (MAX_RANK * row + k), first + count - row
            if left >= 4:
                lanes.float32_4(w, source, x.stride, x.stride, place, MAX_RANK)
                row += 4
            elif left >= 2:
                lanes.float32_2(w, source, x.stride, x.stride, place, MAX_RANK)
                row += 2
            else:
                lanes.float32_1(w, source, x.stride, x.stride, place, MAX_RANK)
                row += 1


@compiled
def added(more: Narrow, out: int, stride: int, span: Span) -> None:
    """out[row, r] += up[r] . narrow[row] for r in span, out (rows, stride)."""
    if more.additions == 0:
        return
    row = 0
    while row < more.rows:
        count, table = _alike(more.additions, row, more.rows), vectors.int_at(more.additions, row)
        at = table + ENTRY * more.entry
        if table != 0 and vectors.int_at(at, 0) != 0:
            _added(at, more, row, count, out, stride, span)
        row += count


@compiled
def _added(at: int, more: Narrow, first: int, count: int, out: int, stride: int, span: Span) -> None:
    up, rank = vectors.int_at(at, 1), vectors.int_at(at, 2)
    for r in range(span.first, span.last):
        w, row = up + 4 * rank * r, first
        while row < first + count:
            source, place = more.address + 4 * MAX_RANK * row, out + 4 * (stride * row + r)
            left = first + count - row
            if left >= 4:
                lanes.added_4(w, source, MAX_RANK, rank, place, stride)
                row += 4
            elif left >= 2:
                lanes.added_2(w, source, MAX_RANK, rank, place, stride)
                row += 2
            else:
                lanes.added_1(w, source, MAX_RANK, rank, place, stride)
                row += 1
