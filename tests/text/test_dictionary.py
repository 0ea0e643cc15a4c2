"""The user's dictionary: validated, carried without loss, applied where it fits and nowhere else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moksori.errors import InvalidInput, NotFound
from moksori.text import Dictionary, Entry, read

words = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12).filter(
    str.strip
)
readings = st.text(alphabet="가나다 라PQ,\"'", max_size=12)
entries = st.builds(
    Entry,
    surface=words,
    reading=readings,
    match=st.sampled_from(["word", "exact", "prefix", "any"]),
    case=st.sampled_from(["any", "exact"]),
    left=words | st.just(""),
    right=st.just(""),
    scope=st.sampled_from(["global", "document"]),
    priority=st.integers(-9, 9),
    enabled=st.booleans(),
    note=words,
)


def said(text: str, *entries: Entry) -> str:
    return read(text, dictionary=Dictionary(entries)).spoken


@given(st.lists(entries, max_size=5))
def test_csv_and_json_carry_every_entry(found: list[Entry]) -> None:
    dictionary = Dictionary(found)
    assert Dictionary.from_json(dictionary.to_json()) == dictionary
    assert Dictionary.from_csv(dictionary.to_csv()) == dictionary


def test_a_file_is_what_its_name_says(tmp_path: Path) -> None:
    dictionary = Dictionary([Entry("KTX", "케이티엑스")])
    for name in ("a.csv", "a.json"):
        dictionary.to_file(tmp_path / name)
        assert Dictionary.from_file(tmp_path / name) == dictionary
    with pytest.raises(NotFound):
        Dictionary.from_file(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_bytes("surface,reading\n가,나\n".encode("utf-16"))
    with pytest.raises(InvalidInput):
        Dictionary.from_file(tmp_path / "bad.csv")


@pytest.mark.parametrize(
    "text",
    [
        "surface,reading\nKTX,가1\n",
        "surface,reading,colour\nKTX,가,빨강\n",
        "surface\nKTX\n",
        "surface,reading\na,b,c\n",
    ],
)
def test_a_broken_csv_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Dictionary.from_csv(text)


@pytest.mark.parametrize(
    "text",
    ["{", "3", '[{"surface": "a"}]', '[{"surface": "a", "reading": "가", "x": 1}]', '[{"surface": "a", "reading": 3}]'],
)
def test_a_broken_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Dictionary.from_json(text)


@pytest.mark.parametrize(
    ("entry", "text", "spoken"),
    [
        (Entry("오리", "거위"), "오리를 오린다 탐관오리", "거위를 오린다 탐관오리"),
        (Entry("오리", "거위", match="exact"), "오리 오리를", "거위 오리를"),
        (Entry("오리", "거위", match="prefix"), "오리고기", "거위고기"),
        (Entry("오리", "거위", match="any"), "탐관오리", "탐관거위"),
        (Entry("ktx", "기차"), "KTX Ktx", "기차 기차"),
        (Entry("KTX", "기차", case="exact"), "KTX", "기차"),
        (Entry("은행", "뱅크", left="한국"), "한국 은행 국민 은행", "한국 뱅크 국민 은행"),
        (Entry("은행", "징코", right="나무"), "은행 나무 은행 창구", "징코 나무 은행 창구"),
        (Entry("은행", "뱅크", enabled=False), "은행", "은행"),
    ],
)
def test_an_entry_applies_where_it_says(entry: Entry, text: str, spoken: str) -> None:
    assert said(text, entry) == spoken


def test_the_longest_then_the_document_then_the_priority_then_the_later_wins() -> None:
    assert said("가나다", Entry("가나", "하", match="any"), Entry("가나다", "호", match="any")) == "호"
    assert said("가나", Entry("가나", "하", scope="document"), Entry("가나", "호", priority=9)) == "하"
    assert said("가나", Entry("가나", "하", priority=2), Entry("가나", "호")) == "하"
    assert said("가나", Entry("가나", "하"), Entry("가나", "호")) == "호"


def test_an_entry_replaces_the_one_it_is_about() -> None:
    dictionary = Dictionary([Entry("a", "가")]).with_entry(Entry("a", "나"))
    assert [entry.reading for entry in dictionary] == ["나"]
    assert len(dictionary.without("a")) == 0


def test_the_dropped_word_is_an_edit_with_an_empty_reading() -> None:
    (edit,) = read("음 네", dictionary=Dictionary([Entry("음", "")])).edits
    assert (edit.written, edit.reading) == ("음", "")
