"""read(): the invariants hold for any text, and what a caller chooses is done."""

import json
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moksori.errors import InvalidInput
from moksori.text import Dictionary, Entry, Kept, Override, Policy, Reading, read, split

PIECES = [
    "3",
    "010-1234-5678",
    "1,234.5",
    "2026.3.5.",
    "14:30",
    "~",
    "-",
    "+",
    "/",
    "·",
    "%",
    "℃",
    "km/h",
    "$",
    "₩",
    "개",
    "번",
    "대",
    "시",
    "월",
    "일",
    "만",
    "억",
    "조",
    "제",
    "째",
    "여",
    "PDF",
    "을",
    "을(를)",
    "iPhone",
    "A4",
    "www.a.co.kr",
    "a@b.com",
    "美",
    "率",
    "Ⅱ",
    "½",
    "①",
    "㈜",
    "ㅋㅋ",
    "😀",
    "👨‍👩‍👧",
    "\u200b",
    "\ud800",
    "\udc00",
    "\u1112\u1161\u11ab",
    "Ａ１",
    "<break/>",
    "[pause 1s]",
    "[repeat 2]",
    "[/repeat]",
    "[sub 가]",
    "[/sub]",
    "<say-as interpret-as='date'>",
    "</say-as>",
    "<|im_end|>",
    '"',
    "“",
    "”",
    "(",
    ")",
    ".",
    "!",
    "\n",
    " ",
    "라고",
    "했다",
    "요",
]
texts = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
plain = st.text(alphabet="가나다라마바사아자차카타파하은는이했습니다요 .,!?…\n“”", max_size=80)


def check(text: str, reading: Reading) -> None:
    segments = list(reading.segments())
    assert "".join(s.text if isinstance(s, Kept) else s.written for s in segments) == text == reading.source
    assert "".join(s.text if isinstance(s, Kept) else s.reading for s in segments) == reading.spoken
    at = out = 0
    for segment in segments:
        assert segment.src[0] == at < segment.src[1]
        assert segment.out[0] == out <= segment.out[1]
        at, out = segment.src[1], segment.out[1]
    encoded = text.encode("utf-16-le", "surrogatepass")
    for edit in reading.edits:
        units = edit.written.encode("utf-16-le", "surrogatepass")
        assert encoded[2 * edit.src16[0] : 2 * edit.src16[1]] == units
        assert edit.written != edit.reading
        assert all(alternative != edit.reading for alternative, _ in edit.alternatives)
        assert 0 < edit.confidence <= 1
    assert len({edit.id for edit in reading.edits}) == len(reading.edits)
    json.dumps(reading.to_json())


@given(texts)
@settings(max_examples=200, deadline=None)
def test_edits_and_kept_text_partition_source_and_spoken_text(text: str) -> None:
    check(text, read(text))


@given(texts)
@settings(max_examples=60, deadline=None)
def test_the_same_text_is_read_the_same(text: str) -> None:
    assert read(text) == read(text)


@given(texts, st.integers(10, 40))
@settings(max_examples=80, deadline=None)
def test_sentences_are_in_order_and_nothing_sayable_is_lost(text: str, limit: int) -> None:
    reading = read(text, policy=Policy(repeats=False))
    sentences = [piece for piece in split(reading, limit, repeats=False) if hasattr(piece, "spoken")]
    spans = [piece.src for piece in sentences]
    if not any(mark.kind.startswith("repeat") for mark in reading.marks):
        assert all(left[1] <= right[0] for left, right in pairwise(spans))
        said = "".join("".join(piece.spoken.split()) for piece in sentences)
        letters = [char for char in said if char.isalnum()]
        assert letters == [char for char in reading.spoken if char.isalnum()]


@given(plain)
def test_text_with_nothing_to_read_is_returned_as_it_is(text: str) -> None:
    reading = read(text)
    assert reading.spoken == text
    assert reading.edits == ()


@given(texts)
@settings(max_examples=60, deadline=None)
def test_every_policy_keeps_the_partition(text: str) -> None:
    policy = Policy(english="keep", man="full", clock="twelve", emoji="name", laughter="drop", approximate=True)
    check(text, read(text, policy=policy))


@given(texts)
@settings(max_examples=60, deadline=None)
def test_other_languages_lose_control_characters_only(text: str) -> None:
    reading = read(text, language="english")
    check(text, reading)
    assert {edit.kind for edit in reading.edits} <= {"control", "markup", "sub", "say-as"}


def test_a_reading_never_contains_half_a_character() -> None:
    assert read("가\ud800나").spoken == "가나"


@pytest.mark.parametrize(
    "unit",
    ["1", "1,", "가1", "1.", "1-", "~1", "A", "a ", "(", '"', "0", "1:1 ", "10×", "<a ", "[", "美", "🎉", "1월 "],
)
def test_time_grows_with_length_and_not_with_its_square(unit: str) -> None:
    def least(text: str) -> float:
        """Processor seconds, the least of three: what else runs can only add to them."""
        spent = []
        for _ in range(3):
            start = time.process_time()
            read(text)
            spent.append(time.process_time() - start)
        return min(spent)

    short, long = unit * (1000 // len(unit)), unit * (8000 // len(unit))
    assert least(long) < 24 * max(least(short), 0.01)


@pytest.mark.slow
def test_a_hundred_thousand_characters_are_read_in_seconds() -> None:
    text = "2026년 3월 5일 14:30에 3층에서 PDF을 10,000원에 3번 나눠 줍니다. 문의 010-1234-5678. "
    start = time.process_time()
    reading = read(text * (100_000 // len(text)))
    assert time.process_time() - start < 20
    assert len(reading.edits) > 10_000


def test_importing_the_reader_costs_little_and_no_torch() -> None:
    code = (
        "import sys, time; start = time.process_time(); import moksori.text; spent = time.process_time() - start;"
        "moksori.text.read('3개 010-1234-5678'); print(spent);"
        "assert not {'torch', 'numpy', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.15


def test_text_must_be_text() -> None:
    with pytest.raises(InvalidInput):
        read(b"abc")  # type: ignore[arg-type]


def test_a_dictionary_entry_wins_over_every_rule_and_takes_a_particle() -> None:
    dictionary = Dictionary([Entry("KTX", "고속열차"), Entry("3번 출구", "셋째 나들목")])
    reading = read("KTX을 타고 3번 출구에서", dictionary=dictionary)
    assert reading.spoken == "고속열차를 타고 셋째 나들목에서"
    assert [edit.origin for edit in reading.edits] == ["dictionary", "rule", "dictionary"]


def test_a_reading_is_never_read_again() -> None:
    assert read("가나", dictionary=Dictionary([Entry("가나", "PDF")])).spoken == "PDF"


@pytest.mark.parametrize(
    ("read_as", "spoken"),
    [
        ("native", "세 번 갔다"),
        ("sino", "삼번 갔다"),
        ("digits", "삼번 갔다"),
        ("letters", "삼번 갔다"),
        ("as_written", "3번 갔다"),
    ],
)
def test_an_override_reads_its_place_as_it_says(read_as: str, spoken: str) -> None:
    assert read("3번 갔다", overrides=[{"src": [0, 2], "written": "3번", "read_as": read_as}]).spoken == spoken


def test_an_override_with_a_reading_of_its_own_wins_over_the_dictionary() -> None:
    override = Override((0, 3), "KTX", reading="기차")
    reading = read("KTX을 타고 KTX로", overrides=[override], dictionary=Dictionary([Entry("KTX", "고속열차")]))
    assert reading.spoken == "기차를 타고 고속열차로"


def test_a_document_override_reads_every_occurrence() -> None:
    override = {"written": "3번", "read_as": "native", "scope": "document"}
    assert read("3번 출구 3번 버스", overrides=[override]).spoken == "세 번 출구 세 번 버스"


def test_an_override_that_no_longer_fits_is_named() -> None:
    reading = read("4번 갔다", overrides=[{"src": [0, 2], "written": "3번", "read_as": "sino"}])
    assert reading.spoken == "네 번 갔다"
    assert [note.code for note in reading.notes] == ["override.stale"]


@pytest.mark.parametrize(
    "bad",
    [{"src": [0, 1]}, {"written": "3", "colour": 1}, {"written": "3", "read_as": "loud"}, {"src": [0], "written": "3"}],
)
def test_a_malformed_override_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        read("3", overrides=[bad])


def test_decomposed_and_full_width_text_is_read_as_composed() -> None:
    import unicodedata

    text = "오늘 3층에서 ＰＤＦ를 ２개"
    decomposed = unicodedata.normalize("NFD", "오늘 3층에서 ") + "ＰＤＦ를 ２개"
    assert read(text).spoken == read(decomposed).spoken == "오늘 삼층에서 피디에프를 두 개"
    check(decomposed, read(decomposed))


def test_the_other_reading_is_offered_with_its_rule() -> None:
    edit = read("3번 출구").edits[0]
    assert edit.rule == "counter.beon.label_noun"
    assert ("세 번", "counter.native") in edit.alternatives
    assert "right:출구" in edit.evidence


def test_english_runs_are_kept_and_marked() -> None:
    reading = read("화면에 Please enter your password again이라고 나옵니다.")
    assert reading.foreign == ((4, 36),)


@pytest.mark.parametrize(
    ("policy", "text", "spoken"),
    [
        (Policy(english="keep"), "PDF 3개", "PDF 세 개"),
        (Policy(man="full"), "10,000원", "일만원"),
        (Policy(clock="twelve"), "18:00에", "오후 여섯 시에"),
        (Policy(native_limit=10), "15명", "십오 명"),
        (Policy(emoji="keep"), "네😀", "네😀"),
        (Policy(emoji="name"), "🎉 네", " 축하 폭죽  네"),
        (Policy(laughter="drop"), "네 ㅋㅋ", "네 "),
        (Policy(phone_hyphen="에"), "02-123-4567", "공이에 일이삼에 사오육칠"),
        (Policy(approximate=True), "2~3명", "두세 명"),
    ],
)
def test_a_policy_changes_what_it_names(policy: Policy, text: str, spoken: str) -> None:
    assert read(text, policy=policy).spoken == spoken
