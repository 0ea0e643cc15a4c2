import numpy as np
import pytest

from moksori.audio import Audio
from moksori.workbench.checks import check, coverage, is_usable

RATE = 24_000


def speech(seconds: float, *, level: float = 0.2, noise: float = 1e-4, edges: float = 0.3) -> Audio:
    """Syllables at five a second, with quiet ends and some noise behind."""
    t = np.arange(round(RATE * seconds)) / RATE
    voiced = np.sin(2 * np.pi * 150 * t) * np.clip(np.sin(2 * np.pi * 2.5 * t) * 2, 0, 1)
    voiced[(t < edges) | (t > seconds - edges)] = 0
    return Audio((voiced * level + np.random.default_rng(0).normal(0, noise, len(t))).astype(np.float32), RATE)


def codes(clip: Audio) -> list[str]:
    return [mark["code"] for mark in check(clip)]


def test_a_good_clip_has_no_marks() -> None:
    assert check(speech(6)) == []


@pytest.mark.parametrize(
    ("clip", "code"),
    [
        (speech(0.8), "too_short"), (speech(2.5), "short"), (speech(20), "long"), (speech(61), "too_long"),
        (speech(6, level=0.01, noise=1e-5), "quiet"), (speech(6, noise=0.02), "noisy"),
        (speech(6, level=3.0), "clipped"), (speech(6, level=0.0, noise=0.0), "silent"),
    ],
)  # fmt: skip
def test_each_fault_is_named(clip: Audio, code: str) -> None:
    clipped = Audio(np.clip(clip.pcm, -1, 1), RATE)
    assert code in codes(clipped)
    assert is_usable(check(clipped)) == (code not in ("too_short", "too_long", "silent"))


def test_a_clip_that_was_cut_in_the_middle_is_noticed() -> None:
    whole = speech(6, edges=0.0)
    start = round(0.05 * RATE)
    assert {"starts_inside", "ends_inside"} <= set(codes(Audio(whole.pcm[start : start + round(4.15 * RATE)], RATE)))


@pytest.mark.parametrize(
    ("transcript", "severity"), [("가" * 20, "info"), ("가" * 80, "error"), ("가나다", "error"), ("", "error")]
)
def test_a_transcript_must_cover_the_clip(transcript: str, severity: str) -> None:
    assert coverage(speech(6), transcript)["severity"] == severity
