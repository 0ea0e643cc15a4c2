import asyncio
import json
import threading

from moksori.workbench.events import MEMORY, Bell, Events


def test_what_was_missed_is_given_again_or_declared_forgotten() -> None:
    events = Events()
    for n in range(MEMORY + 10):
        events.publish("item", {"n": n})
    assert events.since(5) is None
    missed = events.since(events.last - 3)
    assert missed is not None
    assert [json.loads(event.data)["n"] for event in missed] == [MEMORY + 7, MEMORY + 8, MEMORY + 9]
    assert events.since(events.last) == []
    assert events.since(events.last + 1) is None, "from the future of another run"


def test_only_ids_of_this_run_are_resumed() -> None:
    events = Events()
    assert events.resume(f"{events.run}-12") == 12
    for id in (
        None,
        "",
        "x",
        f"{events.run}-",
        f"{events.run}--1",
        "deadbeef-3",
        f"{events.run}-1e5",
        f"{events.run}-²",
    ):
        assert events.resume(id) is None


def test_a_bell_wakes_tasks_from_another_thread() -> None:
    async def wait() -> bool:
        bell = Bell()
        wake = bell.subscribe()
        threading.Timer(0.01, bell.ring).start()
        await asyncio.wait_for(wake.wait(), 5)
        bell.unsubscribe(wake)
        bell.ring()
        return True

    assert asyncio.run(wait())
