"""What to know about a clip before a voice is cloned from it: length, level, clipping, noise, ends, transcript.

Marks like those of takes; an error means that it cannot be used. Pure functions of PCM and text.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from moksori import measure, text
from moksori.audio import Audio
from moksori.voice import LONG_S, LONGEST_S, SHORT_S, SHORTEST_S

Mark = dict[str, Any]
QUIET_LUFS, NOISY_DB, EDGE_S, EDGE_DB = -33.0, 22.0, 0.05, 20.0
SLOWEST, FASTEST, USUAL = 2.0, 9.5, 5.5  # syllables per second of speech


def check(clip: Audio) -> list[Mark]:
    """Everything that a person should know, worst first."""
    marks = [*_length(clip.seconds)]
    if measure.is_silent(clip.pcm, clip.sample_rate):
        return [_mark("silent", "error", 0.0, "Nothing can be heard."), *marks]
    marks += [*_level(clip), *_noise(clip), *_ends(clip)]
    return sorted(marks, key=lambda mark: ("error", "warning", "info").index(mark["severity"]))


def coverage(clip: Audio, transcript: str, language: str = "korean") -> dict[str, Any]:
    """Whether so much text can have been said in this clip, and nothing more."""
    syllables = text.syllables(text.read(transcript, language=language).spoken)
    active_s = measure.activity(clip.pcm, clip.sample_rate).active_s
    pace = syllables / active_s if active_s else 0.0
    if pace > FASTEST:
        severity, reason = "error", "The transcript is longer than what is said in the clip."
    elif pace < SLOWEST:
        severity, reason = "error", "More is said in the clip than the transcript tells."
    elif pace < 3.0 or pace > 8.0:
        severity, reason = "warning", "Check whether the transcript is exactly what is said."
    else:
        severity, reason = "info", "The length of the transcript fits the clip."
    numbers = {"syllables": syllables, "expected_s": round(syllables / USUAL, 2), "pace": round(pace, 2)}
    return numbers | {"severity": severity, "reason": reason}


def is_usable(marks: list[Mark]) -> bool:
    return all(mark["severity"] != "error" for mark in marks)


def _length(seconds: float) -> list[Mark]:
    if seconds < SHORTEST_S:
        return [
            _mark(
                "too_short", "error", 0.0, f"{seconds:.1f} s; at least {SHORTEST_S:g} s are needed, 3 to 15 are best."
            )
        ]
    if seconds > LONGEST_S:
        return [_mark("too_long", "error", LONGEST_S, f"{seconds:.0f} s; at most {LONGEST_S:g} s, 3 to 15 are best.")]
    if seconds < SHORT_S:
        return [_mark("short", "warning", 0.0, f"Only {seconds:.1f} s; 3 to 15 s clone better.")]
    if seconds > LONG_S:
        return [_mark("long", "warning", LONG_S, f"{seconds:.0f} s; 3 to 15 s clone better and start sooner.")]
    return []


def _level(clip: Audio) -> list[Mark]:
    found, clipped = [], measure.clipping(clip.pcm)
    if clipped > 0.001:
        at = int(np.argmax(np.abs(clip.pcm))) / clip.sample_rate
        found.append(_mark("clipped", "warning", at, f"{clipped:.1%} is clipped; record it at a lower level."))
    loudness = measure.loudness(clip.pcm, clip.sample_rate)
    if loudness < QUIET_LUFS:
        found.append(_mark("quiet", "warning", 0.0, f"{loudness:.0f} LUFS; record it closer or louder."))
    return found


def _noise(clip: Audio) -> list[Mark]:
    """The quietest tenth of 50 ms windows against the speech: what is there when nobody speaks."""
    levels = measure.envelope_db(clip.pcm, clip.sample_rate, window_ms=50.0)
    apart = float(np.percentile(levels, 95) - np.percentile(levels, 5))
    if apart >= NOISY_DB:
        return []
    return [
        _mark("noisy", "warning", 0.0, f"The background is only {apart:.0f} dB below the voice; find a quieter room.")
    ]


def _ends(clip: Audio) -> list[Mark]:
    levels = measure.envelope_db(clip.pcm, clip.sample_rate, window_ms=EDGE_S * 1000)
    loud = float(np.percentile(levels, 95)) - EDGE_DB
    found = []
    if levels[0] > loud:
        found.append(
            _mark("starts_inside", "warning", 0.0, "It begins in the middle of a sound; leave a little silence.")
        )
    if levels[-1] > loud:
        found.append(
            _mark("ends_inside", "warning", clip.seconds, "It ends in the middle of a sound; leave a little silence.")
        )
    return found


def _mark(code: str, severity: str, at_s: float, reason: str) -> Mark:
    return {"code": code, "severity": severity, "at_s": at_s, "reason": reason}
