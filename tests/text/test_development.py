"""The development set is read as its Korean author reads it, within the rates the project promises."""

from collections import defaultdict

import pytest

from moksori.text import read
from tests.text.development import Row, reachable, right, rows

ROWS = rows()
READINGS = {row: read(row.written) for row in ROWS}


def rate(wanted: list[Row]) -> float:
    return sum(right(row, READINGS[row]) for row in wanted) / len(wanted)


def test_the_set_is_large_and_has_every_category() -> None:
    assert len(ROWS) >= 600
    assert len({row.category for row in ROWS}) >= 30


def test_at_least_ninety_five_percent_are_right() -> None:
    assert rate(ROWS) >= 0.95, [row.written for row in ROWS if not right(row, READINGS[row])]


@pytest.mark.parametrize("category", ["phone", "no_change"])
def test_telephone_numbers_and_plain_text_are_always_right(category: str) -> None:
    wanted = [row for row in ROWS if row.category == category]
    assert [row.written for row in wanted if not right(row, READINGS[row])] == []


def test_ambiguous_nouns_are_mostly_right() -> None:
    assert rate([row for row in ROWS if row.category == "ambiguous"]) >= 0.88


def test_no_category_is_neglected() -> None:
    categories = defaultdict(list)
    for row in ROWS:
        categories[row.category].append(row)
    assert {name: rate(found) for name, found in categories.items() if rate(found) < 0.8} == {}


def test_what_is_read_wrong_offers_the_right_reading() -> None:
    missed = [row for row in ROWS if not right(row, READINGS[row])]
    hopeless = [row.written for row in missed if not reachable(row, READINGS[row])]
    assert len(hopeless) <= max(1, 0.02 * len(missed))


def test_every_ambiguous_number_offers_another_reading() -> None:
    edits = [
        edit for row in ROWS if row.category == "ambiguous" for edit in READINGS[row].edits if edit.kind == "counter"
    ]
    small = [
        edit
        for edit in edits
        if edit.written[0] != "0" and len(edit.written.rstrip("번대장권편부점쪽통판단동등과")) < 3
    ]
    assert [edit.written for edit in small if not edit.alternatives] == []


def test_text_without_anything_to_read_has_no_edits() -> None:
    assert all(
        READINGS[row].spoken == row.written and not READINGS[row].edits for row in ROWS if row.category == "no_change"
    )
