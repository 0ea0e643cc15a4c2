"""Other languages: untouched unless the user asks for numbers in words."""

import pytest

from moksori.errors import Unavailable
from moksori.text import Policy, read

WORDS = Policy(numbers="words")


def test_numbers_of_other_languages_stay_as_written_by_default() -> None:
    assert read("Room 42 costs 1,234.50 dollars.", language="english").spoken == "Room 42 costs 1,234.50 dollars."


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("english", "Room 42 is open.", "Room forty-two is open."),
        ("english", "It fell by -0.5 points.", "It fell by minus zero point five points."),
        ("english", "1,234 people", "one thousand, two hundred and thirty-four people"),
        ("german", "Es kostet 1.234,5 Euro.", "Es kostet eintausendzweihundertvierunddreißig Komma fünf Euro."),
        ("french", "21 jours", "vingt et un jours"),
        ("italian", "3,14 metri", "tre virgola uno quattro metri"),
        ("japanese", "値段は 100 円", "値段は 百 円"),
        ("english", "Call 555-1234 or 02:30, see v1.2.3 and 1.234,5", "Call 555-1234 or 02:30, see v1.2.3 and 1.234,5"),
    ],
)
def test_numbers_are_said_in_words_where_the_user_asks(language: str, written: str, spoken: str) -> None:
    pytest.importorskip("num2words", reason="moksori[numbers] is not installed")
    reading = read(written, language=language, policy=WORDS)
    assert reading.spoken == spoken


def test_a_language_that_num2words_does_not_know_is_refused() -> None:
    pytest.importorskip("num2words", reason="moksori[numbers] is not installed")
    with pytest.raises(Unavailable):
        read("一共 3 个", language="chinese", policy=WORDS)


def test_korean_never_goes_that_way() -> None:
    assert read("사과 3개", policy=WORDS).spoken == "사과 세 개"
