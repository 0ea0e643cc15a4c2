"""Particles agree with what is said before them, and only where they are particles."""

import pytest

from moksori.text import read
from moksori.text.hangul import compose, decompose, particle


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("PDF을", "피디에프를"),
        ("URL를", "유알엘을"),
        ("3는", "삼은"),
        ("URL으로", "유알엘로"),
        ("LG으로부터", "엘지로부터"),
        ("UN와", "유엔과"),
        ("AI이라고", "에이아이라고"),
        ("ATM라는", "에이티엠이라는"),
        ("AI이에요", "에이아이예요"),
        ("ATM예요", "에이티엠이에요"),
        ("'PDF'을", "'피디에프'를"),
        ("달러(약 34억 원)로 알려졌다", "달러(약 삼십사억 원)으로 알려졌다"),
        ("전화(052-277-0103)나 방문", "전화(공오이 이칠칠 공일공삼)나 방문"),
        ("KTX이나", "케이티엑스나"),
        ("AI이랑", "에이아이랑"),
        ("PDF이다", "피디에프이다"),
        ("AI 이 사람", "에이아이 이 사람"),
        ("PDF이라도", "피디에프라도"),
        ("사과을(를)", "사과를"),
        ("책을(를)", "책을"),
        ("서울(으)로", "서울로"),
        ("부산(으)로", "부산으로"),
        ("KTX은(는)", "케이티엑스는"),
        ("종로3가를", "종로삼가를"),
    ],
)
def test_a_particle_after_an_edit_agrees(written: str, spoken: str) -> None:
    assert read(written).spoken == spoken


def test_the_repair_is_an_edit_of_its_own() -> None:
    edits = read("PDF을 본다").edits
    assert [(edit.kind, edit.written, edit.reading) for edit in edits] == [
        ("english", "PDF", "피디에프"),
        ("particle", "을", "를"),
    ]


def test_after_a_bracket_the_particle_follows_the_word_before_it() -> None:
    assert read("회의 자료(PDF)는").spoken == "회의 자료(피디에프)는"


@pytest.mark.parametrize(
    ("word", "pair", "form"),
    [("물", "by", "로"), ("집", "by", "으로"), ("물", "object", "을"), ("나무", "with", "와"), ("ABC", "topic", "는")],
)
def test_forms_follow_the_last_sound(word: str, pair: str, form: str) -> None:
    assert particle(word, pair) == form


def test_syllables_come_apart_and_together() -> None:
    assert all(compose(*decompose(chr(code))) == chr(code) for code in range(0xAC00, 0xD7A4))
