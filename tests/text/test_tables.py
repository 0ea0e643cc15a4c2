"""The tables load, and a broken line is named."""

from pathlib import Path

import pytest

from moksori.text import tables


def test_every_table_loads_and_is_as_large_as_promised() -> None:
    lexicon = tables.lexicon()
    assert len(lexicon.exact) + len(lexicon.folded) >= 1500
    for load in (
        tables.counters,
        tables.letters,
        tables.pronounceable,
        tables.letter_digit,
        tables.hanja,
        tables.units,
    ):
        assert len(load()) > 25
    for load in (tables.currencies, tables.events, tables.fixed, tables.emoji_names):
        assert len(load()) > 25


def test_every_letter_has_a_name() -> None:
    assert set("ABCDEFGHIJKLMNOPQRSTUVWXYZ") <= set(tables.letters())


def test_a_broken_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "letters.tsv").write_text("# ok\nA\t에이\nB\n", encoding="utf-8")
    monkeypatch.setattr(tables, "DATA", tmp_path)
    with pytest.raises(tables.TableError, match="line 3"):
        tables.rows("letters.tsv", 2)
