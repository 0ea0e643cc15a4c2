import hashlib
from pathlib import Path

import numpy as np
import pytest

from moksori.errors import NotFound
from moksori.store.blobs import Blobs

NOISE = np.random.default_rng(1).integers(-32768, 32767, 24_001).astype(np.int16)


def test_a_sound_comes_back_bit_for_bit_under_the_hash_of_its_samples(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    name = blobs.put_sound(NOISE, 24_000)
    assert name == hashlib.sha256(NOISE.tobytes()).hexdigest() + "-24000"
    pcm, rate = blobs.sound(name)
    assert rate == 24_000
    assert np.array_equal(pcm, NOISE)


def test_equal_samples_at_another_rate_are_another_sound(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    names = {blobs.put_sound(NOISE, rate) for rate in (8_000, 24_000)}
    assert {blobs.sound(name)[1] for name in names} == {8_000, 24_000}


def test_the_same_sound_is_kept_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    assert blobs.put_sound(NOISE, 24_000) == blobs.put_sound(NOISE.copy(), 24_000)
    assert len(list(blobs)) == len(list(blobs.files())) == 1


def test_a_reference_comes_back_exactly_as_float(tmp_path: Path) -> None:
    pcm = np.random.default_rng(2).normal(0, 0.3, 5000).astype(np.float32)
    blobs = Blobs(tmp_path)
    assert np.array_equal(blobs.reference(blobs.put_reference(pcm)), pcm)


def test_damage_is_noticed(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    path = blobs.sound_path(blobs.put_sound(NOISE, 24_000))
    assert blobs.is_intact(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert not blobs.is_intact(path)


def test_a_missing_sound_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="store check"):
        Blobs(tmp_path).sound("0" * 64 + "-24000")


@pytest.mark.parametrize("name", ["../../etc/passwd", "0" * 63, "0" * 64 + "/x", "", "0" * 64 + "-24000\n"])
def test_only_hashes_become_paths(tmp_path: Path, name: str) -> None:
    with pytest.raises(AssertionError):
        Blobs(tmp_path).sound_path(name)
