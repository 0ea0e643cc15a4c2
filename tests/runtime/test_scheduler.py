"""Who is served when, and that nobody is forgotten."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from moksori.errors import Cancelled, Unavailable
from moksori.runtime.ending import EndingSettings
from moksori.runtime.runtime import Runtime
from moksori.runtime.scheduler import Scheduler
from tests.runtime.speaking import digest, listen, utterance

LONG = EndingSettings(minimum=2000, ceiling=2000, stationary=0)
EMPTY = {"active": 0, "aside": 0, "waiting": 0}


@pytest.fixture(scope="module")
def pair(folder):
    """A runtime that speaks two at a time."""
    runtime = Runtime(folder, "bf16", threads=1, most=2)
    yield runtime
    runtime.close()


def frames(count: int) -> EndingSettings:
    """Exactly so many."""
    return EndingSettings(minimum=count, ceiling=count, stationary=0)


def wait_until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def test_a_cancelled_request_stops_and_says_so(pair):
    ticket, cancel = pair.speak(utterance(1, ending=LONG)), threading.Event()
    pieces = []
    for piece in ticket.pieces(cancel):
        pieces.append(piece)
        cancel.set()
    assert pieces[-1].finished is not None
    assert pieces[-1].finished.reason == "cancelled"
    assert len(pieces[-1].finished.codes) < 2000
    wait_until(lambda: pair.scheduler.load == EMPTY)


def test_leaving_the_loop_cancels(pair):
    ticket = pair.speak(utterance(1, ending=LONG))
    for _ in ticket.pieces():
        break
    wait_until(lambda: pair.scheduler.load == EMPTY)
    assert ticket.frames_done < 2000


def test_a_waiting_request_knows_its_position_and_can_leave(pair):
    busy = [pair.speak(utterance(n, ending=LONG)) for n in range(2)]
    waiting = [pair.speak(utterance(n, ending=frames(4))) for n in range(3)]
    wait_until(lambda: pair.scheduler.load["active"] == 2)
    assert [t.position() for t in (*busy, *waiting)] == [0, 0, 1, 2, 3]
    assert waiting[2].estimate() >= waiting[0].estimate() >= 0
    waiting[0].cancel()
    assert listen(waiting[0].pieces())[1].reason == "cancelled"
    assert waiting[1].position() == 1
    for ticket in busy:
        ticket.cancel()
    assert [listen(t.pieces())[1].reason for t in waiting[1:]] == ["ceiling"] * 2


def test_interactive_requests_pass_batch_ones_which_lose_nothing(pair, monkeypatch):
    expected = digest(listen(pair.speak(utterance(6, ending=frames(1000))).pieces())[0])
    slow = [pair.speak(utterance(6, ending=frames(1000), priority="batch")) for _ in range(4)]
    wait_until(lambda: slow[0].frames_done > 3)
    quick = pair.speak(utterance(3, ending=frames(3)))
    spoken = []  # batch ones over and quick ones over, whenever one of them is; noted by the scheduler's own thread

    def note() -> None:
        spoken.append((sum(t.frames_done == 1000 for t in slow), quick.frames_done == 3))

    monkeypatch.setattr(pair.scheduler, "_after_request", note)
    assert quick.position() <= 1
    listen(quick.pieces())
    assert [digest(listen(t.pieces())[0]) for t in slow] == [expected] * 4
    assert next(batch for batch, over in spoken if over) <= 2, "two rows were being spoken; the quick one passed others"


def test_beside_interactive_speech_batch_ones_wait_but_for_one(runtimes):
    """Together they would be spoken more slowly than the one that somebody waits for is alone."""
    runtime = runtimes("bf16")
    slow = [runtime.speak(utterance(6, ending=LONG, priority="batch")) for _ in range(5)]
    wait_until(lambda: all(t.frames_done for t in slow))
    quick = runtime.speak(utterance(3, ending=LONG))
    wait_until(lambda: quick.frames_done > 0)
    assert runtime.scheduler.load == {"active": 2, "aside": 4, "waiting": 0}
    quick.cancel()
    assert listen(quick.pieces())[1].reason == "cancelled"
    wait_until(lambda: runtime.scheduler.load["aside"] == 0)
    for ticket in slow:
        ticket.cancel()
    assert {listen(t.pieces())[1].reason for t in slow} <= {"cancelled", "ceiling"}
    wait_until(lambda: runtime.scheduler.load == EMPTY)


def test_a_full_queue_refuses_with_a_time_to_come_back(pair):
    scheduler = pair.scheduler
    before, scheduler._limit = scheduler._limit, 2
    try:
        tickets = [pair.speak(utterance(n, ending=LONG)) for n in range(2)]
        wait_until(lambda: scheduler.load["active"] == 2)
        with pytest.raises(Unavailable, match="Try again in about"):
            tickets += [pair.speak(utterance(n, ending=LONG)) for n in range(5)]
    finally:
        scheduler._limit = before
        for ticket in [*tickets, *(row.ticket for row in list(scheduler._waiting))]:
            ticket.cancel()
    wait_until(lambda: scheduler.load == EMPTY)


def test_a_request_that_does_not_fit_is_refused_and_the_others_go_on(pair):
    request = pair.request(utterance(1, ending=LONG))
    rows = np.zeros((3000, request.rows.shape[1]), np.float32)
    ticket = pair.scheduler.submit(type(request)(**{**vars(request), "rows": rows}))
    with pytest.raises(Unavailable, match="positions"):
        listen(ticket.pieces())
    assert listen(pair.speak(utterance(2, ending=frames(4))).pieces())[1].reason == "ceiling"


def test_many_requests_a_tenth_of_them_cancelled_leave_nothing_behind(runtimes):
    runtime = runtimes("int8")
    tickets = [runtime.speak(utterance(n % 30, **({} if n % 10 else {"ending": LONG}))) for n in range(80)]
    for ticket in tickets[::10]:
        ticket.cancel()
    reasons = [listen(t.pieces())[1].reason for t in tickets]
    assert reasons.count("cancelled") == 8
    wait_until(lambda: runtime.scheduler.load == EMPTY)
    assert not runtime.scheduler._mouth._streams


def test_closing_tells_everyone_who_waits(folder):
    runtime = Runtime(folder, "bf16", threads=1, most=2)
    tickets = [runtime.speak(utterance(n, ending=LONG)) for n in range(4)]
    request = runtime.request(utterance(1))
    scheduler: Scheduler = runtime.scheduler
    runtime.close()
    runtime.close()
    for ticket in tickets:
        with pytest.raises(Cancelled, match="closed"):
            listen(ticket.pieces())
    with pytest.raises(Unavailable, match="closed"):
        scheduler.submit(request)
