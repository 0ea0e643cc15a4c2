"""What can be heard with numpy: level, ending, pace, silence, clipping, repetition, loudness. Knows no files."""

from __future__ import annotations

from .activity import Activity, activity, pace
from .ending import Ending, ending
from .level import clipping, envelope_db, is_silent
from .loudness import SILENCE_LUFS, loudness
from .repetition import Loop, find_drone, find_loop
from .report import Mark, Report, report

__all__ = [
    "SILENCE_LUFS",
    "Activity",
    "Ending",
    "Loop",
    "Mark",
    "Report",
    "activity",
    "clipping",
    "ending",
    "envelope_db",
    "find_drone",
    "find_loop",
    "is_silent",
    "loudness",
    "pace",
    "report",
]
