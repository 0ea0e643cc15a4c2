"""Turns go round unit by unit, interactive first; too many are refused with a time to come back."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from moksori.serving.problems import Busy
from moksori.serving.queue import Queue

from .running import SlowEngine, running, until


def take_turns(queue: Queue, plan: list[tuple[str, str]]) -> list[str]:
    """Hold the only slot, let everyone queue up in order, release, and note who came when."""
    order: list[str] = []
    gate = threading.Event()

    def one(name: str, priority: str) -> None:
        with queue.turn(priority, threading.Event()):
            order.append(name)

    def holder() -> None:
        with queue.turn("interactive", threading.Event()):
            gate.wait()

    threads = [threading.Thread(target=holder)]
    threads[0].start()
    until(lambda: queue.speaking == 1)
    for name, priority in plan:
        threads.append(threading.Thread(target=one, args=(name, priority)))
        threads[-1].start()
        until(lambda: queue.waiting == len(threads) - 1)
    gate.set()
    for thread in threads:
        thread.join()
    return order


def test_turns_are_first_come_first_served_and_interactive_before_batch():
    plan = [("a", "batch"), ("b", "interactive"), ("c", "batch"), ("d", "interactive")]
    queue = Queue(1, 10)
    assert take_turns(queue, plan) == ["b", "d", "a", "c"]
    assert (queue.speaking, queue.waiting) == (0, 0)


def test_a_cancel_while_waiting_gives_no_turn_and_leaves_no_trace():
    queue, cancel = Queue(1, 10), threading.Event()
    with queue.turn("interactive", threading.Event()), ThreadPoolExecutor() as pool:

        def wait() -> bool:
            with queue.turn("interactive", cancel) as got:
                return got

        waiting = pool.submit(wait)
        until(lambda: queue.waiting == 1)
        cancel.set()
        assert waiting.result(20) is False
        assert queue.waiting == 0


def test_as_many_speak_at_once_as_there_are_slots():
    queue, most, lock = Queue(3, 50), 0, threading.Lock()

    def one() -> None:
        nonlocal most
        with queue.turn("interactive", threading.Event()):
            with lock:
                most = max(most, queue.speaking)
            time.sleep(0.01)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: one(), range(30)))
    assert most == 3
    assert queue.speaking == 0


def test_beyond_the_limit_is_refused_with_position_and_time():
    queue = Queue(1, 2)
    tickets = [queue.enter(), queue.enter()]
    assert [ticket.position for ticket in tickets] == [0, 1]
    with pytest.raises(Busy) as caught:
        queue.enter()
    assert caught.value.position == 2
    assert caught.value.wait_s > 0
    tickets[0].leave()
    tickets[0].leave()  # counted once
    assert queue.inside == 1
    queue.enter()


def test_closing_admits_nobody_and_waits_for_those_inside():
    queue = Queue(1, 5)
    ticket = queue.enter()
    assert queue.close(0.05) is False
    with pytest.raises(Busy, match="shutting down"):
        queue.enter()
    threading.Timer(0.1, ticket.leave).start()
    assert queue.close(5.0) is True


def test_a_short_request_does_not_wait_for_the_whole_of_a_long_one(tmp_path):
    long = " ".join(
        f"{word} 문장은 조금 깁니다."
        for word in ["첫째", "둘째", "셋째", "넷째", "다섯째", "여섯째", "일곱째", "여덟째"]
    )
    with running(tmp_path, lambda: SlowEngine(0.005), concurrency=1) as server, ThreadPoolExecutor() as pool:
        slow = pool.submit(_ask, server, long, "interactive")
        until(lambda: "둘째 문장은 조금 깁니다." in server.engine.units)
        quick = pool.submit(_ask, server, "짧은 말입니다.", "interactive")
        until(lambda: server.state.queue.inside == 2 or quick.done())
        batch = pool.submit(_ask, server, "급하지 않은 말입니다.", "batch")
        assert quick.result(20).status_code == batch.result(20).status_code == slow.result(20).status_code == 200
        units = server.engine.units
        assert units.index("짧은 말입니다.") < len(units) - 3
        assert units.index("급하지 않은 말입니다.") > units.index("짧은 말입니다.")
        assert server.engine.most_at_once == 1


def test_a_full_server_says_when_to_come_back(tmp_path):
    settings = {"queue_limit": 2}
    with running(tmp_path, lambda: SlowEngine(0.02), **settings) as server, ThreadPoolExecutor() as pool:
        asked = [pool.submit(_ask, server, "가나다라마바사 아자차카타파하.", "interactive") for _ in range(2)]
        until(lambda: server.state.queue.inside == 2)
        refused = _ask(server, "하나 더", "interactive")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["x-queue-position"] == "2"
        assert refused.json()["error"]["type"] == "server_error"
        assert [future.result(30).status_code for future in asked] == [200, 200]
        assert _ask(server, "다시", "interactive").status_code == 200


def _ask(server, text: str, priority: str) -> httpx.Response:
    body = {"input": text, "priority": priority, "response_format": "pcm"}
    with httpx.Client(trust_env=False, timeout=30) as http:
        return http.post(f"{server.url}/v1/audio/speech", json=body)
