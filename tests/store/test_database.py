from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from moksori.errors import Conflict, Unavailable
from moksori.store.database import Database, open_database, tables
from moksori.store.schema import metadata


def test_migrations_make_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _not_the_search_index})
        assert compare_metadata(context, metadata) == []


def _not_the_search_index(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not str(name).startswith("takes_search")


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    first = open_database(url)
    names = tables(first)
    first.close()
    assert tables(open_database(url)) == names


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    database = open_database(url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(Conflict, match="newer version"):
        open_database(url)


def _settings(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM settings")).scalar_one())


def test_a_transaction_that_raises_leaves_no_trace(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")

    def half() -> None:
        with database.write() as connection:
            connection.execute(text("INSERT INTO settings VALUES ('a', '1')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert _settings(database) == 0


def test_the_pragmas_hold_on_every_connection(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.read() as one, database.read() as two:
        for connection in (one, two):
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 30_000


def test_a_full_database_is_a_clear_message_and_nothing_is_lost(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")

    def fill() -> None:
        with database.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            for n in range(100):
                row = {"n": str(n), "v": "x" * 9000}
                connection.execute(text("INSERT INTO settings VALUES (:n, :v)"), row)

    with pytest.raises(Unavailable, match="disk is full"):
        fill()
    assert _settings(database) == 0
