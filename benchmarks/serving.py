"""How the server does under load: first audio with many listeners, and a soak with everything that clients do wrong.

    python -m benchmarks.serving --listeners 8 --rounds 5
    python -m benchmarks.serving --soak 10000

Starts `moksori serve --api-only` itself (`--engine`, `--model`) unless `--url` names a server.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import numpy as np
from prometheus_client.parser import text_string_to_metric_families

SPEECH = "/v1/audio/speech"
SENTENCES = (
    "지금부터 안내 말씀을 드리겠습니다.",
    "이번 역은 서울역입니다. 내리실 문은 오른쪽입니다.",
    "오늘은 2026년 11월 20일 금요일이며, 낮 기온은 12도입니다.",
    "문의 전화는 010-1234-5678번으로 주시기 바랍니다. 감사합니다.",
)
BYTES_PER_S = 48_000
FORMATS = ("pcm", "wav", "pcm", "mp3", "pcm", "wav", "opus", "pcm", "wav", "flac")


@dataclass(frozen=True)
class Heard:
    """One stream as a listener had it: seconds to the first sound, of sound, and of the worst gap while playing."""

    first_s: float
    audio_s: float
    underrun_s: float
    total_s: float


async def listen(http: httpx.AsyncClient, text: str, seed: int) -> Heard:
    """Read a stream as it comes and play it from its first chunk on: a gap is sound that came too late."""
    started = time.monotonic()
    first, received, worst = 0.0, 0, 0.0
    body = {"input": text, "response_format": "pcm", "seed": seed}
    async with http.stream("POST", SPEECH, json=body) as answer:
        answer.raise_for_status()
        async for chunk in answer.aiter_raw():
            now = time.monotonic()
            first = first or now
            worst = max(worst, (now - first) - received / BYTES_PER_S)
            received += len(chunk)
    return Heard(first - started, received / BYTES_PER_S, worst, time.monotonic() - started)


async def under_load(url: str, listeners: int, rounds: int) -> None:
    limits = httpx.Limits(max_connections=listeners)
    async with httpx.AsyncClient(base_url=url, timeout=300, limits=limits, trust_env=False) as http:
        await listen(http, SENTENCES[0], 0)

        async def one(number: int) -> list[Heard]:
            return [await listen(http, SENTENCES[(number + n) % 4], number * 100 + n) for n in range(rounds)]

        started = time.monotonic()
        heard = [h for own in await asyncio.gather(*map(one, range(listeners))) for h in own]
        elapsed = time.monotonic() - started
    first = np.percentile([h.first_s for h in heard], (50, 95, 99))
    spoken = sum(h.audio_s for h in heard)
    print(f"{listeners} listeners, {len(heard)} streams, {spoken:.0f} s of sound in {elapsed:.1f} s")
    print(f"first audio  p50 {first[0]:.3f} s  p95 {first[1]:.3f} s  p99 {first[2]:.3f} s")
    for limit_ms in (0, 50, 100, 200):
        share = np.mean([h.underrun_s <= max(limit_ms / 1000, 0.001) for h in heard])
        print(f"streams whose worst gap is at most {limit_ms:3} ms: {share:.1%}")


@dataclass
class Tally:
    """What the clients saw: how many were asked, by how the server must have counted them."""

    spoken: int = 0  # heard to the end
    left: int = 0  # left in mid-stream: the server may have been done already
    refused: Counter[str] = field(default_factory=Counter)  # by the error's code
    broken: int = 0  # the connection failed: must not happen

    @property
    def asked(self) -> int:
        return self.spoken + self.left + self.refused.total() + self.broken


@dataclass(frozen=True)
class Reading:
    """The server's metrics at one moment, summed over labels, and its requests by outcome."""

    values: Counter[str]
    outcomes: Counter[str]
    memory: dict[str, float]

    @property
    def is_idle(self) -> bool:
        return not any(
            self.values[f"moksori_{name}"] for name in ("requests_inside", "units_speaking", "units_waiting")
        )


async def soak(url: str, requests: int, at_once: int) -> bool:
    """A mix of good requests, early disconnects, slow readers and invalid ones; whether nothing is left behind."""
    dice, tally, memory = random.Random(1), Tally(), list[dict[str, float]]()
    gate, started = asyncio.Semaphore(at_once), time.monotonic()
    limits = httpx.Limits(max_connections=at_once)
    step = max(1, requests // 20)
    async with httpx.AsyncClient(base_url=url, timeout=3600, limits=limits, trust_env=False) as http:
        before = await read_metrics(http)

        async def one(number: int) -> None:
            async with gate:
                kind = dice.choices(("good", "leave", "slow", "invalid"), (70, 15, 5, 10))[0]
                try:
                    await ask(http, kind, number, tally)
                except httpx.TransportError as error:
                    tally.broken += 1
                    print(f"{time.monotonic() - started:6.0f} s broken: {kind} {number} {error!r}", flush=True)

        for start in range(0, requests, step):
            await asyncio.gather(*(one(start + n) for n in range(min(step, requests - start))))
            now = await read_metrics(http)
            memory.append(now.memory)
            shown = "  ".join(f"{process} {size / 1e6:6.1f} MB" for process, size in now.memory.items())
            print(f"{time.monotonic() - started:6.0f} s {tally.asked:6} requests  {shown}", flush=True)
        for _ in range(100):  # those who left are noticed within two frames
            after = await read_metrics(http)
            if after.is_idle:
                break
            await asyncio.sleep(0.1)
    return judged(tally, after.outcomes - before.outcomes, memory, after)


def judged(tally: Tally, counted: Counter[str], memory: list[dict[str, float]], after: Reading) -> bool:
    """Print what was asked and what was counted; whether it adds up, nothing is stuck and the memory is flat."""
    print(f"clients: {tally}")
    print(f"server:  {dict(sorted(counted.items()))}")
    refused = {code: number for code, number in counted.items() if code not in ("done", "cancelled")}
    adds_up = counted.total() == tally.asked and refused == dict(tally.refused)
    adds_up &= tally.spoken <= counted["done"] and counted["done"] + counted["cancelled"] == tally.spoken + tally.left
    growth = {process: _growth([reading[process] for reading in memory]) for process in memory[0]}
    grown = ", ".join(f"{process} {100 * share:+.1f} %" for process, share in growth.items())
    is_flat = all(share < 0.05 for share in growth.values())
    print("metrics add up" if adds_up else "METRICS DO NOT ADD UP")
    print("no slot is stuck" if after.is_idle else "SLOTS ARE STUCK")
    print(f"memory from the second fifth to the last: {grown}{'' if is_flat else '  NOT FLAT'}")
    print(f"engine restarts {after.values['moksori_engine_restarts_total']:.0f}, broken connections {tally.broken}")
    return adds_up and after.is_idle and is_flat and tally.broken == 0


def _growth(sizes: list[float]) -> float:
    """Of the median of the last fifth over that of the second one."""
    fifth = max(1, len(sizes) // 5)
    early, late = np.median(sizes[fifth : 2 * fifth] or sizes[:1]), np.median(sizes[-fifth:])
    return float(late / early - 1) if early else 0.0


async def ask(http: httpx.AsyncClient, kind: str, number: int, tally: Tally) -> None:
    """One request of a kind, noted in the tally."""
    text = f"{number}번 손님."  # short, so that many fit into minutes; who leaves or listens slowly has more to hear
    if kind in ("leave", "slow") or number % 8 == 0:
        text += f" {SENTENCES[number % 4]}"
    if kind == "invalid":
        bodies = ({"input": ""}, {"input": text, "voice": "x"}, {"input": text, "speed": 9}, {"inputs": text}, [text])
        answer = await http.post(SPEECH, json=bodies[number % 5])
        tally.refused[answer.json()["error"]["code"]] += 1
        return
    body = {"input": text, "response_format": FORMATS[number % 10], "stream_format": ("audio", "sse")[number % 7 == 0]}
    async with http.stream("POST", SPEECH, json=body) as answer:
        if answer.status_code != 200:
            await answer.aread()
            tally.refused[answer.json()["error"]["code"]] += 1
            return
        async for _ in answer.aiter_raw():
            if kind == "leave":
                tally.left += 1
                return
            if kind == "slow":
                await asyncio.sleep(0.05)
    tally.spoken += 1


async def read_metrics(http: httpx.AsyncClient) -> Reading:
    reading = Reading(Counter(), Counter(), {})
    text = (await http.get("/metrics")).text
    for sample in (sample for family in text_string_to_metric_families(text) for sample in family.samples):
        reading.values[sample.name] += sample.value
        if sample.name == "moksori_requests_total":
            reading.outcomes[sample.labels["outcome"]] += int(sample.value)
        if sample.name == "moksori_memory_bytes":
            reading.memory[sample.labels["process"]] = sample.value
    return reading


@contextmanager
def served(arguments: argparse.Namespace) -> Iterator[str]:
    if arguments.url:
        yield arguments.url
        return
    options = [f"--{name}={value}" for name in ("engine", "model") if (value := getattr(arguments, name))]
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "moksori", "serve", "--api-only", "--port=0", f"--data={data}", *options]
        # Whoever stops this run for a while, server and clients, must not thereby be taken for a stalled reader.
        environment = os.environ | {"MOKSORI_PATIENCE_S": "3600"}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--url", default="", help="a server that runs already")
    parser.add_argument("--engine", default="")
    parser.add_argument("--model", default="")
    parser.add_argument("--listeners", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--soak", type=int, default=0, metavar="N", help="N requests instead of measuring first audio")
    parser.add_argument("--at-once", type=int, default=16)
    given = parser.parse_args()
    with served(given) as url:
        if given.soak:
            return 0 if asyncio.run(soak(url, given.soak, given.at_once)) else 1
        asyncio.run(under_load(url, given.listeners, given.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
