"""Constructed sounds whose measures are known by construction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 24_000
Pcm = npt.NDArray[np.float32]


def silence(seconds: float) -> Pcm:
    return np.zeros(round(RATE * seconds), np.float32)


def tone(seconds: float, amplitude: float = 0.3, hz: float = 200.0) -> Pcm:
    t = np.arange(round(RATE * seconds)) / RATE
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def fading(seconds: float, db_per_s: float, amplitude: float = 0.3) -> Pcm:
    """A tone that loses so many decibels per second."""
    t = np.arange(round(RATE * seconds)) / RATE
    return (tone(seconds, amplitude) * 10 ** (-db_per_s * t / 20)).astype(np.float32)


def babble(syllables: int, seed: int = 0, syllable_s: float = 0.2) -> Pcm:
    """Syllable-like sounds: each a vowel of its own (three formants) between short closures."""
    rng = np.random.default_rng(seed)
    return np.concatenate([syllable(rng, syllable_s) for _ in range(syllables)])


def syllable(rng: np.random.Generator, seconds: float) -> Pcm:
    n = round(RATE * seconds)
    t = np.arange(n) / RATE
    pitch = rng.uniform(90, 250)
    formants = np.array([rng.uniform(250, 900), rng.uniform(900, 2300), rng.uniform(2300, 3600)])
    harmonics = np.arange(1, 40) * pitch
    weight = sum(np.exp(-(((harmonics - f) / 150) ** 2)) for f in formants) + 0.01
    wave = (weight[:, None] * np.sin(2 * np.pi * harmonics[:, None] * t)).sum(axis=0)
    shape = np.clip(np.sin(np.pi * np.arange(n) / n) * 3, 0, 1)
    return (0.25 * wave / np.abs(wave).max() * shape).astype(np.float32)


def join(*parts: Pcm) -> Pcm:
    return np.concatenate(parts)
