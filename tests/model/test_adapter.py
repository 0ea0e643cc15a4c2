"""LoRA: nothing at 0, PEFT's numbers at 1, PEFT's files both ways."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from moksori.errors import Conflict, InvalidInput
from moksori.model import Model
from moksori.model.adapter import CONFIG, WEIGHTS, Adapter, LoraLinear, Pair, attach, trainable

PATHS = [f"layers.{k}.{name}" for k in range(3) for name in ("self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj")]


@pytest.fixture
def model(models) -> Model:
    found: Model = models("1.7b-base")
    return found


@pytest.fixture
def adapter(model: Model) -> Adapter:
    fresh = trainable(model.talker, PATHS, rank=4, scaling=2.0, seed=5)
    generator = torch.Generator().manual_seed(6)
    trained = {
        path: Pair(pair.down, 0.1 * torch.randn(pair.up.shape, generator=generator), pair.scaling)
        for path, pair in fresh.pairs.items()
    }
    return Adapter(trained)


def speak(model: Model) -> torch.Tensor:
    sequence = torch.randn(1, 9, 96, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        found: torch.Tensor = model.talker(sequence)
    return found


def test_at_scale_0_it_is_the_base_bit_for_bit_and_detached_too(model: Model, adapter: Adapter) -> None:
    base = speak(model)
    attached = attach(model.talker, adapter, 0.0)
    try:
        assert speak(model).equal(base)
        attached.scale = 1.0
        assert (speak(model) - base).abs().max() > 0.1
        attached.scale = 0.0
        assert speak(model).equal(base)
    finally:
        attached.detach()
    assert speak(model).equal(base)
    assert not any(isinstance(module, LoraLinear) for module in model.talker.modules())


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.5])
def test_beside_the_weights_equals_merged_into_them(model: Model, adapter: Adapter, scale: float) -> None:
    attached = attach(model.talker, adapter, scale)
    beside = speak(model)
    attached.detach()
    linears = {path: model.talker.get_submodule(path) for path in adapter.pairs}
    originals = {path: linear.weight.data for path, linear in linears.items()}
    for path, linear in linears.items():
        linear.weight.data = adapter.pairs[path].merged(linear.weight.data, scale)
    merged = speak(model)
    for path, linear in linears.items():
        linear.weight.data = originals[path]
    torch.testing.assert_close(beside, merged, atol=1e-4, rtol=0)


def test_a_fresh_adapter_changes_nothing(model: Model) -> None:
    base = speak(model)
    attached = attach(model.talker, trainable(model.talker, PATHS, rank=2, scaling=1.0, seed=0))
    torch.testing.assert_close(speak(model), base, atol=0, rtol=0)
    attached.detach()


def test_files_come_back_as_they_were(model: Model, adapter: Adapter, tmp_path: Path) -> None:
    adapter.save(tmp_path, rank=4, alpha=8)
    again = Adapter.load(tmp_path)
    assert set(again.pairs) == set(adapter.pairs)
    for path, pair in adapter.pairs.items():
        assert again.pairs[path].down.equal(pair.down)
        assert again.pairs[path].up.equal(pair.up)
        assert again.pairs[path].scaling == 2.0


@pytest.mark.parametrize("rslora", [False, True])
def test_peft_computes_the_same_from_its_own_files(model: Model, tmp_path: Path, rslora: bool) -> None:
    peft = pytest.importorskip("peft")
    target = r"layers\.\d+\.(self_attn\.(q|o)_proj|mlp\.up_proj)"
    config = peft.LoraConfig(r=4, lora_alpha=6, target_modules=target, use_rslora=rslora, init_lora_weights=False)
    wrapped = peft.get_peft_model(model.talker, config)
    wrapped.save_pretrained(tmp_path)
    sequence = torch.randn(1, 9, 96, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        theirs = wrapped(sequence)
    wrapped.unload()
    attached = attach(model.talker, Adapter.load(tmp_path))
    ours = speak(model)
    attached.detach()
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"use_dora": True}, "use_dora"), ({"bias": "all"}, "bias"), ({"modules_to_save": ["x"]}, "modules_to_save"),
        ({"r": 8}, "rank 4"), ({"peft_type": "IA3"}, "LoRA"), ({"rank_pattern": {"q": 2}}, "rank_pattern"),
    ],
)  # fmt: skip
def test_a_kind_that_is_not_computed_is_refused_by_name(
    adapter: Adapter, tmp_path: Path, change: dict[str, object], named: str
) -> None:
    adapter.save(tmp_path, rank=4, alpha=8)
    config = json.loads((tmp_path / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps(config | change))
    with pytest.raises(InvalidInput, match=named):
        Adapter.load(tmp_path)


def test_broken_and_strange_files_are_refused(adapter: Adapter, tmp_path: Path) -> None:
    adapter.save(tmp_path, rank=4, alpha=8)
    tensors = load_file(tmp_path / WEIGHTS)
    (tmp_path / WEIGHTS).write_bytes((tmp_path / WEIGHTS).read_bytes()[:-50])
    with pytest.raises(InvalidInput, match="cannot be read"):
        Adapter.load(tmp_path)
    name = next(iter(tensors))
    save_file({n: t for n, t in tensors.items() if n != name}, tmp_path / WEIGHTS)
    with pytest.raises(InvalidInput, match="half"):
        Adapter.load(tmp_path)
    strange = "base_model.model.code_predictor.model.layers.0.mlp.up_proj.lora_A.weight"
    save_file(tensors | {strange: torch.ones(4, 4)}, tmp_path / WEIGHTS)
    with pytest.raises(InvalidInput, match="code_predictor"):
        Adapter.load(tmp_path)


def test_an_adapter_of_another_model_or_size_is_refused(model: Model, models, adapter: Adapter) -> None:
    with pytest.raises(InvalidInput, match="another size"):
        attach(models("0.6b-base").talker, adapter)
    with pytest.raises(InvalidInput, match="does not have"):
        attach(model.talker, Adapter({"layers.9.mlp.up_proj": next(iter(adapter.pairs.values()))}))


def test_one_at_a_time_and_no_scale_beyond_the_range(model: Model, adapter: Adapter) -> None:
    attached = attach(model.talker, adapter)
    with pytest.raises(Conflict):
        attach(model.talker, adapter)
    for scale in (-0.1, 1.51, float("nan")):
        with pytest.raises(InvalidInput):
            attached.scale = scale
    attached.detach()
