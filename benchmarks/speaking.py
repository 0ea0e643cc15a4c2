"""One loaded runtime, measured in a process of its own.

    python -m benchmarks.speaking CHECKPOINT PRECISION FRAMES THREADS

Prints one line of JSON. Speed does not depend on the values of weights, so random ones do.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from moksori.model import Sampling, VoicePrompt
from moksori.runtime import memory
from moksori.runtime.compiled import compiled
from moksori.runtime.ending import EndingSettings
from moksori.runtime.runtime import Runtime, Utterance
from moksori.runtime.scheduler import SILENT_S
from moksori.runtime.step import CompiledStep, Draw

TEXT = "안녕하세요 오늘은 날씨가 좋습니다 the voice"
WORDS = ["안녕하세요", "오늘은", "날씨가", "참", "좋습니다", "같이", "가요"]  # 20 syllables
READ_BYTES = 512 * 2**20


@compiled
def _read(values: npt.NDArray[np.int64]) -> int:
    total = 0
    for index in range(len(values)):
        total += values[index]
    return total


def read_bandwidth(values: npt.NDArray[np.int64], threads: int) -> float:
    """GB/s of plain reading by so many threads at once."""
    parts = np.array_split(values, threads)
    readers = [threading.Thread(target=_read, args=(part,)) for part in parts[1:]]
    start = clock(threads)
    for reader in readers:
        reader.start()
    _read(parts[0])
    for reader in readers:
        reader.join()
    return float(values.nbytes / (clock(threads) - start) / 1e9)


def clock(threads: int) -> float:
    """Seconds; for one thread those in which it had a processor, so that others' turns do not count."""
    return time.thread_time() if threads == 1 else time.perf_counter()


def frame_bytes(runtime: Runtime) -> int:
    """What decoding one frame has to read: the talker's layers once, the predictor's once for each code it fills in."""
    config, precision = runtime.model.config, runtime.precision
    total = 0.0
    for shape, times in ((config.talker.stack, 1), (config.predictor.stack, config.talker.num_code_groups - 1)):
        heads = (2 * shape.num_heads + 2 * shape.num_kv_heads) * shape.head_dim
        total += times * shape.num_layers * shape.hidden_size * (heads + 3 * shape.intermediate_size)
    return int(total * (1 + 4 / 256 if precision == "int8" else 2))


def measure_step(runtime: Runtime, frames: int, values: npt.NDArray[np.int64]) -> dict[str, Any]:
    """The decode step alone, in turns with plain reading, so that both see the same machine."""
    stepper = runtime.scheduler._stepper
    assert isinstance(stepper, CompiledStep)
    stepper.crowded = False  # as the scheduler says where no sound is made beside it; the batches before were
    threads = stepper.team.members
    hidden = runtime.model.config.talker.stack.hidden_size
    sequence = stepper.begin(40 + frames)
    stepper.read(sequence, np.random.default_rng(0).normal(0, 1, (30, hidden)).astype(np.float32))
    seconds, reading, shares = [], [], []
    for frame in range(frames):
        before = read_bandwidth(values, threads)
        start = clock(threads)
        stepper.predict([sequence], [5], [Draw(0, frame, Sampling())])
        stepper.advance([sequence], np.zeros((1, hidden), np.float32))
        seconds.append(clock(threads) - start)
        reading.append(before)
        shares.append(frame_bytes(runtime) / seconds[-1] / 1e9 / before)
    return {
        "frame_ms": 1000 * float(np.median(seconds)),
        "gb_per_s": frame_bytes(runtime) / float(np.median(seconds)) / 1e9,
        "read_gb_per_s": float(np.median(reading)),
        "share_of_reading": float(np.median(shares)),
        "best_share": float(frame_bytes(runtime) / min(seconds) / 1e9 / max(reading)),
    }


def ask(frames: int, seed: int = 0) -> Utterance:
    ending = EndingSettings(ceiling=frames, minimum=frames, stationary=0)
    return Utterance(TEXT, VoicePrompt.preset("sohee"), 20, "korean", seed=seed, ending=ending)


def clone(runtime: Runtime) -> dict[str, float]:
    """One voice by its speaker vector, sentences of 20 syllables: seconds to the first sound of each; all rows of a
    prompt, those of which the voice's are read once."""
    width = runtime.model.config.talker.stack.hidden_size
    voice = VoicePrompt("vector", vector=np.random.default_rng(0).normal(0, 1, width).astype(np.float32))
    ending = EndingSettings(ceiling=12, minimum=12, stationary=0)
    seconds, rows = [], []
    for turn in range(9):
        text = " ".join(WORDS[turn % len(WORDS) :] + WORDS[: turn % len(WORDS)])
        asked = Utterance(text, voice, 20, "korean", ending=ending)
        time.sleep(1.2 * SILENT_S)  # somebody who is spoken to after a silence
        start, first = time.perf_counter(), 0.0
        for _piece in runtime.speak(asked).pieces():
            first = first or time.perf_counter() - start
        seconds.append(first)
        rows.append(len(runtime.request(asked).rows))
    return {"first_s": float(np.median(seconds[1:])), "rows": float(np.median(rows))}


def speak(runtime: Runtime, frames: int, count: int) -> dict[str, float]:
    """`count` requests at once: seconds to the first piece of the first one, and to the last piece of all."""
    start, processor = time.perf_counter(), time.process_time()
    tickets = [runtime.speak(ask(frames, seed)) for seed in range(count)]
    first, audio = 0.0, 0.0
    for ticket in tickets:
        for piece in ticket.pieces():
            first = first or time.perf_counter() - start
            audio += len(piece.pcm) / runtime.vocoder.sample_rate
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    found = {"first_s": first, "seconds": seconds, "audio_s": audio, "rtf": seconds / audio}
    return found | {"processor_s": processor, "processor_rtf": processor / audio}


def main() -> None:
    folder, precision, frames, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    rounds = int(os.environ.get("MOKSORI_BENCH_ROUNDS", "3"))
    start = time.perf_counter()
    runtime = Runtime(folder, precision, threads=threads)
    found: dict[str, Any] = {"load_s": time.perf_counter() - start, "threads": threads}
    peaks = {"load": memory.peak() / 1e9}
    speak(runtime, 12, 1)  # warm
    found["single"] = [speak(runtime, frames, 1) for _ in range(rounds)]
    found["clone"] = clone(runtime)
    peaks["one at a time"] = memory.peak() / 1e9
    found["batch"] = {str(n): speak(runtime, frames // 2, n) for n in (1, 2, 4, 8)}
    peaks["batch"] = memory.peak() / 1e9
    found |= {"peak_rss_gb": memory.peak() / 1e9, "peaks_gb": peaks, "numerics": runtime.numerics}
    values = np.ones(READ_BYTES // 8, np.int64)
    found["step"] = measure_step(runtime, 20, values)
    runtime.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
