"""The script: units, their seeds, pauses and repetitions, before any compute."""

from __future__ import annotations

import pytest

from moksori.errors import InvalidInput
from moksori.script import MAX_CHARACTERS, Script, Settings, unit_seed, write


def script(written: str, seed: int = 1, **settings: object) -> Script:
    return write(written, settings=Settings(**settings), seed=seed)  # type: ignore[arg-type]


def test_each_sentence_is_a_unit_with_a_seed_of_its_own() -> None:
    units = script("첫 문장입니다. 둘째 문장입니다.").units
    assert [u.spoken for u in units] == ["첫 문장입니다.", "둘째 문장입니다."]
    assert units[0].seed != units[1].seed


def test_inserting_a_sentence_leaves_the_seeds_of_the_others() -> None:
    before = {u.spoken: u.seed for u in script("하나입니다. 셋입니다.").units}
    after = {u.spoken: u.seed for u in script("하나입니다. 둘입니다. 셋입니다.").units}
    assert before.items() <= after.items()


def test_the_same_sentence_apart_gets_another_seed_each_time() -> None:
    units = script("문이 열립니다. 다음은 여기입니다. 문이 열립니다.").units
    assert units[0].spoken == units[2].spoken
    assert units[0].seed != units[2].seed


def test_another_seed_changes_every_unit() -> None:
    one, two = script("가나다. 라마바.", seed=1).units, script("가나다. 라마바.", seed=2).units
    assert all(a.seed != b.seed for a, b in zip(one, two, strict=True))


def test_the_seed_of_a_unit_never_changes_between_versions() -> None:
    assert unit_seed(8123, "안녕하세요.", 0) == 319_013_603  # a clip made today must come out next year


def test_a_repeated_phrase_is_one_unit_with_a_count() -> None:
    units = script("[repeat 3]문이 열립니다.[/repeat]").units
    assert [(u.spoken, u.count) for u in units] == [("문이 열립니다.", 3)]


def test_pauses_of_the_text_win_over_the_setting() -> None:
    first, second = script("하나입니다. [pause 700ms] 둘입니다.", pause_s=0.3).units
    assert first.pause_after_s == pytest.approx(0.7)
    assert second.pause_after_s == 0.0


def test_the_setting_is_the_pause_between_sentences() -> None:
    first, second = script("하나입니다. 둘입니다.", pause_s=0.3).units
    assert (first.pause_after_s, second.pause_after_s) == (0.3, 0.0)


def test_what_is_spoken_is_counted_in_spoken_syllables() -> None:
    (unit,) = script("2만 원").units
    assert (unit.spoken.replace(" ", ""), unit.syllables) == ("이만원", 3)


@pytest.mark.parametrize("written", ["", "   \n", "😀😀", "...!?"])
def test_text_without_anything_to_speak_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput, match=r"[Ww]rite"):
        script(written)


def test_text_over_the_limit_is_refused_naming_it() -> None:
    with pytest.raises(InvalidInput, match="100,000"):
        script("가" * (MAX_CHARACTERS + 1))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(InvalidInput, match="seed"):
        script("가", seed=seed)


def test_an_unknown_policy_key_is_refused() -> None:
    with pytest.raises(InvalidInput, match="tone"):
        script("가", policy={"tone": "x"})
