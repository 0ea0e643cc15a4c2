"""The other readings are offered, whoever won: so that a wrong choice is one click away."""

import re

import pytest

from moksori.text import read
from moksori.text.number import attributive_for, sino, spell
from moksori.text.offer import LIMIT
from moksori.text.tables import cues
from tests.text.development import bare, rows

ROWS = rows()
READINGS = {row: read(row.written) for row in ROWS}
COUNTED = re.compile(r"(?<![0-9.,])(?P<n>[1-9][0-9]?)(?P<gap> ?)(?P<noun>[가-힣]{1,3})")
AMBIGUOUS = [noun for noun in cues() if noun != "과"]  # 2과 may be a number and a particle


def offers(text: str) -> set[str]:
    """Every way to say the whole text, one edit changed at a time."""
    reading = read(text)
    found = {bare(reading.spoken)}
    for edit in reading.edits:
        for alternative, _ in edit.alternatives:
            found.add(bare(reading.spoken[: edit.out[0]] + alternative + reading.spoken[edit.out[1] :]))
    return found


@pytest.mark.parametrize("noun", AMBIGUOUS)
@pytest.mark.parametrize("frame", ["{}", "어제 {} 보았다", "{}을 골랐다", "우리 {}이 좋다"])
def test_an_ambiguous_noun_always_offers_both_systems(noun: str, frame: str) -> None:
    for number in (2, 5, 12):
        found = offers(frame.format(f"{number}{noun}"))
        native, from_chinese = attributive_for(number, noun) + noun, sino(str(number)) + noun
        assert any(native in spoken for spoken in found), (noun, frame, number)
        assert any(from_chinese in spoken for spoken in found), (noun, frame, number)


def test_every_counted_number_of_the_development_set_offers_both_systems() -> None:
    missing = []
    for row, reading in READINGS.items():
        for edit in reading.edits:
            match = COUNTED.fullmatch(edit.written)
            if edit.kind != "counter" or not match:
                continue
            number, noun = match["n"], match["noun"]
            said = {bare(edit.reading), *(bare(other) for other, _ in edit.alternatives)}
            wanted = {attributive_for(int(number), noun) + noun, sino(number) + noun}
            if noun not in ("월", "월호") and not wanted <= said:
                missing.append((row.written, edit.written, wanted - said))
    assert missing == []


def test_plain_numbers_of_the_development_set_are_offered_by_value_and_by_digit() -> None:
    missing, count = [], 0
    for row, reading in READINGS.items():
        for edit in reading.edits:
            if edit.written.isdigit() and edit.written.isascii() and 1 < len(edit.written) <= 12:
                count += 1
                said = {bare(edit.reading), *(bare(other) for other, _ in edit.alternatives)}
                if not {bare(sino(edit.written)), spell(edit.written, zero="공")} <= said:
                    missing.append((row.written, edit.written))
    assert count > 90
    assert missing == []


@pytest.mark.parametrize(
    ("written", "others"),
    [
        ("3-2", ["삼대이", "삼에서이", "삼다시이", "삼빼기이", "삼월이일", "삼의이"]),
        ("3:2", ["삼대이", "세시이분", "삼분이초", "삼장이절"]),
        ("12:30", ["열두시삼십분", "십이대삼십", "십이분삼십초"]),
        ("14:05", ["십사시오분", "열네시오분", "오후두시오분", "십사대오"]),
        ("2/3", ["삼분의이", "이월삼일", "이슬래시삼"]),
        ("3.5", ["삼점오", "삼월오일"]),
        ("6.25", ["육점이오", "육이오", "유월이십오일"]),
        ("2026.3", ["이천이십육점삼", "이천이십육년삼월"]),
        ("2~3", ["이에서삼", "이부터삼", "두에서세"]),
        ("1+1", ["원플러스원", "일더하기일"]),
        ("78+9", ["칠십팔더하기구", "칠십팔플러스구"]),
        ("4×6", ["사곱하기육", "사바이육"]),
        ("10", ["십", "열", "일공", "텐"]),
        ("0312", ["공삼일이", "삼백십이"]),
        ("-7", ["마이너스칠", "영하칠"]),
        ("1.2.3", ["일점이점삼"]),
        ("24-3-15", ["이십사년삼월십오일", "이사삼일오", "이십사다시삼다시십오"]),
        ("A7", ["에이칠", "에이세븐"]),
        ("X100", ["엑스백", "엑스일공공"]),
        ("GPT-7", ["지피티칠", "지피티세븐", "지피티다시칠"]),
        ("Zorak", ["조락", "제트오알에이케이", "지오알에이케이"]),
        ("POLAK", ["피오엘에이케이", "폴락"]),
    ],
)
def test_a_shape_offers_what_it_may_mean(written: str, others: list[str]) -> None:
    found = offers(written)
    missing = [other for other in others if other not in found]
    assert missing == [], found


def test_offers_are_distinct_and_bounded() -> None:
    for reading in READINGS.values():
        for edit in reading.edits:
            others = [other for other, _ in edit.alternatives]
            assert len(others) == len(set(others)) <= LIMIT
            assert edit.reading not in others


def test_a_dictionary_reading_and_markup_get_no_guesses() -> None:
    assert read("[sub 가]3-2[/sub]").edits[0].alternatives == (("3-2", "as_written"),)
