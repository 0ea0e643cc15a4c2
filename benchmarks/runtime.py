"""The runtime at full size: speed, memory, and both beside the official package and beside what the memory can do.

    python -m benchmarks.runtime [--official PYTHON] [--sizes 0.6b,1.7b] [--frames 50] [--checkpoints FOLDER] [--add]

Random weights in the released sizes are written once into --checkpoints (2.5 and 4.5 GB). --official is the Python of
an environment with qwen-tts 0.1.1; without it there are no ratios. Every measurement is a process of its own, and the
official one runs before and after ours, because a shared machine changes. Results go to
benchmarks/results/runtime.json and, each beside what is demanded of it, into the table of docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "runtime.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--official", default=os.environ.get("MOKSORI_OFFICIAL_PYTHON", ""))
    parser.add_argument("--sizes", default="0.6b,1.7b")
    parser.add_argument("--precisions", default="bf16,int8")
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--checkpoints", type=Path, default=Path(tempfile.gettempdir()) / "moksori-full-size")
    parser.add_argument("--add", action="store_true", help="to the results of the last run, for a long run in parts")
    parser.add_argument("--no-agreement", action="store_true", help="leave out int8 beside bf16")
    given = parser.parse_args()
    found: dict[str, Any] = {"when": time.strftime("%Y-%m-%d %H:%M"), "threads": given.threads, "machine": machine()}
    if given.add and RESULTS.is_file():
        found = json.loads(RESULTS.read_text(encoding="utf-8")) | found
    for name, one in measure(given):
        found[name] = one
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    table = render(found)
    print(table)
    publish(table)
    return 0


def measure(given: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each size and precision by its name, and again with the official run that came after it beside the one before."""
    sizes, precisions = given.sizes.split(","), given.precisions.split(",")
    folders = {size: checkpoint(size, given.checkpoints) for size in {*sizes, *(["0.6b"] if given.official else [])}}
    beside = [official(given.official, folders["0.6b"], given)] if given.official else []
    found = {}
    for name in (f"{size} {precision}" for size in sizes for precision in precisions):
        print(f"{name} ...", file=sys.stderr, flush=True)
        size, precision = name.split()
        found[name] = ours(folders[size], precision, given) | {"official": beside}
        yield name, found[name]
    if given.official:
        beside.append(official(given.official, folders["0.6b"], given))
        yield from found.items()
    if not given.no_agreement:
        for kind, name in (("random", str(folders[sizes[0]])), ("pocket", "pocket-custom-voice")):
            yield f"agreement {kind}", last_line([sys.executable, "-m", "benchmarks.agreement", name], {})


def machine() -> str:
    """What the figures were taken on, in words."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return f"{os.cpu_count()} cores of {name}"


def checkpoint(size: str, folder: Path) -> Path:
    """Full-size random weights, written once."""
    place = folder / size
    if not (place / "speech_tokenizer" / "model.safetensors").is_file():
        from tests import checkpoints

        print(f"Writing {place} ...", file=sys.stderr, flush=True)
        checkpoints.full(size, place)
    return place


def official(python: str, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    print("official 0.6b bf16 ...", file=sys.stderr, flush=True)
    script = [python, str(ROOT / "benchmarks" / "official.py"), str(folder)]
    return last_line([*script, str(given.frames), str(max(1, given.rounds - 1)), "bfloat16", str(given.threads)], {})


def ours(folder: Path, precision: str, given: argparse.Namespace) -> dict[str, Any]:
    environment = {"MOKSORI_BENCH_ROUNDS": str(given.rounds)}
    return last_line(
        [sys.executable, "-m", "benchmarks.speaking", str(folder), precision, str(given.frames), str(given.threads)],
        environment,
    )


def last_line(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def official_rtf(one: dict[str, Any], clock: str = "seconds") -> float | None:
    rounds = [r for found in one.get("official", []) for r in found["rounds"]]
    return float(np.median([r[clock] / r["audio"] for r in rounds])) if rounds else None


def rtf(one: dict[str, Any], clock: str = "rtf") -> float:
    return float(np.median([r[clock] for r in one["single"]]))


def faster(one: dict[str, Any]) -> float | None:
    base = official_rtf(one)
    return base / rtf(one) if base else None


@dataclass(frozen=True)
class Must:
    """One line of the table: what is demanded of which measurement, and how it is read and written."""

    what: str
    of: str
    must: float
    aim: float | None
    read: Callable[[dict[str, Any]], float | None]
    write: str = "{:.2f}"
    at_least: bool = True

    def line(self, found: dict[str, Any]) -> str:
        value = self.read(found[self.of]) if self.of in found else None
        aim = "" if self.aim is None else self.write.format(self.aim)
        must, measured = self.write.format(self.must), "not measured"
        if value is not None:
            held = value >= self.must if self.at_least else value <= self.must
            measured = self.write.format(value) + ("" if held else " **missed**")
        return f"| {self.what} | {must} | {aim} | {measured} |"


def batch_gain(one: dict[str, Any]) -> float:
    return float(one["batch"]["1"]["rtf"] / one["batch"]["8"]["rtf"])


MUSTS = (
    Must("0.6B int8, end to end with the codec, against official 0.6B bf16", "0.6b int8", 3.7, 4.5, faster, "{:.1f} x"),
    Must("0.6B bf16, the same", "0.6b bf16", 2.2, 2.5, faster, "{:.1f} x"),
    Must("1.7B int8: RTF as a share of official 0.6B bf16's", "1.7b int8", 0.42, 0.34,
         lambda one: rtf(one) / base if (base := official_rtf(one)) else None, at_least=False),
    *(
        Must(f"{name[:4].upper()} {name[5:]}: decode step, share of the measured read bandwidth", name, 0.75, 0.93,
             lambda one: float(one["step"]["share_of_reading"]), "{:.0%}")
        for name in ("0.6b int8", "0.6b bf16", "1.7b int8", "1.7b bf16")
    ),
    Must("First audio, x-vector clone, 20 syllables, 0.6B int8, warm", "0.6b int8", 400, 200,
         lambda one: 1000 * float(one["clone"]["first_s"]), "{:.0f} ms", at_least=False),
    *(
        Must(f"8 sentences in a batch against one at a time, audio per second, 0.6B {kind}", f"0.6b {kind}", 1.3, 2.0,
             batch_gain, "{:.2f} x")
        for kind in ("int8", "bf16")
    ),
    *(
        Must(f"Peak memory, {name.upper()[:4]} {name[5:]}, whole process", name, must, aim,
             lambda one: float(one["peak_rss_gb"]), "{:.2f} GB", at_least=False)
        for name, must, aim in (("0.6b int8", 1.8, 1.4), ("1.7b int8", 3.6, 3.0), ("0.6b bf16", 2.4, None),
                                ("1.7b bf16", 5.0, None))
    ),
    Must("int8 against bf16, teacher-forced, cosine of all scores, 0.6B random", "agreement random", 0.999, None,
         lambda one: float(one["cosine"]), "{:.5f}"),
    Must("the same with trained weights (pocket)", "agreement pocket", 0.999, None, lambda one: float(one["cosine"]),
         "{:.5f}"),
)  # fmt: skip


def render(found: dict[str, Any]) -> str:
    """Markdown: each must beside what was measured, and then everything."""
    lines = [
        f"Measured {found['when']}, {found['machine']}, {found['threads']} threads, random weights at full size,"
        " medians. Other work was held back, not other tenants of the machine: compare ratios.",
        "",
        "| | must | aim | measured |",
        "|---|---|---|---|",
        *(must.line(found) for must in MUSTS),
        "",
        "| | RTF | official RTF beside it | processor time against official | first sound, preset | clone | step"
        " | read, product (GB/s) | at once: RTF of 1, 2, 4, 8 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        if isinstance(one, dict) and "single" in one:
            lines.append(f"| {name} | {' | '.join(details(one))} |")
    lines += [agreement(name.split()[1], one) for name, one in found.items() if name.startswith("agreement")]
    return "\n".join(lines)


def agreement(weights: str, one: dict[str, Any]) -> str:
    return (
        f"\nint8 and bf16, {weights} weights: lowest cosine of {one['compared']} {one['lowest_cosine']:.5f}; the same"
        f" code first in {one['same_first']:.1%}, of the talker's in {one['same_first_talker']:.1%}."
    )


def details(one: dict[str, Any]) -> list[str]:
    base, base_processor, step = official_rtf(one), official_rtf(one, "processor_s"), one["step"]
    return [
        f"{rtf(one):.2f}",
        f"{base:.2f}" if base else "",
        f"{base_processor / rtf(one, 'processor_rtf'):.1f} times less" if base_processor else "",
        f"{1000 * rtf(one, 'first_s'):.0f} ms",
        f"{1000 * one['clone']['first_s']:.0f} ms",
        f"{step['frame_ms']:.0f} ms",
        f"{step['read_gb_per_s']:.0f}, {step['gb_per_s']:.0f}",
        ", ".join(f"{one['batch'][n]['rtf']:.2f}" for n in ("1", "2", "4", "8")),
    ]


def publish(table: str) -> None:
    """Puts the table between the page's two marks."""
    if not PAGE.is_file():
        return
    text = PAGE.read_text(encoding="utf-8")
    if BEGIN in text and END in text:
        head, _, rest = text.partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
