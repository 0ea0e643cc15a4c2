"""What Prometheus reads: requests, first audio, real-time factor, queue, endings, retries, memory. Counts, no text."""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from moksori.engine.host import HostedEngine
from moksori.engine.protocol import Engine
from moksori.manifest import Manifest

if TYPE_CHECKING:
    from .queue import Queue

FIRST_AUDIO_S = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0)
RTF = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0, 1.2, 1.5, 2.0, 4.0)


class Metrics:
    """One registry per app, so that several apps in one process do not add up."""

    def __init__(self, queue: Queue) -> None:
        ours = self.registry = CollectorRegistry()
        self.requests = Counter(
            "moksori_requests", "Requests for speech, each once, by how it ended", ["way", "outcome"], registry=ours
        )
        self.first_audio = Histogram(
            "moksori_first_audio_seconds", "Request to first sound", buckets=FIRST_AUDIO_S, registry=ours
        )
        self.rtf = Histogram(
            "moksori_real_time_factor", "Time to speak over time spoken, waiting excluded", buckets=RTF, registry=ours
        )
        self.audio = Counter("moksori_audio_seconds", "Seconds of sound spoken", registry=ours)
        self.characters = Counter("moksori_characters", "Characters of text spoken", registry=ours)
        self.endings = Counter("moksori_endings", "How units ended", ["reason"], registry=ours)
        self.restarts = Counter("moksori_engine_restarts", "Engine processes replaced after their death", registry=ours)
        self.retries = Counter("moksori_retries", "Units asked for again because the engine died", registry=ours)
        self.ready = Gauge("moksori_ready", "1 after warm-up", registry=ours)
        self.registry.register(_Live(queue))
        self._seen: WeakKeyDictionary[HostedEngine, tuple[int, int]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def spoken(self, manifest: Manifest) -> None:
        """Count one finished speech."""
        self.audio.inc(manifest.samples / manifest.sample_rate)
        self.characters.inc(len(manifest.text))
        for unit in manifest.units:
            self.endings.labels(unit.reason).inc()

    def watch(self, engine: Engine) -> None:
        """Count what the engine's process went through since it was looked at last."""
        if not isinstance(engine, HostedEngine):
            return
        with self._lock:
            now, before = (engine.restarts, engine.replays), self._seen.get(engine, (0, 0))
            self._seen[engine] = now
        self.restarts.inc(now[0] - before[0])
        self.retries.inc(now[1] - before[1])

    def text(self) -> bytes:
        return prometheus_client.generate_latest(self.registry)


class _Live(Collector):
    """Values that are read when asked for."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("moksori_requests_inside", "Admitted requests", value=self._queue.inside)
        yield GaugeMetricFamily("moksori_units_waiting", "Units waiting for a turn", value=self._queue.waiting)
        yield GaugeMetricFamily("moksori_units_speaking", "Units being spoken", value=self._queue.speaking)
        memory = GaugeMetricFamily("moksori_memory_bytes", "Resident memory", labels=["process"])
        memory.add_metric(["server"], resident_bytes())
        memory.add_metric(["engine"], sum(map(resident_bytes, children())))
        yield memory


def resident_bytes(process: str = "self") -> int:
    """Of a process, now; of this one the highest so far where the system does not say; 0 for one that has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if process == "self" else 0
        return peak if sys.platform == "darwin" else peak * 1024


def children() -> list[str]:
    """Numbers of the processes that this one started: the engine's, where it has one of its own."""
    found = []
    for place in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # a thread that has just ended
            found += place.read_text().split()
    return found
