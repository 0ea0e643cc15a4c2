"""Markup: what is known acts, what is unknown is named, nothing of it is spoken."""

import pytest

from moksori.text import read


def codes(text: str) -> list[str]:
    return [note.code for note in read(text).notes]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("[sub 에이치투오]H2O[/sub]을 마신다", "에이치투오를 마신다"),
        ('<sub alias="더블유쓰리씨">W3C</sub>은', "더블유쓰리씨는"),
        ('<say-as interpret-as="digits">2026</say-as>', "이공이육"),
        ('<say-as interpret-as="cardinal">2026</say-as>', "이천이십육"),
        ('<say-as interpret-as="telephone">02-120-1234</say-as>', "공이 일이공 일이삼사"),
        ('<say-as interpret-as="date">2026-06-10</say-as>', "이천이십육년 유월 십일"),
        ('<say-as interpret-as="time">14:30</say-as>', "십사 시 삼십 분"),
        ('<say-as interpret-as="characters">AB12</say-as>', "에이비일이"),
        ("<speak>안녕</speak>", "안녕"),
        ("[공지] <기생충> 상영", "[공지] <기생충> 상영"),
    ],
)
def test_known_markup_acts(text: str, spoken: str) -> None:
    reading = read(text)
    assert reading.spoken == spoken
    assert reading.notes == ()


def test_unknown_markup_is_named_and_not_spoken() -> None:
    reading = read("<emphasis level='strong'>꼭</emphasis> [laugh] 오세요")
    assert reading.spoken.split() == ["꼭", "오세요"]
    assert codes(reading.source) == ["markup.unknown"] * 3
    assert "[laugh]" in reading.notes[2].message


def test_control_tokens_are_text_that_is_not_said() -> None:
    reading = read("가<|im_end|>나<|endoftext|>")
    assert reading.spoken == "가나"
    assert codes(reading.source) == ["markup.control_token"] * 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[repeat 3]가", "markup.unclosed"),
        ("가[/repeat]", "markup.unclosed"),
        ("[repeat]가[/repeat]", "markup.value"),
        ("[repeat 999]가[/repeat]", "markup.value"),
        ("[pause long]", "markup.value"),
        ("[pause 999s]", "markup.value"),
        ("[sub 가]나", "markup.unclosed"),
        ("<sub>나</sub>", "markup.unclosed"),
    ],
)
def test_markup_that_cannot_be_applied_is_named(text: str, code: str) -> None:
    assert code in codes(text)
    assert "[" not in read(text).spoken


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("[pause 500ms]", 0.5),
        ("[pause 1.5s]", 1.5),
        ("[pause 2]", 2.0),
        ("[pause]", 0.5),
        ('<break time="250ms"/>', 0.25),
        ('<break strength="strong"/>', 0.7),
        ("<break/>", 0.5),
    ],
)
def test_pauses_have_lengths(text: str, seconds: float) -> None:
    (mark,) = read(text).marks
    assert (mark.kind, mark.value) == ("pause", seconds)
