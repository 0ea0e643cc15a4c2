"""The codec's activation in one pass over memory: x + sin(a x)^2 / b, compiled.

The library takes five passes and half as long as the convolutions around it. Sine is a written-out polynomial, so a
sample's value does not depend on where in a piece it stands. Knows nothing of layers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .compiled import compiled
from .lanes import (
    ADDRESS,
    COUNT,
    FLOATS,
    I16,
    I64,
    INTS,
    LANES,
    Builder,
    Value,
    call,
    constant,
    fma,
    number,
    offset,
    splat,
    store,
    vector_intrinsic,
    widen,
)

BFLOAT16, FLOAT32 = 2, 4  # bytes of a sample

_INVERSE_PI, _PI_HIGH, _PI_LOW = 0.3183098861837907, 3.140625, 0.0009676535846665502
# sin r = r + r^3 p(r^2) on [-pi/2, pi/2], least squares over Chebyshev points, error 1.2e-7.
_SINE = (
    -2.39068338458992e-08,
    2.7526464236871107e-06,
    -0.00019840890308842063,
    0.008333330973982811,
    -0.1666666716337204,
)


def _snake(b: Builder, x: Value, a: Value, inverse_b: Value) -> Value:
    """sin^2 repeats after pi, so the nearest multiple of it is taken off first; signs vanish in the square."""
    z = b.fmul(x, a)
    turns = call(b, f"llvm.rint.v{LANES}f32", FLOATS, b.fmul(z, constant(_INVERSE_PI)))
    r = fma(b, turns, constant(-_PI_HIGH), z)
    r = fma(b, turns, constant(-_PI_LOW), r)
    square = b.fmul(r, r)
    p = constant(_SINE[0])
    for coefficient in _SINE[1:]:
        p = fma(b, p, square, constant(coefficient))
    sine = fma(b, b.fmul(p, square), r, r)
    return fma(b, b.fmul(sine, sine), inverse_b, x)


def _narrow(b: Builder, value: Value) -> Value:
    """To bf16, to the nearest, ties to even."""
    bits = b.bitcast(value, INTS)
    one, half = ir.Constant(INTS, [1] * LANES), ir.Constant(INTS, [0x7FFF] * LANES)
    sixteen = ir.Constant(INTS, [16] * LANES)
    odd = b.and_(b.lshr(bits, sixteen), one)
    return b.trunc(b.lshr(b.add(b.add(bits, half), odd), sixteen), ir.VectorType(I16, LANES))


def _row(size: int) -> Any:
    """One channel, (x, out, n, a, 1 / b) with n >= 16; the last vector overlaps the one before it."""

    def build(b: Builder, x: Value, out: Value, n: Value, a: Value, inverse_b: Value) -> None:
        aa, bb = splat(b, a), splat(b, inverse_b)

        def do(at: Value) -> None:
            value = _snake(b, widen(b, offset(b, x, at, size), size), aa, bb)
            store(b, _narrow(b, value) if size == BFLOAT16 else value, offset(b, out, at, size))

        whole = b.and_(n, number(-LANES))
        with cgutils.for_range_slice(b, number(0), whole, number(LANES), I64) as (at, _):
            do(at)
        with b.if_then(b.icmp_signed("<", whole, n)):
            do(b.sub(n, number(LANES)))

    shape = [ADDRESS, ADDRESS, COUNT, types.float32, types.float32]
    return vector_intrinsic(f"snake_{8 * size}", shape, types.void, build)


_bfloat16_row, _float32_row = _row(BFLOAT16), _row(FLOAT32)


def _build_float_at(b: Builder, base: Value, index: Value) -> Value:
    return b.load(b.inttoptr(offset(b, base, index, 4), ir.FloatType().as_pointer()))


_float_at = vector_intrinsic("snake_float_at", [ADDRESS, COUNT], types.float32, _build_float_at, inline=True)


@compiled
def snake(x: int, out: int, channels: int, n: int, a: int, inverse_b: int, size: int) -> None:
    """x and out (channels, n) of `size` bytes, n >= 16; a and inverse_b (channels,) float32. All are addresses."""
    for channel in range(channels):
        at, aa, bb = size * n * channel, _float_at(a, channel), _float_at(inverse_b, channel)
        if size == 2:
            _bfloat16_row(x + at, out + at, n, aa, bb)
        else:
            _float32_row(x + at, out + at, n, aa, bb)
