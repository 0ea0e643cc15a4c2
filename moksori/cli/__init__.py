"""The command line: one file per command, and this file, the edge where errors become one line and an exit status.

A command's module has `register(subparsers)`, which adds its parser and sets `run`, a function from the parsed
arguments to an exit status. It imports what is heavy inside `run`, so that `moksori --help` stays instant.
"""

from __future__ import annotations

import argparse
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from moksori.errors import MoksoriError

CANCELLED, PIPE_CLOSED = 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; what a user did wrong is one clear line on stderr, never a traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parsed = parser(arguments).parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
        sys.stdout.flush()
        return status
    except MoksoriError as error:
        print(f"moksori: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("moksori: stopped; nothing unfinished was written.", file=sys.stderr)
        return CANCELLED
    except BrokenPipeError:
        # Whoever read our output is gone; without this Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print("moksori: whoever read the output closed it; write to a file to keep the whole.", file=sys.stderr)
        return PIPE_CLOSED


def parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The whole command line; when a command is named, only its module is imported."""
    top = argparse.ArgumentParser(prog="moksori", description="Korean-first speech on Qwen3-TTS.")
    top.add_argument("--version", action="version", version=f"moksori {version('moksori')}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    wanted = [name for name in arguments[:1] if name in names] or names
    for name in wanted:
        import_module(f"{__name__}.{name}").register(commands)
    return top
