import pytest

from benchmarks.lists import fill, measure
from moksori.store import Store


@pytest.mark.slow
def test_with_ten_thousand_takes_every_list_and_search_is_quick(store: Store) -> None:
    pytest.importorskip("fastapi")
    fill(store, 10_000)
    slow = {name: cpu for name, (_, cpu) in measure(store, 10_000, repeats=5).items() if cpu > 100}
    assert not slow
