import os
import time

from moksori.store import Store
from moksori.store.check import YOUNG_S, check
from moksori.store.takes import Filter

from .making import kept, queued

LATER = 2 * YOUNG_S


def later() -> float:
    return time.time() + LATER


def kinds(store: Store, *, repair: bool = False, deep: bool = False) -> list[str]:
    return [finding.kind for finding in check(store, repair=repair, deep=deep, now=later())]


def test_a_healthy_store_has_no_findings(store: Store) -> None:
    kept(store, "건강")
    assert kinds(store, deep=True) == []


def test_orphans_and_leftovers_go_but_not_while_they_are_young(store: Store) -> None:
    id = kept(store, "남는 것")
    orphan = store.blobs.sound_path("a" * 64 + "-24000")
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"x")
    orphan.with_name(".half-written.x1").write_bytes(b"x")
    assert check(store, repair=True) == []
    assert sorted(kinds(store, repair=True)) == ["leftover", "orphan"]
    assert kinds(store) == []
    assert store.blobs.sound_path(store.takes.get(id).sound).exists()


def test_a_take_without_its_sound_goes_into_the_bin_with_a_note(store: Store) -> None:
    id = kept(store, "잃은 소리")
    os.unlink(store.blobs.sound_path(store.takes.get(id).sound))
    assert kinds(store) == ["lost"]
    assert kinds(store, repair=True) == ["lost"]
    assert kinds(store) == []
    take = store.takes.page(Filter(deleted=True)).rows[0]
    assert (take.id, "verify" in take.note) == (id, True)


def test_a_damaged_sound_is_found_by_looking_deep(store: Store) -> None:
    path = store.blobs.sound_path(store.takes.get(kept(store, "깨진 소리")).sound)
    path.write_bytes(path.read_bytes()[:-50])
    assert kinds(store) == []
    assert kinds(store, deep=True) == ["damaged"]
    assert kinds(store, deep=True, repair=True) == ["damaged", "lost"]


def test_items_of_a_dead_process_are_queued_again(store: Store) -> None:
    queued(store, "a", "b")
    store.queue.claim()
    assert kinds(store, repair=True) == ["stuck"]
    assert store.queue.waiting()[0] == 2


def test_what_only_the_bin_or_a_waiting_item_needs_is_kept(store: Store) -> None:
    id = kept(store, "통 속")
    store.takes.set_deleted([id], True)
    assert kinds(store, repair=True) == []
    assert store.blobs.sound_path(store.takes.get(id).sound).exists()
