"""Drawing a code, compiled: penalty, suppression, temperature, top-k, top-p, Gumbel noise.

The distributions are those of `model.sampling` (which is upstream's), the noise is that of `noise`; both are the
slow truth that the tests compare this with. Scores are float32 at an address. Knows nothing of batches or of when
speech should end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .compiled import compiled
from .noise import DOMAIN, KEY_STEPS, MULTIPLIERS, ROUNDS
from .vectors import float_at, int_at, put_float

_M0, _M1 = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
_K0, _K1 = np.uint64(KEY_STEPS[0]), np.uint64(KEY_STEPS[1])
_MASK, _SHIFT, _DOMAIN = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(DOMAIN)
_OUT = np.float32(-np.inf)


class Spot(NamedTuple):
    """Where a draw happens; with the seed, all that its noise depends on."""

    seed: int
    frame: int
    codebook: int


class Scores(NamedTuple):
    """`size` scores at an address, and room for as many more."""

    address: int
    space: int
    size: int


@compiled
def gumbel(spot: Spot, index: int) -> float:
    a, b = np.uint64(index >> 2), np.uint64(spot.codebook)
    c, d = np.uint64(spot.frame), np.uint64(0)
    k0, k1 = np.uint64(spot.seed) & _MASK, _DOMAIN
    for _ in range(ROUNDS):
        p, q = _M0 * a, _M1 * c
        a, b = (q >> _SHIFT) ^ b ^ k0, q & _MASK
        c, d = (p >> _SHIFT) ^ d ^ k1, p & _MASK
        k0, k1 = (k0 + _K0) & _MASK, (k1 + _K1) & _MASK
    word = index & 3
    value = a if word == 0 else b if word == 1 else c if word == 2 else d
    return -np.log(-np.log((np.float64(value) + 0.5) * 2.0**-32))  # type: ignore[no-any-return]


@compiled
def _sift(heap: int, count: int, at: int) -> None:
    """Restores a min-heap of floats below `at`."""
    value = float_at(heap, at)
    child = 2 * at + 1
    while child < count:
        if child + 1 < count and float_at(heap, child + 1) < float_at(heap, child):
            child += 1
        if value <= float_at(heap, child):
            break
        put_float(heap, at, float_at(heap, child))
        at, child = child, 2 * child + 1
    put_float(heap, at, value)


@compiled
def _heap(heap: int, count: int) -> None:
    for at in range(count // 2 - 1, -1, -1):
        _sift(heap, count, at)


@compiled
def _drop_below(scores: Scores, least: np.float32) -> None:
    for index in range(scores.size):
        if float_at(scores.address, index) < least:
            put_float(scores.address, index, _OUT)


@compiled
def _cut_to_best(scores: Scores, k: int) -> None:
    """Keeps the k best, and whatever equals the k-th."""
    heap = scores.space
    for index in range(k):
        put_float(heap, index, float_at(scores.address, index))
    _heap(heap, k)
    for index in range(k, scores.size):
        if float_at(scores.address, index) > float_at(heap, 0):
            put_float(heap, 0, float_at(scores.address, index))
            _sift(heap, k, 0)
    _drop_below(scores, float_at(heap, 0))


@compiled
def _cut_tail(scores: Scores, top_p: float) -> None:
    """Drops the least likely codes that together have at most 1 - top_p; the likeliest always stays."""
    heap, count, top = scores.space, 0, _OUT
    for index in range(scores.size):
        value = float_at(scores.address, index)
        if value > _OUT:
            put_float(heap, count, value)
            count += 1
            top = max(top, value)
    total = 0.0
    for index in range(count):
        total += np.exp(np.float64(float_at(heap, index)) - np.float64(top))
    _heap(heap, count)
    below, least = 0.0, top
    while count > 1:
        smallest = float_at(heap, 0)
        below += np.exp(np.float64(smallest) - np.float64(top)) / total
        if below > 1.0 - top_p:
            least = smallest
            break
        count -= 1
        put_float(heap, 0, float_at(heap, count))
        _sift(heap, count, 0)
    _drop_below(scores, least)


@compiled
def draw(scores: Scores, temperature: float, top_k: int, top_p: float, spot: Spot) -> int:
    """A code from scores, -inf where excluded; they are overwritten. Temperature 0: the likeliest."""
    best, found = -np.inf, 0
    for index in range(scores.size):
        if temperature > 0.0:
            put_float(scores.address, index, float_at(scores.address, index) / np.float32(temperature))
        elif np.float64(float_at(scores.address, index)) > best:
            best, found = np.float64(float_at(scores.address, index)), index
    if temperature == 0.0:
        return found
    if 0 < top_k < scores.size:
        _cut_to_best(scores, top_k)
    if top_p < 1.0:
        _cut_tail(scores, top_p)
    for index in range(scores.size):
        value = float_at(scores.address, index)
        if value > _OUT:
            noisy = np.float64(value) + gumbel(spot, index)
            if noisy > best:
                best, found = noisy, index
    return found


class Ids(NamedTuple):
    """Ids from `first_control` on are control ids; of these only `end` may be drawn."""

    first_control: int
    end: int


@compiled
def first_scores(scores: Scores, used: int, penalty: float, ids: Ids, may_end: bool) -> tuple[int, float]:
    """Turns talker logits into scores, in place: penalty on used codes (int64 flags at an address), control ids out.

    Returns what the ending decision looks at: how many codes scored above the end id, and its probability at
    temperature 1, both before it is blocked by `may_end`."""
    at, scale = scores.address, np.float32(penalty)
    end = float_at(at, ids.end)
    rank, top = 0, end
    for index in range(ids.first_control):
        value = float_at(at, index)
        if int_at(used, index):
            value = value * scale if value < np.float32(0.0) else value / scale
            put_float(at, index, value)
        if value > end:
            rank += 1
        top = max(top, value)
    share = np.exp(np.float64(end) - np.float64(top))
    total = share
    for index in range(ids.first_control):
        total += np.exp(np.float64(float_at(at, index)) - np.float64(top))
    for index in range(ids.first_control, scores.size):
        put_float(at, index, _OUT)
    if may_end:
        put_float(at, ids.end, end)
    return rank, share / total
