import threading

from moksori.store import Store, open_store
from moksori.store.jobs import BATCH, INTERACTIVE
from moksori.store.queue import MAX_ATTEMPTS
from moksori.store.takes import Filter

from .making import kept, new_take, queued


def test_interactive_comes_before_batch_and_each_in_order(store: Store) -> None:
    queued(store, "b1", "b2", priority=BATCH)
    queued(store, "i1", "i2", priority=INTERACTIVE)
    order = []
    while (item := store.queue.claim()) is not None:
        order.append(item.request["text"])
    assert order == ["i1", "i2", "b1", "b2"]


def test_an_item_is_claimed_once_however_many_ask(store: Store) -> None:
    queued(store, *(str(n) for n in range(40)))
    claimed: list[int] = []

    def work() -> None:
        while (item := store.queue.claim()) is not None:
            claimed.append(item.id)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 40


def test_what_was_running_is_queued_again_after_a_crash(store: Store) -> None:
    queued(store, "a", "b")
    running = store.queue.claim()
    assert running is not None
    store.database.close()
    second = open_store(store.folder, owner=False)
    assert second.queue.recover() == 1
    claimed = [second.queue.claim() for _ in range(2)]
    assert {item.id: item.attempts for item in claimed if item} == {running.id + 1: 1, running.id: 2}


def test_an_item_that_keeps_killing_the_process_holds_up_nobody_and_is_failed_at_last(store: Store) -> None:
    poison = queued(store, "poison", "fine", "also fine")[0]
    order = []
    while (item := store.queue.claim()) is not None:
        order.append(item.request["text"])
        if item.id == poison.id:
            store.queue.recover()  # the process died
        else:
            store.queue.finish(item, None, key=None, reused=False, elapsed_s=0.1)
    assert order == ["poison", "fine", "also fine", *["poison"] * (MAX_ATTEMPTS - 1)]
    failed = store.jobs.item(poison.id)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error["code"] == "crashed"
    assert store.jobs.retry_item(poison.id).attempts == 0


def test_a_take_whose_key_is_there_is_written_once(store: Store) -> None:
    first, second = queued(store, "같은 말", "같은 말")
    one = store.queue.keep(first, new_take(store, "같은 말"))
    two = store.queue.keep(second, new_take(store, "같은 말"))
    assert one == two
    assert len(store.takes.page(Filter()).rows) == 1
    assert store.jobs.tries([first.id, second.id]) == {first.id: [one], second.id: [one]}


def test_a_take_that_comes_again_leaves_the_bin(store: Store) -> None:
    id = kept(store, "wieder da")
    store.takes.set_deleted([id], True)
    assert kept(store, "wieder da") == id
    assert store.takes.get(id).deleted is None


def test_stopping_costs_no_attempt(store: Store) -> None:
    queued(store, "a")
    item = store.queue.claim()
    assert item is not None
    store.queue.put_back(item)
    again = store.jobs.item(item.id)
    assert (again.state, again.attempts) == ("queued", 0)


def test_position_and_estimate_count_what_comes_first(store: Store) -> None:
    kept(store, "12345678")
    assert store.queue.pace() == 0.1 / 8
    batch = queued(store, "12345", "12345")[0].job_id
    later = queued(store, "1234567890")[0].job_id
    quick = queued(store, "123", priority=INTERACTIVE)[0].job_id
    pace = 1.0
    assert store.queue.outlook(quick, pace).ahead == 0
    assert store.queue.outlook(batch, pace).ahead == 1
    assert (store.queue.outlook(later, pace).ahead, store.queue.outlook(later, pace).eta_s) == (3, 3 + 10 + 10)
    store.queue.claim()
    assert store.queue.outlook(batch, pace).ahead == 1, "the one that runs still comes before"
    assert store.queue.outlook(quick, pace).ahead == 0
    assert store.queue.outlook(batch, None).eta_s is None


def test_nothing_was_spoken_so_nothing_is_known_of_the_pace(store: Store) -> None:
    queued(store, "a")
    assert store.queue.pace() is None
