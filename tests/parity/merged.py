"""Merged voice packs in the official package: `python -m tests.parity.merged [--python PATH]`.

A pack with a strong random adapter on the embedded Base checkpoint is merged at two strengths; both folders are loaded
by the official package, which must find every tensor, clone with the one and speak the new preset with the other.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from moksori import model as qwen
from moksori.model import Model
from moksori.model.adapter import trainable
from moksori.model.checkpoint import official_tensors
from moksori.model.hub import EMBEDDED
from moksori.training.pack import About, Pack, merge
from tests.parity.cases import MIXED, PLAIN, SHORT, Case, Row
from tests.parity.compare import Result, compare_case
from tests.parity.live import alone, ask_official, report

FRAMES = 40
NAME = "mina"
CASES = {
    "base": (
        Case("vector", "whole", (Row(PLAIN, "korean", reference="short"),), FRAMES),
        Case("in-context", "streaming", (Row(SHORT, None, reference="long", transcript=MIXED),), FRAMES),
    ),
    "custom_voice": (
        Case("preset", "whole", (Row(PLAIN, "korean", NAME),), FRAMES),
        Case("preset-streaming", "streaming", (Row(MIXED, None, NAME),), FRAMES),
    ),
}


def compare(interpreter: Path, clips: Mapping[str, str], scratch: Path, folder: Path = EMBEDDED) -> int:
    """One line per case; returns how many comparisons failed."""
    failed = 0
    base = qwen.load(folder / "pocket-base")
    pack = _pack(base)
    for scale in (0.3, 1.0):
        target = scratch / f"merged-{scale:g}"
        merge(pack, base, target, scale=scale)
        for kind, cases in CASES.items():
            official, names = ask_official(interpreter, target / kind, list(cases), clips, scratch)
            merged = qwen.load(target / kind, strict=True)
            failed += report(f"merged at {scale:g}, {kind} over all", list(_overall(base, merged, names)))
            for case in cases:
                results = list(compare_case(merged, case, official, clips, forced=True))
                failed += report(f"merged at {scale:g}, {kind} {case.name}", results)
    return failed


def _pack(base: Model) -> Pack:
    paths = [name for name, _ in base.talker.named_modules() if name.endswith(("q_proj", "v_proj", "down_proj"))]
    adapter = trainable(base.talker, paths, 4, 1.0, seed=1)
    for pair in adapter.pairs.values():
        pair.up.normal_(std=0.2, generator=torch.Generator().manual_seed(2))
    vector = np.random.default_rng(3).normal(size=base.config.talker.stack.hidden_size).astype(np.float32)
    return Pack(About(NAME, base.name, base.sha256), vector, adapter)


def _overall(base: Model, merged: Model, names: set[str]) -> list[Result]:
    """That something was merged, and that the official model lacks nothing that ours has."""
    a, b = (model.talker.layers[0].self_attn.q_proj.weight for model in (base, merged))
    moved = float((a - b).norm() / a.norm())
    ours = {name for name, _ in official_tensors(merged)}
    return [
        Result("merged", moved > 0.01, f"weights moved by {moved:.1%}"),
        Result("tensors", ours <= names, f"{len(ours - names)} of ours are not in the official model"),
    ]


if __name__ == "__main__":
    sys.exit(alone(compare, __doc__))
