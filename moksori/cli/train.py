"""`moksori train run.yaml`: from recordings to a voice pack or a checkpoint, resumable at any moment.

Wires training to the ears: the observer that speaks during a run comes from evaluation and is passed in here. Started
by `accelerate launch` or `torchrun`, several processes share the run; the first one speaks for all.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moksori.training.manifest import Row
    from moksori.training.memory import Memory
    from moksori.training.run import Metrics, Moment, Observer, Run
    from moksori.training.settings import Settings


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("train", help="tune a voice from recordings; goes on where it was stopped")
    parser.add_argument("run_file", type=Path, metavar="run.yaml", help="what to train on what; docs/fine-tuning.md")
    parser.add_argument("--check", action="store_true", help="stop after the checks and the memory estimate")
    parser.set_defaults(run=_train)


def _need(module: str, package: str) -> None:
    from moksori.errors import Unavailable

    if find_spec(module) is None:
        hint = f"Install it with: pip install '{package}'"
        raise Unavailable(f"This run needs {module}, which is not installed.", hint=hint, code="missing_extra")


def _train(given: argparse.Namespace) -> int:
    _need("yaml", "moksori[train]")
    _need("accelerate", "moksori[train]")
    import torch

    from moksori.training import outcome, settings
    from moksori.training.loop import train
    from moksori.training.memory import peak_gib
    from moksori.training.run import is_first

    chosen = settings.load(given.run_file)
    if chosen.tensorboard:
        _need("tensorboard", "tensorboard")
    root = given.run_file.resolve().parent
    folder = root / chosen.output
    observe = _observer(chosen)
    _refuse_other(chosen, folder)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    torch.manual_seed(chosen.seed)
    prepared = _prepare(chosen, root, folder)
    memory = _estimate(prepared)
    if is_first():
        _introduce(prepared, memory)
    if given.check:
        return 0
    if is_first():
        _keep_settings(chosen, folder)
    if observe and chosen.watch.keep:
        observe = _keeping(observe, prepared, _base(chosen, root))
    with _stopping(chosen, memory):
        done = train(prepared, observe, _Teller(chosen, folder, prepared.steps))
    if is_first():
        report = outcome.finish(done, _base(chosen, root), replace(memory, peak=peak_gib(prepared.model.device)))
        _conclude(report, chosen, root)
    return 0


@contextmanager
def _stopping(chosen: Settings, memory: Memory) -> Iterator[None]:
    """What to do next when a run is stopped, or stops because memory runs out."""
    from moksori.errors import Unavailable
    from moksori.training.memory import is_shortage

    again = f"The same command goes on from the last checkpoint (one every {chosen.save_every} steps)."
    try:
        yield
    except KeyboardInterrupt:
        print(f"\nStopped. {again}", file=sys.stderr)
        raise
    except (RuntimeError, MemoryError) as error:
        if not is_shortage(error):
            raise
        raise Unavailable(
            f"There is not enough memory; the run was estimated at {memory.sentence()}.",
            hint="Start another output with a smaller batch_size (and a larger accumulate), a smaller longest_s, or "
            "`precision: bfloat16`.",
            code="out_of_memory",
        ) from error


def _base(chosen: Settings, root: Path) -> str:
    """The checkpoint as a pack names it, so that a merge finds it from any folder."""
    local = root / chosen.model
    return str(local.resolve()) if local.is_dir() else chosen.model


def _refuse_other(chosen: Settings, folder: Path) -> None:
    """A run that has begun does not go on with other settings."""
    from dataclasses import asdict

    from moksori.errors import Conflict
    from moksori.training import settings

    if not (folder / "log.csv").is_file() or not (folder / "run.yaml").is_file():
        return
    before, now = asdict(settings.load(folder / "run.yaml")), asdict(chosen)
    changed = [f"{name} ({before[name]}, now {now[name]})" for name in now if now[name] != before[name]]
    if changed:
        raise Conflict(
            f"{folder} holds a run with other settings: {', '.join(changed[:3])}.",
            hint="Give another output, or delete that folder to start again.",
            code="other_run",
            field="output",
        )


def _keep_settings(chosen: Settings, folder: Path) -> None:
    """The settings with all defaults, saved into the run."""
    from moksori.errors import Unavailable
    from moksori.training import settings
    from moksori.training.disk import space

    kept = folder / "run.yaml"
    try:
        with space(kept):
            folder.mkdir(parents=True, exist_ok=True)
            draft = kept.with_name(".run.yaml.part")
            draft.write_text(settings.to_yaml(chosen), encoding="utf-8")
            draft.replace(kept)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error}.", hint="Give another output.") from error


def _prepare(chosen: Settings, root: Path, folder: Path) -> Run:
    import torch

    from moksori.model import load
    from moksori.training import manifest, run
    from moksori.training.clips import Clips
    from moksori.training.trainable import add_language

    rows = manifest.read(root / chosen.data)
    device = _device(chosen.device)
    # Frozen weights lose nothing in bfloat16: that is how they are stored, and what they would be computed in.
    half = chosen.learn == "lora" and chosen.precision == "bfloat16"
    model_path = root / chosen.model
    name = model_path if model_path.is_dir() else chosen.model
    model = load(name, device=device, dtype=torch.bfloat16 if half else torch.float32)
    if chosen.language.name:
        add_language(model, chosen.language)
    learnt, held = manifest.split(rows, chosen.held_out, chosen.seed)
    codes = _codes(chosen, root, rows, str(model.folder), device)
    train = Clips(model, learnt, codes, chosen)
    valid = Clips(model, held, codes, chosen) if any(row.audio in codes for row in held) else None
    return run.prepare(chosen, folder, model, train, valid)


def _codes(chosen: Settings, root: Path, rows: Sequence[Row], model: str, device: str) -> dict[Path, Path]:
    """Codes of all clips: stated ones, known ones, and new ones by the first process while the others wait."""
    from accelerate import PartialState

    from moksori.training import encoder

    from .data import encode

    codes = {row.audio: row.codes for row in rows if row.codes}
    rest = [row.audio for row in rows if not row.codes]
    if not rest:
        return codes
    cache = root / chosen.codes if chosen.codes else (root / chosen.data).parent / "codes"
    state = PartialState(cpu=device == "cpu")
    with state.main_process_first():
        encoding = encoder.open_encoding(model, cache, chosen.tail_silence_s, "cpu" if device == "cpu" else "auto")
        return codes | encode(encoding, rest, quiet=not state.is_main_process)


def _device(name: str) -> str:
    import torch

    if name != "auto":
        return name
    place = int(os.environ.get("LOCAL_RANK", "0"))
    return f"cuda:{place}" if torch.cuda.is_available() else "cpu"


def _estimate(prepared: Run) -> Memory:
    from moksori.training import memory

    positions, frames = prepared.train.largest()
    seen = round(frames * prepared.settings.frame_share) if prepared.learning.predictor else 0
    model = prepared.model
    held = memory.held_gib(model.device)
    return memory.estimate(model.config, held, prepared.learning.num_values, positions, seen)


def _observer(chosen: Settings) -> Observer | None:
    from moksori.errors import InvalidInput
    from moksori.evaluation.ears import FIGURES, Ears

    if not chosen.watch.every:
        return None
    name = chosen.watch.metric.removeprefix("-")
    if name not in FIGURES and not name.startswith("valid_"):
        known = ", ".join([*FIGURES, "valid_loss", "valid_others", "valid_end"])
        raise InvalidInput(f"watch.metric is {name!r}.", hint=f"One of: {known}.", field="watch.metric")
    return Ears(chosen.watch.texts, chosen.watch.seeds).listen


def _keeping(observe: Observer, prepared: Run, base: str) -> Observer:
    """Leaves a pack of each listening, to be compared by `moksori sweep`."""
    from moksori.training import outcome

    def heard(moment: Moment) -> Metrics:
        found = observe(moment)
        outcome.packs(prepared, base, prepared.folder / "packs" / f"step-{moment.step:06d}")
        return found

    return heard


def _introduce(prepared: Run, memory: Memory) -> None:
    """What will happen, before anything does."""
    held_out = len(prepared.valid) if prepared.valid else 0
    print(
        f"{len(prepared.train)} clips to learn from, {held_out} held out; {prepared.learning.num_values:,} values "
        f"learn in {prepared.steps} steps."
    )
    for note in prepared.train.notes:
        print(f"Note: {note}")
    print(f"Memory: {memory.sentence()}.")
    if prepared.verdict:
        verdict = prepared.verdict
        print(
            f"Wiring: the base's losses on these clips are {verdict.first:.2f} and {verdict.others:.2f}, as of speech."
        )
    else:
        print("Wiring: not checked (gate: false).")


def _conclude(report: Mapping[str, Any], chosen: Settings, root: Path) -> None:
    from moksori.training.memory import Memory

    memory, folder = Memory(**report["memory"]), root / chosen.output
    print(f"Memory at its highest: {memory.peak:.2f} GiB, estimated {memory.total:.2f}.")
    print(f"Figures: {folder / 'report.json'}; losses by codebook: {folder / 'curves.svg'}")
    for path in report["made"]:
        print(path)
    if chosen.learn == "lora":
        data = root / chosen.data
        print(f"Next: moksori evaluate OUT --pack {report['made'][0]} --model {chosen.model} --recordings {data}")


class _Teller:
    """Progress on one line where somebody watches, else now and then; listening on lines of its own."""

    def __init__(self, chosen: Settings, folder: Path, steps: int) -> None:
        from moksori.training.run import is_first

        self.steps, self.shown, self.silent = steps, 0.0, not is_first()
        self.live = sys.stdout.isatty()
        self.board = None
        if chosen.tensorboard and not self.silent:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(folder / "tensorboard"))

    def __call__(self, event: str, figures: Mapping[str, float]) -> None:
        if self.silent:
            return
        step = int(figures["step"])
        if self.board is not None:
            for name, value in figures.items():
                self.board.add_scalar(f"{event}/{name}", value, step)
        if event == "listened":
            heard = ", ".join(f"{name} {value:.3g}" for name, value in figures.items() if _is_worth_a_line(name))
            self._line(f"step {step}, listened: {heard}")
        elif event == "saved" and "valid_loss" in figures:
            self._line(f"step {step}, saved; loss on held-out clips {figures['valid_loss']:.3f}")
        elif event == "resumed":
            self._line(f"going on after step {step}")
        elif event == "step":
            self._step(step, figures)

    def _step(self, step: int, figures: Mapping[str, float]) -> None:
        if step != self.steps and time.monotonic() - self.shown < (0.5 if self.live else 15):
            return
        self.shown = time.monotonic()
        line = f"step {step} of {self.steps}, loss {figures['loss']:.3f}, end {figures['end']:.3f}"
        line += f", {_span(figures['remaining_s'])} left"
        if self.live:
            print(f"\r{line}   ", end="\n" if step == self.steps else "", flush=True)
        else:
            print(line, flush=True)

    def _line(self, words: str) -> None:
        print(f"\r{words}{' ' * 20}" if self.live else words, flush=True)


def _is_worth_a_line(name: str) -> bool:
    return name != "step" and "book_" not in name


def _span(seconds: float) -> str:
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"
