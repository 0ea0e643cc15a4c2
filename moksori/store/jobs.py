"""Jobs and their items: submitted, listed, cancelled, retried. Knows no engine; what runs next is `queue`'s.

States: queued -> running -> done | failed | cancelled. An item's request is frozen when it is submitted: voice,
settings, seed and dictionary are those of that moment. The same `request_id` gives the same job.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from moksori.errors import Conflict, NotFound, Unavailable

from .database import Database
from .schema import items, jobs, tries

Kind = Literal["speak", "batch", "sweep", "verify", "download"]
State = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled")
ACTIVE, OVER = ("queued", "running"), ("done", "failed", "cancelled")
INTERACTIVE, BATCH, DOWNLOAD = 0, 1, 2
PRIORITIES = ("interactive", "batch", "download")
MAX_QUEUED, MAX_INTERACTIVE = 20_000, 256


@dataclass(frozen=True)
class NewItem:
    """One thing to speak (or verify, or download). place: row, column, label, cell; syllables: for the estimate."""

    request: Mapping[str, Any]
    place: Mapping[str, Any] = field(default_factory=dict)
    syllables: int = 0


@dataclass(frozen=True)
class Item:
    id: int
    job_id: str
    n: int
    state: State
    priority: int
    attempts: int
    request: Mapping[str, Any]
    place: Mapping[str, Any]
    syllables: int
    key: str | None
    take_id: int | None
    reused: bool
    elapsed_s: float | None
    error: Mapping[str, Any] | None
    started: float | None
    finished: float | None


@dataclass(frozen=True)
class Job:
    n: int
    id: str
    kind: Kind
    title: str
    state: State
    priority: int
    total: int
    spec: Mapping[str, Any]
    error: Mapping[str, Any] | None
    request_id: str | None
    created: float
    started: float | None
    finished: float | None
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.state in OVER


class Jobs:
    """The tables of jobs and items, as people see them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def submit(
        self,
        kind: Kind,
        title: str,
        new: Sequence[NewItem],
        *,
        priority: int = BATCH,
        spec: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Job:
        """Queue a job. Raises Unavailable, with nothing queued, when the queue is full."""
        assert new, "a job has at least one item"
        now, id = time.time(), _new_id()
        with self.database.write() as connection:
            known = _find_request(connection, request_id)
            if known is None:
                _check_room(connection, len(new), priority)
                row = {"id": id, "kind": kind, "title": title[:200], "state": "queued", "priority": priority}
                row |= {"total": len(new), "spec": dict(spec or {}), "request_id": request_id, "created": now}
                connection.execute(insert(jobs).values(row))
                rows = [_item_row(id, n, item, priority) for n, item in enumerate(new)]
                connection.execute(insert(items), rows)
        return self.get(known or id)

    def get(self, id: str) -> Job:
        with self.database.read() as connection:
            found = _with_counts(connection, select(jobs).where(jobs.c.id == id))
        if not found:
            raise NotFound(f"There is no job {id!r}.", code="unknown_job")
        return found[0]

    def page(
        self, *, states: Sequence[str] = (), kind: str | None = None, limit: int = 50, before: int | None = None
    ) -> list[Job]:
        """Newest first; `before` is the `n` of the last one seen."""
        query = select(jobs).order_by(jobs.c.n.desc()).limit(limit)
        if states:
            query = query.where(jobs.c.state.in_(states))
        if kind is not None:
            query = query.where(jobs.c.kind == kind)
        if before is not None:
            query = query.where(jobs.c.n < before)
        with self.database.read() as connection:
            return _with_counts(connection, query)

    def item(self, id: int) -> Item:
        with self.database.read() as connection:
            row = connection.execute(select(items).where(items.c.id == id)).one_or_none()
        if row is None:
            raise NotFound(f"There is no item {id}.", code="unknown_item")
        return Item(**row._mapping)

    def items(self, job_id: str, *, state: str | None = None, limit: int = 50, after: int = -1) -> list[Item]:
        """In order; `after` is the `n` of the last one seen."""
        query = select(items).where(items.c.job_id == job_id, items.c.n > after).order_by(items.c.n).limit(limit)
        if state is not None:
            query = query.where(items.c.state == state)
        with self.database.read() as connection:
            return [Item(**row._mapping) for row in connection.execute(query)]

    def tries(self, item_ids: Sequence[int]) -> dict[int, list[int]]:
        """The takes that were made (or found) for each item, in order."""
        query = select(tries).where(tries.c.item_id.in_(item_ids)).order_by(tries.c.item_id, tries.c.n)
        made: dict[int, list[int]] = {id: [] for id in item_ids}
        with self.database.read() as connection:
            for row in connection.execute(query):
                made[row.item_id].append(row.take_id)
        return made

    def cancel(self, job_id: str) -> list[int]:
        """Give up what is not finished; returns the ids that were running, for whoever runs them to stop."""
        self.get(job_id)
        return self._cancel(items.c.job_id == job_id)

    def cancel_item(self, id: int) -> list[int]:
        self.item(id)
        return self._cancel(items.c.id == id)

    def retry(self, job_id: str) -> Job:
        """Queue again what failed or was cancelled."""
        self.get(job_id)
        self._requeue(items.c.job_id == job_id)
        return self.get(job_id)

    def retry_item(self, id: int) -> Item:
        self.item(id)
        self._requeue(items.c.id == id)
        return self.item(id)

    def reroll(self, id: int, request: Mapping[str, Any], syllables: int) -> Item:
        """Queue an item again with another request, before batches; its earlier takes stay its tries."""
        with self.database.write() as connection:
            _check_room(connection, 1, INTERACTIVE)
            values = {"request": dict(request), "syllables": syllables, "state": "queued", "priority": INTERACTIVE}
            values |= {"attempts": 0, "error": None, "key": None, "reused": False, "finished": None}
            changed = connection.execute(
                update(items).where(items.c.id == id, items.c.state.in_(OVER)).values(values).returning(items.c.job_id)
            ).all()
            if not changed:
                raise Conflict("The item is not finished yet.", hint="Cancel it first, or wait.", code="busy")
            settle(connection, changed[0].job_id)
        return self.item(id)

    def choose(self, id: int, take_id: int) -> Item:
        """Make another of its tries the item's take."""
        if take_id not in self.tries([self.item(id).id])[id]:
            raise NotFound(f"Take {take_id} was not made for item {id}.", code="unknown_take", field="take")
        with self.database.write() as connection:
            connection.execute(update(items).where(items.c.id == id).values(take_id=take_id))
        return self.item(id)

    def remove(self, id: str) -> None:
        """Forget a finished job; its takes stay."""
        if not self.get(id).is_over:
            raise Conflict("The job is not over.", hint="Cancel it first.", code="busy")
        with self.database.write() as connection:
            connection.execute(delete(jobs).where(jobs.c.id == id))

    def _cancel(self, which: Any) -> list[int]:
        with self.database.write() as connection:
            running = [
                int(i)
                for i in connection.execute(select(items.c.id).where(which, items.c.state == "running")).scalars()
            ]
            touched = connection.execute(
                update(items)
                .where(which, items.c.state.in_(ACTIVE))
                .values(state="cancelled", finished=time.time())
                .returning(items.c.job_id)
            )
            for job_id in {row.job_id for row in touched}:
                settle(connection, job_id)
        return running

    def _requeue(self, which: Any) -> None:
        with self.database.write() as connection:
            touched = connection.execute(
                update(items)
                .where(which, items.c.state.in_(("failed", "cancelled")))
                .values(state="queued", attempts=0, error=None, finished=None)
                .returning(items.c.job_id)
            )
            for job_id in {row.job_id for row in touched}:
                settle(connection, job_id)


def settle(connection: Connection, job_id: str) -> State:
    """Give a job the state that follows from its items; call it in the transaction that changed one."""
    counted = connection.execute(
        select(items.c.state, func.count()).where(items.c.job_id == job_id).group_by(items.c.state)
    )
    counts = {row[0]: row[1] for row in counted}
    state: State
    if counts.get("running"):
        state = "running"
    elif counts.get("queued"):
        state = "running" if len(counts) > 1 else "queued"
    else:
        state = "failed" if counts.get("failed") else "cancelled" if counts.get("cancelled") else "done"
    finished = time.time() if state in OVER else None
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(state=state, finished=finished))
    return state


def _new_id() -> str:
    return "j" + "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(9))


def _find_request(connection: Connection, request_id: str | None) -> str | None:
    if request_id is None:
        return None
    found = connection.execute(select(jobs.c.id).where(jobs.c.request_id == request_id)).scalar_one_or_none()
    return None if found is None else str(found)


def _check_room(connection: Connection, wanted: int, priority: int) -> None:
    limit = MAX_INTERACTIVE if priority == INTERACTIVE else MAX_QUEUED
    waiting = connection.execute(
        select(func.count()).where(items.c.state == "queued", items.c.priority == priority)
    ).scalar_one()
    if waiting + wanted > limit:
        raise Unavailable(
            f"The queue is full: {waiting:,} are waiting and {wanted:,} more would pass {limit:,}.",
            hint="Wait until some are done, or cancel a job.",
            code="queue_full",
        )


def _item_row(job_id: str, n: int, new: NewItem, priority: int) -> dict[str, Any]:
    row = {"job_id": job_id, "n": n, "state": "queued", "priority": priority, "request": dict(new.request)}
    return row | {"place": dict(new.place), "syllables": new.syllables, "attempts": 0, "reused": False}


def _with_counts(connection: Connection, query: Any) -> list[Job]:
    rows = connection.execute(query).all()
    counted = connection.execute(
        select(items.c.job_id, items.c.state, func.count())
        .where(items.c.job_id.in_([row.id for row in rows]))
        .group_by(items.c.job_id, items.c.state)
    )
    counts: dict[str, dict[str, int]] = {row.id: dict.fromkeys(STATES, 0) for row in rows}
    for job_id, state, count in counted:
        counts[job_id][state] = count
    return [Job(**row._mapping, counts=counts[row.id]) for row in rows]
