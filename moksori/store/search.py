"""Finding a part of a text, Hangul included, in every SQL database. Knows only the column `takes.search`.

Spaces do not count (고객 센터 finds 고객센터) and neither does case. SQLite has an index of three-letter pieces for
longer queries; shorter ones, and other databases, read the column through.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, column, inspect, select, table, text

from .schema import takes

INDEX = "takes_search"
_SPACE = re.compile(r"\s+")


def squashed(*texts: str) -> str:
    """What is kept in `takes.search`: composed, folded, without spaces; a line for each text."""
    return "\n".join(_SPACE.sub("", unicodedata.normalize("NFC", part).casefold()) for part in texts)


def has_index(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite" and inspect(connection).has_table(INDEX)


def contains(query: str, *, indexed: bool) -> ColumnElement[bool]:
    """The condition that `takes.search` contains the query."""
    wanted = squashed(query).replace("\n", "")
    if indexed and len(wanted) >= 3:
        phrase = '"' + wanted.replace('"', '""') + '"'
        found: Select[Any] = select(column("rowid")).select_from(table(INDEX)).where(text(f"{INDEX} MATCH :phrase"))
        return takes.c.id.in_(found.params(phrase=phrase).scalar_subquery())
    return takes.c.search.contains(wanted, autoescape=True)
