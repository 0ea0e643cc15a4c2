import numpy as np
import pytest

from moksori.workbench.chime import PEAK, chime, with_chime


@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000, 48_000])
def test_a_chime_is_heard_and_never_clips(rate: int) -> None:
    for rising in (True, False):
        sound = chime(rate, rising=rising)
        assert sound.dtype == np.float32
        assert 1.5 < len(sound) / rate < 2.0
        assert float(np.abs(sound).max()) == pytest.approx(PEAK, abs=1e-6)
        assert abs(float(sound[0])) < 1e-3 > abs(float(sound[-1]))


def test_the_clip_itself_is_not_touched() -> None:
    pcm = np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)
    length = len(chime(24_000, rising=True))
    both = with_chime(pcm, 24_000, "both")
    start = length + round(0.35 * 24_000)
    assert np.array_equal(both[start : start + len(pcm)], pcm)
    assert np.array_equal(with_chime(pcm, 24_000, "none"), pcm)
