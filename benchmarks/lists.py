"""How long lists and searches take with many takes in the store: each through the API, the best of several.

    python -m benchmarks.lists [--takes 10000] [--repeats 9]

The takes are rows like real ones (manifests of several kilobytes, Korean texts, marks, ratings), without their sounds.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import insert

from moksori.script import Settings, write
from moksori.store import Store, open_store
from moksori.store.schema import take_marks, takes
from moksori.store.search import squashed
from moksori.workbench.access import Access
from moksori.workbench.app import create_app
from moksori.workbench.workbench import Workbench

PLACES = ("서울역", "부산항", "강남구청", "대전", "시청", "공항", "터미널", "정류장", "주차장", "고객센터", "안내소")
ACTS = ("출발합니다", "도착합니다", "연착되었습니다", "이용하실 수 있습니다", "마감되었습니다", "운영합니다")
MARKS = ("cut_off", "rushed", "loop", "clipped")
QUERIES = {
    "newest": "",
    "second page": "?cursor={middle}",
    "200 at once": "?limit=200",
    "voice": "?voice=voice-3",
    "preset": "?preset=preset-2",
    "job": "?job=job-7",
    "mark": "?mark=loop",
    "level": "?level=warning",
    "starred": "?starred=true",
    "rated": "?rated=true",
    "by rating": "?sort=rating",
    "by rating, deep": "?sort=rating&cursor=2.0_{middle}",
    "verified": "?verified=same",
    "bin": "?deleted=true",
    "one letter": "?q=역",
    "two letters": "?q=서울",
    "a word": "?q=고객센터",
    "across spaces": "?q=고객센터 안내",
    "one take": "?q=9,876번째",
    "nothing": "?q=없는말입니다",
    "voice, mark and words": "?voice=voice-1&mark=rushed&q=공항",
    "time": "?since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z",
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--takes", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = open_store(Path(scratch) / "data")
        fill(store, given.takes)
        timed = measure(store, given.takes, given.repeats)
        store.close()
    for name, (wall, cpu) in timed.items():
        print(f"{name:24} {wall:6.1f} ms   of which {cpu:5.1f} ms are this process's own")
    worst = max(cpu for _, cpu in timed.values())
    print(f"{given.takes:,} takes; the slowest list takes {worst:.1f} ms of processor time")
    return 0 if worst < 100 else 1


def measure(store: Store, count: int, repeats: int) -> dict[str, tuple[float, float]]:
    """(by the clock, of processor time) in milliseconds for each list, through the whole app without a network.

    The second number tells the same on a machine that is busy with something else.
    """
    client = TestClient(create_app(Workbench(store), Access(store.settings)), base_url="http://127.0.0.1")
    timed = {}
    for name, query in QUERIES.items():
        wall, cpu = [], []
        for _ in range(repeats):
            start, used = time.perf_counter(), time.process_time()
            answer = client.get("/api/takes" + query.format(middle=count // 2))
            wall.append((time.perf_counter() - start) * 1000)
            cpu.append((time.process_time() - used) * 1000)
            assert answer.status_code == 200, answer.text
        timed[name] = (min(wall), min(cpu))
    return timed


def fill(store: Store, count: int, seed: int = 0) -> None:
    """Rows like those of a busy year."""
    chance = random.Random(seed)
    rows = [_row(n, chance) for n in range(1, count + 1)]
    marks = [{"take_id": row["id"], "kind": m["code"], "level": "warning"} for row in rows for m in row["marks"]]
    with store.database.write() as connection:
        for at in range(0, count, 1000):
            connection.execute(insert(takes), rows[at : at + 1000])
        connection.execute(insert(take_marks), marks)


def _row(n: int, chance: random.Random) -> dict[str, Any]:
    line = " ".join(f"{chance.choice(PLACES)}에서 {chance.choice(ACTS)}." for _ in range(chance.randint(1, 6)))
    text = f"{n:,}번째 안내입니다. {line}"
    voice, marked = f"voice-{n % 9}", [chance.choice(MARKS)] if n % 11 == 0 else []
    rated = chance.randint(1, 5) if n % 7 == 0 else None
    manifest = _manifest(text, n, voice)
    return {
        "id": n, "key": f"{n:064x}", "sound": f"{n:064x}-24000", "sample_rate": 24_000, "samples": 24_000 * 5,
        "manifest": manifest, "summary": {"settings": manifest["settings"], "sentences": manifest["units"]},
        "text": text, "spoken": manifest["reading"]["spoken"], "language": "korean", "voice_id": voice,
        "search": squashed(text, manifest["reading"]["spoken"], ""), "voice_name": voice, "voice_kind": "cloned",
        "preset_id": f"preset-{n % 5}" if n % 3 == 0 else None, "job_id": f"job-{n % 40}", "item_id": n, "seed": n,
        "engine": "qwen3", "checkpoint": "0.6b-base", "measurements": {"pace": 5.0},
        "level": "warning" if marked else "good",
        "marks": [{"code": code, "severity": "warning", "at_s": 1.0, "reason": "."} for code in marked],
        "star": n % 13 == 0, "rating": rated, "rating_count": 1 if rated else 0,
        "verified_state": "same" if n % 17 == 0 else None, "verified": {"state": "same"} if n % 17 == 0 else None,
        "created": 1_767_225_600.0 + n * 1800, "deleted": 1_790_000_000.0 if n % 19 == 0 else None,
    }  # fmt: skip


def _manifest(text: str, seed: int, voice: str) -> dict[str, Any]:
    script = write(text, settings=Settings(), seed=seed)
    units = [{"start_s": 0.0, "end_s": 1.0, "spoken": unit.spoken, "source": unit.source} for unit in script.units]
    settings = {"language": "korean", "parameters": {f"parameter {n}": 1.0 for n in range(12)}, "policy": {}}
    return {
        "text": text,
        "reading": script.reading.to_json(),
        "units": units,
        "settings": settings,
        "voice": {"id": voice},
    }


if __name__ == "__main__":
    sys.exit(main())
