"""Syllables: exact for Hangul, close for the rest, none for silence."""

import pytest

from moksori.text import syllables


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" .…!?", 0),
        ("안녕하세요", 5),
        ("네, 알겠습니다.", 6),
        ("ㅋㅋ", 2),
        ("hello world", 3),
        ("PDF", 4),
        ("123", 3),
        ("日本", 2),
    ],
)
def test_spoken_syllables_are_counted(text: str, count: int) -> None:
    assert syllables(text) == count
