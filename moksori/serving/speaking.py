"""One order spoken in a thread: units as their turns come, tempo, encoding, into an outbox. Knows no HTTP.

However it ends, the outcome is noted, the ticket given back and the outbox ended, exactly once, in this order.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from moksori import audio
from moksori.errors import Cancelled, InvalidInput, MoksoriError
from moksori.manifest import Manifest
from moksori.synthesizer import Int16, Stream, Synthesizer

from .order import Order
from .outbox import Outbox
from .passages import Growing
from .problems import internal
from .queue import QueuedEngine, Ticket
from .state import State
from .takes import Finished

log = logging.getLogger("moksori.serving")

Way = Literal["http", "sse", "websocket", "wyoming"]
HELD_BYTES = 1 << 20  # what may wait for a slow reader before its next unit waits too


@dataclass(frozen=True)
class Spoken:
    """One unit has gone out: what was written, where it is heard, in seconds from the start, and in which take."""

    index: int
    text: str
    start_s: float
    end_s: float
    take_id: str


@dataclass(frozen=True)
class Skipped:
    """A passage with nothing in it that can be spoken."""

    text: str


Piece = bytes | Spoken | Skipped


@dataclass
class Job:
    """One speech under way. Set `cancel` to stop it; `manifests` has one per passage that was spoken whole.

    take_id  of the passage under way: the key of its manifest, known before its first sound.
    outcome  "done", "cancelled" or an error's code; settled once the outbox has ended.
    """

    order: Order
    way: Way
    ticket: Ticket
    outbox: Outbox[Piece]
    sample_rate: int
    cancel: threading.Event
    take_id: str = ""
    manifests: list[Manifest] = field(default_factory=list)
    outcome: str = "cancelled"
    first_audio_s: float | None = None
    waited_s: float = 0.0
    samples: int = 0
    units: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Of sound, before another speed."""
        return sum(m.samples / m.sample_rate for m in self.manifests)


def start(state: State, synthesizer: Synthesizer, order: Order, way: Way, growing: Growing | None = None) -> Job:
    """Admit the order and begin to speak it; raises Busy, or InvalidInput. From the event loop only.

    growing  text that is still being written; instead of the order's own. Its cancel is the job's.
    """
    state.takes.check(order.keep)
    ticket = state.queue.enter()
    rate = audio.find(order.format).rate_for(synthesizer.description.sample_rate)
    cancel = growing.cancel if growing is not None else threading.Event()
    job = Job(order, way, ticket, Outbox(HELD_BYTES), rate, cancel)
    passages = growing if growing is not None else (order.text,)
    asyncio.get_running_loop().run_in_executor(state.threads, _speak, state, synthesizer, job, passages)
    return job


def _speak(state: State, synthesizer: Synthesizer, job: Job, passages: Iterable[str]) -> None:
    error: MoksoriError | None = None
    try:
        if job.cancel.is_set():
            raise Cancelled("The speech was cancelled.")
        _Voicing(state, synthesizer, job).speak(passages)
        job.outcome = "done"
    except MoksoriError as caught:
        error = caught
    except Exception:  # the edge of a thread: a bug ends this speech, and nothing else
        log.exception("a speech failed", extra={"take_id": job.take_id})
        error = internal()
    finally:
        if error is not None:
            job.outcome = error.code
        job.ticket.leave()
        _count(state, synthesizer, job)
        job.outbox.end(error)


class _Voicing:
    """Passages through one queue, one tempo and one encoder, so that they join into one sound."""

    def __init__(self, state: State, synthesizer: Synthesizer, job: Job) -> None:
        self._state, self._job = state, job
        order, rate = job.order, synthesizer.description.sample_rate
        self._engine = QueuedEngine(
            synthesizer.engine, synthesizer.description, state.queue, lambda: job.outbox.wait_for_room(job.cancel)
        )
        self._synthesizer = Synthesizer(self._engine)
        self._synthesizer.adopt(order.voice, synthesizer.prepare(order.voice))
        self._rate = rate
        self._dictionary = state.takes.dictionary()
        self._tempo = audio.Tempo(order.speed, rate)
        self._encoder = audio.Encoder(order.format, rate, title=order.text[:200], comment=audio.LABEL)

    def speak(self, passages: Iterable[str]) -> None:
        is_single = isinstance(passages, tuple)
        for passage in passages:
            try:
                stream = self._stream(passage)
            except InvalidInput as error:
                if is_single or error.field != "text":
                    raise
                self._job.outbox.put(Skipped(passage), 0)
                continue
            if self._job.manifests:
                self._sound(np.zeros(round(self._job.order.settings.pause_s * self._rate), np.int16))
            try:
                self._speak_units(stream)
            finally:
                stream.close()  # a traceback that is kept would keep the engine's turn with it
        self._put(self._encoder.write(self._tempo.finish()) + self._encoder.finish())

    def _stream(self, passage: str) -> Stream:
        order = self._job.order
        stream = self._synthesizer.stream(
            passage,
            order.voice,
            settings=order.settings,
            seed=order.seed,
            dictionary=self._dictionary,
            cancel=self._job.cancel,
            keep=order.keep,
        )
        self._job.take_id = self._synthesizer.plan(stream.script, order.voice).key
        return stream

    def _speak_units(self, stream: Stream) -> None:
        """A unit is told of when the next one begins, or when the last is over: its sound has gone out by then."""
        position, since = 0, self._job.samples
        for chunk in stream:
            if stream.position != position:
                self._tell(stream, position, since)
                position, since = stream.position, self._job.samples
            self._sound(chunk)
            self._job.waited_s = self._engine.waited_s
        self._tell(stream, position, since)
        assert stream.manifest is not None
        self._job.manifests.append(stream.manifest)
        self._state.takes.remember(stream.manifest)
        if self._job.order.keep:
            job, elapsed_s = self._job, time.monotonic() - self._job.started
            finished = Finished(stream.speech, job.order.voice, self._dictionary, job.first_audio_s, elapsed_s)
            self._state.takes.keep(finished)

    def _tell(self, stream: Stream, position: int, since: int) -> None:
        unit = stream.script.units[position]
        written = stream.script.reading.source[slice(*unit.source)]
        start = since + unit.lead_s * self._rate
        end = max(start, self._job.samples - unit.pause_after_s * self._rate)
        per_s = self._rate * self._job.order.speed
        spoken = Spoken(self._job.units, written.strip(), start / per_s, end / per_s, self._job.take_id)
        self._job.outbox.put(spoken, 0)
        self._job.units += 1

    def _sound(self, chunk: Int16) -> None:
        self._job.samples += len(chunk)
        self._put(self._encoder.write(self._tempo.write(chunk)))

    def _put(self, data: bytes) -> None:
        if data:
            if self._job.first_audio_s is None:
                self._job.first_audio_s = time.monotonic() - self._job.started
            self._job.outbox.put(data, len(data))


def _count(state: State, synthesizer: Synthesizer, job: Job) -> None:
    """What was spoken; whoever answers the request counts how that ended."""
    if job.first_audio_s is not None:
        state.metrics.first_audio.observe(job.first_audio_s)
    for manifest in job.manifests:
        state.metrics.spoken(manifest)
    if job.outcome == "done" and job.way in ("http", "sse") and job.seconds:
        state.metrics.rtf.observe((time.monotonic() - job.started - job.waited_s) / job.seconds)
    state.metrics.watch(synthesizer.engine)
