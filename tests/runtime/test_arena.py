"""Weights in large pieces: whole, apart from each other, and the same numbers wherever they lie."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from moksori.model import load
from moksori.runtime import arena, packing
from moksori.runtime.arena import LINE, Arena
from moksori.runtime.step import CompiledStep


def test_arrays_lie_apart_at_the_start_of_a_line_and_hold_what_is_put_there(monkeypatch):
    monkeypatch.setattr(arena, "PIECE", 4096)
    taken = Arena()
    arrays = [taken.take((3, size), kind) for size in (1, 50, 700, 9000, 2) for kind in (np.int8, np.int16, np.float32)]
    assert not any(array.any() for array in arrays)
    for number, array in enumerate(arrays):
        assert array.ctypes.data % LINE == 0
        array[:] = number
    assert all((array == number).all() for number, array in enumerate(arrays))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere nothing is copied")
def test_copied_weights_speak_as_mapped_ones_do(folder, monkeypatch):
    rows, found = np.random.default_rng(0).normal(0, 1, (9, 64)).astype(np.float32), []
    for shared in ("1", "0"):
        monkeypatch.setenv(packing.SHARED, shared)
        monkeypatch.setattr(packing, "is_worth_a_copy", lambda size: True)
        stepper = CompiledStep(load(folder), "fp32", positions=64, threads=1)
        assert stepper.weights.packer.copies == (shared == "0")
        sequence = stepper.begin(32)
        stepper.read(sequence, rows)
        found.append(sequence.logits.tobytes())
        stepper.close()
    assert found[0] == found[1]


def test_without_room_nothing_is_copied():
    assert not arena.is_worth_a_copy(1 << 60)
