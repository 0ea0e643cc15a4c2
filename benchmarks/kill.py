"""Kill the process that speaks, at random moments, and count: every item once, every take whole and verified.

    python -m benchmarks.kill [--items 200] [--kills 50] [--seed 1] [--engine espeak] [--data FOLDER]

Each life of the worker is a real process that is ended by SIGKILL; the last one is let finish. Then every sound is
decoded and compared with its hash, the store is checked, and every take is rendered again.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from moksori.store import Store, open_store
from moksori.store.check import check
from moksori.store.jobs import ACTIVE, Job, NewItem
from moksori.store.presets import QUALITY
from moksori.store.takes import Filter, Take
from moksori.store.voices import frozen_speaker
from moksori.workbench.dispatcher import Dispatcher
from moksori.workbench.events import Events
from moksori.workbench.models import Models, ModelSpec

ENGINE, VOICE = "espeak", {"espeak": "f1", "pocket": "haneul"}
READY = "claims from now on"
LINE = "{n}번 고객님, {counter}번 창구로 오세요. 대기 시간은 {minutes}분입니다."


@dataclass(frozen=True)
class Outcome:
    """What was left after all the kills. swept: files of unfinished writes that `check` removed."""

    items: int
    kills: int
    done: int
    takes: int
    verified: int
    most_attempts: int
    swept: int
    findings: list[str]
    seconds: float

    @property
    def is_right(self) -> bool:
        return self.done == self.takes == self.verified == self.items and not self.findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default=ENGINE, choices=list(VOICE))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        return work(given.work, given.engine)
    with tempfile.TemporaryDirectory() as scratch:
        outcome = kill(given.data or Path(scratch) / "data", given.items, given.kills, given.seed, given.engine)
    print(outcome)
    return 0 if outcome.is_right else 1


def kill(folder: Path, items: int, kills: int, seed: int, engine: str = ENGINE) -> Outcome:
    """Run a batch through `kills` violent deaths and look at what is left."""
    started = time.monotonic()
    store = open_store(folder, owner=False)
    lines = [LINE.format(n=n + 1, counter=n % 7 + 1, minutes=n % 50 + 3) for n in range(items)]
    requests = [request(line, engine) for line in lines]
    job = store.jobs.submit("batch", "killed", [NewItem(r, {}, 20) for r in requests])
    moments = random.Random(seed)
    for n in range(kills):
        process = _life(folder, engine)
        time.sleep(moments.uniform(0.0, 2 * _share_s(store, items, kills - n)))
        process.kill()
        process.wait()
    last = _life(folder, engine)
    last.wait(timeout=600)
    verified = _verify(folder, engine)
    job = store.jobs.get(job.id)
    rows = store.jobs.items(job.id, limit=items)
    takes = [take.sound for take in _takes(store)]
    assert len({row.take_id for row in rows}) == job.counts["done"], "each item has a take of its own"
    later = time.time() + 7200
    swept = check(store, repair=True, deep=True, now=later)
    findings = [f.what for f in swept if f.kind not in ("leftover", "orphan")] + [
        f.what for f in check(store, deep=True, now=later)
    ]
    attempts = max(row.attempts for row in rows)
    seconds = round(time.monotonic() - started, 1)
    return Outcome(items, kills, job.counts["done"], len(takes), verified, attempts, len(swept), findings, seconds)


def request(text: str, engine: str) -> dict[str, object]:
    voice = frozen_speaker(VOICE[engine], VOICE[engine])
    frozen = {"text": text, "voice": voice, "preset": None, "settings": {}, "seed": 1}
    return {**frozen, "quality": QUALITY, "dictionary": None, "model": "", "engine": engine, "precision": "auto"}


def work(folder: Path, engine: str) -> int:
    """One life: speak until nothing waits."""
    store = open_store(folder)
    models = Models(ModelSpec(engine=engine))
    models.go_home()
    dispatcher = Dispatcher(store, models, Events())
    dispatcher.start()
    print(READY, flush=True)
    while store.jobs.page(states=ACTIVE, limit=1):
        time.sleep(0.02)
    dispatcher.stop()
    store.close()
    return 0


def _life(folder: Path, engine: str) -> subprocess.Popen[bytes]:
    """A worker that has begun to claim."""
    command = [sys.executable, "-m", "benchmarks.kill", "--work", str(folder), "--engine", engine]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    line = process.stdout.readline().decode().strip()
    assert line == READY, line
    return process


def _share_s(store: Store, items: int, lives: int) -> float:
    """How long one of the remaining lives may last on average, so that there is something left for each."""
    pace = store.queue.pace() or 0.05
    return pace * 20 * min(items, store.queue.waiting()[0]) / (lives + 1)


def _takes(store: Store) -> list[Take]:
    found: list[Take] = []
    cursor = None
    while True:
        page = store.takes.page(Filter(), limit=200, cursor=cursor)
        found += page.rows
        cursor = page.next
        if cursor is None:
            return found


def _verify(folder: Path, engine: str) -> int:
    """Render every take again; returns how many are the same."""
    store = open_store(folder)
    model = {"model": "", "engine": engine, "precision": "auto"}
    takes = _takes(store)
    job: Job = store.jobs.submit("verify", "all", [NewItem({"verify": t.id, **model}) for t in takes])
    dispatcher = Dispatcher(store, Models(ModelSpec(engine=engine)), Events())
    dispatcher.start()
    while not store.jobs.get(job.id).is_over:
        time.sleep(0.05)
    dispatcher.stop()
    same = [take for take in _takes(store) if take.verified and take.verified["state"] == "same"]
    store.close()
    return len(same)


if __name__ == "__main__":
    sys.exit(main())
