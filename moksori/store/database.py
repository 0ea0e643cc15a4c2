"""One database: opened, brought up to date, and two kinds of transactions. Knows no tables.

SQLite (write-ahead log) by default, any SQLAlchemy URL by configuration. A write transaction on SQLite takes the
write lock when it begins, so that it never fails half-way because somebody else wrote first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import OperationalError

from moksori.errors import Conflict, MoksoriError, Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 30_000


class Database:
    """Connections to one database. `read()` and `write()` are the only ways in."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that changes nothing and sees one moment."""
        with plain_errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed when the block ends, or leaves no trace when it raises."""
        with (
            plain_errors(),
            self.engine.connect().execution_options(moksori_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def plain_errors() -> Iterator[None]:
    """What a full or locked disk makes the driver say, as one sentence and a next step."""
    try:
        yield
    except OperationalError as error:
        raise explained(error) from error


def explained(error: OperationalError) -> MoksoriError:
    said = str(error.orig)
    if "full" in said:
        return Unavailable("The disk is full: nothing was changed.", hint="Free some space.", code="disk_full")
    if "locked" in said:
        return Unavailable("The store is busy.", hint="Try again in a moment.", code="busy")
    if "readonly" in said:
        return Unavailable("The store cannot be written.", hint="Check the permissions of its folder.")
    return Unavailable(f"The database failed: {said}.", hint="`moksori store check` looks for damage.", code="database")


def open_database(url: str) -> Database:
    """Connect and bring the tables up to date.

    Raises Conflict for a database that a newer moksori wrote.
    """
    engine = create_engine(url, pool_size=20, max_overflow=20) if _pools(url) else create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    database = Database(engine)
    _upgrade(database)
    return database


def _pools(url: str) -> bool:
    return ":memory:" not in url


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in `_on_begin`, not by the driver's guess
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    assert isinstance(connection, sqlite3.Connection)


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("moksori_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    head = ScriptDirectory.from_config(config).get_current_head()
    with database.write() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise Conflict(
                "The store was written by a newer version of moksori.", hint="Update moksori, or use another --data."
            ) from error


def tables(database: Database) -> list[str]:
    return inspect(database.engine).get_table_names()
