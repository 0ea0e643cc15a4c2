"""The whole store as one file, and back. SQLite stores only: other databases have tools of their own.

A backup is a tar of the database (copied as of one moment, also while a server runs), the sounds it needs and the
packs. Restoring writes into an empty folder only, so that nothing is ever overwritten.
"""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
import tempfile
from pathlib import Path

from moksori.errors import InvalidInput, NotFound, Unavailable

from .store import Store

DATABASE = "moksori.db"
ROOMS = ("blobs", "packs")


def backup(store: Store, target: Path) -> int:
    """Write the backup to `target` (`.tar`), complete or not at all; returns its size in bytes."""
    if not store.database.is_sqlite:
        raise InvalidInput(
            "Only SQLite stores are backed up here.", hint="Use your database's own tool, and copy blobs/."
        )
    if target.exists():
        raise InvalidInput(f"{target} is there already.", hint="Name another file.")
    temporary = target.with_name(f".{target.name}.partial")
    try:
        with tempfile.TemporaryDirectory(dir=store.folder) as scratch:
            copy = Path(scratch) / DATABASE
            _copy_database(store.folder / DATABASE, copy)  # before the blobs: whatever it needs is on disk by then
            with tarfile.open(temporary, "w") as tar:
                tar.add(copy, DATABASE)
                for room in ROOMS:
                    tar.add(store.folder / room, room)
        temporary.rename(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Unavailable(f"The backup could not be written: {error.strerror}.", hint="Free some space.") from error
    return target.stat().st_size


def restore(source: Path, folder: Path) -> None:
    """Unpack a backup into `folder`, which must be empty or not there."""
    if not source.is_file():
        raise NotFound(f"There is no file {source}.", hint="Name a file that `moksori store backup` wrote.")
    if folder.exists() and any(folder.iterdir()):
        raise InvalidInput(f"{folder} is not empty.", hint="Name a new folder; nothing is overwritten.")
    unpacked = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        with tarfile.open(source) as tar:
            if DATABASE not in tar.getnames():
                raise InvalidInput(f"{source} is not a backup of a store.")
            tar.extractall(unpacked, filter="data")  # refuses links, devices and names that lead elsewhere
        _check_database(unpacked / DATABASE)
        if folder.exists():
            folder.rmdir()
        unpacked.rename(folder)
    except tarfile.TarError as error:
        raise InvalidInput(f"{source} is damaged or not a backup: {error}") from error
    except OSError as error:
        raise Unavailable(f"{folder} could not be written: {error.strerror}.", hint="Free some space.") from error
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def _copy_database(source: Path, copy: Path) -> None:
    reading, writing = sqlite3.connect(source), sqlite3.connect(copy)
    try:
        reading.backup(writing)
    finally:
        reading.close()
        writing.close()


def _check_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        said = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise InvalidInput(f"The database in the backup is damaged: {error}") from error
    finally:
        connection.close()
    if said != ("ok",):
        raise InvalidInput(f"The database in the backup is damaged: {said[0]}")
