"""`make parity`: the official package against ours, live, on random checkpoints or on one of the user's.

    python -m tests.parity [--checkpoint DIR] [--golden DIR] [--kind KIND ...] [--seed N] [--python PATH]

Prints one line per case and all that failed; exits with 1 if anything did.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from moksori import model as qwen
from tests import checkpoints
from tests.parity import environment, golden, merged, pocket
from tests.parity.cases import FRAMES, cases, endings, write_clips
from tests.parity.compare import Result, compare_case
from tests.parity.live import ask_official, report

HERE = Path(__file__).parent
LEAST_DISTINCT, LEAST_LEVEL = 50, 0.05


def main() -> int:
    options = _options()
    interpreter = options.python or environment.python()
    torch.set_num_threads(1)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        clips = write_clips(Path(scratch))
        if options.checkpoint:
            failed += compare_checkpoint(interpreter, options.checkpoint, clips, Path(scratch), forced=True)
        else:
            for kind in options.kind or checkpoints.KINDS:
                folder = checkpoints.tiny(kind, Path(scratch) / kind, options.seed, eager_end=checkpoints.LASTING)
                failed += compare_checkpoint(interpreter, folder, clips, Path(scratch), golden_folder=options.golden)
            failed += compare_endings(interpreter, Path(scratch) / "eager", clips, options.seed)
        if not (options.checkpoint or options.kind):
            failed += pocket.compare(interpreter, clips, Path(scratch))
            failed += merged.compare(interpreter, clips, Path(scratch))
    failed += compare_codec(interpreter, options.checkpoint)
    print(f"{failed} comparisons failed." if failed else "Everything agrees.")
    return min(failed, 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, help="a folder with a real checkpoint")
    parser.add_argument("--golden", type=Path, help="also write the small files that the tests keep")
    parser.add_argument("--kind", action="append", choices=list(checkpoints.KINDS))
    parser.add_argument("--seed", type=int, default=golden.SEED, help="of the random checkpoints")
    parser.add_argument("--python", type=Path, help="of an environment that has qwen-tts 0.1.1 already")
    options = parser.parse_args()
    if options.golden and options.seed != golden.SEED:
        parser.error(f"golden files are of seed {golden.SEED}")
    return options


def compare_checkpoint(
    interpreter: Path,
    folder: Path,
    clips: Mapping[str, str],
    scratch: Path,
    *,
    forced: bool = False,
    golden_folder: Path | None = None,
) -> int:
    """One line per case; returns how many comparisons failed."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kind = _kind(config)
    chosen = list(cases(kind))
    official, names = ask_official(interpreter, folder, chosen, clips, scratch)
    model = qwen.load(folder)
    failed = 0
    for case in chosen:
        results = list(compare_case(model, case, official, clips, forced=forced))
        failed += report(f"{kind} {case.name}", results)
    failed += report(f"{kind} over all", list(overall(official, names, folder, random=not forced)))
    if golden_folder:
        golden.write(golden_folder, kind, chosen, official)
    return failed


def compare_endings(interpreter: Path, folder: Path, clips: Mapping[str, str], seed: int) -> int:
    """A checkpoint that stops by itself, at different frames in the rows of a batch."""
    checkpoints.tiny("1.7b-custom-voice", folder, seed, eager_end=1.5)
    chosen = list(endings())
    official, _ = ask_official(interpreter, folder, chosen, clips, folder)
    model = qwen.load(folder)
    failed = sum(report(case.name, list(compare_case(model, case, official, clips))) for case in chosen)
    lengths = sorted({len(tensor) for name, tensor in official.items() if name.endswith("/codes")})
    spread = Result("lengths", len(lengths) > 2 and lengths[0] < FRAMES, f"{lengths} frames")
    return failed + report("endings over all", [spread])


def _kind(config: Mapping[str, str]) -> str:
    wanted = (config["tts_model_size"], config["tts_model_type"])
    return next(kind for kind, (size, model_type) in checkpoints.KINDS.items() if (size, model_type) == wanted)


def overall(official: Mapping[str, Tensor], names: set[str], folder: Path, random: bool) -> Iterator[Result]:
    """That the comparison could have failed: enough different codes, audible sound, all tensors given."""
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        ours = set(file.keys())
    yield Result("tensors", names <= ours, f"{len(names)} in the official model, {len(names - ours)} not in the file")
    if not random:
        return
    codes = torch.cat([tensor for name, tensor in official.items() if name.endswith("/codes")])
    distinct = [len(column.unique()) for column in codes.T]
    yield Result("spread", min(distinct) >= LEAST_DISTINCT, f"{min(distinct)} to {max(distinct)} codes in a codebook")
    waves = [tensor for name, tensor in official.items() if name.endswith("/wave")]
    level = min(float(wave.std()) for wave in waves)
    yield Result("level", level >= LEAST_LEVEL, f"RMS {level:.3f} about its mean in the softest waveform")


def compare_codec(interpreter: Path, checkpoint: Path | None) -> int:
    """The codec has a script of its own, which imports both sides."""
    command = [interpreter, HERE / "codec.py", *(["--checkpoint", checkpoint] if checkpoint else [])]
    here = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"}
    return subprocess.run([str(part) for part in command], env=here).returncode


if __name__ == "__main__":
    sys.exit(main())
