"""`moksori dictionary add|list|remove|import|export`: the workbench's reading dictionary from the command line.

The entries live in the store that the workbench uses, so that a page and a terminal agree; `--file` works on a CSV or
JSON file of one's own instead, without a store.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from moksori.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from moksori.text import Dictionary, Entry


class _Shelf(Protocol):
    """Where entries are kept: the store or a file."""

    def load(self) -> Dictionary: ...

    def merge(self, entries: Sequence[Entry], *, replace: bool) -> None: ...

    def remove(self, surface: str) -> int: ...


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "dictionary", help="how words of your own are read: add, list, remove, import, export"
    )
    actions = command.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = _action(actions, "add", _add, "add an entry, or change the one with the same surface")
    add.add_argument("surface", help="as it is written")
    add.add_argument("reading", help="as it is said; no digits")
    add.add_argument("--match", default="word", choices=("word", "exact", "prefix", "any"))
    add.add_argument("--case", default="any", choices=("any", "exact"))
    add.add_argument("--left", default="", help="only right after this text")
    add.add_argument("--right", default="", help="only right before this text")
    add.add_argument("--priority", type=int, default=0)
    add.add_argument("--note", default="")
    listing = _action(actions, "list", _list, "show all entries")
    listing.add_argument("--json", action="store_true", help="for programs")
    _action(actions, "remove", _remove, "remove the entries of a surface").add_argument("surface")
    bring = _action(actions, "import", _import, "take entries from a CSV or JSON file")
    bring.add_argument("source", type=Path)
    bring.add_argument("--replace", action="store_true", help="remove every entry that is not in the file")
    export = _action(
        actions, "export", _export, "write all entries to a CSV or JSON file, - for CSV on standard output"
    )
    export.add_argument("target")


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: object, help: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=help)
    parser.add_argument("--file", type=Path, metavar="FILE", help="a dictionary file instead of the workbench's")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the workbench's data folder")
    parser.set_defaults(run=run)
    return parser


class _File:
    """A CSV or JSON file; missing is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Dictionary:
        from moksori.text import Dictionary

        return Dictionary.from_file(self.path) if self.path.exists() else Dictionary()

    def merge(self, entries: Sequence[Entry], *, replace: bool) -> None:
        from moksori.text import Dictionary

        merged = Dictionary() if replace else self.load()
        for entry in entries:
            merged = merged.with_entry(entry)
        merged.to_file(self.path)

    def remove(self, surface: str) -> int:
        before = self.load()
        after = before.without(surface)
        after.to_file(self.path)
        return len(before) - len(after)


class _Stored:
    """The workbench's own; a running server sees the change at its next request."""

    def __init__(self, folder: Path | None) -> None:
        try:
            from moksori.store import open_store
        except ModuleNotFoundError as error:
            raise Unavailable(
                f"The workbench's dictionary needs {error.name}, which is not installed.",
                hint="pip install 'moksori[workbench]', or use --file FILE.",
            ) from error
        self.store = open_store(folder, owner=False)

    def load(self) -> Dictionary:
        return self.store.dictionary.current()

    def merge(self, entries: Sequence[Entry], *, replace: bool) -> None:
        self.store.dictionary.merge(entries, replace=replace)

    def remove(self, surface: str) -> int:
        found = [stored for stored in self.store.dictionary.all() if stored.entry.surface == surface]
        for stored in found:
            self.store.dictionary.remove(stored.id, stored.version)
        return len(found)

    def close(self) -> None:
        self.store.close()


@contextmanager
def _shelf(arguments: argparse.Namespace) -> Iterator[_Shelf]:
    if arguments.file is not None:
        yield _File(arguments.file)
        return
    stored = _Stored(arguments.data)
    try:
        yield stored
    finally:
        stored.close()


def _add(arguments: argparse.Namespace) -> int:
    from moksori.text import Entry

    entry = Entry(
        arguments.surface, arguments.reading, match=arguments.match, case=arguments.case, left=arguments.left,
        right=arguments.right, priority=arguments.priority, note=arguments.note,
    )  # fmt: skip
    with _shelf(arguments) as shelf:
        shelf.merge([entry], replace=False)
    print(f"{entry.surface} -> {entry.reading}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with _shelf(arguments) as shelf:
        entries = shelf.load()
    if arguments.json:
        print(json.dumps([entry.to_json() for entry in entries], ensure_ascii=False))
        return 0
    for entry in entries:
        marks = [
            entry.match,
            *(f"{side}:{text}" for side, text in (("left", entry.left), ("right", entry.right)) if text),
        ]
        state = "" if entry.enabled else "  (off)"
        print(f"{entry.surface}\t{entry.reading}\t{' '.join(marks)}{state}")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    with _shelf(arguments) as shelf:
        removed = shelf.remove(arguments.surface)
    if not removed:
        raise NotFound(f"No entry is written {arguments.surface!r}.", hint="moksori dictionary list shows all.")
    print(f"{removed} removed")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from moksori.text import Dictionary

    entries = Dictionary.from_file(arguments.source)
    with _shelf(arguments) as shelf:
        shelf.merge(entries.entries, replace=arguments.replace)
    print(f"{len(entries)} entries from {arguments.source}")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    with _shelf(arguments) as shelf:
        entries = shelf.load()
    if arguments.target == "-":
        sys.stdout.write(entries.to_csv())
        return 0
    entries.to_file(Path(arguments.target))
    print(f"{len(entries)} entries to {arguments.target}")
    return 0
