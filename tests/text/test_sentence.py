"""Sentences: where they end, how long they may be, what repeats, where pauses go."""

import importlib.util
from pathlib import Path

import pytest

from moksori.errors import Unavailable
from moksori.text import Pause, Policy, Sentence, read, split, syllables
from moksori.text.boundary import boundaries

SPLITS = Path(__file__).parent / "splits.tsv"


def spoken(text: str, **options: object) -> list[tuple[str, int, float | None]]:
    pieces = read(text, **options).sentences  # type: ignore[arg-type]
    return [(p.spoken, p.repeat, p.pause_after) if isinstance(p, Sentence) else ("", 0, p.seconds) for p in pieces]


def annotated() -> list[tuple[str, set[int]]]:
    found = []
    for line in SPLITS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            parts, at, gold = line.split("‖"), 0, set()
            for part in parts[:-1]:
                at += len(part)
                gold.add(len("".join(parts)[:at].rstrip()))
            found.append(("".join(parts), gold))
    return found


def test_boundaries_agree_with_the_annotated_set() -> None:
    hit = extra = missed = 0
    for text, gold in annotated():
        protected = [edit.src for edit in read(text).edits if edit.kind not in ("particle", "markup", "drop")]
        got = {len(text[:end].rstrip()) for end in boundaries(text, protected)}
        hit, extra, missed = hit + len(got & gold), extra + len(got - gold), missed + len(gold - got)
    assert 2 * hit / (2 * hit + extra + missed) >= 0.9


@pytest.mark.parametrize(
    "text",
    [
        "그는 “좋아. 가자.”라고 말했다.",
        "원주율은 3.14이고 무게는 2.5kg이다.",
        "2026. 3. 5. 오후에 www.example.co.kr에서 봅니다.",
        "Dr. Kim은 U.S. 오픈에 갔다.",
        "가격(세금 별도. 배송비 포함.)은 같다.",
        "1. 신청서를 쓴다",
        "음… 잘 모르겠네",
    ],
)
def test_quotes_decimals_dates_addresses_and_abbreviations_never_split(text: str) -> None:
    assert len(read(text).sentences) == 1


@pytest.mark.parametrize("text", ["", " \n ", "😀", "…", "<|im_end|>"])
def test_nothing_to_say_gives_no_sentence(text: str) -> None:
    assert read(text).sentences == ()


def test_a_sentence_knows_its_written_and_spoken_text() -> None:
    first, second = read("😀 3층입니다. 내려 주세요!").sentences
    assert isinstance(second, Sentence)
    assert (first.written, first.spoken, first.src, first.src16) == ("😀 3층입니다.", "삼층입니다.", (0, 8), (0, 9))  # type: ignore[union-attr]
    assert (second.written, second.spoken, second.src, second.out) == ("내려 주세요!", "내려 주세요!", (9, 16), (8, 15))


def test_literal_repetition_becomes_one_unit_with_a_count() -> None:
    assert spoken("문이 닫힙니다. 문이 닫힙니다. 문이 닫힙니다. 안녕히 가세요.") == [
        ("문이 닫힙니다.", 3, None),
        ("안녕히 가세요.", 1, None),
    ]
    assert len(spoken("네. 네.", policy=Policy(repeats=False))) == 2


def test_marked_repetition_becomes_one_unit_with_a_count_and_a_pause() -> None:
    assert spoken("[repeat 3]대피하세요.[/repeat][pause 500ms]끝.") == [("대피하세요.", 3, 0.5), ("끝.", 1, None)]
    assert spoken("[repeat 2]불이야. 대피하세요.[/repeat]") == [("불이야. 대피하세요.", 2, None)]


def test_a_repeated_group_too_long_for_one_unit_is_said_in_turn() -> None:
    text = "[repeat 2]" + "가나다라마바사아자차 " * 6 + "했다. " + "하하호호히히 " * 8 + "했다.[/repeat]"
    assert [count for _, count, _ in spoken(text)] == [1, 1, 1, 1]


def test_pauses_stand_where_they_are_written() -> None:
    assert spoken("[pause 1s]하나 [pause 200ms][break]둘") == [("", 0, 1.0), ("하나", 1, 0.7), ("둘", 1, None)]
    assert isinstance(read("[pause 1s]").sentences[0], Pause)


def test_a_paragraph_has_its_own_pause_when_asked() -> None:
    assert spoken("하나\n\n둘", policy=Policy(paragraph_pause=1.5)) == [("하나", 1, 1.5), ("둘", 1, None)]


@pytest.mark.parametrize("limit", [10, 25, 60])
def test_no_sentence_is_longer_than_the_limit(limit: int) -> None:
    text = "아침에 일어나서 물을 마시고, 창문을 열었는데 비가 와서 우산을 들고 나갔지만 " * 3 + "가" * 100 + " 끝났다."
    pieces = [piece for piece in split(read(text), limit) if isinstance(piece, Sentence)]
    assert all(syllables(piece.spoken) <= limit for piece in pieces)
    assert "".join("".join(piece.spoken.split()) for piece in pieces) == "".join(text.split())


def test_a_long_sentence_is_cut_at_commas_before_connectives_before_spaces() -> None:
    comma = [p.spoken for p in split(read("비가 오고 바람이 불어서, 우리는 집에 있었다."), 12)]  # type: ignore[union-attr]
    assert comma == ["비가 오고 바람이 불어서,", "우리는 집에 있었다."]
    connective = [p.spoken for p in split(read("비가 오고 바람이 불어서 우리는 집에 있었다."), 12)]  # type: ignore[union-attr]
    assert connective == ["비가 오고 바람이 불어서", "우리는 집에 있었다."]


def test_an_edit_is_never_cut() -> None:
    pieces = split(read("1,234,567,890,123원"), 10)
    assert [piece.written for piece in pieces if isinstance(piece, Sentence)] == ["1,234,567,890,123원"]


def test_the_other_analyser_says_what_to_install() -> None:
    if importlib.util.find_spec("kiwipiepy"):
        pytest.skip("kiwipiepy is installed; what it does is tested below")
    with pytest.raises(Unavailable, match="kiwipiepy") as raised:
        split(read("가"), analyser="kiwi")
    assert "moksori[sentences]" in (raised.value.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "오늘 날씨 진짜 좋네 나 지금 공원 나왔어 너도 빨리 나와",
        "밥은 먹었니 나는 아직 못 먹었다 이따가 같이 먹자",
        "😀 3층으로 와 주세요 엘리베이터는 오른쪽에 있어요",
    ],
)
def test_kiwi_cuts_text_without_punctuation(text: str) -> None:
    pytest.importorskip("kiwipiepy", reason="moksori[sentences] is not installed: kiwipiepy is not tested")
    pieces = [piece for piece in read(text, policy=Policy(sentences="kiwi")).sentences if isinstance(piece, Sentence)]
    assert len(pieces) >= 2  # where exactly is the business of its model
    assert "".join("".join(piece.written.split()) for piece in pieces) == "".join(text.split())
    assert all(text[slice(*piece.src)] == piece.written for piece in pieces)


@pytest.mark.parametrize(
    "text", ["가\ud800나 했다 집에 갔다", "", "\x00\u200b", "010-1234-5678로 전화 주세요 2026. 3. 5. 봅시다"]
)
def test_kiwi_never_raises_and_never_cuts_an_edit(text: str) -> None:
    pytest.importorskip("kiwipiepy", reason="moksori[sentences] is not installed: kiwipiepy is not tested")
    reading = read(text, policy=Policy(sentences="kiwi"))
    ends = {end for piece in reading.sentences for end in piece.src}
    assert not any(edit.src[0] < end < edit.src[1] for edit in reading.edits for end in ends)
