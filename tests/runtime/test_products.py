"""Products sum in one order: a row of eight equals the row alone, and int8 is exact within its rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from moksori.runtime import products
from moksori.runtime.compiled import compiled
from moksori.runtime.packing import pack, unpack
from moksori.runtime.products import BFLOAT16, FLOAT32, GROUP, INT8, Matrix, Space, Span
from moksori.runtime.room import at


@compiled
def _multiply(matrix, x, rows, out, stride, space, first, last):
    operand = products.operand(x, rows, matrix.k, matrix.kind, space)
    products.product(matrix, operand, out, stride, Span(first, last))


class Weights:
    """A matrix of one kind, and the float values it stands for."""

    def __init__(self, kind: int, rows: int, k: int) -> None:
        values = np.random.default_rng(k).normal(0, 1, (rows, k)).astype(np.float32)
        self.kind, self.k, self.rows = kind, k, rows
        scale = np.zeros(1, np.float32)
        if kind == BFLOAT16:
            self.held = (values.view(np.uint32) >> 16).astype(np.uint16)
            self.values = (self.held.astype(np.uint32) << 16).view(np.float32)
        elif kind == INT8:
            self.held, scale = pack(torch.from_numpy(values))
            self.values = unpack(self.held, scale, k)
        else:
            self.held = self.values = values
        self.scale = scale
        self.matrix = Matrix(kind, at(self.held), at(scale), k)

    def times(self, x: np.ndarray, spans: list[tuple[int, int]] | None = None) -> np.ndarray:
        rows, padded = len(x), -(-self.k // 32) * 32
        rounded, scale = np.zeros((rows, padded), np.int16), np.zeros((rows, -(-padded // GROUP)), np.float32)
        space = Space(at(rounded), padded, at(scale), scale.shape[1])
        out = np.full((rows, self.rows), np.nan, np.float32)
        for first, last in spans or [(0, self.rows)]:
            _multiply(self.matrix, at(x), rows, at(out), self.rows, space, first, last)
        self.rounded = rounded[:, : self.k] * np.repeat(scale, GROUP, axis=1)[:, : self.k]
        return out


@pytest.fixture(params=[FLOAT32, BFLOAT16, INT8], ids=["float32", "bf16", "int8"])
def kind(request) -> int:
    return request.param


@pytest.mark.parametrize("k", [16, 48, 64, 80, 1024, 3072, 6144])
def test_rows_do_not_depend_on_their_number(kind, k):
    weights = Weights(kind, 12, k)
    x = np.random.default_rng(0).normal(0, 1, (13, k)).astype(np.float32)
    together = weights.times(x)
    for row in range(len(x)):
        assert np.array_equal(together[row], weights.times(x[row : row + 1])[0])
    for count in (2, 3, 4, 7, 8):
        assert np.array_equal(together[:count], weights.times(x[:count]))


def test_rows_do_not_depend_on_who_shares_them(kind):
    weights = Weights(kind, 24, 256)
    x = np.random.default_rng(0).normal(0, 1, (5, 256)).astype(np.float32)
    assert np.array_equal(weights.times(x), weights.times(x, [(20, 24), (0, 8), (8, 20)]))


@pytest.mark.parametrize("k", [16, 80, 1024, 3072])
def test_products_are_right(kind, k):
    weights = Weights(kind, 16, k)
    x = np.random.default_rng(1).normal(0, 1, (3, k)).astype(np.float32)
    found = weights.times(x)
    inputs = weights.rounded.astype(np.float64) if kind == INT8 else x.astype(np.float64)
    expected = inputs @ weights.values.T.astype(np.float64)
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * np.sqrt(k))


def test_int8_is_exact_at_the_limits_of_both_sides():
    """The largest weights times the largest activations: a sum that overflowed anywhere would be far off."""
    k = 8192
    weights = Weights(INT8, 4, k)
    weights.held[:], weights.scale[:] = 127, 1.0
    x = np.ones((1, k), np.float32)
    assert weights.times(x)[0, 0] == pytest.approx(127 * k, rel=1e-6)
    weights.held[:] = -127
    assert weights.times(x)[0, 0] == pytest.approx(-127 * k, rel=1e-6)


def test_int8_rounding_is_fine():
    values = np.random.default_rng(3).normal(0, 1, (64, 1024)).astype(np.float32)
    packed, scales = pack(torch.from_numpy(values))
    assert np.abs(unpack(packed, scales, 1024) - values).max() <= 0.5 * scales.max() * 1.001
    x = np.random.default_rng(4).normal(0, 1, (1, 1024)).astype(np.float32)
    weights = Weights(INT8, 64, 1024)
    weights.times(x)
    assert np.abs(weights.rounded - x).max() < 1e-4


def test_rows_of_zeros_stay_zeros(kind):
    weights = Weights(kind, 8, 64)
    assert not weights.times(np.zeros((2, 64), np.float32)).any()
