import pytest

from moksori.errors import Conflict
from moksori.store import Store
from moksori.text import Dictionary, Entry


def test_a_snapshot_does_not_change_with_the_dictionary(store: Store) -> None:
    assert store.dictionary.freeze() is None
    entry = store.dictionary.add(Entry("KTX", "케이티엑스"))
    name = store.dictionary.freeze()
    assert name == store.dictionary.freeze(), "the same content has the same name"
    store.dictionary.change(entry.id, 1, Entry("KTX", "고속철"))
    assert store.dictionary.freeze() != name
    assert store.dictionary.snapshot(name) == Dictionary([Entry("KTX", "케이티엑스")])
    assert store.dictionary.snapshot(None) is None


def test_one_entry_for_each_surface_in_its_surroundings(store: Store) -> None:
    store.dictionary.add(Entry("MB", "엠비"))
    store.dictionary.add(Entry("MB", "메가바이트", left="100"))
    with pytest.raises(Conflict) as caught:
        store.dictionary.add(Entry("MB", "메가"))
    assert caught.value.code == "exists"


def test_the_second_editor_is_told(store: Store) -> None:
    stored = store.dictionary.add(Entry("A", "에이"))
    store.dictionary.change(stored.id, 1, Entry("A", "아"))
    with pytest.raises(Conflict):
        store.dictionary.change(stored.id, 1, Entry("A", "알파"))
    with pytest.raises(Conflict):
        store.dictionary.remove(stored.id, 1)
    store.dictionary.remove(stored.id, 2)
    assert store.dictionary.all() == []


def test_merging_counts_what_it_did(store: Store) -> None:
    store.dictionary.add(Entry("A", "에이"))
    store.dictionary.add(Entry("B", "비"))
    counts = store.dictionary.merge([Entry("A", "에이"), Entry("B", "브이"), Entry("C", "씨")])
    assert counts == {"added": 1, "changed": 1, "unchanged": 1, "removed": 0}
    assert store.dictionary.merge([Entry("C", "씨")], replace=True)["removed"] == 2
    assert [s.entry.surface for s in store.dictionary.all()] == ["C"]


def test_search_looks_at_what_is_written_and_said(store: Store) -> None:
    store.dictionary.merge([Entry("KTX", "케이티엑스"), Entry("SRT", "에스알티", note="수서")])
    assert [len(store.dictionary.all(q)) for q in ("ktx", "알티", "수서", "", "없음")] == [1, 1, 1, 2, 0]
