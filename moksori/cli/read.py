"""`moksori read TEXT|-`: how written Korean is said, before any compute is spent. Knows no voices."""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moksori.text import Edit, Reading


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("read", help="show how a text is said: written to spoken")
    command.add_argument("text", metavar="TEXT", help="the written text, or - for standard input")
    command.add_argument("--language", default="korean", help="korean (default); other languages pass untouched")
    command.add_argument("--policy", metavar="KEY=VALUE", action="append", default=[], help="for example english=keep")
    command.add_argument("--dictionary", metavar="FILE", type=Path, help="a reading dictionary, CSV or JSON")
    shape = command.add_mutually_exclusive_group()
    shape.add_argument("--trace", action="store_true", help="a table of edits with their alternatives")
    shape.add_argument("--sentences", action="store_true", help="one line for each sentence, with pauses and counts")
    shape.add_argument("--json", action="store_true", help="all of it, for programs")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from moksori.language import language_name
    from moksori.text import Dictionary, Policy, read

    text = sys.stdin.read() if arguments.text == "-" else arguments.text
    reading = read(
        text.removesuffix("\n") if arguments.text == "-" else text,
        language=language_name(arguments.language),
        policy=Policy.from_words(arguments.policy),
        dictionary=Dictionary.from_file(arguments.dictionary) if arguments.dictionary else None,
    )
    for line in _lines(reading, arguments):
        print(line)
    if not arguments.json:
        for note in reading.notes:
            print(f"moksori: {note.message}", file=sys.stderr)
    return 0


def _lines(reading: Reading, arguments: argparse.Namespace) -> list[str]:
    if arguments.json:
        return [json.dumps(reading.to_json(), ensure_ascii=True)]
    if arguments.trace:
        return [reading.spoken, "", *_table(reading.edits)]
    if arguments.sentences:
        return [_piece(piece.to_json()) for piece in reading.sentences]
    return [reading.spoken]


def _piece(piece: dict[str, object]) -> str:
    if piece["type"] == "pause":
        return f"[{piece['seconds']} s]"
    count = f" ×{piece['repeat']}" if piece["repeat"] != 1 else ""
    pause = f" [{piece['pause_after']} s]" if piece["pause_after"] is not None else ""
    return f"{piece['spoken']}{count}{pause}"


def _table(edits: tuple[Edit, ...]) -> list[str]:
    rows = [("WHERE", "WRITTEN", "READING", "RULE", "SURE", "OTHERWISE")]
    for edit in edits:
        others = " / ".join(dict.fromkeys(_shown(reading) for reading, _ in edit.alternatives))
        where = f"{edit.src[0]}-{edit.src[1]}"
        rows.append((where, _shown(edit.written), _shown(edit.reading), edit.rule, f"{edit.confidence:.2f}", others))
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _shown(text: str) -> str:
    """Control characters and lone surrogates made visible; nothing for nothing."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text) or "-"


def _width(text: str) -> int:
    """Columns in a terminal: Hangul takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
