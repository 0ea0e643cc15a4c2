import threading

import pytest

from moksori.errors import Conflict, NotFound, Unavailable
from moksori.store import Store, jobs
from moksori.store.jobs import INTERACTIVE, NewItem

from .making import kept, new_take, queued, request


def test_the_same_request_id_gives_the_same_job(store: Store) -> None:
    new = [NewItem(request("한 번만"))]
    first = store.jobs.submit("speak", "a", new, request_id="r1")
    again = store.jobs.submit("speak", "a", new * 3, request_id="r1")
    assert (again.id, again.total, len(store.jobs.page())) == (first.id, 1, 1)


def test_many_at_once_with_one_request_id_are_one_job(store: Store) -> None:
    found: list[str] = []

    def submit() -> None:
        found.append(store.jobs.submit("speak", "a", [NewItem(request("x"))], request_id="same").id)

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_full_queue_says_so_and_takes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MAX_QUEUED", 5)
    queued(store, *"abcd")
    with pytest.raises(Unavailable, match="queue is full"):
        queued(store, "e", "f")
    assert store.queue.waiting()[0] == 4
    queued(store, "e")


def test_the_state_of_a_job_follows_from_its_items(store: Store) -> None:
    items = queued(store, "a", "b", "c")
    job = items[0].job_id
    assert store.jobs.get(job).state == "queued"
    for outcome in ("done", "fail", "cancel"):
        claimed = store.queue.claim()
        assert claimed is not None
        assert store.jobs.get(job).state == "running"
        if outcome == "done":
            take_id = store.queue.keep(claimed, new_take(store, "a"))
            store.queue.finish(claimed, take_id, key="k", reused=False, elapsed_s=1.0)
        elif outcome == "fail":
            store.queue.fail(claimed, {"code": "x", "message": "m"})
        else:
            store.queue.give_up(claimed)
    done = store.jobs.get(job)
    assert done.state == "failed"
    assert done.finished is not None
    assert dict(done.counts) == {"queued": 0, "running": 0, "done": 1, "failed": 1, "cancelled": 1}


def test_cancel_gives_up_what_waits_and_names_what_runs(store: Store) -> None:
    items = queued(store, "a", "b", "c")
    running = store.queue.claim()
    assert running is not None
    assert store.jobs.cancel(running.job_id) == [running.id]
    assert [i.state for i in store.jobs.items(running.job_id)] == ["cancelled"] * 3
    assert store.queue.claim() is None
    store.queue.finish(running, 1, key="k", reused=False, elapsed_s=0.0)
    assert store.jobs.item(running.id).state == "cancelled", "a cancelled item stays so"
    assert store.jobs.get(items[0].job_id).state == "cancelled"


def test_retry_queues_only_what_is_not_done(store: Store) -> None:
    queued(store, "a", "b")
    first = store.queue.claim()
    assert first is not None
    store.queue.finish(first, store.queue.keep(first, new_take(store, "a")), key="k", reused=False, elapsed_s=0.1)
    second = store.queue.claim()
    assert second is not None
    store.queue.fail(second, {"code": "x"})
    job = store.jobs.retry(first.job_id)
    assert dict(job.counts) | {"done": 1, "queued": 1, "failed": 0} == dict(job.counts)
    assert job.state == "running"
    assert store.jobs.item(second.id).error is None


def test_a_reroll_keeps_the_earlier_take_among_the_tries(store: Store) -> None:
    take = kept(store, "다시")
    item = store.jobs.items(store.jobs.page()[0].id)[0]
    store.jobs.reroll(item.id, request("다시", seed=9), 2)
    again = store.queue.claim()
    assert again is not None
    assert (again.id, again.request["seed"], again.priority) == (item.id, 9, INTERACTIVE)
    second = store.queue.keep(again, new_take(store, "다시", seed=9))
    store.queue.finish(again, second, key="k2", reused=False, elapsed_s=0.1)
    assert store.jobs.item(item.id).take_id == second
    assert store.jobs.tries([item.id])[item.id] == [take, second]
    assert store.jobs.choose(item.id, take).take_id == take
    assert store.takes.siblings(take) == [second]


def test_a_reroll_of_what_is_not_finished_is_refused(store: Store) -> None:
    (item,) = queued(store, "a")
    with pytest.raises(Conflict):
        store.jobs.reroll(item.id, request("a", seed=2), 1)


def test_only_a_try_of_the_item_can_be_chosen(store: Store) -> None:
    take = kept(store, "eins")
    (item,) = queued(store, "zwei")
    with pytest.raises(NotFound):
        store.jobs.choose(item.id, take)


def test_a_finished_job_can_be_forgotten_and_its_takes_stay(store: Store) -> None:
    take = kept(store, "bleibt")
    job = store.takes.get(take).job_id
    assert job is not None
    store.jobs.remove(job)
    assert store.takes.get(take).id == take
    with pytest.raises(NotFound):
        store.jobs.get(job)
    (item,) = queued(store, "läuft")
    with pytest.raises(Conflict):
        store.jobs.remove(item.job_id)
