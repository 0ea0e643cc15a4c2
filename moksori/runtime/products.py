"""Weight matrices times a few activation rows, shared between members by rows of weights.

Three kinds of weights: float32, bfloat16 in place, int8 rounded by groups. All arrays are addresses: what crosses
between compiled functions is then plain integers, which compiles several times faster. Knows nothing of layers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import lanes, vectors
from .compiled import compiled

FLOAT32, BFLOAT16, INT8 = 0, 1, 2
GROUP = 256  # weights that share an int8 scale
TWO_ROWS = lanes.MACHINE in ("avx512", "vnni")  # elsewhere there are too few registers for it
ROUND_LIMIT = 32767.0  # an activation's largest rounded value; a group's sum then stays far below 2^31


class Matrix(NamedTuple):
    """(rows, k) weights at an address; int8 ones interleaved by four rows, with scales."""

    kind: int
    address: int
    scale: int
    k: int


class Space(NamedTuple):
    """A member's own room for rounded rows: int16 (rows, stride) and float32 scales (rows, scale_stride)."""

    rounded: int
    stride: int
    scale: int
    scale_stride: int


class Operand(NamedTuple):
    """Activation rows at an address, and the same rounded to 16 bits where the weights are int8."""

    rows: int
    x: int
    stride: int
    rounded: Space


class Span(NamedTuple):
    first: int
    last: int


@compiled
def share(total: int, unit: int, member: int, members: int) -> Span:
    """This member's part of 0 .. total, in whole units; the last part takes what the unit does not divide."""
    units = (total + unit - 1) // unit
    return Span(min(total, units * member // members * unit), min(total, units * (member + 1) // members * unit))


@compiled
def operand(x: int, rows: int, k: int, kind: int, space: Space) -> Operand:
    """Rows (rows, k) at x as a product reads them."""
    if kind == INT8:
        padded = (k + 31) // 32 * 32
        for row in range(rows):
            source, target = x + 4 * k * row, space.rounded + 2 * space.stride * row
            for group in range((k + GROUP - 1) // GROUP):
                start = group * GROUP
                n = min(GROUP, k - start)
                scale = vectors.round_group(source + 4 * start, target + 2 * start, n, np.float32(ROUND_LIMIT))
                vectors.put_float(space.scale, space.scale_stride * row + group, scale)
            if padded > k:  # sixteen int16 are four int64
                for word in range(k // 4, padded // 4):
                    vectors.put_int(target, word, 0)
    return Operand(rows, x, k, space)


@compiled
def product(matrix: Matrix, x: Operand, out: int, stride: int, span: Span) -> None:
    """out[row, r] = matrix[r] . x[row] for rows of weights r in span (whole fours for int8); out (rows, stride)."""
    if matrix.kind == INT8:
        _product_int8(matrix, x, out, stride, span)
        return
    r = span.first
    while r < span.last:
        both = TWO_ROWS and matrix.kind == BFLOAT16 and r + 2 <= span.last
        done = _by_fours(matrix, x, out, stride, r) if both else 0
        end = r + 2 if both else r + 1
        while r < end:
            _row(matrix, x, out, stride, r, done)
            r += 1


@compiled
def _by_fours(matrix: Matrix, x: Operand, out: int, stride: int, r: int) -> int:
    """Two rows of bfloat16 weights from r on, by four rows of x at a time; how many rows of x that were."""
    w, row = matrix.address + 2 * matrix.k * r, 0
    while row + 4 <= x.rows:
        source, place = x.x + 4 * x.stride * row, out + 4 * (stride * row + r)
        lanes.bfloat16_two_4(w, source, x.stride, matrix.k, place, stride)
        row += 4
    return row


@compiled
def _row(matrix: Matrix, x: Operand, out: int, stride: int, r: int, row: int) -> None:
    """One row of float weights, times the rows of x from `row` on."""
    size = 2 if matrix.kind == BFLOAT16 else 4
    w = matrix.address + size * matrix.k * r
    while row < x.rows:
        source, place = x.x + 4 * x.stride * row, out + 4 * (stride * row + r)
        if matrix.kind == BFLOAT16:
            row += _bfloat16(w, source, x.stride, matrix.k, place, stride, x.rows - row)
        else:
            row += _float32(w, source, x.stride, matrix.k, place, stride, x.rows - row)


@compiled
def _bfloat16(w: int, x: int, x_stride: int, k: int, out: int, stride: int, left: int) -> int:
    if left >= 4:
        lanes.bfloat16_4(w, x, x_stride, k, out, stride)
        return 4
    if left >= 2:
        lanes.bfloat16_2(w, x, x_stride, k, out, stride)
        return 2
    lanes.bfloat16_1(w, x, x_stride, k, out, stride)
    return 1


@compiled
def _float32(w: int, x: int, x_stride: int, k: int, out: int, stride: int, left: int) -> int:
    if left >= 4:
        lanes.float32_4(w, x, x_stride, k, out, stride)
        return 4
    if left >= 2:
        lanes.float32_2(w, x, x_stride, k, out, stride)
        return 2
    lanes.float32_1(w, x, x_stride, k, out, stride)
    return 1


@compiled
def _product_int8(matrix: Matrix, x: Operand, out: int, stride: int, span: Span) -> None:
    k = (matrix.k + 31) // 32 * 32
    groups = (k + GROUP - 1) // GROUP
    rs, ss = x.rounded.stride, x.rounded.scale_stride
    for r in range(span.first, span.last, 4):
        w, ws, row = matrix.address + r * k, matrix.scale + 4 * r * groups, 0
        while row < x.rows:
            q, qs = x.rounded.rounded + 2 * rs * row, x.rounded.scale + 4 * ss * row
            place, left = out + 4 * (stride * row + r), x.rows - row
            if left >= 4:
                lanes.int8_4(w, ws, q, rs, qs, ss, k, GROUP, place, stride)
                row += 4
            elif left >= 2:
                lanes.int8_2(w, ws, q, rs, qs, ss, k, GROUP, place, stride)
                row += 2
            else:
                lanes.int8_1(w, ws, q, rs, qs, ss, k, GROUP, place, stride)
                row += 1
