"""Twenty people at once: pages, lists, speaking, listening, against a real server, for some minutes.

    python -m benchmarks.clients [--clients 20] [--seconds 600] [--engine espeak]

Every answer must be a success or a clear 429/503 with Retry-After. Prints the 95th percentile of pages and lists,
how many of each answer there were, and the memory of the server at the beginning and the end.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

import httpx

LINES = ("{n}번 고객님, 창구로 오세요.", "다음 열차는 {n}분 뒤에 도착합니다.", "오늘 요금은 {n}00원입니다.")
LISTS = (
    "/",
    "/api/takes",
    "/api/takes?q=고객",
    "/api/jobs",
    "/api/voices",
    "/api/presets",
    "/api/system",
    "/api/models",
)


@dataclass
class Tally:
    """What came back. looks: seconds of page and list requests."""

    answers: collections.Counter[str] = field(default_factory=collections.Counter)
    looks: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--engine", default="espeak")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        process, address = _server(data, given.engine)
        try:
            return _run(given.clients, given.seconds, address)
        finally:
            process.terminate()
            process.wait(60)


def _run(clients: int, seconds: float, address: str) -> int:
    tally, end = Tally(), time.monotonic() + seconds
    memory = [_memory(address)]
    threads = [threading.Thread(target=_person, args=(address, n, end, tally)) for n in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 3)
    memory.append(_memory(address))
    for thread in threads:
        thread.join()
    memory.append(_memory(address))
    p95 = statistics.quantiles(tally.looks, n=20)[-1] * 1000
    print(f"{clients} clients, {seconds:.0f} s: {dict(tally.answers)}")
    print(
        f"pages and lists: {len(tally.looks)}, p95 {p95:.0f} ms, median {statistics.median(tally.looks) * 1000:.0f} ms"
    )
    print(f"memory in MB at the start, after a third, at the end: {[round(m / 1e6) for m in memory]}")
    for line in tally.wrong[:10]:
        print("wrong:", line)
    return 1 if tally.wrong else 0


def _person(address: str, number: int, end: float, tally: Tally) -> None:
    """Looks around, and now and then speaks a line and listens to it."""
    chance = random.Random(number)
    with httpx.Client(base_url=address, timeout=120) as client:
        while time.monotonic() < end:
            for path in chance.sample(LISTS, 3):
                start = time.monotonic()
                _count(client.get(path), tally)
                tally.looks.append(time.monotonic() - start)
                time.sleep(chance.uniform(0.2, 1.0))
            text = chance.choice(LINES).format(n=chance.randint(1, 99))
            answer = client.post("/api/speak", json={"text": text, "seed": chance.randint(0, 9)})
            if _count(answer, tally) and answer.status_code == 202:
                _count(client.get(f"/api/items/{answer.json()['items'][0]['id']}/stream"), tally)
            elif "retry-after" in answer.headers:
                time.sleep(float(answer.headers["retry-after"]))


def _count(answer: httpx.Response, tally: Tally) -> bool:
    tally.answers[str(answer.status_code)] += 1
    polite = answer.status_code in (429, 503) and "retry-after" in answer.headers
    if not (answer.is_success or polite):
        tally.wrong.append(
            f"{answer.request.method} {answer.request.url.path} {answer.status_code} {answer.text[:200]}"
        )
    return answer.is_success


def _memory(address: str) -> int:
    return int(httpx.get(f"{address}/api/system", timeout=60).json()["memory"]["rss_bytes"])


def _server(data: str, engine: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "moksori", "serve", "--port", "0", "--engine", engine, "--data", data]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found, "the server did not say where it is"
    return process, found[0]


if __name__ == "__main__":
    sys.exit(main())
