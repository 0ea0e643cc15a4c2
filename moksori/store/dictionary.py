"""The stored reading dictionary: entries with versions, and snapshots of the whole. Rules of reading are `text`'s.

A snapshot is named by the hash of its entries; jobs and presets refer to one, so that a later change of the
dictionary does not change what was already asked for.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from moksori.errors import Conflict, NotFound
from moksori.text import Dictionary, Entry

from .database import Database
from .schema import dictionaries, entries
from .voices import stale


@dataclass(frozen=True)
class StoredEntry:
    id: int
    version: int
    entry: Entry
    created: float
    updated: float


class StoredDictionary:
    """The tables of entries and snapshots."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self, q: str = "") -> list[StoredEntry]:
        query = select(entries).order_by(entries.c.id)
        with self.database.read() as connection:
            found = [_stored(row) for row in connection.execute(query)]
        wanted = q.casefold().strip()
        return [e for e in found if wanted in f"{e.entry.surface}\n{e.entry.reading}\n{e.entry.note}".casefold()]

    def get(self, id: int) -> StoredEntry:
        with self.database.read() as connection:
            row = connection.execute(select(entries).where(entries.c.id == id)).one_or_none()
        if row is None:
            raise NotFound(f"There is no dictionary entry {id}.", code="unknown_entry")
        return _stored(row)

    def add(self, entry: Entry) -> StoredEntry:
        now = time.time()
        row = {"surface": entry.surface, "identity": _identity(entry), "entry": entry.to_json()}
        try:
            with self.database.write() as connection:
                id = connection.execute(
                    insert(entries).values(**row, version=1, created=now, updated=now).returning(entries.c.id)
                ).scalar_one()
        except IntegrityError as error:
            raise _exists(entry) from error
        return self.get(int(id))

    def change(self, id: int, version: int, entry: Entry) -> StoredEntry:
        values = {"surface": entry.surface, "identity": _identity(entry), "entry": entry.to_json()}
        same = (entries.c.id == id) & (entries.c.version == version)
        try:
            with self.database.write() as connection:
                changed = connection.execute(
                    update(entries).where(same).values(**values, version=version + 1, updated=time.time())
                )
        except IntegrityError as error:
            raise _exists(entry) from error
        current = self.get(id)
        if changed.rowcount == 0:
            raise stale(f"The entry for {current.entry.surface!r}")
        return current

    def remove(self, id: int, version: int) -> None:
        with self.database.write() as connection:
            gone = connection.execute(delete(entries).where(entries.c.id == id, entries.c.version == version))
        if gone.rowcount == 0:
            raise stale(f"The entry for {self.get(id).entry.surface!r}")

    def merge(self, new: Sequence[Entry], *, replace: bool = False) -> dict[str, int]:
        """Add or update all of them in one step; with `replace` the rest is removed. Returns how many of each."""
        counts = {"added": 0, "changed": 0, "unchanged": 0, "removed": 0}
        now = time.time()
        with self.database.write() as connection:
            known = {row.identity: row for row in connection.execute(select(entries))}
            wanted = {_identity(entry): entry for entry in new}
            for identity, entry in wanted.items():
                counts[_put(connection, known.get(identity), identity, entry, now)] += 1
            if replace:
                gone = [row.id for identity, row in known.items() if identity not in wanted]
                connection.execute(delete(entries).where(entries.c.id.in_(gone)))
                counts["removed"] = len(gone)
        return counts

    def current(self) -> Dictionary:
        return Dictionary(stored.entry for stored in self.all())

    def freeze(self) -> str | None:
        """The name of a snapshot of the dictionary as it is now; None while it is empty."""
        return self.keep(self.current())

    def keep(self, dictionary: Dictionary) -> str | None:
        """Keep any dictionary as a snapshot."""
        if not len(dictionary):
            return None
        plain = [entry.to_json() for entry in dictionary]
        canonical = json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        name = hashlib.sha256(canonical.encode()).hexdigest()
        with self.database.write() as connection:
            known = connection.execute(select(func.count()).where(dictionaries.c.sha256 == name)).scalar_one()
            if not known:
                connection.execute(insert(dictionaries).values(sha256=name, entries=plain))
        return name

    def snapshot(self, name: str | None) -> Dictionary | None:
        """The dictionary of that name. Raises NotFound for one that is not there."""
        if name is None:
            return None
        with self.database.read() as connection:
            found = connection.execute(
                select(dictionaries.c.entries).where(dictionaries.c.sha256 == name)
            ).scalar_one_or_none()
        if found is None:
            raise NotFound(f"The dictionary {name[:12]} is not there.", hint="Speak it with the present one.")
        return Dictionary(Entry.from_mapping(entry) for entry in found)


def _put(connection: Connection, row: object | None, identity: str, entry: Entry, now: float) -> str:
    values = {"surface": entry.surface, "identity": identity, "entry": entry.to_json(), "updated": now}
    if row is None:
        connection.execute(insert(entries).values(**values, version=1, created=now))
        return "added"
    id, version, old = row.id, row.version, row.entry  # type: ignore[attr-defined]  # a row of `entries`
    if old == entry.to_json():
        return "unchanged"
    connection.execute(update(entries).where(entries.c.id == id).values(**values, version=version + 1))
    return "changed"


def _identity(entry: Entry) -> str:
    """One entry for each surface in its surroundings, as `Dictionary.with_entry` has it."""
    parts = "\0".join((entry.surface, entry.case, entry.left, entry.right, entry.scope))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def _exists(entry: Entry) -> Conflict:
    return Conflict(f"There is an entry for {entry.surface!r} already.", hint="Change that one.", code="exists")


def _stored(row: object) -> StoredEntry:
    id, version, entry = row.id, row.version, row.entry  # type: ignore[attr-defined]  # a row of `entries`
    return StoredEntry(id, version, Entry.from_mapping(entry), row.created, row.updated)  # type: ignore[attr-defined]
