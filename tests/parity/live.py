"""The official side of a comparison, in an interpreter of its own, and the line that a comparison prints.

Knows the request's format; what is asked and how answers compare is elsewhere.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from moksori.model.hub import EMBEDDED
from tests.parity import environment
from tests.parity.cases import Case, write_clips
from tests.parity.compare import Result

OFFICIAL = Path(__file__).parent / "official.py"


def ask_official(
    interpreter: Path, folder: Path, chosen: list[Case], clips: Mapping[str, str], scratch: Path
) -> tuple[dict[str, Tensor], set[str]]:
    """Runs the official side; its results, and the names of all its tensors."""
    request, out = scratch / "request.json", scratch / "official.safetensors"
    request.write_text(json.dumps({"cases": [case.to_json() for case in chosen], "clips": clips}), encoding="utf-8")
    command = [interpreter, OFFICIAL, folder, request, out]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", "TRANSFORMERS_VERBOSITY": "error", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([str(part) for part in command], env=quiet, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"The official side failed:\n{done.stderr[-4000:]}")
    with safe_open(out, framework="pt") as file:
        names = set(json.loads(file.metadata()["tensors"]))
    return load_file(out), names


def report(name: str, results: list[Result]) -> int:
    wrong = [result for result in results if not result.holds]
    print(f"{'FAIL' if wrong else 'ok  '} {name}: {len(results)} comparisons", flush=True)
    for result in wrong:
        print(f"       {result.name}: {result.figure[:400]}", flush=True)
    return len(wrong)


def alone(compare: Callable[[Path, Mapping[str, str], Path, Path], int], description: str | None) -> int:
    """The command line of a comparison over the embedded checkpoints that `make parity` runs among others."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--python", type=Path, help="of an environment that has qwen-tts 0.1.1 already")
    parser.add_argument("--folder", type=Path, default=EMBEDDED, help="where the two checkpoints lie")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        clips = write_clips(Path(scratch))
        failed = compare(options.python or environment.python(), clips, Path(scratch), options.folder)
    print(f"{failed} comparisons failed." if failed else "Everything agrees.")
    return min(failed, 1)
