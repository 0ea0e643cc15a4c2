"""`moksori sweep`: the same texts at several scales of a pack and by several checkpoints, side by side on one page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moksori.evaluation.trial import Setting, Trial
    from moksori.runtime.runtime import Runtime


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from .evaluate import add_options

    parser = subparsers.add_parser("sweep", help="compare scales of a pack, checkpoints and seeds by ear and by number")
    add_options(
        parser, lambda voice: voice.add_argument("--pack", type=Path, action="append", help="a voice pack; repeatable")
    )
    parser.add_argument("--model", action="append", required=True, help="a checkpoint; repeatable")
    parser.add_argument("--scales", default="0.2,0.3,0.35,0.5,1.0", help="of the pack, comma-separated")
    parser.add_argument("--recommend", action="store_true", help="write the best scale and its figures into the pack")
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    from moksori.errors import InvalidInput
    from moksori.evaluation import trial
    from moksori.training.pack import read_about

    from .evaluate import Takes, compare, finish, open_runtime, questions

    scales = _scales(given.scales)
    for folder in given.pack or []:
        read_about(folder)  # what is no pack is said before a model is loaded
    if given.recommend and (len(given.pack or []) != 1 or len(given.model) != 1 or not given.recordings):
        raise InvalidInput(
            "A scale is recommended for one pack on one checkpoint, by comparison with recordings.",
            hint="Give --pack and --model once, and --recordings.",
            field="recommend",
        )
    asked, done, comparison, meter = questions(given), trial.Trial(), None, None
    for name in given.model:
        runtime = open_runtime(given, name)
        try:
            comparison = comparison or compare(given, runtime)
            settings = _settings(given, runtime, scales)
            meter = meter or Takes(len(given.model) * len(settings) * asked.takes)
            trial.run(settings, asked.texts, asked.seeds, given.output, comparison, meter.seen, done)
        finally:
            runtime.close()
    status = finish(given, done, "Sweep")
    if done.best:
        print(f"Best by score: {done.best}. Listen before you believe it.")
    if given.recommend:
        _recommend(given.pack[0], done)
    return status


def _settings(given: argparse.Namespace, runtime: Runtime, scales: list[float]) -> list[Setting]:
    from moksori.evaluation.trial import Setting

    from .evaluate import open_voice

    found = []
    names = _names(given.pack or [])
    for folder in given.pack or [None]:
        voice, pack = open_voice(given, runtime.model, folder)
        model = f"{runtime.model.name} " if len(given.model) > 1 else ""
        named = f"{names[folder]} " if len(names) > 1 else ""
        for scale in scales if pack and pack.adapter else [1.0]:
            found.append(Setting(f"{model}{named}scale {scale:g}", runtime, voice, pack, scale, given.language))
    return found


def _names(folders: list[Path]) -> dict[Path, str]:
    """Short names of packs that tell them apart: those of one run's steps differ only by the folder they are in."""
    alone = len({folder.name for folder in folders}) == len(folders)
    return {folder: folder.name if alone else str(folder) for folder in folders}


def _recommend(folder: Path, done: Trial) -> None:
    from moksori.training.pack import recommend

    scale = float(done.best.rsplit(" ", 1)[1])
    recommend(folder, scale, done.summary[done.best])
    print(f"{folder} now recommends scale {scale:g}.")


def _scales(given: str) -> list[float]:
    from moksori.errors import InvalidInput
    from moksori.model.adapter import MAX_SCALE

    try:
        scales = [float(scale) for scale in given.split(",")]
    except ValueError as error:
        raise InvalidInput(f"scales is {given!r}; write 0.3,1.0.", field="scales") from error
    if any(not 0 <= scale <= MAX_SCALE for scale in scales):
        raise InvalidInput(f"A scale lies outside 0 to {MAX_SCALE}.", field="scales")
    return scales
