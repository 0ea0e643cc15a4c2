"""`python -m recipes.pocket all`: from nothing to the two checkpoints; or one step at a time.

speak     texts and synthetic speech (a few minutes, 4.4 GB)
codec     the codec, for --minutes
encode    the corpus in the codec's codes
listener  the speaker encoder alone
talker    talker, predictor and speaker encoder, for --minutes
export    both checkpoints in the official format

Each step reads what the ones before wrote under the folder. Stopped at any moment, `all` goes on where it was: steps
that are done are passed over, training continues from its last state, and with more minutes than before for longer.
Training on a CPU is several times faster with an allocator that keeps memory; `all` and `codec` set one up for the
processes they start.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from moksori.training.state import restore

from . import codec, encode, speak

STEPS = ("speak", "codec", "encode", "listener", "talker", "export")
# glibc would give large blocks back to the system after each use, and fault them in again at the next.
ALLOCATOR = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "500000000",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recipes.pocket", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=["all", *STEPS])
    parser.add_argument("--folder", type=Path, default=Path("runs/pocket"))
    parser.add_argument("--clips", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=2026, help="of texts and voices")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=100, help="how long the codec, and then the talker, trains")
    parser.add_argument("--listener-steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=1e-3, help="the codec's learning rate")
    parser.add_argument("--target", type=Path, default=Path("moksori/checkpoints"), help="where the checkpoints go")
    options = parser.parse_args()
    for step in STEPS if options.step == "all" else (options.step,):
        if options.step == "all" and _is_done(step, options):
            print(f"{step}: done before", flush=True)
        elif step == "codec" and os.environ.get("MALLOC_ARENA_MAX") != ALLOCATOR["MALLOC_ARENA_MAX"]:
            _start("recipes.pocket", "codec", *_flags(options))
        else:
            _run(step, options)


def _is_done(step: str, options: argparse.Namespace) -> bool:
    """Of the steps that cannot be continued; the others find out by themselves."""
    folder: Path = options.folder
    if step == "speak":
        return (folder / "speech" / "clips.jsonl").is_file()
    if step == "encode":
        return (folder / "codes" / "codes.npy").is_file()
    if step == "listener":
        taught = restore(folder / "talker" / "encoder.pt")
        return taught is not None and int(taught["step"]) >= options.listener_steps
    return False


def _run(step: str, options: argparse.Namespace) -> None:
    folder: Path = options.folder
    codes = ("--folder", str(folder), "--codes", str(folder / "codes" / "codes.npy"))
    if step == "speak":
        speak.speak(folder / "speech", options.seed, options.clips, options.processes)
    elif step == "codec":
        codec.train(codec.Settings(folder, options.minutes, options.rate), options.processes)
    elif step == "encode":
        encode.encode(folder, folder / "codec" / "frozen", options.processes)
    elif step == "listener":
        _start("recipes.pocket.listener", *codes, "--steps", str(options.listener_steps))
    elif step == "talker":
        frozen = str(folder / "codec" / "frozen")
        minutes = ("--minutes", str(options.minutes), "--threads", str(options.processes))
        _start("recipes.pocket.talker", *codes, "--codec", frozen, "--name", "final", *minutes, "--half")
    elif step == "export":
        where = ("--run", str(folder / "talker" / "final"), "--target", str(options.target))
        _start("recipes.pocket.export", *codes, *where, "--codec", str(folder / "codec" / "speech_tokenizer"))


def _flags(options: argparse.Namespace) -> list[str]:
    names = ("folder", "minutes", "processes", "rate")
    return [part for name in names for part in (f"--{name}", str(getattr(options, name)))]


def _start(module: str, *arguments: str) -> None:
    environment = {**os.environ, **ALLOCATOR}
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, env=environment)


if __name__ == "__main__":
    main()
