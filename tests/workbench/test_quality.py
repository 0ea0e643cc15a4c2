import numpy as np

from moksori.engine.protocol import MAX_SEED
from moksori.workbench import quality
from tests.store.making import manifest


def sound(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    t = np.arange(round(24_000 * seconds)) / 24_000
    tone = np.sin(2 * np.pi * 180 * t) * np.abs(np.sin(2 * np.pi * 3.1 * t)) * np.minimum(1, (seconds - t) / 0.2)
    return (tone * 12_000).astype(np.int16)


def test_a_voice_has_a_norm_only_after_some_takes() -> None:
    made = manifest("가나다라마바사아자차", samples=48_000)
    _, marks = quality.examine(sound(2.0), made, [10.0] * (quality.NORM_OF - 1))
    assert "off_pace" not in [mark["code"] for mark in marks]
    measured, marks = quality.examine(sound(2.0), made, [10.0] * quality.NORM_OF)
    assert measured["norm_pace"] == 10.0
    assert "off_pace" in [mark["code"] for mark in marks]
    assert "slower" in next(mark["reason"] for mark in marks if mark["code"] == "off_pace")


def test_seeds_of_further_tries_are_derived() -> None:
    seeds = [quality.try_seed(5, n) for n in range(8)]
    assert seeds[0] == 5
    assert len(set(seeds)) == 8
    assert all(0 <= seed <= MAX_SEED for seed in seeds)
    assert seeds == [quality.try_seed(5, n) for n in range(8)]


def test_errors_weigh_more_than_any_warnings() -> None:
    error, warning, info = ({"severity": s} for s in ("error", "warning", "info"))
    assert quality.badness([error]) > quality.badness([warning] * 9)
    assert not quality.is_faulty([info])
    assert quality.is_faulty([info, warning])
