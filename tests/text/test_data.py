"""The tables of moksori/text/data are well formed. It does not know whether a reading is good Korean."""

import re
import unicodedata
from pathlib import Path

import pytest

import moksori.text

DATA = Path(moksori.text.__file__).parent / "data"
COLUMNS = {
    "lexicon.tsv": 4,
    "pronounceable.tsv": 3,
    "letter_digit.tsv": 3,
    "hanja.tsv": 5,
    "units.tsv": 4,
    "currencies.tsv": 4,
    "events.tsv": 3,
}
READINGS = {"units.tsv": (1, 3), "currencies.tsv": (1, 2, 3), "hanja.tsv": (1, 2, 3)}
HANGUL = re.compile(r"[가-힣]+(?: [가-힣]+)*")


def table(name: str) -> list[list[str]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("# ") and line != "#"]


@pytest.mark.parametrize("name", COLUMNS)
def test_every_row_has_the_columns_the_header_names(name: str) -> None:
    assert {len(row) for row in table(name)} == {COLUMNS[name]}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_reading_is_hangul_and_single_spaces(name: str) -> None:
    for row in table(name):
        assert HANGUL.fullmatch(row[1].replace("{}", "가")), row
        for column in READINGS.get(name, (1,)):
            assert not row[column] or HANGUL.fullmatch(row[column].replace("{}", "가")), row


@pytest.mark.parametrize("name", COLUMNS)
def test_no_surface_stands_twice(name: str) -> None:
    rows = table(name)
    seen = [row[0] for row in rows]
    if name == "lexicon.tsv":
        seen = [row[0].casefold() if row[2] == "any" else f"{row[0]}\texact" for row in rows]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in {"events.tsv"}])
def test_rows_are_sorted_so_that_a_person_finds_them(name: str) -> None:
    surfaces = [row[0] for row in table(name)]
    assert surfaces == sorted(surfaces, key=lambda surface: (surface.casefold(), surface))


@pytest.mark.parametrize("name", COLUMNS)
def test_the_file_is_composed_unicode_except_for_the_ohm_sign(name: str) -> None:
    text = (DATA / name).read_text(encoding="utf-8").replace("\u2126", "")
    assert unicodedata.is_normalized("NFC", text)


def test_the_lexicon_holds_at_least_fifteen_hundred_words_with_a_known_case() -> None:
    rows = table("lexicon.tsv")
    assert len(rows) >= 1500
    assert {row[2] for row in rows} == {"any", "exact"}


def test_events_are_dates_that_exist() -> None:
    for row in table("events.tsv"):
        month, day = map(int, row[0].split("."))
        assert 1 <= month <= 12
        assert 1 <= day <= 31
