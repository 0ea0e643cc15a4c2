"""Small values that outlive a restart, by name. What names there are, and what they may be, is the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from .database import Database
from .schema import settings


class StoredSettings:
    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self) -> dict[str, Any]:
        with self.database.read() as connection:
            return {row.key: row.value for row in connection.execute(select(settings))}

    def get(self, key: str, default: Any = None) -> Any:
        with self.database.read() as connection:
            row = connection.execute(select(settings.c.value).where(settings.c.key == key)).one_or_none()
        return default if row is None else row.value

    def put(self, values: Mapping[str, Any]) -> None:
        """All of them, or none."""
        with self.database.write() as connection:
            connection.execute(delete(settings).where(settings.c.key.in_(values)))
            if values:
                connection.execute(insert(settings), [{"key": key, "value": value} for key, value in values.items()])
