"""A thousand requests in a row, sizes mixed, a tenth cancelled midway: memory stays flat, nothing is left behind.

    python -m benchmarks.soak [--checkpoint NAME] [--requests 1000] [--precision int8]

Without --checkpoint a tiny random one is used, which leaks as a large one would. Exit status 1 if resident memory
drifts by 2 % or more after the first fifth, if a slot stays taken, or if a repeated request differs by a bit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from moksori.model import VoicePrompt
from moksori.runtime.ending import EndingSettings
from moksori.runtime.memory import resident
from moksori.runtime.runtime import Runtime, Utterance
from moksori.runtime.scheduler import Ticket

TEXTS = ["안녕하세요", "오늘은 날씨가 좋습니다", "the voice", "AI 입니다.", "좋습니다 안녕하세요 the AI"]
IN_FLIGHT = 12


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--checkpoint", default="", help="a folder or a name with preset voices: pocket-custom-voice")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--precision", default="int8")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        runtime = Runtime(given.checkpoint or tiny(Path(scratch)), given.precision)
        report = soak(runtime, given.requests)
        runtime.close()
    print(json.dumps(report, indent=1))
    return 0 if report["drift"] < 0.02 and report["left"] == 0 and report["different"] == 0 else 1


def tiny(folder: Path) -> Path:
    from tests import checkpoints

    return checkpoints.tiny("0.6b-custom-voice", folder / "tiny")


def soak(runtime: Runtime, requests: int) -> dict[str, float]:
    chance = random.Random(1)
    gate = threading.Semaphore(IN_FLIGHT)
    known: dict[int, str] = {}
    tally = {"different": 0, "cancelled": 0, "done": 0}
    lock, readings, threads = threading.Lock(), [], []

    def listen(ticket: Ticket, number: int, leave: bool) -> None:
        try:
            pieces = []
            for piece in ticket.pieces():
                pieces.append(piece.pcm)
                if leave:
                    break
            digest = hashlib.sha256(np.concatenate(pieces).tobytes()).hexdigest()
            with lock:
                tally["cancelled" if leave else "done"] += 1
                if not leave:
                    tally["different"] += known.setdefault(number, digest) != digest
        finally:
            gate.release()

    speakers = sorted(runtime.model.config.talker.speakers)
    for index in range(requests):
        gate.acquire()
        number = chance.randrange(40)
        ticket = runtime.speak(ask(number, speakers))
        thread = threading.Thread(target=listen, args=(ticket, number, chance.random() < 0.1))
        thread.start()
        threads.append(thread)
        if index % max(1, requests // 50) == 0 and index >= requests // 5:
            readings.append(resident())
    for thread in threads:
        thread.join()
    deadline = time.monotonic() + 60
    while sum(runtime.scheduler.load.values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    drift = (np.mean(readings[-5:]) - np.mean(readings[:5])) / np.mean(readings[:5])
    return {
        **tally,
        "left": sum(runtime.scheduler.load.values()),
        "drift": float(drift),
        "resident_gb": readings[-1] / 1e9,
    }


def ask(number: int, speakers: list[str]) -> Utterance:
    ending = EndingSettings(ceiling=5 + number * 7 % 60, stationary=0)
    voice = VoicePrompt.preset(speakers[number % len(speakers)])
    return Utterance(TEXTS[number % len(TEXTS)], voice, 10, "korean", seed=number, ending=ending)


if __name__ == "__main__":
    sys.exit(main())
