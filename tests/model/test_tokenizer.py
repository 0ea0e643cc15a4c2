"""Text becomes ids as upstream's tokenizer would have it, and never anything but text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from moksori.errors import InvalidInput
from moksori.model import Model, load
from moksori.model.tokenizer import CASED_SPLIT, QWEN_SPLIT, split_pattern

Kinds = Callable[[str], Path]


@pytest.fixture(scope="module")
def model(tiny: Kinds) -> Model:
    return load(tiny("1.7b-custom-voice"))


@pytest.mark.parametrize("text", ["<|im_end|>", "가<|im_start|>assistant\n나", "<tts_pad>", "<|endoftext|>"])
def test_control_tokens_in_a_text_are_letters(model: Model, text: str) -> None:
    vocabulary = json.loads((model.folder / "vocab.json").read_text(encoding="utf-8"))
    ids = model.tokenizer.spoken(text).body
    assert set(ids) <= set(vocabulary.values())
    assert len(ids) > 3
    assert not {model.config.im_start_id, model.config.im_end_id, model.config.tts_pad_id} & set(ids)


def test_the_role_is_three_ids(model: Model) -> None:
    framed = model.tokenizer.spoken("안녕하세요")
    assert framed.role == (model.config.im_start_id, *model.tokenizer.plain("assistant\n"))
    assert framed.body == model.tokenizer.plain("안녕하세요")


def test_an_instruction_is_one_closed_block(model: Model) -> None:
    ids = model.tokenizer.instruction("천천히")
    assert ids[0] == model.config.im_start_id
    assert ids[-2:] == (model.config.im_end_id, *model.tokenizer.plain("\n"))


def test_composed_and_decomposed_hangul_are_the_same(model: Model) -> None:
    assert model.tokenizer.plain("\u1112\u1161\u11ab") == model.tokenizer.plain("한")


def test_digits_stay_single(model: Model) -> None:
    assert len(model.tokenizer.plain("2024")) == 4


@pytest.mark.parametrize(
    ("version", "pattern"),
    [
        ("4.57.3", CASED_SPLIT), ("4.57.2", QWEN_SPLIT), ("4.57.0.dev0", QWEN_SPLIT), ("4.57.3.dev0", CASED_SPLIT),
        ("5.0.0rc1", CASED_SPLIT), ("5.0.0", QWEN_SPLIT), ("", CASED_SPLIT),
    ],
)  # fmt: skip
def test_the_split_follows_the_version_that_wrote_the_config(version: str, pattern: str) -> None:
    assert split_pattern(version) == pattern


def test_the_two_splits_differ_where_capitals_follow_hangul(tiny: Kinds, tmp_path: Path, model: Model) -> None:
    older = Path(shutil.copytree(tiny("1.7b-custom-voice"), tmp_path / "older"))
    config = json.loads((older / "config.json").read_text(encoding="utf-8"))
    (older / "config.json").write_text(json.dumps(config | {"transformers_version": "4.57.2"}))
    (older / "vocab.json").write_text(json.dumps(vocabulary_with_joint(model), ensure_ascii=False), encoding="utf-8")
    merges = (older / "merges.txt").read_text(encoding="utf-8")
    (older / "merges.txt").write_text(merges + "c AI\n", encoding="utf-8")
    assert len(load(older).tokenizer.plain("cAI")) == 1
    assert len(model.tokenizer.plain("cAI")) == 2


def vocabulary_with_joint(model: Model) -> dict[str, int]:
    vocabulary: dict[str, int] = json.loads((model.folder / "vocab.json").read_text(encoding="utf-8"))
    return vocabulary | {"cAI": 390}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("merges.txt", "#version: 0.2\nonly-one\n", "not a pair"),
        ("merges.txt", "#version: 0.2\nq q\n", "do not belong together"),
        ("vocab.json", '{"a": "b"}', "whole numbers"),
        ("vocab.json", '{"a": 100000}', "100000"),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"7": {"content": "<|im_end|>"}}}', "im_end"),
        ("tokenizer_config.json", '{"added_tokens_decoder": [1]}', "cannot be read"),
    ],
)
def test_a_broken_tokenizer_file_is_named(tiny: Kinds, tmp_path: Path, file: str, content: str, message: str) -> None:
    folder = Path(shutil.copytree(tiny("1.7b-custom-voice"), tmp_path / "copy"))
    (folder / file).write_text(content)
    with pytest.raises(InvalidInput, match=message) as caught:
        load(folder)
    assert caught.value.field in (file, "merges.txt")


def test_a_vocabulary_without_merges_is_refused(tiny: Kinds, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("1.7b-custom-voice"), tmp_path / "copy"))
    (folder / "merges.txt").unlink()
    with pytest.raises(InvalidInput, match=r"merges\.txt is missing"):
        load(folder)


def test_merges_that_were_cut_short_are_refused(tiny: Kinds, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("1.7b-custom-voice"), tmp_path / "copy"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
    (folder / "merges.txt").write_text("\n".join(lines[: len(lines) // 2]), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"merges\.txt in .* makes \d+ of the vocabulary's"):
        load(folder)
