"""`moksori voices`: the preset voices of a model or engine."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("voices", help="list the preset voices of a model")
    command.add_argument("--model", default="", help="checkpoint name or folder (default: the embedded one)")
    command.add_argument("--engine", default="", help="an installed engine by name")
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from moksori.synthesizer import load

    synthesizer = load(arguments.model, engine=arguments.engine)
    about = synthesizer.description
    synthesizer.close()
    if arguments.json:
        print(json.dumps([asdict(speaker) for speaker in about.speakers], ensure_ascii=False))
        return 0
    print(f"{about.title}: {', '.join(about.kinds)}")
    width = max((len(speaker.id) for speaker in about.speakers), default=0)
    for speaker in about.speakers:
        languages = "any language" if len(speaker.languages) != 1 else speaker.languages[0]
        print(f"  {speaker.id:{width}}  {speaker.name}  ({languages}) {speaker.note}".rstrip())
    return 0
