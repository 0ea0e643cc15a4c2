"""Rows are checked with their line numbers, and what was recorded together stays on one side of the split."""

from __future__ import annotations

from pathlib import Path

import pytest

from moksori.errors import InvalidInput, NotFound
from moksori.training.manifest import Row, group_of, read, split, write


def test_every_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clips.jsonl"
    lines = ['{"audio": "a.wav", "text": "가"}', "", "{", '{"audio": "b.wav"}', '{"audio": "c.wav", "text": 3}',
             '{"audio": "d.wav", "text": "라", "mood": "glad"}', '{"audio": "e.wav", "text": "마", "split": "test"}',
             "[1]"]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InvalidInput) as error:
        read(path)
    for words in ("line 3", "line 4: text is missing", "line 5: text is 3", "line 6: unknown field 'mood'", "line 7",
                  "line 8"):  # fmt: skip
        assert words in str(error.value)
    assert "line 1:" not in str(error.value)
    with pytest.raises(NotFound):
        read(tmp_path / "nothing.jsonl")


def test_rows_are_written_as_they_were_read(tmp_path: Path) -> None:
    rows = [Row((tmp_path / "a.wav").resolve(), "가나", speaker="mina", language="korean", group="one")]
    write(tmp_path / "clips.jsonl", rows)
    (found,) = read(tmp_path / "clips.jsonl")
    assert (found.audio, found.text, found.speaker, found.language, found.group) == (
        rows[0].audio, "가나", "mina", "korean", "one",
    )  # fmt: skip


def rows(count: int, sessions: int) -> list[Row]:
    return [Row(Path(f"/data/session{n % sessions}_{n:03d}.wav"), f"글 {n}") for n in range(count)]


def test_a_recording_session_is_never_on_both_sides() -> None:
    clips = rows(100, 10)
    train, valid = split(clips, 0.2)
    assert len(train) + len(valid) == 100
    assert 10 <= len(valid) <= 30
    assert not {group_of(row) for row in train} & {group_of(row) for row in valid}


def test_the_split_is_the_same_every_time_and_another_with_another_seed() -> None:
    clips = rows(100, 20)
    first, again, other = split(clips, 0.2, 1), split(list(reversed(clips)), 0.2, 1), split(clips, 0.2, 2)
    assert {row.audio for row in first[1]} == {row.audio for row in again[1]}
    assert {row.audio for row in first[1]} != {row.audio for row in other[1]}


def test_stated_splits_are_kept_and_something_is_always_left_to_learn_from() -> None:
    clips = [Row(Path(f"/d/{n}.wav"), "가", split="valid" if n < 2 else "train") for n in range(6)]
    train, valid = split(clips, 0.5)
    assert (len(train), len(valid)) == (4, 2)
    alone = [Row(Path("/d/a.wav"), "가")]
    assert split(alone, 0.5) == (alone, [])


def test_of_few_large_sessions_a_small_one_is_held_out_and_never_half_of_the_clips() -> None:
    train, valid = split(rows(100, 5), 0.05)
    assert (len(train), len(valid)) == (80, 20)
    assert split(rows(100, 2), 0.05) == (rows(100, 2), [])
