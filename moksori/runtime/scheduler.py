"""Many requests, one model: who is spoken next, and for how long.

A thread of its own owns the step. A request joins the running batch at any frame and leaves it at any frame;
interactive ones come before batch ones and put those aside for a while, which loses nothing, but for one in whose
company they are as fast as alone. Within a class it is first come, first served. A second thread turns frames into
sound. Knows nothing of text or voices.
"""

from __future__ import annotations

import atexit
import collections
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import numpy as np
import torch

from moksori.errors import Cancelled, MoksoriError, Unavailable
from moksori.model.config import TalkerConfig

from .ending import Ending
from .request import Finished, GrowingText, Piece, Reason, Request
from .sampling import FirstCode
from .sequence import Sequence
from .step import Draw, Stepper
from .vocoder import Stream, Vocoder, piece

QUEUE_LIMIT = 256
# Rows that take hardly longer together than one alone: where a step waits for memory, the second is free.
COMPANY = 2
# Who was silent for so long has nothing left to play: the first piece is then decoded before anything else is done.
SILENT_S = 0.5


class Ticket:
    """A request's place: read its pieces, ask where it stands, or leave."""

    def __init__(self, request: Request, scheduler: Scheduler) -> None:
        self.request = request
        self._scheduler = scheduler
        self._out: queue.SimpleQueue[Piece | BaseException] = queue.SimpleQueue()
        self._left = threading.Event()
        self.frames_done = 0

    def pieces(self, cancel: threading.Event | None = None) -> Iterator[Piece]:
        """Sound as it comes; the last piece carries `finished`. Leaving the loop cancels the request."""
        try:
            while True:
                if cancel is not None and cancel.is_set():
                    self.cancel()
                    cancel = None
                try:
                    piece = self._out.get(timeout=None if cancel is None else 0.05)
                except queue.Empty:
                    continue
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
                if piece.finished is not None:
                    return
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Stops within a frame; does nothing to what has finished."""
        self._left.set()
        self._scheduler.wake()

    @property
    def cancelled(self) -> bool:
        return self._left.is_set()

    def position(self) -> int:
        """How many requests are served before this one starts; 0 once it has."""
        return self._scheduler.position(self)

    def estimate(self) -> float:
        """Seconds until it starts, from how long requests took so far."""
        return self._scheduler.estimate(self.position())

    def put(self, item: Piece | BaseException) -> None:
        self._out.put(item)


class _Row:
    """A request in the batch, or put aside from it."""

    def __init__(self, ticket: Ticket, config: TalkerConfig, model_ceiling: int) -> None:
        request = ticket.request
        self.ticket, self.request = ticket, request
        self.first = FirstCode(config, request.sampling, request.seed)
        self.ending = Ending(request.ending, request.syllables, model_ceiling)
        self.sequence: Sequence | None = None
        self.codes: list[np.ndarray] = []
        self.unread = False  # a frame was predicted that the talker has not read
        self.since = time.monotonic()

    @property
    def capacity(self) -> int:
        return len(self.request.rows) + self.ending.ceiling + 1

    def choose(self) -> int | None:
        """The coming frame's first code; None when speech ends here."""
        assert self.sequence is not None
        frame = len(self.codes)
        scored = self.first.score(self.sequence.logits, self.ending.may_end())
        self.ending.see(scored.rank, scored.probability)
        code = self.first.draw(scored, frame)
        if code == self.first.config.eos_id:
            if self.ending.accepts_end():
                return None
            code = self.first.draw(self.first.without_end(scored), frame)
        self.first.use(code)
        return code

    def finished(self, reason: Reason) -> Finished:
        groups = self.first.config.num_code_groups
        codes = np.stack(self.codes) if self.codes else np.zeros((0, groups), np.int64)
        return Finished(reason, codes, self.ending.report())


class Scheduler:
    """`submit` a request, read its ticket. `model_ceiling`: frames the model may speak at most; `after_request` is
    called when a unit has been spoken."""

    def __init__(
        self, stepper: Stepper, vocoder: Vocoder, config: TalkerConfig, *, model_ceiling: int = 2047,
        limit: int = QUEUE_LIMIT, after_request: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self._stepper, self._config, self._most = stepper, config, stepper.most
        self._model_ceiling, self._limit = model_ceiling, limit
        self._waiting: collections.deque[_Row] = collections.deque()
        self._active: list[_Row] = []
        self._aside: list[_Row] = []
        self._after_request = after_request
        self._closed = False
        self._changed = threading.Condition()
        self._seconds = 0.0  # a request's mean time in the batch
        self._finished = -SILENT_S  # when the last one left it
        self._mouth = _Mouth(vocoder)
        self._thread = threading.Thread(target=self._run, name="moksori-step", daemon=True)
        self._thread.start()
        # Compiled code cannot be ended with the interpreter: who exits without closing must not crash.
        atexit.register(_close, weakref.ref(self))

    def submit(self, request: Request) -> Ticket:
        ticket = Ticket(request, self)
        row = _Row(ticket, self._config, self._model_ceiling)
        if isinstance(request.text, GrowingText):
            request.text.on_change(self.wake)
        with self._changed:
            if self._closed:
                raise Unavailable("The model is closed.", hint="Load it again.", code="closed")
            if len(self._waiting) >= self._limit:
                raise Unavailable(
                    f"{len(self._waiting)} requests are waiting already.",
                    hint=f"Try again in about {self.estimate(len(self._waiting)):.0f} s.",
                    code="queue_full",
                )
            self._waiting.append(row)
            self._changed.notify_all()
        return ticket

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def position(self, ticket: Ticket) -> int:
        with self._changed:
            order = sorted(self._waiting, key=lambda row: row.request.priority != "interactive")
            places = [row.ticket for row in order]
            return places.index(ticket) + 1 if ticket in places else 0

    def estimate(self, position: int) -> float:
        return position * self._seconds / max(1, self._most)

    @property
    def load(self) -> dict[str, int]:
        with self._changed:
            return {"active": len(self._active), "aside": len(self._aside), "waiting": len(self._waiting)}

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            while self._admit():
                self._frame()
            error: BaseException = Cancelled("The model was closed while speaking.", hint="Ask again.")
        except BaseException as failure:  # noqa: BLE001  a thread's edge: everyone who waits must hear of it
            error = failure
        with self._changed:
            self._closed = True
            left = [*self._active, *self._aside, *self._waiting]
            self._active, self._aside = [], []
            self._waiting.clear()
        for row in left:
            row.ticket.put(error)
        self._mouth.close()
        self._stepper.close()
        del self._stepper  # and with it the weights, before whoever closes gives memory back

    def _admit(self) -> bool:
        """Waits until there is work, drops who left, lets at most one request in; False when closed."""
        with self._changed:
            while True:
                if self._closed:
                    return False
                self._drop_leavers()
                row = self._next_in()
                if row is not None or any(self._can_go_on(r) for r in self._active):
                    break
                self._changed.wait()
        if row is not None and row.sequence is None:
            self._read(row)
        return True

    def _drop_leavers(self) -> None:
        for rows in (self._active, self._aside, self._waiting):
            for row in [r for r in rows if r.ticket.cancelled]:
                rows.remove(row)
                self._mouth.finish(row.ticket, row.finished("cancelled"), silent=True)

    def _next_in(self) -> _Row | None:
        """Moves one request into the batch: interactive ones first, put-aside ones before new ones."""
        urgent = [r for r in self._waiting if r.request.priority == "interactive"]
        if urgent and not self._make_room(1):
            return None
        if not urgent and len(self._active) >= self._places():
            self._make_room(0)
            return None
        pool = urgent or self._aside or list(self._waiting)
        if not pool:
            return None
        row = pool[0]
        (self._aside if row in self._aside else self._waiting).remove(row)
        self._active.append(row)
        return row

    def _places(self) -> int:
        """How large the batch may be now: beside interactive speech only as large as costs it nothing."""
        pressing = any(r.request.priority == "interactive" and self._can_go_on(r) for r in self._active)
        return min(COMPANY, self._most) if pressing else self._most

    def _make_room(self, wanted: int) -> bool:
        """Puts batch rows aside, which loses nothing, until `wanted` more fit or none is left; whether they fit."""
        places = min(COMPANY, self._most) if wanted else self._places()
        lower = [r for r in self._active if r.request.priority == "batch"]
        while lower and len(self._active) + wanted > places:
            self._active.remove(lower[-1])
            self._aside.insert(0, lower.pop())
        return len(self._active) + wanted <= self._most

    def _read(self, row: _Row) -> None:
        row.since = time.monotonic()
        try:
            row.sequence = self._stepper.begin(row.capacity, row.request.addition)
        except MoksoriError as error:
            with self._changed:
                self._active.remove(row)
            row.ticket.put(error)
            return
        self._mouth.begin(row.ticket)
        self._stepper.read(row.sequence, row.request.rows)

    @staticmethod
    def _can_go_on(row: _Row) -> bool:
        return not row.unread or row.request.text.row(len(row.codes) - 1) is not None

    def _frame(self) -> None:
        """One frame for everyone in the batch who has the text for it."""
        self._stepper.crowded = self._mouth.busy
        self._predict([row for row in self._active if not row.unread and row.sequence is not None])
        reading, texts = [], []
        for row in self._active:
            text = row.request.text.row(len(row.codes) - 1) if row.unread else None
            if text is not None and not row.ticket.cancelled:
                reading.append(row)
                texts.append(text)
        if reading:
            self._stepper.advance([_sequence(row) for row in reading], np.stack(texts))
        for row in reading:
            row.unread = False

    def _predict(self, rows: list[_Row]) -> None:
        chosen = {row: row.choose() for row in rows if not row.ticket.cancelled}
        for row in [r for r, code in chosen.items() if code is None]:
            self._finish(row, "end")
        speaking = [(row, code) for row, code in chosen.items() if code is not None]
        if not speaking:
            return
        draws = [Draw(row.request.seed, len(row.codes), row.request.sampling) for row, _ in speaking]
        frames = self._stepper.predict([_sequence(row) for row, _ in speaking], [c for _, c in speaking], draws)
        for (row, code), codes in zip(speaking, frames, strict=True):
            row.codes.append(codes)
            row.unread = True
            row.ticket.frames_done += 1
            self._mouth.feed(row.ticket, codes)
            reason = row.ending.spoken(code)
            if reason is not None:
                self._finish(row, reason)
            elif len(row.codes) == piece(0) and len(self._active) == 1 and row.since - self._finished > SILENT_S:
                self._mouth.settle()

    def _finish(self, row: _Row, reason: Reason) -> None:
        with self._changed:
            self._active.remove(row)
            self._finished = time.monotonic()
            took = self._finished - row.since
            self._seconds = took if not self._seconds else 0.9 * self._seconds + 0.1 * took
        self._mouth.finish(row.ticket, row.finished(reason))
        if self._after_request is not None:
            self._after_request()


def _sequence(row: _Row) -> Sequence:
    assert row.sequence is not None, "a row is read before it speaks"
    return row.sequence


class _Mouth:
    """The thread that turns frames into sound; streams take turns by piece."""

    def __init__(self, vocoder: Vocoder) -> None:
        self._vocoder = vocoder
        self._streams: dict[Ticket, Stream] = {}
        self.busy = False
        self._jobs: queue.SimpleQueue[tuple[str, Ticket | None, object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="moksori-vocoder", daemon=True)
        self._thread.start()

    def begin(self, ticket: Ticket) -> None:
        self._jobs.put(("begin", ticket, None))

    def feed(self, ticket: Ticket, codes: object) -> None:
        self._jobs.put(("feed", ticket, codes))

    def finish(self, ticket: Ticket, finished: Finished, silent: bool = False) -> None:
        """`silent`: nobody listens any more; what is left is not decoded."""
        self._jobs.put(("drop" if silent else "finish", ticket, finished))

    def settle(self) -> None:
        """Returns when everything that was fed has been decoded."""
        done = threading.Event()
        self._jobs.put(("settled", None, done))
        done.wait()

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        torch.set_num_threads(1)
        while (job := self._jobs.get()) is not None:
            kind, ticket, value = job
            if ticket is None:
                assert isinstance(value, threading.Event)
                value.set()
                continue
            self.busy = True
            try:
                self._do(kind, ticket, value)
            except Exception as error:  # noqa: BLE001  a thread's edge: the listener must hear of it
                self._streams.pop(ticket, None)
                ticket.put(error)
            self.busy = False
        self._streams.clear()
        del self._vocoder

    def _do(self, kind: str, ticket: Ticket, value: object) -> None:
        if kind == "begin":
            self._streams[ticket] = self._vocoder.begin(ticket.request.reference)
        elif kind == "feed" and ticket in self._streams:
            assert isinstance(value, np.ndarray)
            for sound in self._streams[ticket].feed(value[None]) if not ticket.cancelled else ():
                ticket.put(Piece(sound))
        elif kind in ("finish", "drop"):
            assert isinstance(value, Finished)
            stream = self._streams.pop(ticket, None)
            sound = stream.finish() if stream and kind == "finish" else np.zeros(0, np.float32)
            ticket.put(Piece(sound, value))


def _close(scheduler: weakref.ref[Scheduler]) -> None:
    alive = scheduler()
    if alive is not None:
        alive.close()
