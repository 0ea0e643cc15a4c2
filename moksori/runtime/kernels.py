"""A step of talker or predictor, compiled: every function here runs on all members of a team at once.

Rows of a batch are (sequence, position) pairs: one position of several sequences while speaking, several positions of
one sequence while reading a prompt. Nothing here can tell, and no row's numbers depend on another row: products sum in
the order of `lanes`, everything else is per row. Members share rows of weights, key-value heads and batch rows. All
arrays are addresses; who made them keeps them. Knows nothing of requests or endings.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from . import lanes, vectors
from .additions import Narrow, added, narrow
from .barrier import meet
from .compiled import compiled
from .products import Matrix, Operand, Space, Span, operand, product, share

Ints = npt.NDArray[np.int64]

Q, K, V, OUT, GATE, UP, DOWN = range(7)
MATRICES = 7


class Stack(NamedTuple):
    """Decoder layers and final norm. weights and scales: (layers, 7) int64 addresses, in the order Q .. DOWN; norms:
    (layers, size) float32; cos and sin: (positions, head_dim / 2) float32."""

    kind: int
    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    weights: int
    scales: int
    input_norm: int
    post_norm: int
    q_norm: int
    k_norm: int
    final_norm: int
    cos: int
    sin: int


class Batch(NamedTuple):
    """rows: how many. x (rows, hidden) goes in and is overwritten; hidden (rows, hidden) comes out, normed. The others
    are int64 (rows,): positions, and each row's sequence: capacity, and the addresses of its keys and values, both
    (layers, kv_heads, capacity, head_dim) float32. additions: int64 (rows,), each row's table of `lora`, 0 for none,
    and strengths float32 (rows,); the address itself is 0 where no row has one."""

    rows: int
    x: int
    hidden: int
    positions: int
    keys: int
    values: int
    capacity: int
    additions: int
    strengths: int


class Work(NamedTuple):
    """Space between products. normed, rounded, scale, scores and narrow: one for each member, `..._member` elements
    apart; narrow holds what three pairs of an addition make of all rows, `narrow_pair` elements apart."""

    normed: int
    normed_member: int
    rounded: int
    rounded_stride: int
    rounded_member: int
    scale: int
    scale_stride: int
    scale_member: int
    scores: int
    scores_member: int
    narrow: int
    narrow_pair: int
    narrow_member: int
    q: int
    k: int
    v: int
    mixed: int
    gate: int
    up: int
    out: int


@compiled
def own_space(work: Work, member: int) -> Space:
    return Space(
        work.rounded + 2 * work.rounded_member * member,
        work.rounded_stride,
        work.scale + 4 * work.scale_member * member,
        work.scale_stride,
    )


@compiled
def _attend(query: int, keys: int, values: int, length: int, size: int, scores: int, out: int) -> None:
    """One head of one row over `length` positions; keys and values are (length, size)."""
    position = 0
    while position + 4 <= length:
        lanes.float32_4(query, keys + 4 * size * position, size, size, scores + 4 * position, 1)
        position += 4
    while position < length:
        lanes.float32_1(query, keys + 4 * size * position, size, size, scores + 4 * position, 1)
        position += 1
    top = vectors.float_at(scores, 0)
    for position in range(1, length):
        top = max(top, vectors.float_at(scores, position))
    padded = (length + 15) // 16 * 16
    for position in range(length, padded):
        vectors.put_float(scores, position, np.float32(-np.inf))
    total = vectors.exp_shifted(scores, padded, top)
    for index in range(size):
        vectors.put_float(out, index, np.float32(0.0))
    for position in range(length):
        vectors.add_scaled(vectors.float_at(scores, position), values + 4 * size * position, out, size)
    vectors.divide(out, size, total)


@compiled
def _remember(layer: int, head: int, stack: Stack, batch: Batch, work: Work) -> None:
    """Keys and values of one head into the caches of all rows."""
    size, stride = stack.head_dim, stack.kv_heads * stack.head_dim
    half = size // 2
    for row in range(batch.rows):
        position = vectors.int_at(batch.positions, row)
        place = 4 * size * ((layer * stack.kv_heads + head) * vectors.int_at(batch.capacity, row) + position)
        at = 4 * (stride * row + head * size)
        key = work.k + at
        vectors.normalise(key, stack.k_norm + 4 * size * layer, key, size, np.float32(stack.eps))
        vectors.turn(key, stack.cos + 4 * half * position, stack.sin + 4 * half * position, half, np.float32(1.0))
        vectors.copy(key, vectors.int_at(batch.keys, row) + place, size)
        vectors.copy(work.v + at, vectors.int_at(batch.values, row) + place, size)


@compiled
def _look_back(layer: int, head: int, stack: Stack, batch: Batch, work: Work, scores: int) -> None:
    """Attention of one key-value head's queries, for all rows."""
    size, per = stack.head_dim, stack.heads // stack.kv_heads
    half, stride = size // 2, stack.heads * size
    scale = np.float32(1.0 / np.sqrt(np.float64(size)))
    for row in range(batch.rows):
        position = vectors.int_at(batch.positions, row)
        place = 4 * size * (layer * stack.kv_heads + head) * vectors.int_at(batch.capacity, row)
        keys, values = vectors.int_at(batch.keys, row) + place, vectors.int_at(batch.values, row) + place
        for index in range(head * per, (head + 1) * per):
            at = 4 * (stride * row + index * size)
            query = work.q + at
            vectors.normalise(query, stack.q_norm + 4 * size * layer, query, size, np.float32(stack.eps))
            vectors.turn(query, stack.cos + 4 * half * position, stack.sin + 4 * half * position, half, scale)
            _attend(query, keys, values, position + 1, size, scores, work.mixed + at)


@compiled
def _matrix(stack: Stack, layer: int, name: int, k: int) -> Matrix:
    at = MATRICES * layer + name
    return Matrix(stack.kind, vectors.int_at(stack.weights, at), vectors.int_at(stack.scales, at), k)


@compiled
def _normed(norm: int, stack: Stack, batch: Batch, member: int, work: Work) -> Operand:
    """All rows of x, normed, in the member's own space: cheaper than to share it and wait."""
    normed = work.normed + 4 * work.normed_member * member
    for row in range(batch.rows):
        at = 4 * stack.hidden * row
        vectors.normalise(batch.x + at, norm, normed + at, stack.hidden, np.float32(stack.eps))
    return operand(normed, batch.rows, stack.hidden, stack.kind, own_space(work, member))


@compiled
def _narrowed(layer: int, name: int, place: int, x: Operand, batch: Batch, member: int, work: Work) -> Narrow:
    """What the rows' additions make of x before they are widened, in the member's own space."""
    space = work.narrow + 4 * (work.narrow_member * member + work.narrow_pair * place)
    return narrow(batch.additions, batch.strengths, MATRICES * layer + name, x, space)


@compiled
def _attention(layer: int, stack: Stack, batch: Batch, member: int, members: int, work: Work) -> None:
    """A member's key-value heads: their products, then the caches, then attention, because rows may be one sequence."""
    size, hidden = stack.head_dim, stack.hidden
    queries, keys = stack.heads * size, stack.kv_heads * size
    per = queries // stack.kv_heads
    x = _normed(stack.input_norm + 4 * hidden * layer, stack, batch, member, work)
    scores = work.scores + 4 * work.scores_member * member
    mine = share(stack.kv_heads, 1, member, members)
    to_q = _narrowed(layer, Q, 0, x, batch, member, work)
    to_k = _narrowed(layer, K, 1, x, batch, member, work)
    to_v = _narrowed(layer, V, 2, x, batch, member, work)
    for head in range(mine.first, mine.last):
        of_queries, of_keys = Span(head * per, (head + 1) * per), Span(head * size, (head + 1) * size)
        product(_matrix(stack, layer, Q, hidden), x, work.q, queries, of_queries)
        product(_matrix(stack, layer, K, hidden), x, work.k, keys, of_keys)
        product(_matrix(stack, layer, V, hidden), x, work.v, keys, of_keys)
        added(to_q, work.q, queries, of_queries)
        added(to_k, work.k, keys, of_keys)
        added(to_v, work.v, keys, of_keys)
        _remember(layer, head, stack, batch, work)
        _look_back(layer, head, stack, batch, work, scores)


@compiled
def _into_residual(
    matrix: Matrix, x: Operand, more: Narrow, stack: Stack, batch: Batch, work: Work, span: Span
) -> None:
    """x += matrix times x, a member's part of the columns."""
    product(matrix, x, work.out, stack.hidden, span)
    added(more, work.out, stack.hidden, span)
    for row in range(batch.rows):
        at = 4 * (stack.hidden * row + span.first)
        vectors.add(work.out + at, batch.x + at, span.last - span.first)


@compiled
def layers(sync: Ints, member: int, members: int, stack: Stack, batch: Batch, work: Work) -> None:
    """All layers; batch.x becomes the residual after the last one. Returns after a barrier."""
    hidden, inner, mixed = stack.hidden, stack.inner, stack.heads * stack.head_dim
    outs = share(hidden, 4, member, members)
    inners = share(inner, 16, member, members)
    for layer in range(stack.layers):
        _attention(layer, stack, batch, member, members, work)
        meet(sync, members)
        x = operand(work.mixed, batch.rows, mixed, stack.kind, own_space(work, member))
        more = _narrowed(layer, OUT, 0, x, batch, member, work)
        _into_residual(_matrix(stack, layer, OUT, mixed), x, more, stack, batch, work, outs)
        meet(sync, members)
        x = _normed(stack.post_norm + 4 * hidden * layer, stack, batch, member, work)
        product(_matrix(stack, layer, GATE, hidden), x, work.gate, inner, inners)
        product(_matrix(stack, layer, UP, hidden), x, work.up, inner, inners)
        added(_narrowed(layer, GATE, 0, x, batch, member, work), work.gate, inner, inners)
        added(_narrowed(layer, UP, 0, x, batch, member, work), work.up, inner, inners)
        for row in range(batch.rows):
            at = 4 * (inner * row + inners.first)
            vectors.swiglu(work.gate + at, work.up + at, work.gate + at, inners.last - inners.first)
        meet(sync, members)
        x = operand(work.gate, batch.rows, inner, stack.kind, own_space(work, member))
        more = _narrowed(layer, DOWN, 0, x, batch, member, work)
        _into_residual(_matrix(stack, layer, DOWN, inner), x, more, stack, batch, work, outs)
        meet(sync, members)


class Head(NamedTuple):
    """Rows from `first` on get scores (rows, vocab), by this matrix."""

    first: int
    matrix: Matrix
    scores: int
    vocab: int


@compiled
def score(sync: Ints, member: int, members: int, stack: Stack, batch: Batch, work: Work, head: Head) -> None:
    """Final norm and scores of the rows from head.first on. Returns after a barrier."""
    for row in range(head.first + member, batch.rows, members):
        at = 4 * stack.hidden * row
        vectors.normalise(batch.x + at, stack.final_norm, batch.hidden + at, stack.hidden, np.float32(stack.eps))
    meet(sync, members)
    start = batch.hidden + 4 * stack.hidden * head.first
    x = operand(start, batch.rows - head.first, stack.hidden, head.matrix.kind, own_space(work, member))
    span = share(head.vocab, 4, member, members)
    product(head.matrix, x, head.scores, head.vocab, span)
    if batch.additions:
        space = work.narrow + 4 * work.narrow_member * member
        additions, strengths = batch.additions + 8 * head.first, batch.strengths + 4 * head.first
        added(narrow(additions, strengths, MATRICES * stack.layers, x, space), head.scores, head.vocab, span)
    meet(sync, members)


@compiled
def step(sync: Ints, member: int, members: int, stack: Stack, batch: Batch, work: Work, head: Head) -> None:
    """Talker: reads batch.x, gives scores of the rows from head.first on; with no such rows, fills caches only."""
    layers(sync, member, members, stack, batch, work)
    if head.first < batch.rows:
        score(sync, member, members, stack, batch, work, head)
