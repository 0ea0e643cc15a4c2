"""`moksori evaluate`: fixed texts by one voice, measured against its recordings, on one page with players."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .data import Meter

if TYPE_CHECKING:
    from moksori.evaluation.trial import Comparison, Trial
    from moksori.model import Model, VoicePrompt
    from moksori.runtime.runtime import Runtime
    from moksori.training.pack import Pack


# Clips of the real voice that takes are compared with.
RECORDINGS = 40


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("evaluate", help="speak fixed texts by a voice and measure them")
    add_options(parser, lambda voice: voice.add_argument("--pack", type=Path, help="a voice pack"))
    parser.add_argument("--model", required=True, help="checkpoint that speaks")
    parser.add_argument("--scale", type=float, help="strength of the pack's adapter (default: the pack's)")
    parser.set_defaults(run=_run)


def add_options(
    parser: argparse.ArgumentParser, add_pack: Callable[[argparse._MutuallyExclusiveGroup], object]
) -> None:
    """What `evaluate` and `sweep` share."""
    parser.add_argument("output", type=Path, help="folder for index.html, figures.json and the takes")
    voice = parser.add_mutually_exclusive_group(required=True)
    add_pack(voice)
    voice.add_argument("--speaker", help="a preset voice of the checkpoint")
    voice.add_argument("--reference", type=Path, help="a clip to clone")
    parser.add_argument("--transcript", help="what the reference says: clones in context")
    parser.add_argument("--recordings", type=Path, help="manifest or folder of the real voice, to compare with")
    parser.add_argument(
        "--texts",
        type=Path,
        help="one text a line (default: seven Korean ones, short to long); those of recordings are compared with them",
    )
    parser.add_argument("--seeds", default="1,2", help="comma-separated")
    parser.add_argument("--language", default="korean")
    parser.add_argument(
        "--precision", default="bf16", help="bf16, int8 or fp32; what `moksori speak` would use is bf16"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:0")
    parser.add_argument("--verifier", help="module:function (pcm, rate) -> vector, an independent speaker model")
    parser.add_argument("--recogniser", help="module:function (pcm, rate) -> text, for the error rate")


def _run(given: argparse.Namespace) -> int:
    from moksori.errors import InvalidInput
    from moksori.evaluation import trial
    from moksori.training.pack import read_about

    asked = questions(given)
    if given.pack:
        read_about(given.pack)  # what is no pack is said before a model is loaded
    runtime = open_runtime(given, given.model)
    try:
        voice, pack = open_voice(given, runtime.model, given.pack)
        scale = given.scale if given.scale is not None else pack.about.scale if pack else 1.0
        if given.scale is not None and pack is None:
            raise InvalidInput("scale is the strength of a pack's adapter; there is no pack.", field="scale")
        settings = [trial.Setting("voice", runtime, voice, pack, scale, given.language)]
        if pack is not None and pack.adapter is not None:
            settings.insert(0, trial.Setting("base", runtime, voice, pack, 0.0, given.language))
        meter = Takes(len(settings) * asked.takes)
        done = trial.run(settings, asked.texts, asked.seeds, given.output, compare(given, runtime), meter.seen)
    finally:
        runtime.close()
    return finish(given, done, "Evaluation")


@dataclass(frozen=True)
class Questions:
    """What every setting speaks."""

    texts: list[str]
    seeds: list[int]

    @property
    def takes(self) -> int:
        return len(self.texts) * len(self.seeds)


class Takes:
    """How many takes are there, on one line."""

    def __init__(self, total: int) -> None:
        self.total, self.meter = total, Meter("")

    def seen(self, done: int) -> None:
        self.meter.show(f"{done} of {self.total} takes", last=done == self.total)


def questions(given: argparse.Namespace) -> Questions:
    """Raises InvalidInput or NotFound for texts and seeds that are none."""
    from moksori.errors import InvalidInput, NotFound
    from moksori.evaluation import trial

    texts = list(trial.TEXTS)
    if given.texts:
        try:
            lines = given.texts.read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError:
            raise NotFound(f"There is no file {given.texts}.", hint="One text a line.", field="texts") from None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{given.texts} cannot be read: {error}.", field="texts") from error
        texts = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    try:
        seeds = list(dict.fromkeys(int(seed) for seed in given.seeds.split(",")))
    except ValueError as error:
        raise InvalidInput(f"seeds is {given.seeds!r}; write 1,2,3.", field="seeds") from error
    if not texts:
        raise InvalidInput(f"{given.texts} holds no texts.", hint="One text a line.", field="texts")
    return Questions(texts, seeds)


def open_runtime(given: argparse.Namespace, model: str) -> Runtime:
    import torch

    from moksori.runtime.runtime import Runtime

    auto = "cuda:0" if torch.cuda.is_available() else "cpu"
    return Runtime(model, given.precision, device=auto if given.device == "auto" else given.device)


def open_voice(given: argparse.Namespace, model: Model, folder: Path | None) -> tuple[VoicePrompt, Pack | None]:
    from moksori import audio
    from moksori.errors import InvalidInput
    from moksori.model import VoicePrompt
    from moksori.model.conditioning import clone
    from moksori.training.pack import Pack

    if given.transcript and not given.reference:
        raise InvalidInput("A transcript belongs to a reference; there is none.", field="transcript")
    if folder:
        pack = Pack.load(folder)
        for warning in pack.check(model):
            print(warning, file=sys.stderr)
        return VoicePrompt("vector", vector=pack.vector), pack
    if given.speaker:
        return VoicePrompt.preset(given.speaker), None
    return clone(model, audio.read(given.reference, sample_rate=24_000).pcm, given.transcript), None


def compare(given: argparse.Namespace, runtime: Runtime) -> Comparison:
    from moksori import audio
    from moksori.evaluation import likeness, trial
    from moksori.training import doctor

    verifier = likeness.load_verifier(given.verifier) if given.verifier else None
    recogniser = likeness.load_function(given.recogniser, "recogniser") if given.recogniser else None
    recordings = []
    if given.recordings:
        rows = doctor.find_rows(given.recordings)
        chosen = rows[:: max(1, len(rows) // RECORDINGS)][:RECORDINGS]
        recordings = [(audio.read(row.audio, sample_rate=24_000).pcm, row.text) for row in chosen]
    elif given.reference:
        recordings = [(audio.read(given.reference, sample_rate=24_000).pcm, given.transcript or "")]
    return trial.compare_with(recordings, runtime, verifier, recogniser)


def finish(given: argparse.Namespace, done: Trial, title: str) -> int:
    from moksori.evaluation import page

    shown, data = page.write(done, given.output, title)
    for label, row in done.summary.items():
        print(label + ": " + ", ".join(f"{name} {value:.3g}" for name, value in row.items()))
    if done.recordings:
        own = ", ".join(f"{name} {value:.3g}" for name, value in done.recordings.items())
        print(f"the recordings themselves, through the codec: {own}")
    else:
        print("Likeness and pace were not compared with anything: --recordings names the real voice.")
    print(f"{shown}\n{data}")
    return 0
