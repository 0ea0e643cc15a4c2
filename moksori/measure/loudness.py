"""Loudness by ITU-R BS.1770-4 (K-weighting, 400 ms blocks, two gates) for mono, in numpy.

The filters are the standard's biquads, moved to any sample rate by their analog prototypes (B. De Man, "Evaluation of
implementations of the EBU R128 loudness measurement", AES 145, 2018) and applied as one multiplication in frequency.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .level import Pcm, as_float

SILENCE_LUFS = -70.0  # the standard's absolute gate: what lies below does not count
BLOCK_S, STEP_S = 0.4, 0.1
RELATIVE_GATE = -10.0
Complex = npt.NDArray[np.complex128]


def loudness(pcm: Pcm, sample_rate: int) -> float:
    """Integrated loudness in LUFS; -70 for silence. A clip under 0.4 s counts as one block."""
    x = as_float(pcm).astype(np.float64)
    if len(x) == 0:
        return SILENCE_LUFS
    power = _block_power(_k_weighted(x, sample_rate), sample_rate)
    power = power[_lufs(power) > SILENCE_LUFS]
    if len(power) == 0:
        return SILENCE_LUFS
    gate = float(_lufs(power.mean())) + RELATIVE_GATE
    return float(_lufs(power[_lufs(power) > gate].mean()))


def _lufs(power: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    return -0.691 + 10.0 * np.log10(np.maximum(power, 1e-12))


def _block_power(x: npt.NDArray[np.float64], sample_rate: int) -> npt.NDArray[np.float64]:
    """(blocks,) mean square of overlapping blocks; only whole blocks count, unless there is none."""
    width, step = round(BLOCK_S * sample_rate), round(STEP_S * sample_rate)
    if len(x) < width:
        return np.array([np.mean(x * x)])
    total = np.concatenate([[0.0], np.cumsum(x * x)])
    starts = np.arange(0, len(x) - width + 1, step)
    power: npt.NDArray[np.float64] = (total[starts + width] - total[starts]) / width
    return power


def _k_weighted(x: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """The filters' impulse response is below -120 dB after 0.5 s, so that much padding keeps the end off the start."""
    size = 1 << int(np.ceil(np.log2(len(x) + rate // 2)))
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size))  # z^-1 on the unit circle
    return np.fft.irfft(np.fft.rfft(x, size) * _shelf(z, rate) * _high_pass(z, rate), size)[: len(x)]


def _shelf(z: Complex, rate: int) -> Complex:
    """Stage 1, the head: +4 dB above 1.7 kHz."""
    k = np.tan(np.pi * 1681.974450955533 / rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    above = (high + middle * k / q + k * k) + 2 * (k * k - high) * z + (high - middle * k / q + k * k) * z**2
    shelf: Complex = above / _denominator(z, k, q)
    return shelf


def _high_pass(z: Complex, rate: int) -> Complex:
    """Stage 2: nothing below 38 Hz. The standard's numerator is 1, -2, 1 without normalisation."""
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    high_pass: Complex = (1 - 2 * z + z**2) / (_denominator(z, k, q) / (1 + k / q + k * k))
    return high_pass


def _denominator(z: Complex, k: float, q: float) -> Complex:
    return (1 + k / q + k * k) + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z**2
