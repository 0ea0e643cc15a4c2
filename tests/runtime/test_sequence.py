"""A sequence's caches cost what it becomes, not what it might become."""

from __future__ import annotations

import numpy as np

from moksori.model.config import StackConfig
from moksori.runtime import memory
from moksori.runtime.sequence import Sequence

SHAPE = StackConfig(1024, 3072, 28, 16, 8, 128, 1e-6, 1e6, 32768, False)


def test_room_for_minutes_costs_nothing_until_it_is_used():
    before = memory.resident()
    sequence = Sequence.begin(SHAPE, 3072, capacity=4000)
    assert sequence.capacity == 4000
    assert sequence.keys.nbytes + sequence.values.nbytes > 900e6
    assert memory.resident() - before < 5e6
    for position in range(50):
        sequence.keys[:, :, position] = position
        sequence.values[:, :, position] = position
    used = memory.resident() - before
    assert used < 2.5 * 50 * 2 * 4 * 28 * 8 * 128
    assert np.array_equal(sequence.keys[3, 2, :50, 7], np.arange(50))
    del sequence
    assert memory.resident() - before < 5e6, "a finished sequence gives its memory back"
