"""What several batch lanes gain: one script spoken by the dispatcher with one lane, two, four.

    python -m benchmarks.batch [--items 24] [--widths 1,2,4] [--engine pocket]

Each width in a store of its own; the sounds must be the same. Prints seconds of work for a second of sound.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.kill import LINE, request
from moksori.store import open_store
from moksori.store.jobs import NewItem
from moksori.workbench.dispatcher import Dispatcher
from moksori.workbench.events import Events
from moksori.workbench.models import Models, ModelSpec


class OfWidth(Models):
    """The model with so many lanes, whatever it would choose."""

    lanes = 1

    @property
    def width(self) -> int:
        return self.lanes


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=24)
    parser.add_argument("--widths", default="1,2,4")
    parser.add_argument("--engine", default="pocket")
    given = parser.parse_args()
    models = OfWidth(ModelSpec(engine=given.engine))
    models.go_home()
    print(f"the model itself would choose {Models.width.fget(models)}")  # type: ignore[attr-defined]
    sounds = set()
    for width in map(int, given.widths.split(",")):
        models.lanes, models.turns.slots = width, width + 1
        wall_s, sound_s, heard = run(models, given.items, given.engine)
        sounds.add(heard)
        print(
            f"{width} at once: {wall_s:6.2f} s for {sound_s:.1f} s of sound, {wall_s / sound_s:.3f} s a second",
            flush=True,
        )
    models.unload()
    print("the same sounds each time" if len(sounds) == 1 else "THE SOUNDS DIFFER")
    return len(sounds) - 1


def run(models: Models, items: int, engine: str) -> tuple[float, float, tuple[str, ...]]:
    """Seconds by the clock, seconds of sound, and the sounds in the order of the script."""
    with tempfile.TemporaryDirectory() as scratch:
        store = open_store(Path(scratch) / "data")
        dispatcher = Dispatcher(store, models, Events())
        dispatcher.start()
        lines = [LINE.format(n=n + 1, counter=n % 7 + 1, minutes=n % 50 + 3) for n in range(items)]
        started = time.monotonic()
        job = store.jobs.submit("batch", "width", [NewItem(request(line, engine), {}, 20) for line in lines])
        dispatcher.wake()
        while not store.jobs.get(job.id).is_over:
            time.sleep(0.01)
        wall_s = time.monotonic() - started
        takes = {
            take.id: take for take in store.takes.some([i.take_id or 0 for i in store.jobs.items(job.id, limit=items)])
        }
        ordered = [takes[item.take_id or 0] for item in store.jobs.items(job.id, limit=items)]
        dispatcher.stop()
        store.close()
    return wall_s, sum(take.seconds for take in ordered), tuple(take.sound for take in ordered)


if __name__ == "__main__":
    sys.exit(main())
