"""What runs next, and what became of it. Knows no engine: whoever speaks claims an item and hands back takes.

Every step is one transaction, so a process that dies at any point leaves an item that is either queued, running (and
queued again by `recover`) or finished. A take is written before its item is finished: an item that is run again finds
it by its key.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update

from .database import Database
from .jobs import BATCH, INTERACTIVE, Item, settle
from .schema import items, jobs, tries
from .takes import NewTake, insert_take

MAX_ATTEMPTS = 10  # an item that took the process down this often is not tried again
PACE_OF = 40
CRASHED = {
    "code": "crashed",
    "message": f"The process died {MAX_ATTEMPTS} times while speaking this.",
    "hint": "Look into the log, then retry it.",
    "field": None,
}


@dataclass(frozen=True)
class Outlook:
    """Where a job stands. ahead: items of other jobs before its next one; eta_s: until it is over, if known."""

    ahead: int
    eta_s: float | None


class Queue:
    """The items that wait, for those who run them. `lanes` are the priorities one runner takes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def claim(self, lanes: Sequence[int] = (INTERACTIVE, BATCH)) -> Item | None:
        """Take the next item: interactive before batch, then in the order they came.

        What took the process down before comes after what did not, so that it cannot hold up the rest.
        """
        waiting = (
            select(items.c.id)
            .where(items.c.state == "queued", items.c.priority.in_(lanes))
            .order_by(items.c.priority, items.c.attempts, items.c.id)
            .limit(1)
        )
        now = time.time()
        with self.database.write() as connection:
            id = connection.execute(waiting).scalar_one_or_none()
            if id is None:
                return None
            claimed = update(items).where(items.c.id == id, items.c.state == "queued")
            row = connection.execute(
                claimed.values(state="running", started=now, attempts=items.c.attempts + 1).returning(items)
            ).one_or_none()
            if row is None:  # another process was faster (databases without a single writer)
                return None
            started = func.coalesce(jobs.c.started, now)
            connection.execute(
                update(jobs).where(jobs.c.id == row.job_id).values(state="running", started=started, finished=None)
            )
        return Item(**row._mapping)

    def keep(self, item: Item, new: NewTake) -> int:
        """Write a take that was made for the item; returns its id. The one with the same key wins."""
        with self.database.write() as connection:
            take_id = insert_take(connection, new, job_id=item.job_id, item_id=item.id)
            _add_try(connection, item.id, take_id)
        return take_id

    def note_try(self, item: Item, take_id: int) -> None:
        """Record that a take which was there already is a try of this item."""
        with self.database.write() as connection:
            _add_try(connection, item.id, take_id)

    def finish(self, item: Item, take_id: int | None, *, key: str | None, reused: bool, elapsed_s: float) -> None:
        """Done; without effect if somebody cancelled it meanwhile."""
        self._end(item, state="done", take_id=take_id, key=key, reused=reused, elapsed_s=elapsed_s, error=None)

    def fail(self, item: Item, error: Mapping[str, Any]) -> None:
        self._end(item, state="failed", error=dict(error))

    def give_up(self, item: Item) -> None:
        """Cancelled while it ran."""
        self._end(item, state="cancelled")

    def put_back(self, item: Item) -> None:
        """Nothing was wrong with it, but it could not be finished: queue it again."""
        with self.database.write() as connection:
            connection.execute(
                update(items)
                .where(items.c.id == item.id, items.c.state == "running")
                .values(state="queued", attempts=items.c.attempts - 1)
            )
            settle(connection, item.job_id)

    def recover(self) -> int:
        """After a crash: queue what was running again, fail what crashed too often. Returns how many were running."""
        running = items.c.state == "running"
        with self.database.write() as connection:
            ids = connection.execute(select(items.c.job_id).where(running)).scalars().all()
            hopeless = {"state": "failed", "error": CRASHED, "finished": time.time()}
            connection.execute(update(items).where(running, items.c.attempts >= MAX_ATTEMPTS).values(hopeless))
            connection.execute(update(items).where(running).values(state="queued"))
            for job_id in set(ids):
                settle(connection, job_id)
        return len(ids)

    def waiting(self, lanes: Sequence[int] = (INTERACTIVE, BATCH)) -> tuple[int, int]:
        """How many items wait, and how many syllables they have."""
        query = select(func.count(), func.coalesce(func.sum(items.c.syllables), 0)).where(
            items.c.state == "queued", items.c.priority.in_(lanes)
        )
        with self.database.read() as connection:
            count, syllables = connection.execute(query).one()
        return int(count), int(syllables)

    def pace(self) -> float | None:
        """Seconds of work per syllable, over the latest items that were really spoken; None before the first."""
        latest = (
            select(items.c.elapsed_s, items.c.syllables)
            .where(items.c.state == "done", items.c.reused.is_(False), items.c.syllables > 0, items.c.elapsed_s > 0)
            .order_by(items.c.id.desc())
            .limit(PACE_OF)
            .subquery()
        )
        with self.database.read() as connection:
            elapsed, syllables = connection.execute(
                select(func.sum(latest.c.elapsed_s), func.sum(latest.c.syllables))
            ).one()
        return float(elapsed) / float(syllables) if syllables else None

    def outlook(self, job_id: str, pace: float | None) -> Outlook:
        """Position and estimate of a job that is not over."""
        mine = and_(items.c.job_id == job_id, items.c.state.in_(("queued", "running")))
        own = select(
            func.min(items.c.priority), func.max(items.c.id), func.min(items.c.id), func.sum(items.c.syllables)
        )
        with self.database.read() as connection:
            priority, last, first, syllables = connection.execute(own.where(mine)).one()
            if last is None:
                return Outlook(0, None)
            others = [items.c.job_id != job_id, items.c.priority.in_((INTERACTIVE, BATCH))]
            sooner = or_(items.c.priority < priority, and_(items.c.priority == priority, items.c.id < first))
            ahead = connection.execute(
                select(func.count()).where(
                    *others, or_(items.c.state == "running", and_(items.c.state == "queued", sooner))
                )
            ).scalar_one()
            before_end = or_(items.c.priority < priority, and_(items.c.priority == priority, items.c.id < last))
            foreign = connection.execute(
                select(func.coalesce(func.sum(items.c.syllables), 0)).where(
                    *others, items.c.state.in_(("queued", "running")), before_end
                )
            ).scalar_one()
        return Outlook(int(ahead), None if pace is None else pace * (int(syllables or 0) + int(foreign)))

    def _end(self, item: Item, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(
                update(items)
                .where(items.c.id == item.id, items.c.state == "running")
                .values(**values, finished=time.time())
            )
            settle(connection, item.job_id)


def _add_try(connection: Any, item_id: int, take_id: int) -> None:
    known = connection.execute(select(tries.c.take_id).where(tries.c.item_id == item_id)).scalars().all()
    if take_id not in known:
        connection.execute(insert(tries).values(item_id=item_id, take_id=take_id, n=len(known)))
