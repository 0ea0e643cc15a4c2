"""What is done to a vector between two products, one lane like the other, in the same written-out way as `lanes`.

All operands are addresses. Knows nothing of layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .lanes import (
    ADDRESS,
    COUNT,
    F32,
    FLOATS,
    I16,
    I32,
    I64,
    INTS,
    LANES,
    Builder,
    Value,
    accumulate,
    call,
    cells,
    constant,
    fma,
    fold,
    load,
    number,
    offset,
    splat,
    store,
    vector_intrinsic,
    widen,
)

_LOG2_E, _LN2_HIGH, _LN2_LOW = 1.44269504088896341, 0.693359375, -2.12194440e-4
# e^r on [-ln 2 / 2, ln 2 / 2], minimax, relative error under 2e-7 (Cephes' coefficients).
_EXP = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)


def _exp(b: Builder, x: Value) -> Value:
    """e^x for every lane by a written-out polynomial: a library's would differ between scalar and vector."""
    for edge, worse in ((-87.0, "<"), (88.0, ">")):
        limit = constant(edge)
        x = b.select(b.fcmp_ordered(worse, x, limit), limit, x)
    n = call(b, f"llvm.rint.v{LANES}f32", FLOATS, b.fmul(x, constant(_LOG2_E)))
    r = fma(b, n, constant(-_LN2_HIGH), x)
    r = fma(b, n, constant(-_LN2_LOW), r)
    p = constant(_EXP[0])
    for coefficient in _EXP[1:]:
        p = fma(b, p, r, constant(coefficient))
    p = b.fadd(fma(b, p, b.fmul(r, r), r), constant(1.0))
    power = b.shl(b.add(b.fptosi(n, INTS), ir.Constant(INTS, [127] * LANES)), ir.Constant(INTS, [23] * LANES))
    return b.fmul(p, b.bitcast(power, FLOATS))


def _build_swiglu(b: Builder, gate: Value, up: Value, out: Value, n: Value) -> None:
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        g, u = (load(b, offset(b, base, at, 4), FLOATS) for base in (gate, up))
        below = b.fadd(_exp(b, b.fsub(constant(-0.0), g)), constant(1.0))
        store(b, b.fmul(b.fdiv(g, below), u), offset(b, out, at, 4))


def _build_exp_shifted(b: Builder, x: Value, n: Value, shift: Value) -> Value:
    total = cells(b, FLOATS, 1)[0]
    shifts = splat(b, shift)
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        place = offset(b, x, at, 4)
        value = _exp(b, b.fsub(load(b, place, FLOATS), shifts))
        store(b, value, place)
        b.store(b.fadd(b.load(total), value), total)
    return fold(b, b.load(total))


def _build_add_scaled(b: Builder, scale: Value, x: Value, y: Value, n: Value) -> None:
    scales = splat(b, scale)
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        place = offset(b, y, at, 4)
        store(b, fma(b, scales, load(b, offset(b, x, at, 4), FLOATS), load(b, place, FLOATS)), place)


def _build_round_group(b: Builder, x: Value, out: Value, n: Value, limit: Value) -> Value:
    top = cells(b, FLOATS, 1)[0]
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        size = call(b, f"llvm.fabs.v{LANES}f32", FLOATS, load(b, offset(b, x, at, 4), FLOATS))
        b.store(b.select(b.fcmp_ordered(">", size, b.load(top)), size, b.load(top)), top)
    largest = _largest(b, b.load(top))
    some = b.fcmp_ordered(">", largest, ir.Constant(F32, 0.0))
    factor = splat(b, b.select(some, b.fdiv(limit, largest), ir.Constant(F32, 0.0)))
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        scaled = b.fmul(load(b, offset(b, x, at, 4), FLOATS), factor)
        whole = b.fptosi(call(b, f"llvm.rint.v{LANES}f32", FLOATS, scaled), INTS)
        store(b, b.trunc(whole, ir.VectorType(I16, LANES)), offset(b, out, at, 2))
    return b.fdiv(largest, limit)


def _build_copy(b: Builder, source: Value, target: Value, n: Value) -> None:
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        store(b, load(b, offset(b, source, at, 4), FLOATS), offset(b, target, at, 4))


def _build_widen(b: Builder, source: Value, target: Value, n: Value) -> None:
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        store(b, widen(b, offset(b, source, at, 2), 2), offset(b, target, at, 4))


def _build_normalise(b: Builder, x: Value, weight: Value, out: Value, n: Value, eps: Value) -> None:
    squares = cells(b, FLOATS, 1)[0]
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        value = load(b, offset(b, x, at, 4), FLOATS)
        accumulate(b, squares, value, value)
    mean = b.fdiv(fold(b, b.load(squares)), b.sitofp(n, F32))
    root = call(b, "llvm.sqrt.f32", F32, b.fadd(mean, eps))
    inverse = splat(b, b.fdiv(ir.Constant(F32, 1.0), root))
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        value = b.fmul(load(b, offset(b, x, at, 4), FLOATS), inverse)
        store(b, b.fmul(value, load(b, offset(b, weight, at, 4), FLOATS)), offset(b, out, at, 4))


def _build_turn(b: Builder, head: Value, cos: Value, sin: Value, half: Value, scale: Value) -> None:
    # Eight lanes: a head of 16 has halves of eight.
    lanes = ir.VectorType(F32, 8)
    factor = b.shuffle_vector(splat(b, scale), splat(b, scale), ir.Constant(ir.VectorType(I32, 8), [0] * 8))
    with cgutils.for_range_slice(b, number(0), half, number(8), I64) as (at, _):
        low, high = offset(b, head, at, 4), offset(b, head, b.add(at, half), 4)
        first, second = load(b, low, lanes), load(b, high, lanes)
        c, s = load(b, offset(b, cos, at, 4), lanes), load(b, offset(b, sin, at, 4), lanes)
        store(b, b.fmul(b.fsub(b.fmul(first, c), b.fmul(second, s)), factor), low)
        store(b, b.fmul(b.fadd(b.fmul(second, c), b.fmul(first, s)), factor), high)


def _build_add(b: Builder, x: Value, y: Value, n: Value) -> None:
    with cgutils.for_range_slice(b, number(0), n, number(1), I64) as (at, _):
        place = b.inttoptr(offset(b, y, at, 4), F32.as_pointer())
        other = b.load(b.inttoptr(offset(b, x, at, 4), F32.as_pointer()))
        b.store(b.fadd(b.load(place), other), place)


def _build_divide(b: Builder, x: Value, n: Value, by: Value) -> None:
    divisor = splat(b, by)
    with cgutils.for_range_slice(b, number(0), n, number(LANES), I64) as (at, _):
        place = offset(b, x, at, 4)
        store(b, b.fdiv(load(b, place, FLOATS), divisor), place)


def _element(kind: Any) -> tuple[Callable[..., Value], Callable[..., None]]:
    """Reading and writing one element by address and index."""
    size = kind.width // 8 if isinstance(kind, ir.IntType) else 4

    def read(b: Builder, base: Value, index: Value) -> Value:
        return b.load(b.inttoptr(offset(b, base, index, size), kind.as_pointer()))

    def write(b: Builder, base: Value, index: Value, value: Value) -> None:
        b.store(value, b.inttoptr(offset(b, base, index, size), kind.as_pointer()))

    return read, write


def _read_number(b: Builder, base: Value, index: Value, size: Value) -> Value:
    place = b.add(base, b.mul(index, size))
    with b.if_else(b.icmp_signed("==", size, number(2))) as (short, long):
        with short:
            half = b.zext(b.load(b.inttoptr(place, I16.as_pointer())), I32)
            narrow, before = b.bitcast(b.shl(half, ir.Constant(I32, 16)), F32), b.block
        with long:
            wide, behind = b.load(b.inttoptr(place, F32.as_pointer())), b.block
    value = b.phi(F32)
    value.add_incoming(narrow, before)
    value.add_incoming(wide, behind)
    return value


def _largest(b: Builder, vector: Value) -> Value:
    best = b.extract_element(vector, ir.Constant(I32, 0))
    for lane in range(1, LANES):
        other = b.extract_element(vector, ir.Constant(I32, lane))
        best = b.select(b.fcmp_ordered(">", other, best), other, best)
    return best


# (gate, up, out, n): out = gate * sigmoid(gate) * up
swiglu = vector_intrinsic("swiglu", [ADDRESS, ADDRESS, ADDRESS, COUNT], types.void, _build_swiglu)
# (x, n, shift) -> sum; x becomes e^(x - shift)
exp_shifted = vector_intrinsic("exp_shifted", [ADDRESS, COUNT, types.float32], types.float32, _build_exp_shifted)
# (scale, x, y, n): y += scale * x
add_scaled = vector_intrinsic("add_scaled", [types.float32, ADDRESS, ADDRESS, COUNT], types.void, _build_add_scaled)
# (x, out, n, limit) -> scale; out becomes x rounded to int16 within +-limit, x is about out * scale
round_group = vector_intrinsic(
    "round_group", [ADDRESS, ADDRESS, COUNT, types.float32], types.float32, _build_round_group
)
# (source, target, n): n floats
copy = vector_intrinsic("copy", [ADDRESS, ADDRESS, COUNT], types.void, _build_copy)
# (source, target, n): n bf16 numbers to floats
widen_bfloat16 = vector_intrinsic("widen_bfloat16", [ADDRESS, ADDRESS, COUNT], types.void, _build_widen)
# (x, weight, out, n, eps): out = x / sqrt(mean(x^2) + eps) * weight
normalise = vector_intrinsic(
    "normalise", [ADDRESS, ADDRESS, ADDRESS, COUNT, types.float32], types.void, _build_normalise
)
# (head, cos, sin, half, scale): rotary position in place, then a factor; the first half pairs with the second
turn = vector_intrinsic("turn", [ADDRESS, ADDRESS, ADDRESS, COUNT, types.float32], types.void, _build_turn)
# (x, y, n): y += x, for any n
add = vector_intrinsic("add", [ADDRESS, ADDRESS, COUNT], types.void, _build_add)
# (x, n, by): x /= by
divide = vector_intrinsic("divide", [ADDRESS, COUNT, types.float32], types.void, _build_divide)
# (base, index) -> element; (base, index, element)
_read_float, _write_float = _element(F32)
_read_int, _write_int = _element(I64)
float_at = vector_intrinsic("float_at", [ADDRESS, COUNT], types.float32, _read_float, inline=True)
put_float = vector_intrinsic("put_float", [ADDRESS, COUNT, types.float32], types.void, _write_float, inline=True)
int_at = vector_intrinsic("int_at", [ADDRESS, COUNT], types.int64, _read_int, inline=True)
# (base, index, size) -> a float32, or a bf16 number where size is 2
number_at = vector_intrinsic("number_at", [ADDRESS, COUNT, COUNT], types.float32, _read_number, inline=True)
put_int = vector_intrinsic("put_int", [ADDRESS, COUNT, types.int64], types.void, _write_int, inline=True)
