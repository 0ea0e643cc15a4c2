"""`moksori models`: which checkpoints there are, getting one, and what it needs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = commands.add_parser("models", help="list, download and inspect checkpoints")
    actions = models.add_subparsers(metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="what is here and what can be downloaded")
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(run=run_list)

    pulling = actions.add_parser("pull", help="download a checkpoint; run again to resume")
    pulling.add_argument("model", help="a released name, or owner/name with --revision")
    pulling.add_argument("--revision", help="commit to download (default: the pinned one)")
    pulling.set_defaults(run=run_pull)

    about = actions.add_parser("info", help="kind, size, voices, languages and memory of a checkpoint")
    about.add_argument("model", help="a name or a folder")
    about.add_argument("--json", action="store_true", help="for programs")
    about.set_defaults(run=run_info)


def run_list(arguments: argparse.Namespace) -> int:
    from moksori.model import hub

    here = {located.name: located for located in hub.installed()}
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "installed": True,
            "bytes": _size(hub.EMBEDDED / name),
            "speaks": "embedded demonstration voices",
        }
        for name in hub.embedded()
    ]
    rows += [
        {
            "name": r.name,
            "installed": r.name in here,
            "bytes": r.bytes,
            "speaks": r.speaks,
            "repo": r.repo,
            "revision": r.revision,
        }
        for r in hub.RELEASES.values()
    ]
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    for row in rows:
        state = "installed" if row["installed"] else "moksori models pull " + row["name"]
        print(f"{row['name']:20} {row['bytes'] / 1e9:5.2f} GB  {row['speaks']:28} {state}")
    return 0


def run_pull(arguments: argparse.Namespace) -> int:
    from moksori.model import hub

    located = hub.pull(arguments.model, arguments.revision, _Line())
    print(f"{arguments.model} is at {located.path} (revision {located.revision})")
    return 0


def run_info(arguments: argparse.Namespace) -> int:
    from moksori.model import hub
    from moksori.model.inspection import inspect

    about = inspect(hub.locate(arguments.model))
    if arguments.json:
        print(json.dumps(about, ensure_ascii=False))
        return 0
    width = max(map(len, about))
    for name, value in about.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        print(f"{name.replace('_', ' '):{width}}  {shown}")
    return 0


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class _Line:
    """Download progress: one line that is redrawn on a terminal, a line every ten seconds elsewhere."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.said = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if now - self.said < (0.2 if terminal else 10.0) and done < total:
            return
        self.said = now
        rate = done / max(now - self.started, 1e-3)
        left = (total - done) / rate if rate else 0.0
        text = f"{done / 1e9:.2f} of {total / 1e9:.2f} GB, {rate / 1e6:.0f} MB/s, {left:.0f} s left"
        print(f"\r{text}\x1b[K" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)
