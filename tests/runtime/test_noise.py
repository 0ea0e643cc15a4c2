"""Random numbers are functions of their place, the same in every form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from moksori.runtime import draw, noise
from moksori.runtime.compiled import compiled

# Vectors published with the generator (Random123, kat_vectors, philox4x32-10).
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@compiled
def _compiled_gumbel(spot: draw.Spot, count: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([draw.gumbel(spot, index) for index in range(count)])


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_vectors(counter, key, expected):
    assert noise.philox(counter, key) == expected


def test_vectorised_words_equal_plain_integers():
    seed, frame, codebook = 0xDEADBEEF, 300, 15
    words = noise._words(torch.tensor([seed]), torch.tensor([frame]), codebook, 10)[0].tolist()
    blocks = [noise.philox((block, codebook, frame, 0), (seed, noise.DOMAIN)) for block in range(3)]
    assert words == [word for block in blocks for word in block][:10]


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_compiled_noise_equals_the_plain_one(seed):
    plain = noise.gumbel(seed, 7, 3, 2048)
    fast = _compiled_gumbel(draw.Spot(seed, 7, 3), 2048)
    np.testing.assert_allclose(fast, plain, rtol=0, atol=1e-14)


def test_a_row_of_noise_does_not_depend_on_its_neighbours():
    together = noise.gumbel_rows(torch.tensor([3, 9, 3]), torch.tensor([0, 5, 8]), 2, 100)
    assert np.array_equal(together[1].numpy(), noise.gumbel(9, 5, 2, 100))
    assert not np.array_equal(together[0].numpy(), together[2].numpy())


def test_noise_is_gumbel_distributed():
    values = np.concatenate([noise.gumbel(seed, 0, 0, 2048) for seed in range(50)])
    grid = np.quantile(values, np.linspace(0.01, 0.99, 99))
    assert np.abs(np.exp(-np.exp(-grid)) - np.linspace(0.01, 0.99, 99)).max() < 0.01
