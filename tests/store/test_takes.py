import pytest

from moksori.errors import InvalidInput, NotFound
from moksori.store import Store
from moksori.store.takes import Filter

from .making import kept


def ids(store: Store, **wanted: object) -> list[int]:
    return [take.id for take in store.takes.page(Filter(**wanted)).rows]  # type: ignore[arg-type]


def test_pages_join_to_the_whole_list_newest_first(store: Store) -> None:
    made = [kept(store, f"문장 {n}") for n in range(7)]
    seen, cursor = [], None
    while True:
        page = store.takes.page(Filter(), limit=3, cursor=cursor)
        seen += [take.id for take in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert seen == made[::-1]


def test_pages_by_rating_join_too_and_the_unrated_come_last(store: Store) -> None:
    made = [kept(store, f"문장 {n}") for n in range(6)]
    for id, value in zip(made, (3, 5, None, 5, 1, None), strict=True):
        if value:
            store.takes.rate(id, value)
    seen, cursor = [], None
    while True:
        page = store.takes.page(Filter(sort="rating"), limit=2, cursor=cursor)
        seen += [take.id for take in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [made[3], made[1], made[0], made[4], made[5], made[2]]


def test_filters_narrow(store: Store) -> None:
    one = kept(store, "하나", voice="f1", marks=("cut_off",))
    two = kept(store, "둘", voice="m1")
    store.takes.annotate(two, star=True)
    store.takes.set_verified(one, "same", {"at": "now", "message": "", "difference": None})
    assert ids(store, voice="f1") == [one]
    assert ids(store, starred=True) == [two]
    assert ids(store, mark="cut_off") == [one]
    assert ids(store, level="good") == [two]
    assert ids(store, verified="same") == [one]
    assert ids(store, rated=True) == []
    assert ids(store, engine="qwen3") == []


def test_a_deleted_take_is_in_the_bin_and_comes_back(store: Store) -> None:
    id = kept(store, "지울 것")
    assert store.takes.set_deleted([id, 999], True) == [id]
    assert (ids(store), ids(store, deleted=True)) == ([], [id])
    assert store.takes.set_deleted([id], True) == []
    store.takes.set_deleted([id], False)
    assert ids(store) == [id]


def test_emptying_the_bin_removes_only_what_is_old(store: Store) -> None:
    old, new = kept(store, "오래된 것"), kept(store, "새 것")
    store.takes.set_deleted([old, new], True)
    first = store.takes.get(old).deleted
    assert first is not None
    assert store.takes.empty_bin(first - 1) == 0
    assert store.takes.empty_bin(first + 60) == 2
    with pytest.raises(NotFound):
        store.takes.get(old)


def test_one_rating_for_each_judge_and_the_mean_follows(store: Store) -> None:
    id = kept(store, "판정")
    store.takes.rate(id, 2, judge="a")
    store.takes.rate(id, 4, judge="b", blind=True)
    assert (store.takes.rate(id, 5, judge="a").rating, store.takes.get(id).rating_count) == (4.5, 2)
    assert store.takes.rate(id, None, judge="a").rating == 4.0
    assert [r["judge"] for r in store.takes.ratings(take=id)] == ["b"]
    assert store.takes.rate(id, None, judge="b").rating is None


def test_lists_carry_an_excerpt_and_details_the_whole_text(store: Store) -> None:
    long = "가" * 5000
    id = kept(store, long)
    assert len(store.takes.page(Filter()).rows[0].text) == 1000
    assert store.takes.get(id).text == long
    assert store.takes.manifest(id)["text"] == long


@pytest.mark.parametrize("cursor", ["x", "", "1e999", "nan", "1_2", "9" * 40])
def test_a_strange_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        store.takes.page(Filter(), cursor=cursor)
