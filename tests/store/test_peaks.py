from pathlib import Path

import numpy as np

from moksori.store.peaks import PeakCache, peaks, regroup, spectrogram


def test_peaks_hold_the_extremes_of_each_stretch() -> None:
    pcm = np.zeros(1000, dtype=np.int16)
    pcm[250], pcm[750] = 32_767, -32_768
    found = peaks(pcm, 4)
    assert found.tolist() == [[0, 0], [0, 127], [0, 0], [-128, 0]]


def test_more_bins_than_samples_and_no_samples_are_fine() -> None:
    assert peaks(np.array([5000, -5000], dtype=np.int16), 7).shape == (7, 2)
    assert not peaks(np.zeros(0, dtype=np.int16), 3).any()


def test_regrouping_fine_peaks_is_the_peaks_of_the_samples_where_the_edges_agree() -> None:
    pcm = np.random.default_rng(0).integers(-30_000, 30_000, 4800).astype(np.int16)
    assert np.array_equal(regroup(peaks(pcm, 48), 12), peaks(pcm, 12))


def test_the_cache_survives_a_half_written_file(tmp_path: Path) -> None:
    cache = PeakCache(tmp_path)
    pcm = np.arange(2400, dtype=np.int16)
    fine = cache.put("a", pcm, 24_000)
    assert np.array_equal(cache.get("a"), fine)
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY")
    assert cache.get("a") is None


def test_a_tone_is_a_bright_line_at_its_frequency() -> None:
    rate, height = 24_000, 120
    tone = (np.sin(2 * np.pi * 3000 * np.arange(rate) / rate) * 30_000).astype(np.int16)
    picture = spectrogram(tone, rate, 50, height)
    assert picture.shape == (height, 50)
    brightest = height - 1 - int(picture[:, 25].argmax())  # rows from the lowest frequency
    assert abs(brightest * (rate / 2) / height - 3000) < 200
    assert picture[:, 25].max() > 240 > 20 > picture[0, 25]
