"""All that is measured of one clip, and what is wrong with it, in sentences a person can act on.

Marks carry a stable code, so that other languages and gates need not parse the sentences. Knows no files, no engines.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from .activity import Activity, activity
from .ending import Ending, ending
from .level import Pcm, as_float, clipping, is_silent, to_db
from .loudness import loudness
from .repetition import Loop, find_drone, find_loop

Severity = Literal["info", "warning", "error"]

RUSHED, DRAGGING = 9.0, 2.5  # syllables per second; Korean news is read at 5 to 6.5, slow announcements at 3.5
RUN_AWAY_S = (1.5, 0.6)  # seconds allowed at all, and per syllable
CLIPPED = 0.0005
PAUSE_S = 1.5


@dataclass(frozen=True)
class Mark:
    """One thing that is wrong: a stable code, how bad, where (seconds from the start), and a sentence."""

    code: str
    severity: Severity
    at_s: float
    reason: str


@dataclass(frozen=True)
class Report:
    """What was measured. `pace` is None where the number of syllables is not known; `loop` and `drone_s` if found."""

    seconds: float
    loudness_lufs: float
    peak_db: float
    clipping: float
    silence_share: float
    leading_s: float
    trailing_s: float
    longest_silence_s: float
    pace: float | None
    ending: Ending
    loop: Loop | None
    drone_s: float
    marks: tuple[Mark, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def report(pcm: Pcm, sample_rate: int, *, syllables: int | None = None, repeats: bool = False) -> Report:
    """Measure one clip of any length.

    syllables  how many are spoken; without it nothing is said of pace and run-away.
    repeats    the text says something more than once, so a loop is no fault.
    """
    seconds = len(pcm) / sample_rate
    heard, last = activity(pcm, sample_rate), ending(pcm, sample_rate)
    loop = None if repeats else find_loop(pcm, sample_rate)
    drone = find_drone(pcm, sample_rate)
    pace = syllables / heard.active_s if syllables is not None and heard.active_s else None
    clipped = clipping(pcm)
    marks = (
        [Mark("silent", "error", 0.0, "Nothing can be heard.")]
        if is_silent(pcm, sample_rate)
        else [
            *_ending_marks(last, seconds, heard),
            *_level_marks(clipped, heard),
            *_pace_marks(pace, syllables, heard),
            *_stuck_marks(loop, drone),
        ]
    )
    return Report(
        seconds=seconds,
        loudness_lufs=loudness(pcm, sample_rate),
        peak_db=float(to_db(float(np.abs(as_float(pcm)).max(initial=0.0)))),
        clipping=clipped,
        silence_share=heard.silence_share,
        leading_s=heard.leading_s,
        trailing_s=heard.trailing_s,
        longest_silence_s=heard.longest_silence[1],
        pace=pace,
        ending=last,
        loop=loop,
        drone_s=drone[1] if drone else 0.0,
        marks=tuple(sorted(marks, key=lambda mark: mark.at_s)),
    )


def _ending_marks(last: Ending, seconds: float, heard: Activity) -> list[Mark]:
    if not last.cut_off:
        return []
    at = max(0.0, seconds - heard.trailing_s)
    return [
        Mark("cut_off", "warning", at, f"The last sound stops within {last.decay_ms:.0f} ms instead of fading out.")
    ]


def _level_marks(clipped: float, heard: Activity) -> list[Mark]:
    marks = []
    if clipped > CLIPPED:
        marks.append(Mark("clipped", "warning", 0.0, f"{clipped:.2%} of the samples are clipped."))
    start, length = heard.longest_silence
    if length > PAUSE_S:
        marks.append(Mark("long_pause", "info", start, f"There is a pause of {length:.1f} s."))
    return marks


def _pace_marks(pace: float | None, syllables: int | None, heard: Activity) -> list[Mark]:
    if pace is None or syllables is None:
        return []
    limit = RUN_AWAY_S[0] + RUN_AWAY_S[1] * syllables
    if heard.active_s > limit:
        reason = f"{heard.active_s:.1f} s of sound for {syllables} syllables: it went on after the text."
        return [Mark("run_away", "error", limit, reason)]
    if pace > RUSHED:
        return [Mark("rushed", "warning", 0.0, f"{pace:.1f} syllables per second: too fast to follow.")]
    if pace < DRAGGING and syllables > 5:
        return [Mark("dragging", "info", 0.0, f"{pace:.1f} syllables per second: very slow.")]
    return []


def _stuck_marks(loop: Loop | None, drone: tuple[float, float] | None) -> list[Mark]:
    marks = []
    if loop:
        reason = f"The same {loop.length_s:.1f} s are heard {loop.times} times in a row."
        marks.append(Mark("loop", "warning", loop.at_s, reason))
    if drone:
        marks.append(Mark("drone", "warning", drone[0], f"The sound stands still for {drone[1]:.1f} s."))
    return marks
