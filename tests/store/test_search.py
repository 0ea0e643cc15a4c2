import pytest
from sqlalchemy import text

from moksori.store import Store
from moksori.store.takes import Filter, Takes

from .making import kept

TEXTS = ("고객센터 1588-0000", "서울역에서 내리세요", "Hello 100% sure", "밑줄_있는 글", '따옴표 "안" 글')


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("고객", 1), ("센터", 1), ("고객 센터", 1), ("서울", 1), ("울역에서", 1), ("내리세요", 1), ("HELLO", 1),
        ("100%", 1), ("%", 1), ("_", 1), ('"안"', 1), ("글", 2), ("없는 말", 0), ("OR", 0), ("서울 OR 고객", 0),
    ],
)  # fmt: skip
def test_any_part_of_a_text_is_found_with_the_index_and_without(
    store: Store, query: str, found: int, indexed: bool
) -> None:
    for line in TEXTS:
        kept(store, line)
    if not indexed:  # as on other databases
        with store.database.write() as connection:
            for name in ("insert", "delete", "update"):
                connection.execute(text(f"DROP TRIGGER takes_search_{name}"))
            connection.execute(text("DROP TABLE takes_search"))
    takes = Takes(store.database)
    assert takes._indexed == indexed
    assert len(takes.page(Filter(q=query)).rows) == found


def test_decomposed_hangul_finds_composed(store: Store) -> None:
    kept(store, "서울역")
    assert store.takes.page(Filter(q="\u1109\u1165\u110b\u116e\u11af")).rows


def test_a_note_is_found_as_soon_as_it_is_written(store: Store) -> None:
    id = kept(store, "가나다")
    store.takes.annotate(id, note="아주 좋은 끝")
    assert [take.id for take in store.takes.page(Filter(q="좋은끝")).rows] == [id]
    store.takes.annotate(id, note="")
    assert not store.takes.page(Filter(q="좋은끝")).rows
