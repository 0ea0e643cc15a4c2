"""A prompt whose beginning was read before: the same bits, for less work."""

from __future__ import annotations

import numpy as np
import pytest

from moksori.model import load
from moksori.runtime.lora import Addition, Lora
from moksori.runtime.prefix import KEPT, ROWS
from moksori.runtime.step import CompiledStep
from tests.runtime.test_lora import random_adapter


@pytest.fixture(scope="module", params=["bf16", "int8"])
def stepper(folder, request):
    made = CompiledStep(load(folder), request.param, most=2, positions=256, threads=1)
    yield made
    made.close()


def rows(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (count, 64)).astype(np.float32)


def read(stepper, prompt, addition=None) -> list[bytes]:
    sequence = stepper.begin(200, addition)
    stepper.read(sequence, prompt)
    assert sequence.position == len(prompt)
    kept = (sequence.keys[:, :, : len(prompt)], sequence.values[:, :, : len(prompt)], sequence.hidden, sequence.logits)
    return [array.tobytes() for array in kept]


@pytest.mark.parametrize("shared", [1, 5, ROWS, ROWS + 3])
def test_what_was_read_before_is_what_is_read_again(stepper, shared):
    voice = rows(shared, 1)
    prompts = [np.concatenate([voice, rows(9, seed)]) for seed in (2, 3)]
    stepper._prefixes._kept.clear()
    fresh = []
    for prompt in prompts:
        fresh.append(read(stepper, prompt))
        stepper._prefixes._kept.clear()
    read(stepper, prompts[0])
    assert stepper._prefixes.recall(stepper.begin(200), prompts[1]) == min(shared, ROWS)
    assert read(stepper, prompts[1]) == fresh[1]
    assert read(stepper, prompts[0]) == fresh[0]


def test_the_last_row_is_always_read(stepper):
    prompt = rows(4, 5)
    first = read(stepper, prompt)
    assert stepper._prefixes.recall(stepper.begin(200), prompt) == 3
    assert read(stepper, prompt) == first
    assert read(stepper, prompt[:1]) == read(stepper, prompt[:1])


def test_other_weights_have_other_beginnings(stepper, folder):
    lora = Lora(random_adapter(load(folder)), stepper.config.talker)
    prompt = rows(20, 6)
    heard = {scale: read(stepper, prompt, Addition.of(lora, scale)) for scale in (0.0, 0.5, 1.0)}
    assert heard[0.0] != heard[0.5] != heard[1.0]
    for scale in (1.0, 0.0, 0.5):
        assert read(stepper, prompt, Addition.of(lora, scale)) == heard[scale]


def test_only_the_last_ones_are_kept(stepper):
    for seed in range(KEPT + 4):
        read(stepper, rows(30, 100 + seed))
        read(stepper, rows(30, 100 + seed))
    assert len(stepper._prefixes._kept) == KEPT
