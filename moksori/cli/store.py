"""`moksori store`: back up, restore and check what is kept; set the password of the pages."""

from __future__ import annotations

import argparse
import getpass
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from moksori.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from moksori.store import Store


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("store", help="back up, restore and check voices, takes, presets and jobs")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    backup = _action(actions, "backup", "write everything into one file; a server may run meanwhile", _backup)
    backup.add_argument("file", type=Path, help="a .tar that is not there yet")
    restore = _action(actions, "restore", "unpack a backup into a new folder", _restore)
    restore.add_argument("file", type=Path, help="what `moksori store backup` wrote")
    check = _action(actions, "check", "find what a crash could leave behind", _check)
    check.add_argument("--repair", action="store_true", help="put it right; stop the server first")
    check.add_argument("--deep", action="store_true", help="decode every sound and compare it with its hash")
    password = _action(
        actions, "password", "set the password that other machines need; stop the server first", _password
    )
    password.add_argument("--remove", action="store_true", help="without a password only this machine may come in")


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, help: str, run: object
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=help)
    action.add_argument("--data", type=Path, metavar="DIR", help="where voices and takes are kept")
    action.set_defaults(run=run)
    return action


def _backup(arguments: argparse.Namespace) -> int:
    from moksori.store import backup

    store = _open(arguments.data, owner=False)
    try:
        size = backup.backup(store, arguments.file)
    finally:
        store.close()
    print(f"{arguments.file}: {size / 1e6:.1f} MB. Get it back with: moksori store restore {arguments.file} --data DIR")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    _require()
    from moksori.store import backup, default_folder

    folder = arguments.data or default_folder()
    backup.restore(arguments.file, folder)
    store = _open(folder, owner=True)
    try:
        print(f"{folder}: {store.takes.count()} takes, {len(store.voices.all())} voices.")
    finally:
        store.close()
    return 0


def _check(arguments: argparse.Namespace) -> int:
    """0 if all is well or was put right, 1 if something is left to do."""
    store = _open(arguments.data, owner=arguments.repair)
    from moksori.store.check import check

    try:
        findings = check(store, repair=arguments.repair, deep=arguments.deep)
    finally:
        store.close()
    for finding in findings:
        print(f"{'repaired' if finding.repaired else 'found'}: {finding.what}")
    left = [finding for finding in findings if not finding.repaired]
    if not findings:
        print("All is well.")
    elif left and not arguments.repair:
        print("Put it right with: moksori store check --repair", file=sys.stderr)
    return 1 if left else 0


def _password(arguments: argparse.Namespace) -> int:
    store = _open(arguments.data, owner=True)
    from moksori.workbench.access import Access

    try:
        access = Access(store.settings)
        access.set_password(None if arguments.remove else _ask())
    finally:
        store.close()
    print("The password was removed." if arguments.remove else "The password is set.")
    return 0


def _ask() -> str:
    """Typed twice at a terminal, or one line from a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != first:
        raise InvalidInput("The two are not the same.", hint="Try again.")
    return first


def _open(folder: Path | None, *, owner: bool) -> Store:
    _require()
    from moksori.store import default_folder, open_store

    place = folder or default_folder()
    if not (place / "lock").exists() and not (place / "moksori.db").exists():
        raise InvalidInput(f"There is no store at {place}.", hint="Name its folder: --data DIR.", field="data")
    return open_store(place, owner=owner)


def _require() -> None:
    for name in ("sqlalchemy", "alembic", "argon2"):
        if find_spec(name) is None:
            raise Unavailable(
                f"The store needs {name}, which is not installed.", hint="pip install 'moksori[workbench]'"
            )
