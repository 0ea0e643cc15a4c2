"""The predictor's loop over a frame's codebooks, compiled: every function runs on all members of a team at once.

Its sequence is one frame long and its caches are a few positions; weights are read once a codebook for all sequences.
Knows nothing of requests or of the talker's layers.
"""

from __future__ import annotations

from typing import NamedTuple

from . import vectors
from .barrier import meet
from .compiled import compiled
from .draw import Scores, Spot, draw
from .kernels import Batch, Head, Ints, Stack, Work, layers, own_space, score
from .products import BFLOAT16, Matrix, operand, product, share


class Tables(NamedTuple):
    """embeddings: (groups,) addresses of (vocab, wide) rows, bf16 or float32 by `kind`; heads and head_scales:
    (groups - 1,) addresses. projection leads from the talker's width `wide` to the predictor's (address 0: none)."""

    kind: int
    embeddings: int
    head_kind: int
    heads: int
    head_scales: int
    projection: Matrix
    bias: int
    wide: int
    vocab: int


class Choice(NamedTuple):
    """What the draws depend on, a row per sequence. codes (rows, groups) int64: the first is given, the others come
    out, unless all are `given`. total (rows, wide): the frame's summed embeddings come out. seeds, frames and top_k
    are int64 (rows,), temperature and top_p float32."""

    rows: int
    groups: int
    codes: int
    seeds: int
    frames: int
    temperature: int
    top_k: int
    top_p: int
    total: int
    given: int


class Frame(NamedTuple):
    """What `predict` reads and writes besides the stack. inputs: (2 rows, wide), its first rows are the talker's hidden
    states. scores: (groups - 1, most, vocab), kept for comparison; space: (most, 2, vocab)."""

    tables: Tables
    choice: Choice
    inputs: int
    scores: int
    scores_codebook: int
    space: int


@compiled
def _enter(
    sync: Ints, member: int, members: int, tables: Tables, inputs: int, batch: Batch, hidden: int, work: Work
) -> None:
    """batch.x = inputs (rows, wide) in the predictor's width. Returns after a barrier."""
    wide = tables.wide
    if tables.projection.address == 0:
        for row in range(member, batch.rows, members):
            vectors.copy(inputs + 4 * wide * row, batch.x + 4 * wide * row, wide)
        meet(sync, members)
        return
    span = share(hidden, 4, member, members)
    x = operand(inputs, batch.rows, wide, tables.projection.kind, own_space(work, member))
    product(tables.projection, x, batch.x, hidden, span)
    for row in range(batch.rows):
        vectors.add(tables.bias + 4 * span.first, batch.x + 4 * (hidden * row + span.first), span.last - span.first)
    meet(sync, members)


@compiled
def _embed(member: int, members: int, codebook: int, first: int, tables: Tables, choice: Choice, inputs: int) -> None:
    """Rows first .. of inputs = the embedded codes of one codebook; the frame's total grows by them."""
    wide, table = tables.wide, vectors.int_at(tables.embeddings, codebook)
    for row in range(member, choice.rows, members):
        code = vectors.int_at(choice.codes, choice.groups * row + codebook)
        out, total = inputs + 4 * wide * (first + row), choice.total + 4 * wide * row
        if tables.kind == BFLOAT16:
            vectors.widen_bfloat16(table + 2 * wide * code, out, wide)
        else:
            vectors.copy(table + 4 * wide * code, out, wide)
        if codebook == 0:
            vectors.copy(out, total, wide)
        else:
            vectors.add(out, total, wide)


@compiled
def _draw(member: int, members: int, codebook: int, frame: Frame) -> None:
    choice, vocab = frame.choice, frame.tables.vocab
    scores = frame.scores + 4 * frame.scores_codebook * (codebook - 1)
    for row in range(member, choice.rows, members):
        space = frame.space + 8 * vocab * row
        for index in range(vocab):
            vectors.put_float(space, index, vectors.float_at(scores, vocab * row + index))
        code = draw(
            Scores(space, space + 4 * vocab, vocab),
            vectors.float_at(choice.temperature, row),
            vectors.int_at(choice.top_k, row),
            vectors.float_at(choice.top_p, row),
            Spot(vectors.int_at(choice.seeds, row), vectors.int_at(choice.frames, row), codebook),
        )
        vectors.put_int(choice.codes, choice.groups * row + codebook, code)


@compiled
def predict(sync: Ints, member: int, members: int, stack: Stack, batch: Batch, work: Work, frame: Frame) -> None:
    """A frame's other codes for every sequence. batch has two rows a sequence: all states first, then all codes 0."""
    tables, choice = frame.tables, frame.choice
    count = choice.rows
    _embed(member, members, 0, count, tables, choice, frame.inputs)
    meet(sync, members)
    rows, first = batch.rows, count
    for codebook in range(1, choice.groups):
        now = Batch(rows, batch.x, batch.hidden, batch.positions, batch.keys, batch.values, batch.capacity, 0, 0)
        _enter(sync, member, members, tables, frame.inputs, now, stack.hidden, work)
        layers(sync, member, members, stack, now, work)
        at = codebook - 1
        matrix = Matrix(
            tables.head_kind, vectors.int_at(tables.heads, at), vectors.int_at(tables.head_scales, at), stack.hidden
        )
        scores = frame.scores + 4 * frame.scores_codebook * at
        score(sync, member, members, stack, now, work, Head(first, matrix, scores, tables.vocab))
        if choice.given == 0:
            _draw(member, members, codebook, frame)
        _embed(member, members, codebook, 0, tables, choice, frame.inputs)
        if member == 0:
            for row in range(count):
                vectors.put_int(batch.positions, row, codebook + 1)
        meet(sync, members)
        rows, first = count, 0
