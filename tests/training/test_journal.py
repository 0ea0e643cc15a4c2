"""A run's figures stand there once for each step, whatever was killed in between."""

from __future__ import annotations

from pathlib import Path

from moksori.training.journal import Journal, rows
from moksori.training.plot import curves


def test_rows_come_back_as_they_went_in_and_new_figures_get_a_column(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add("log.csv", {"step": 1, "loss": 2.5})
    journal.add("log.csv", {"step": 2, "loss": 2.25, "own_encoder": 0.5})
    journal.add("log.csv", {"step": 3, "loss": 2.0})
    assert rows(tmp_path / "log.csv") == [
        {"step": 1, "loss": 2.5}, {"step": 2, "loss": 2.25, "own_encoder": 0.5}, {"step": 3, "loss": 2.0},
    ]  # fmt: skip
    assert rows(tmp_path / "nothing.csv") == []


def test_steps_after_the_checkpoint_and_half_a_line_are_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for step in range(1, 6):
        journal.add("log.csv", {"step": step, "loss": 1 / step})
    with (tmp_path / "log.csv").open("a") as file:
        file.write("6")
    journal.forget_after(3)
    journal.add("log.csv", {"step": 4, "loss": 9})
    assert [row["step"] for row in rows(tmp_path / "log.csv")] == [1, 2, 3, 4]
    assert rows(tmp_path / "log.csv")[-1]["loss"] == 9
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_a_process_that_is_not_the_first_writes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, writes=False)
    journal.add("log.csv", {"step": 1})
    journal.forget_after(0)
    assert not list(tmp_path.iterdir())


def test_every_codebook_has_its_curve_and_held_out_ones_theirs(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for step in range(1, 30):
        journal.add("log.csv", {"step": step, "book_0": 3 / step, "book_1": 4.0})
    journal.add("held_out.csv", {"step": 29, "valid_book_0": 2.0, "valid_book_1": 3.0, "valid_book_10": 3.5})
    drawn = curves(tmp_path)
    assert drawn.count("<polyline") == 5
    for name in ("codebook 0", "codebook 1", "held out 0", "held out 1", "held out 10"):
        assert f">{name}<" in drawn
    assert "nan" not in drawn
    empty = curves(tmp_path / "nothing")
    assert empty.startswith("<svg")
