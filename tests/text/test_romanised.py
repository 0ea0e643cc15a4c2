"""Korean words in Latin letters: guesses by 국어의 로마자 표기법 read backwards."""

import pytest

from moksori.text import read
from moksori.text.rules import romanised


@pytest.mark.parametrize(
    ("word", "among"),
    [
        ("minsu", "민수"), ("hanbit", "한빛"), ("hangang", "한강"), ("youngeun", "영은"), ("gyeonghui", "경희"),
        ("sookja", "숙자"), ("kkotgil", "꽃길"), ("haetbit", "햇빛"),
    ],
)  # fmt: skip
def test_the_word_meant_is_among_the_guesses(word: str, among: str) -> None:
    assert among in romanised.hangul(word)


@pytest.mark.parametrize("word", ["", "a", "street", "xylophone", "minsu2", "민수", "b" * 30])
def test_what_cannot_be_korean_gives_no_guess(word: str) -> None:
    assert romanised.hangul(word) == ()


def test_a_long_word_takes_no_time_and_gives_few_guesses() -> None:
    assert len(romanised.hangul("ananananananananananan")) <= 8


@pytest.mark.parametrize(
    ("word", "whole"), [("kimminsu", "김민수"), ("parksora", "박소라"), ("banana", ""), ("kim", "")]
)
def test_a_name_is_a_surname_and_two_syllables(word: str, whole: str) -> None:
    assert romanised.name(word) == whole


def test_each_word_of_an_address_is_an_edit_of_its_own() -> None:
    edits = {edit.written: edit for edit in read("문의 recruit@saebit.co.kr").edits}
    assert list(edits) == ["recruit", "@", "saebit", ".", "co", "kr"]
    assert "새빛" in [reading for reading, _ in edits["saebit"].alternatives]
