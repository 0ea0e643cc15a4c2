"""The embedded checkpoints in the official package: `python -m tests.parity.pocket [--python PATH] [--folder DIR]`.

Trained weights, both kinds, every mode: text ids, prompts, greedy codes and waveforms, as for the random ones.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from moksori import model as qwen
from moksori.model.hub import EMBEDDED
from tests.parity.cases import LONG, MIXED, PLAIN, SHORT, Case, Row
from tests.parity.compare import compare_case
from tests.parity.live import alone, ask_official, report

FRAMES = 40
CASES = {
    "pocket-base": (
        Case("vector", "whole", (Row(PLAIN, "korean", reference="short"),), FRAMES),
        Case("vector-streaming", "streaming", (Row(MIXED, None, reference="long"),), FRAMES),
        Case("in-context", "whole", (Row(SHORT, "korean", reference="long", transcript=PLAIN),), FRAMES),
        Case("in-context-streaming", "streaming", (Row(LONG, None, reference="short", transcript=MIXED),), FRAMES),
    ),
    "pocket-custom-voice": (
        Case("preset", "whole", (Row(PLAIN, "korean", "haneul"),), FRAMES),
        Case("preset-streaming", "streaming", (Row(MIXED, None, "Dohyun"),), FRAMES),
        Case("batch", "whole", (Row(SHORT, "korean", "bora"), Row(PLAIN, "english", "jiho")), FRAMES),
    ),
}


def compare(interpreter: Path, clips: Mapping[str, str], scratch: Path, folder: Path = EMBEDDED) -> int:
    """One line per case; returns how many comparisons failed."""
    failed = 0
    for name, cases in CASES.items():
        official, _ = ask_official(interpreter, folder / name, list(cases), clips, scratch)
        model = qwen.load(folder / name, strict=True)
        for case in cases:
            results = list(compare_case(model, case, official, clips, forced=True))
            failed += report(f"{name} {case.name}", results)
    return failed


if __name__ == "__main__":
    sys.exit(alone(compare, __doc__))
