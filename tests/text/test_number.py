"""Numbers in words, against an independent way to say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moksori.text.number import attributive, attributive_for, decimal, native, sino, spell

DIGITS = {"영": 0, "일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "육": 6, "칠": 7, "팔": 8, "구": 9}
SMALL, LARGE = (
    {"십": 10, "백": 100, "천": 1000},
    {"만": 10**4, "억": 10**8, "조": 10**12, "경": 10**16, "해": 10**20, "자": 10**24},
)


def value(words: str) -> int:
    """What a listener understands: the inverse, written without looking at the speaker."""
    total = group = digit = 0
    for char in words.replace(" ", ""):
        if char in DIGITS:
            digit = DIGITS[char]
        elif char in SMALL:
            group += (digit or 1) * SMALL[char]
            digit = 0
        else:
            total += (group + digit or 1) * LARGE[char]
            group = digit = 0
    return total + group + digit


@given(st.integers(0, 10**28 - 1), st.booleans())
def test_a_listener_understands_the_number(number: int, full: bool) -> None:
    assert value(sino(str(number), full_man=full)) == number


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "영"),
        ("10", "십"),
        ("11", "십일"),
        ("100", "백"),
        ("10000", "만"),
        ("11111", "만 천백십일"),
        ("100010000", "일억 일만"),
        ("100000000", "일억"),
        ("20000", "이만"),
        ("0012", "십이"),
        ("1" * 29, "일" * 29),
    ],
)
def test_the_small_words_are_dropped_where_koreans_drop_them(digits: str, words: str) -> None:
    assert sino(digits) == words


def test_a_bank_says_full_man() -> None:
    assert sino("10000", full_man=True) == "일만"


@pytest.mark.parametrize(
    ("written", "words"),
    [("3.14", "삼 점 일사"), ("0.05", "영 점 영오"), (".5", "영 점 오"), ("1,234.50", "천이백삼십사 점 오영")],
)
def test_decimals_are_said_digit_by_digit(written: str, words: str) -> None:
    assert decimal(written) == words


def test_digits_have_two_zeros() -> None:
    assert (spell("0102"), spell("0102", zero="공")) == ("영일영이", "공일공이")


@pytest.mark.parametrize(
    ("number", "noun", "word"),
    [
        (1, "하나", "한"),
        (20, "스물", "스무"),
        (21, "스물하나", "스물한"),
        (33, "서른셋", "서른세"),
        (99, "아흔아홉", "아흔아홉"),
    ],
)
def test_native_numbers(number: int, noun: str, word: str) -> None:
    assert (native(number), attributive(number)) == (noun, word)


@pytest.mark.parametrize(
    ("number", "noun", "word"),
    [(3, "말", "서"), (4, "푼", "너"), (3, "냥", "석"), (4, "되", "넉"), (3, "개", "세"), (5, "말", "다섯")],
)
def test_old_measures_have_forms_of_their_own(number: int, noun: str, word: str) -> None:
    assert attributive_for(number, noun) == word
