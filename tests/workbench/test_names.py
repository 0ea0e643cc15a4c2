import pytest
from hypothesis import given
from hypothesis import strategies as st

from moksori.errors import InvalidInput
from moksori.workbench import names

VALUES = {
    "n": 7, "row": 2, "column": 1, "label": "시작", "voice": "서연", "preset": "", "seed": 99, "text": "안녕하세요?",
    "take": 5, "date": "2026-11-20",
}  # fmt: skip


def test_a_template_is_filled() -> None:
    assert names.fill("{n:03}_{voice}_{text}", VALUES) == "007_서연_안녕하세요"
    assert names.fill("{date} {label}-{seed}", VALUES) == "2026-11-20 시작-99"


@pytest.mark.parametrize(
    "template", ["{x}", "{n", "n}", "{}", "{n.__class__}", "{n:x}", "{text:03}", "{n!r}", "{0}", "", "  ", "{n:99999}"]
)
def test_a_template_is_no_program(template: str) -> None:
    with pytest.raises(InvalidInput):
        names.check(template)


@given(st.text())
def test_a_clean_name_leads_nowhere_and_stays_clean(name: str) -> None:
    clean = names.clean(name)
    assert clean
    assert len(clean) <= names.LONGEST + 1
    assert not set(clean) & set('/\\:*?"<>|\0\n')
    assert clean not in (".", "..")
    assert not clean.startswith((".", " "))
    assert names.clean(clean) == clean
    clean.encode("utf-8")


@pytest.mark.parametrize("name", ["CON", "nul.txt", "com1", "LPT9.wav"])
def test_names_that_windows_reserves_are_avoided(name: str) -> None:
    assert names.clean(name).startswith("_")


def test_equal_names_are_numbered_also_in_another_case() -> None:
    assert names.unique(["a", "A", "a", "b"], ".wav") == ["a.wav", "A (2).wav", "a (3).wav", "b.wav"]
    assert names.unique(["a", "a (2)", "a"], "") == ["a", "a (2)", "a (3)"]
