"""Takes: speeches that were kept. Listing, searching, marking, the bin. Knows no engine and no HTTP.

A take is written once, under the key of its manifest, in the transaction that finishes its item (`jobs`); later
only what people say about it changes: star, note, ratings, verification, deletion.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from moksori.errors import InvalidInput, NotFound

from . import search
from .database import Database
from .schema import ratings, take_marks, takes, tries

EXCERPT = 1000
LEVELS = ("good", "info", "warning", "error")


@dataclass(frozen=True)
class Take:
    """A row as lists show it; text and spoken are cut to 1,000 characters there, and whole from `Takes.get`."""

    id: int
    key: str
    sound: str
    sample_rate: int
    samples: int
    summary: Mapping[str, Any]
    text: str
    spoken: str
    language: str
    voice_id: str
    voice_name: str
    voice_kind: str
    preset_id: str | None
    job_id: str | None
    item_id: int | None
    attempt: int
    seed: int
    engine: str
    model: str
    checkpoint: str | None
    draft: bool
    dictionary_sha256: str | None
    measurements: Mapping[str, Any]
    marks: Sequence[Mapping[str, Any]]
    level: str
    first_audio_s: float | None
    elapsed_s: float | None
    star: bool
    note: str
    rating: float | None
    rating_count: int
    verified: Mapping[str, Any] | None
    created: float
    deleted: float | None

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate


_LONG = ("text", "spoken")
_SHOWN = [takes.c[name] for name in Take.__dataclass_fields__ if name not in _LONG]
_CUT = [func.substr(takes.c[name], 1, EXCERPT).label(name) for name in _LONG]


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None asks nothing. since, until: seconds since the epoch."""

    q: str = ""
    voice: str | None = None
    preset: str | None = None
    job: str | None = None
    engine: str | None = None
    mark: str | None = None
    level: str | None = None
    starred: bool | None = None
    rated: bool | None = None
    verified: str | None = None
    since: float | None = None
    until: float | None = None
    deleted: bool = False
    sort: Literal["newest", "rating"] = "newest"


@dataclass(frozen=True)
class Page:
    """Some rows, and the cursor of the next ones (None: these were the last)."""

    rows: list[Take]
    next: str | None


@dataclass(frozen=True)
class NewTake:
    """What the dispatcher hands over: the columns of a take that exist when it has been made."""

    key: str
    sound: str
    sample_rate: int
    samples: int
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    voice_name: str
    preset_id: str | None
    attempt: int
    model: str
    draft: bool
    dictionary_sha256: str | None
    measurements: Mapping[str, Any]
    marks: Sequence[Mapping[str, Any]] = field(default_factory=list)
    first_audio_s: float | None = None
    elapsed_s: float | None = None

    @property
    def level(self) -> str:
        return max((m["severity"] for m in self.marks), key=LEVELS.index, default="good")


class Takes:
    """The table of takes and what is said about them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.read() as connection:
            self._indexed = search.has_index(connection)

    def page(self, wanted: Filter, *, limit: int = 50, cursor: str | None = None) -> Page:
        query = select(*_SHOWN, *_CUT).where(*self._conditions(wanted)).limit(limit + 1)
        query = _by_rating(query, cursor) if wanted.sort == "rating" else _newest(query, cursor)
        with self.database.read() as connection:
            rows = [Take(**row._mapping) for row in connection.execute(query)]
        more = len(rows) > limit
        return Page(rows[:limit], _cursor(rows[limit - 1], wanted.sort) if more else None)

    def get(self, id: int) -> Take:
        """The take with its whole text; raises NotFound."""
        found = self.some([id])
        if not found:
            raise NotFound(
                f"There is no take {id}.", hint="It may have been removed from the bin.", code="unknown_take"
            )
        return found[0]

    def some(self, ids: Sequence[int]) -> list[Take]:
        """Those of the takes that exist, in the order of `ids`, with their whole texts."""
        query = select(*_SHOWN, *(takes.c[name] for name in _LONG)).where(takes.c.id.in_(ids))
        with self.database.read() as connection:
            by_id = {row.id: Take(**row._mapping) for row in connection.execute(query)}
        return [by_id[id] for id in dict.fromkeys(ids) if id in by_id]

    def find_key(self, key: str) -> Take | None:
        with self.database.read() as connection:
            id = connection.execute(select(takes.c.id).where(takes.c.key == key)).scalar_one_or_none()
        return None if id is None else self.get(id)

    def manifest(self, id: int) -> dict[str, Any]:
        with self.database.read() as connection:
            found = connection.execute(select(takes.c.manifest).where(takes.c.id == id)).scalar_one_or_none()
        if found is None:
            raise NotFound(f"There is no take {id}.", code="unknown_take")
        return dict(found)

    def annotate(self, id: int, *, star: bool | None = None, note: str | None = None) -> Take:
        current = self.get(id)
        values: dict[str, Any] = {} if star is None else {"star": star}
        if note is not None:
            values |= {"note": note, "search": search.squashed(current.text, current.spoken, note)}
        if values:
            with self.database.write() as connection:
                connection.execute(update(takes).where(takes.c.id == id).values(**values))
        return self.get(id)

    def set_deleted(self, ids: Sequence[int], deleted: bool) -> list[int]:
        """Into the bin, or out of it; returns the ids that moved."""
        at = time.time() if deleted else None
        state = takes.c.deleted.is_(None) if deleted else takes.c.deleted.is_not(None)
        with self.database.write() as connection:
            moved = [int(i) for i in connection.execute(select(takes.c.id).where(takes.c.id.in_(ids), state)).scalars()]
            connection.execute(update(takes).where(takes.c.id.in_(moved)).values(deleted=at))
        return moved

    def empty_bin(self, before: float) -> int:
        """Remove the rows that went into the bin before that moment; their sounds go when `check` sweeps."""
        with self.database.write() as connection:
            return connection.execute(delete(takes).where(takes.c.deleted < before)).rowcount

    def rate(self, id: int, value: int | None, *, judge: str = "", job: str = "", blind: bool = False) -> Take:
        """One rating for each judge, take and job; None takes it back."""
        self.get(id)
        same = and_(ratings.c.take_id == id, ratings.c.judge == judge, ratings.c.job_id == job)
        with self.database.write() as connection:
            connection.execute(delete(ratings).where(same))
            if value is not None:
                row = {"take_id": id, "judge": judge, "job_id": job, "value": value, "blind": blind}
                connection.execute(insert(ratings).values(**row, created=time.time()))
            mean, count = connection.execute(
                select(func.avg(ratings.c.value), func.count()).where(ratings.c.take_id == id)
            ).one()
            mean = None if mean is None else float(mean)
            connection.execute(update(takes).where(takes.c.id == id).values(rating=mean, rating_count=count))
        return self.get(id)

    def ratings(self, *, take: int | None = None, job: str | None = None) -> list[dict[str, Any]]:
        query = select(ratings).order_by(ratings.c.id)
        if take is not None:
            query = query.where(ratings.c.take_id == take)
        if job is not None:
            query = query.where(ratings.c.job_id == job)
        with self.database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def set_verified(self, id: int, state: str, details: Mapping[str, Any]) -> Take:
        with self.database.write() as connection:
            connection.execute(
                update(takes).where(takes.c.id == id).values(verified_state=state, verified={"state": state, **details})
            )
        return self.get(id)

    def paces(self, voice_id: str, engine: str, limit: int = 50) -> list[float]:
        """Syllables per second of the voice's latest takes: its own norm."""
        query = (
            select(takes.c.measurements)
            .where(takes.c.voice_id == voice_id, takes.c.engine == engine)
            .order_by(takes.c.id.desc())
            .limit(limit)
        )
        with self.database.read() as connection:
            found = connection.execute(query).scalars().all()
        return [m["pace"] for m in found if m.get("pace")]

    def siblings(self, id: int) -> list[int]:
        """The other takes of the items that this one was made for."""
        mine = select(tries.c.item_id).where(tries.c.take_id == id)
        query = select(tries.c.take_id).where(tries.c.item_id.in_(mine), tries.c.take_id != id).distinct()
        with self.database.read() as connection:
            return sorted(connection.execute(query).scalars())

    def count(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).where(takes.c.deleted.is_(None))).scalar_one()

    def _conditions(self, wanted: Filter) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [
            takes.c.deleted.is_not(None) if wanted.deleted else takes.c.deleted.is_(None)
        ]
        equal: dict[str, Any] = {
            "voice_id": wanted.voice,
            "preset_id": wanted.preset,
            "job_id": wanted.job,
            "engine": wanted.engine,
        }
        equal |= {"level": wanted.level, "verified_state": wanted.verified, "star": wanted.starred}
        conditions += [takes.c[name] == value for name, value in equal.items() if value is not None]
        if search.squashed(wanted.q):
            conditions.append(search.contains(wanted.q, indexed=self._indexed))
        if wanted.mark is not None:
            conditions.append(takes.c.id.in_(select(take_marks.c.take_id).where(take_marks.c.kind == wanted.mark)))
        if wanted.rated is not None:
            conditions.append((takes.c.rating_count > 0) == wanted.rated)
        if wanted.since is not None:
            conditions.append(takes.c.created >= wanted.since)
        if wanted.until is not None:
            conditions.append(takes.c.created < wanted.until)
        return conditions


def insert_take(connection: Connection, new: NewTake, *, job_id: str | None, item_id: int | None) -> int:
    """Write a take and its marks; the one that has the key already wins. Returns its id."""
    existing = connection.execute(select(takes.c.id).where(takes.c.key == new.key)).scalar_one_or_none()
    if existing is not None:
        connection.execute(update(takes).where(takes.c.id == existing).values(deleted=None))
        return int(existing)
    manifest = new.manifest
    text, spoken = manifest["text"], manifest["reading"]["spoken"]
    columns = {
        **{name: getattr(new, name) for name in NewTake.__dataclass_fields__ if name != "marks"},
        "marks": list(new.marks),
        "level": new.level,
        "text": text,
        "spoken": spoken,
        "search": search.squashed(text, spoken, ""),
        "language": manifest["settings"]["language"],
        "voice_id": manifest["voice"]["id"],
        "voice_kind": manifest["voice"]["kind"],
        "reference_sha256": manifest["voice"]["reference_sha256"] or None,
        "seed": manifest["seed"],
        "engine": manifest["engine"],
        "checkpoint": None if manifest["checkpoint"] is None else manifest["checkpoint"]["name"],
        "job_id": job_id,
        "item_id": item_id,
        "created": time.time(),
    }
    id = int(connection.execute(insert(takes).values(columns).returning(takes.c.id)).scalar_one())
    wrong = {m["code"]: m["severity"] for m in new.marks}
    if wrong:
        rows = [{"take_id": id, "kind": kind, "level": level} for kind, level in wrong.items()]
        connection.execute(insert(take_marks), rows)
    return id


def _newest(query: Select[Any], cursor: str | None) -> Select[Any]:
    query = query.order_by(takes.c.id.desc())
    return query if cursor is None else query.where(takes.c.id < _number(cursor, int))


def _by_rating(query: Select[Any], cursor: str | None) -> Select[Any]:
    value = func.coalesce(takes.c.rating, literal_column("0.0"))
    query = query.order_by(value.desc(), takes.c.id.desc())
    if cursor is None:
        return query
    rating, _, id = cursor.partition("_")
    at, last = _number(rating, float), _number(id, int)
    return query.where(or_(value < at, and_(value == at, takes.c.id < last)))


def _cursor(last: Take, sort: str) -> str:
    return f"{last.rating or 0.0!r}_{last.id}" if sort == "rating" else str(last.id)


def _number(given: str, kind: type[int] | type[float]) -> float:
    if not re.fullmatch(r"[0-9]{1,15}" if kind is int else r"[0-9](\.[0-9]{1,20})?", given):
        raise InvalidInput("The cursor is not one of ours.", hint="Start again without it.", field="cursor")
    return kind(given)
