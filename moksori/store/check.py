"""Finding and repairing what a crash, a full disk or a careless hand could leave. Knows no engine.

Nothing that a take, voice, preset or waiting item needs is ever removed; a take whose sound is gone goes into the
bin with a note, because its manifest can still make it again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text, update

from .schema import items, presets, takes, voices
from .store import Store

YOUNG_S = 3600.0  # files younger than this may belong to work in progress
LOST = "The sound is missing; verify makes it again from the manifest."


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. kind: orphan, leftover, lost, damaged, stuck, database."""

    kind: str
    what: str
    repaired: bool


def check(store: Store, *, repair: bool = False, deep: bool = False, now: float | None = None) -> list[Finding]:
    """Look through the store; with `repair` put right what can be.

    deep  also decode every sound and compare it with its name.
    now   seconds since the epoch, for the age of files.
    """
    moment = time.time() if now is None else now
    findings = [*_database(store), *_sounds(store, repair, deep), *_files(store, repair, moment)]
    return [*findings, *_stuck(store, repair)]


def sweep(store: Store) -> int:
    """Remove the sounds that nobody needs any more; returns how many there were."""
    return len(list(_files(store, True, time.time())))


def _database(store: Store) -> Iterator[Finding]:
    if not store.database.is_sqlite:
        return
    with store.database.read() as connection:
        said = connection.execute(text("PRAGMA integrity_check")).scalars().all()
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if said != ["ok"]:
        yield Finding("database", f"The database is damaged: {said[0]}. Restore a backup.", False)
    if broken:
        yield Finding("database", f"{len(broken)} rows refer to rows that are gone.", False)


def _sounds(store: Store, repair: bool, deep: bool) -> Iterator[Finding]:
    """Takes without their sound, and sounds that are not what they are called."""
    with store.database.read() as connection:
        kept = connection.execute(select(takes.c.id, takes.c.sound, takes.c.note, takes.c.deleted)).all()
        references = connection.execute(
            select(voices.c.name, voices.c.reference_sha256).where(voices.c.reference_sha256.is_not(None))
        ).all()
    for path in list(store.blobs) if deep else []:
        if not store.blobs.is_intact(path):
            if repair:
                path.unlink()
            yield Finding("damaged", f"{path.name} does not contain what its name says.", repair)
    for row in kept:
        if row.deleted is None and not store.blobs.sound_path(row.sound).exists():
            if repair:
                with store.database.write() as connection:
                    values = {"deleted": time.time(), "note": f"{row.note} {LOST}".strip()}
                    connection.execute(update(takes).where(takes.c.id == row.id).values(values))
            yield Finding("lost", f"Take {row.id} has no sound.", repair)
    for name, reference in references:
        if not store.blobs.reference_path(reference).exists():
            yield Finding("lost", f"The voice {name} has no reference: upload the clip again.", False)


def _files(store: Store, repair: bool, now: float) -> Iterator[Finding]:
    """Blobs that nobody needs, and what a crash left half-written."""
    needed = _needed(store)
    whole = set(store.blobs)
    for path in store.blobs.files():
        if path in needed or now - path.stat().st_mtime < YOUNG_S:
            continue
        if repair:
            path.unlink()
        yield Finding("orphan" if path in whole else "leftover", f"Nothing needs {path.name}.", repair)


def _needed(store: Store) -> set[Path]:
    with store.database.read() as connection:
        sounds = connection.execute(select(takes.c.sound)).scalars().all()
        references = {
            *connection.execute(select(voices.c.reference_sha256)).scalars(),
            *connection.execute(select(presets.c.reference_sha256)).scalars(),
            *connection.execute(select(takes.c.reference_sha256)).scalars(),
        }
        requests = connection.execute(select(items.c.request)).scalars().all()
    references |= {request.get("voice", {}).get("reference_sha256") for request in requests}
    return {store.blobs.sound_path(s) for s in sounds} | {store.blobs.reference_path(r) for r in references if r}


def _stuck(store: Store, repair: bool) -> Iterator[Finding]:
    """Items that a dead process left running; the caller owns the store, so nobody runs them."""
    with store.database.read() as connection:
        stuck = len(connection.execute(select(items.c.id).where(items.c.state == "running")).all())
    if stuck:
        if repair:
            store.queue.recover()
        yield Finding("stuck", f"{stuck} items were running when the process died.", repair)
