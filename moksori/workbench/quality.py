"""What is wrong with a take, and what follows: marks, seeds of further tries, the choice among them. Pure functions."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from moksori import measure
from moksori.audio.pcm import Int16
from moksori.manifest import Manifest

Mark = dict[str, Any]
FAULTS = ("warning", "error")
NORM_OF = 8  # takes of a voice before it has a pace of its own
OFF_NORM = 0.3
ENDINGS = {
    "ceiling": ("error", "It did not end by itself and was stopped at its limit."),
    "stationary": ("warning", "The sound stood still and was stopped."),
}


def examine(pcm: Int16, manifest: Manifest, paces: Sequence[float]) -> tuple[dict[str, Any], list[Mark]]:
    """Measurements and marks of a take; `paces` are those of the voice's earlier takes."""
    spoken = sum(unit.syllables * unit.count for unit in manifest.units)
    repeats = any(unit.count > 1 for unit in manifest.units)
    report = measure.report(pcm, manifest.sample_rate, syllables=spoken, repeats=repeats)
    marks = [asdict(mark) for mark in report.marks]
    marks += [*_ending_marks(manifest), *_norm_marks(report.pace, paces)]
    measurements = report.to_json()
    del measurements["marks"]
    measurements["norm_pace"] = statistics.median(paces) if len(paces) >= NORM_OF else None
    return measurements, sorted(marks, key=lambda mark: float(mark["at_s"]))


def is_faulty(marks: Sequence[Mapping[str, Any]]) -> bool:
    return any(mark["severity"] in FAULTS for mark in marks)


def badness(marks: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """For choosing the least bad of several: errors first, then warnings."""
    severities = [mark["severity"] for mark in marks]
    return severities.count("error"), severities.count("warning")


def try_seed(seed: int, attempt: int) -> int:
    """The seed of a further try: a function of the first seed and the number of the try; try 0 is the seed itself."""
    if attempt == 0:
        return seed
    digest = hashlib.sha256(f"try\0{seed}\0{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "little")


def _ending_marks(manifest: Manifest) -> list[Mark]:
    found = []
    for unit in manifest.units:
        if unit.reason in ENDINGS:
            severity, reason = ENDINGS[unit.reason]
            at_s = (unit.start + unit.samples) / manifest.sample_rate
            found.append({"code": unit.reason, "severity": severity, "at_s": at_s, "reason": reason})
    return found


def _norm_marks(pace: float | None, paces: Sequence[float]) -> list[Mark]:
    if pace is None or len(paces) < NORM_OF:
        return []
    norm = statistics.median(paces)
    off = pace / norm - 1.0
    if abs(off) <= OFF_NORM:
        return []
    word = "faster" if off > 0 else "slower"
    reason = f"{pace:.1f} syllables per second, {abs(off):.0%} {word} than this voice's other takes ({norm:.1f})."
    return [{"code": "off_pace", "severity": "warning", "at_s": 0.0, "reason": reason}]
