"""What learns: adapters as PEFT scales them, a new language's row, and the gauge of what rounding would lose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from moksori.errors import InvalidInput
from moksori.model import Model, load
from moksori.training.settings import Language, Lora, Settings
from moksori.training.trainable import Dropping, add_language, choose, lost_share

SETTINGS = Settings(model="m", data="d", output="o", speaker="s")


@pytest.fixture
def model(base: Path) -> Model:
    return load(base)


def test_an_adapter_covers_attention_and_mlp_of_the_talker_alone(model: Model) -> None:
    learning = choose(model, SETTINGS, [])
    layers = model.config.talker.stack.num_layers
    assert len(learning.pairs) == 7 * layers
    assert all(path.startswith("layers.") for path in learning.pairs)
    assert {p for p in model.talker.parameters() if p.requires_grad} == set(learning.parameters)
    assert not any(p.requires_grad for p in model.predictor.parameters())
    assert not learning.predictor


@pytest.mark.parametrize(("rslora", "scaling"), [(False, 2.0), (True, 8.0)])
def test_rank_stabilised_scaling_divides_by_the_root(model: Model, rslora: bool, scaling: float) -> None:
    settings = replace(SETTINGS, lora=Lora(rank=16, alpha=32, rslora=rslora, targets=("q_proj",)))
    learning = choose(model, settings, [])
    assert {pair.scaling for pair in learning.pairs.values()} == {scaling}
    assert {pair.down.shape[0] for pair in learning.pairs.values()} == {16}


def test_dropout_is_on_the_narrow_path_and_only_while_it_learns(model: Model) -> None:
    learning = choose(model, replace(SETTINGS, lora=Lora(dropout=0.5)), [])
    linear = learning.pairs["layers.0.self_attn.q_proj"]
    assert isinstance(linear, Dropping)
    with torch.no_grad():
        linear.up.normal_()
    x = torch.randn(2, linear.base.in_features)
    linear.train()
    assert not torch.equal(linear(x), linear(x))
    linear.eval()
    assert torch.equal(linear(x), linear(x))


def test_a_target_that_is_not_there_is_named(model: Model) -> None:
    with pytest.raises(InvalidInput, match="query") as error:
        choose(model, replace(SETTINGS, lora=Lora(targets=("query",))), [])
    assert "q_proj" in error.value.hint


def test_a_new_language_starts_as_the_mean_of_its_relatives_on_a_row_that_meant_nothing(model: Model) -> None:
    talker = model.config.talker
    known, table = dict(talker.languages), model.talker.codec_embedding.weight.detach().clone()
    row = add_language(model, Language("Klingon", ("korean", "japanese")))
    relatives = [known["korean"], known["japanese"]]
    torch.testing.assert_close(model.talker.codec_embedding.weight[row], table[relatives].mean(0))
    assert row not in {*known.values(), *talker.speakers.values()}
    assert row >= talker.num_first_codes
    assert model.config.talker.languages == {**known, "klingon": row}
    assert add_language(model, Language("klingon", ("korean",))) == row, "there is one row for a name"
    with pytest.raises(InvalidInput, match="'elvish'"):
        add_language(model, Language("dwarvish", ("elvish",)))


def test_the_gauge_counts_changes_that_bfloat16_would_not_show() -> None:
    before = [torch.full((100,), 1.0)]
    small = [before[0] + torch.cat([torch.full((75,), 1e-4), torch.zeros(25)])]
    assert lost_share(before, small) == 1.0, "a ten-thousandth of 1 is rounded away; what did not change does not count"
    assert lost_share(before, [before[0] + 0.1]) == 0.0
    half = [torch.cat([before[0][:50] + 1e-4, before[0][50:] + 0.1])]
    assert lost_share(before, half) == 0.5
    assert lost_share(before, before) == 0.0
