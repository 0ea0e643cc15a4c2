"""Sums with a written-out order, as LLVM vectors: the products everything fast on a CPU is made of.

A loop left to the auto-vectoriser changes the order of its float sums with the loop body, so that one row of a batch
of eight would not equal the same row alone. Here the lanes are explicit: 16 of them, two accumulators, then one fixed
tree. A result depends on the row and the vector only, never on how many rows or vectors are worked on together. LLVM
cuts the lanes to the machine: one register on AVX-512, two on AVX2, four on NEON.

All operands are addresses, because weights live in mapped files; lengths are in elements. Knows nothing of layers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding
import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
PAIR = 2 * LANES  # elements one step of a product reads
AHEAD = 6144  # bytes of a stream of weights, no multiple of 4096: those fall on the caches' same lines
BLOCK = 4  # rows that an int8 matrix interleaves, so that four rows are one stream through memory

I8, I16, I32, I64, F32 = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64), ir.FloatType()
FLOATS, INTS, FOUR = ir.VectorType(F32, LANES), ir.VectorType(I32, LANES), ir.VectorType(F32, BLOCK)
ADDRESS = COUNT = types.int64  # addresses too: unsigned and signed together would become floats

Builder = Any
Value = Any


def number(value: int) -> Value:
    return ir.Constant(I64, value)


def splat(b: Builder, scalar: Value, count: int = LANES) -> Value:
    vector = ir.VectorType(scalar.type, count)
    one = b.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(I32, 0))
    return b.shuffle_vector(one, one, ir.Constant(ir.VectorType(I32, count), [0] * count))


def constant(value: float) -> Value:
    return ir.Constant(FLOATS, [value] * LANES)


def offset(b: Builder, base: Value, index: Value, size: int) -> Value:
    return b.add(base, b.mul(index, number(size)))


def load(b: Builder, address: Value, kind: Any) -> Value:
    size = kind.element.width // 8 if isinstance(kind.element, ir.IntType) else 4
    return b.load(b.inttoptr(address, kind.as_pointer()), align=size)


def store(b: Builder, value: Value, address: Value) -> None:
    align = 2 if value.type == ir.VectorType(I16, LANES) else 4
    b.store(value, b.inttoptr(address, value.type.as_pointer()), align=align)


def call(b: Builder, name: str, result: Any, *args: Value) -> Value:
    kind = ir.FunctionType(result, [a.type for a in args])
    return b.call(cgutils.get_or_insert_function(b.module, kind, name), list(args))


def fetch_ahead(b: Builder, address: Value) -> None:
    """Ask for what a stream of weights reaches AHEAD bytes later, into the second cache; never faults, changes no
    result. The hardware by itself looks less far and is a third slower."""
    kind = ir.FunctionType(ir.VoidType(), [I8.as_pointer(), I32, I32, I32])
    function = cgutils.get_or_insert_function(b.module, kind, "llvm.prefetch.p0i8")
    place = b.inttoptr(b.add(address, number(AHEAD)), I8.as_pointer())
    flags = (0, 2, 1)  # to read, not into the first cache, which the activations need, data
    b.call(function, [place, *(ir.Constant(I32, flag) for flag in flags)])


def fma(b: Builder, x: Value, y: Value, z: Value) -> Value:
    return call(b, f"llvm.fma.v{LANES}f32", FLOATS, x, y, z)


def fold(b: Builder, vector: Value) -> Value:
    """16 lanes to one number: always the lower half plus the upper half."""
    count = vector.type.count
    while count > 1:
        half = count // 2
        low, high = (
            b.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(I32, half), list(range(start, start + half))))
            for start in (0, half)
        )
        vector, count = b.fadd(low, high), half
    return b.extract_element(vector, ir.Constant(I32, 0))


def cells(b: Builder, kind: Any, count: int) -> list[Value]:
    """Accumulators as stack slots; LLVM turns them into registers."""
    cells = [cgutils.alloca_once(b, kind) for _ in range(count)]
    for cell in cells:
        b.store(ir.Constant(kind, [0.0 if kind is FLOATS else 0] * LANES), cell)
    return cells


def accumulate(b: Builder, cell: Value, x: Value, y: Value) -> None:
    b.store(fma(b, x, y, b.load(cell)), cell)


def vector_intrinsic(
    name: str, arguments: Sequence[Any], result: Any, build: Callable[..., Value], inline: bool = False
) -> Any:
    """An intrinsic from a function (builder, *values) -> value; None for nothing.

    Unless `inline`, it becomes one function that is called, not copied to where it is used: compiling stays short."""
    signature = result(*arguments)

    def generate(context: Any, b: Builder, sig: Any, args: Any) -> Value:
        kinds = [context.get_value_type(a) for a in arguments]
        given = ir.VoidType() if result == types.void else context.get_value_type(result)
        function = cgutils.get_or_insert_function(b.module, ir.FunctionType(given, kinds), f"moksori_{name}")
        if not function.blocks:
            function.linkage = "linkonce_odr"
            function.attributes.add("alwaysinline" if inline else "noinline")
            inner = ir.IRBuilder(function.append_basic_block("entry"))
            value = build(inner, *function.args)
            inner.ret_void() if value is None else inner.ret(value)
        called = b.call(function, list(args))
        return context.get_dummy_value() if result == types.void else called

    def made(typing_context: Any, *operands: Any) -> Any:
        return signature, generate

    # Numba binds operands to parameters one by one, so the function must seem to have as many.
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    shown = [inspect.Parameter(f"operand_{k}", kind) for k in range(len(arguments))]
    made.__signature__ = inspect.Signature([inspect.Parameter("typing_context", kind), *shown])  # type: ignore[attr-defined]
    return intrinsic(made)


# Products with float weights ------------------------------------------------------------------------------------


def widen(b: Builder, address: Value, size: int) -> Value:
    """Sixteen weights as floats: read as they are, or bf16 moved up by 16 bits (exact)."""
    if size == 4:
        return load(b, address, FLOATS)
    half = b.zext(load(b, address, ir.VectorType(I16, LANES)), INTS)
    return b.bitcast(b.shl(half, ir.Constant(INTS, [16] * LANES)), FLOATS)


def _float_product(size: int, vectors: int, rows: int = 1, adds: bool = False) -> Any:
    """`rows` weight rows (`size` bytes a weight, one behind the other) times `vectors` activation rows:
    (w, x, x_stride, k, out, out_stride). k is a multiple of 16. The strides are in elements. With `adds`, out grows by
    the product."""

    def build(b: Builder, w: Value, x: Value, stride: Value, k: Value, out: Value, out_stride: Value) -> None:
        matrix = [offset(b, w, b.mul(k, number(r)), size) for r in range(rows)]
        vector = [offset(b, x, b.mul(stride, number(v)), 4) for v in range(vectors)]
        sums = {(r, v): cells(b, FLOATS, 2) for r in range(rows) for v in range(vectors)}

        def step(at: Value, part: int) -> None:
            weights = [widen(b, offset(b, row, at, size), size) for row in matrix]
            for v in range(vectors):
                xs = load(b, offset(b, vector[v], at, 4), FLOATS)
                for r in range(rows):
                    accumulate(b, sums[r, v][part], weights[r], xs)

        whole = b.and_(k, number(-PAIR))
        with cgutils.for_range_slice(b, number(0), whole, number(PAIR), I64) as (at, _):
            if size == 2:  # a line of 64 bytes for each row
                for row in matrix:
                    fetch_ahead(b, offset(b, row, at, size))
            step(at, 0)
            step(b.add(at, number(LANES)), 1)
        with b.if_then(b.icmp_signed("<", whole, k)):
            step(whole, 0)
        for (r, v), (even, odd) in sums.items():
            total = fold(b, b.fadd(b.load(even), b.load(odd)))
            place = offset(b, out, b.add(b.mul(out_stride, number(v)), number(r)), 4)
            store(b, b.fadd(b.load(b.inttoptr(place, F32.as_pointer())), total) if adds else total, place)

    shape = [ADDRESS, ADDRESS, COUNT, COUNT, ADDRESS, COUNT]
    name = "float_added" if adds else f"float{8 * size}"
    return vector_intrinsic(f"{name}_{rows}_{vectors}", shape, types.void, build)


float32_1, float32_2, float32_4 = (_float_product(4, n) for n in (1, 2, 4))
added_1, added_2, added_4 = (_float_product(4, n, adds=True) for n in (1, 2, 4))
bfloat16_1, bfloat16_2, bfloat16_4 = (_float_product(2, n) for n in (1, 2, 4))
bfloat16_two_4 = _float_product(2, 4, rows=2)  # the two share what is read of the activations


# Products with int8 weights -------------------------------------------------------------------------------------


def _machine() -> str:
    """Which instruction multiplies and adds pairs of 16-bit numbers. Integers: the choice cannot change a result."""
    if numba.config.CPU_NAME or numba.config.CPU_FEATURES:
        return "any"
    try:
        features = llvmlite.binding.get_host_cpu_features()
    except RuntimeError:
        return "any"
    if features.get("avx512bw"):
        return "vnni" if features.get("avx512vnni") else "avx512"
    return "avx2" if features.get("avx2") else "any"


MACHINE = _machine()


def _half(b: Builder, v: Value, start: int, step: int = 1) -> Value:
    chosen = ir.Constant(ir.VectorType(I32, LANES), [start + step * k for k in range(LANES)])
    return b.shuffle_vector(v, v, chosen)


def _add_pairs(b: Builder, w: Value, x: Value) -> Value:
    """<32 x i16>, <32 x i16> -> <16 x i32>: lane k is w[2k] x[2k] + w[2k+1] x[2k+1], exact."""
    if MACHINE in ("avx512", "vnni"):
        return call(b, "llvm.x86.avx512.pmaddw.d.512", INTS, w, x)
    if MACHINE == "avx2":
        half = ir.VectorType(I32, LANES // 2)
        low, high = (
            call(b, "llvm.x86.avx2.pmadd.wd", half, _half(b, w, start), _half(b, x, start)) for start in (0, LANES)
        )
        return b.shuffle_vector(low, high, ir.Constant(INTS, list(range(LANES))))
    even, odd = ((b.sext(_half(b, v, s, 2), INTS) for v in (w, x)) for s in (0, 1))
    return b.add(b.mul(*even), b.mul(*odd))


def _add_pairs_to(b: Builder, total: Value, w: Value, x: Value) -> Value:
    """total + _add_pairs(w, x); one instruction where there is one."""
    if MACHINE == "vnni":
        return call(b, "llvm.x86.avx512.vpdpwssd.512", INTS, total, b.bitcast(w, INTS), b.bitcast(x, INTS))
    return b.add(total, _add_pairs(b, w, x))


def _across(b: Builder, parts: Sequence[Value]) -> Value:
    """Four <16 x i32> to <4 x i32>: the sum of each. Integers, so in whatever order is quickest."""

    def mixed(x: Value, y: Value, low: Sequence[int], high: Sequence[int]) -> Value:
        def chosen(lanes: Sequence[int]) -> Value:
            places = [4 * block + lane % 4 + lane // 4 * LANES for block in range(4) for lane in lanes]
            return b.shuffle_vector(x, y, ir.Constant(INTS, places))

        return b.add(chosen(low), chosen(high))

    pairs = [mixed(parts[n], parts[n + 1], (0, 4, 1, 5), (2, 6, 3, 7)) for n in (0, 2)]
    total, count = mixed(pairs[0], pairs[1], (0, 1, 4, 5), (2, 3, 6, 7)), LANES
    while count > BLOCK:
        count //= 2
        halves = (ir.Constant(ir.VectorType(I32, count), list(range(n, n + count))) for n in (0, count))
        low, high = (b.shuffle_vector(total, total, half) for half in halves)
        total = b.add(low, high)
    return total


def _int8_product(vectors: int) -> Any:
    """Four interleaved weight rows times `vectors` rounded activation rows:
    (w, w_scale, x, x_stride, x_scale, scale_stride, k, group, out, out_stride).

    Within a group of `group` elements the sum is an integer and exact; groups are added in order, as floats.
    w is [k / 32][4 rows][32] int8 with scales [groups][4]; k is a multiple of 32, and so is group."""

    def build(b: Builder, *args: Value) -> None:
        w, w_scale, x, stride, x_scale, scale_stride, k, group, out, out_stride = args
        sums = [cgutils.alloca_once(b, FOUR) for _ in range(vectors)]
        for total in sums:
            b.store(ir.Constant(FOUR, [0.0] * BLOCK), total)
        parts = {(r, v): cgutils.alloca_once(b, INTS) for r in range(BLOCK) for v in range(vectors)}
        index = cgutils.alloca_once(b, I64)
        b.store(number(0), index)
        with cgutils.for_range_slice(b, number(0), k, group, I64) as (start, _):
            for part in parts.values():
                b.store(ir.Constant(INTS, [0] * LANES), part)
            end = b.add(start, group)
            end = b.select(b.icmp_signed("<", end, k), end, k)
            with cgutils.for_range_slice(b, start, end, number(PAIR), I64) as (at, _):
                xs = [
                    load(b, offset(b, x, b.add(at, b.mul(stride, number(v))), 2), ir.VectorType(I16, PAIR))
                    for v in range(vectors)
                ]
                for r in range(BLOCK):
                    place = b.add(offset(b, w, at, BLOCK), number(PAIR * r))
                    if r % 2 == 0:  # two rows are a line
                        fetch_ahead(b, place)
                    row = b.sext(load(b, place, ir.VectorType(I8, PAIR)), ir.VectorType(I16, PAIR))
                    for v in range(vectors):
                        b.store(_add_pairs_to(b, b.load(parts[r, v]), row, xs[v]), parts[r, v])
            g = b.load(index)
            of_weights = load(b, offset(b, w_scale, b.mul(g, number(BLOCK)), 4), FOUR)
            for v in range(vectors):
                place = offset(b, x_scale, b.add(g, b.mul(scale_stride, number(v))), 4)
                scale = b.fmul(of_weights, splat(b, b.load(b.inttoptr(place, F32.as_pointer())), BLOCK))
                whole = b.sitofp(_across(b, [b.load(parts[r, v]) for r in range(BLOCK)]), FOUR)
                b.store(call(b, "llvm.fma.v4f32", FOUR, whole, scale, b.load(sums[v])), sums[v])
            b.store(b.add(g, number(1)), index)
        for v in range(vectors):
            store(b, b.load(sums[v]), offset(b, out, b.mul(out_stride, number(v)), 4))

    shape = [ADDRESS, ADDRESS, ADDRESS, COUNT, ADDRESS, COUNT, COUNT, COUNT, ADDRESS, COUNT]
    return vector_intrinsic(f"int8_{vectors}", shape, types.void, build)


int8_1, int8_2, int8_4 = (_int8_product(n) for n in (1, 2, 4))
