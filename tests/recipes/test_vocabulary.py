"""Pocket's vocabulary keeps the official counts and can read every syllable there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moksori.model.config import ModelConfig
from moksori.model.tokenizer import TextTokenizer
from recipes.pocket import shape
from recipes.pocket.vocabulary import CODAS, HANGUL, NUCLEI, ONSETS, Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(extra="請稍等お願いします")


@pytest.fixture(scope="module")
def tokenizer(vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory) -> TextTokenizer:
    folder: Path = tmp_path_factory.mktemp("vocabulary")
    vocabulary.write(folder)
    return TextTokenizer.load(folder, ModelConfig.from_json(shape.config(vocabulary, "base")))


def test_the_role_is_three_ids_and_the_tail_five(vocabulary: Vocabulary, tokenizer: TextTokenizer) -> None:
    framed = tokenizer.spoken("안녕하세요")
    assert len(framed.role) == 3
    assert len(framed.body) == 5
    start, assistant, line = framed.role
    assert start == vocabulary.specials["<|im_start|>"]
    assert vocabulary.tokens[assistant] == "assistant"
    assert tokenizer.plain("assistant\n") == (assistant, line)
    assert len(tokenizer.instruction("천천히")) == 3 + 3 + 2


def test_every_syllable_is_one_token_with_its_own_factors(vocabulary: Vocabulary, tokenizer: TextTokenizer) -> None:
    factors = vocabulary.factors()
    seen = set()
    for code in range(HANGUL.start, HANGUL.stop, 7):
        (token,) = tokenizer.plain(chr(code))
        onset, nucleus, coda = factors[token]
        assert (onset * NUCLEI + nucleus) * CODAS + coda == code - HANGUL.start
        seen.add(token)
    assert len(seen) == len(range(HANGUL.start, HANGUL.stop, 7))
    assert max(factor[0] for factor in factors) == ONSETS - 1


def test_decomposed_hangul_arrives_as_syllables(tokenizer: TextTokenizer) -> None:
    assert tokenizer.plain("\u1112\u1161\u11ab") == tokenizer.plain("한")


def test_characters_of_other_scripts_are_one_token_and_unknown_ones_their_bytes(tokenizer: TextTokenizer) -> None:
    for character in "あЖé請、":
        assert len(tokenizer.plain(character)) == 1
    assert len(tokenizer.plain("龘")) == 3


def test_the_files_are_the_official_kind(vocabulary: Vocabulary, tmp_path: Path) -> None:
    vocabulary.write(tmp_path)
    vocab = json.loads((tmp_path / "vocab.json").read_text(encoding="utf-8"))
    merges = (tmp_path / "merges.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(vocab.values()) == list(range(len(vocab)))
    assert all("".join(line.split()) in vocab for line in merges[1:])
    added = json.loads((tmp_path / "tokenizer_config.json").read_text())["added_tokens_decoder"]
    assert min(map(int, added)) == len(vocab)


def test_control_ids_lie_where_upstream_suppresses_them(vocabulary: Vocabulary) -> None:
    config = ModelConfig.from_json(shape.config(vocabulary, "custom_voice", ("haneul", "bora")))
    talker = config.talker
    assert talker.num_first_codes == shape.CODES
    control = {talker.pad_id, talker.bos_id, talker.eos_id, talker.think_id, talker.nothink_id, talker.think_bos_id}
    control |= {talker.think_eos_id, *talker.languages.values(), *talker.speakers.values()}
    assert len(control) == 7 + len(talker.languages) + 2
    assert min(control) >= talker.num_first_codes
    assert not config.takes_instruct
