"""A checkpoint loads completely, by its released names, or says what is wrong with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from moksori.errors import InvalidInput, NotFound
from moksori.model import load
from moksori.model.checkpoint import official_tensors

Kinds = Callable[[str], Path]


@pytest.fixture
def copy(tiny: Kinds, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny("1.7b-base"), tmp_path / "copy"))


def rewrite(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize("kind", ["0.6b-base", "1.7b-voice-design"])
def test_every_tensor_is_used_under_its_released_name(tiny: Kinds, kind: str) -> None:
    model = load(tiny(kind), strict=True)
    released = load_file(tiny(kind) / "model.safetensors")
    ours = dict(official_tensors(model))
    assert set(ours) == set(released)
    assert all(torch.equal(ours[name], released[name]) for name in released)
    assert model.warnings == ()


def test_weights_are_mapped_and_need_no_gradients(tiny: Kinds) -> None:
    model = load(tiny("0.6b-custom-voice"))
    parameters = list(model.talker.parameters()) + list(model.predictor.parameters())
    assert not any(parameter.requires_grad or parameter.is_meta for parameter in parameters)
    assert not model.talker.training
    assert mapped_file(model.talker.norm.weight).endswith("model.safetensors"), "a view of the file, not a copy"


def mapped_file(tensor: torch.Tensor) -> str:
    """The file behind a tensor's memory, as Linux tells it."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("only Linux tells what memory is mapped")
    for line in maps.read_text().splitlines():
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if start <= tensor.data_ptr() < end:
            return line.split()[-1]
    return ""


def test_precision_is_the_callers_but_never_the_speaker_encoders(tiny: Kinds) -> None:
    model = load(tiny("0.6b-base"), dtype=torch.bfloat16)
    assert model.talker.norm.weight.dtype == model.predictor.norm.weight.dtype == torch.bfloat16
    assert model.speaker_encoder is not None
    assert model.speaker_encoder.fc.weight.dtype == torch.float32


@pytest.mark.parametrize(
    "name",
    [
        "talker.model.layers.1.self_attn.k_norm.weight",
        "talker.text_projection.linear_fc2.bias",
        "talker.code_predictor.lm_head.4.weight",
        "talker.code_predictor.small_to_mtp_projection.bias",
        "speaker_encoder.asp.tdnn.conv.bias",
    ],
)
def test_a_missing_tensor_is_an_error_that_names_it(copy: Path, name: str) -> None:
    rewrite(copy, lambda tensors: tensors.update({name + "_renamed": tensors.pop(name)}))
    with pytest.raises(InvalidInput, match=name.replace(".", r"\.")) as caught:
        load(copy)
    assert (caught.value.code, caught.value.field) == ("missing_tensor", name)


def test_a_tensor_that_nothing_uses_is_a_warning_or_with_strict_an_error(copy: Path) -> None:
    rewrite(copy, lambda tensors: tensors.update({"talker.model.extra.weight": torch.ones(2)}))
    assert load(copy).warnings == ("Unused tensor: talker.model.extra.weight",)
    with pytest.raises(InvalidInput, match=r"talker\.model\.extra\.weight"):
        load(copy, strict=True)


def test_tensors_known_to_be_unused_are_no_warning(tiny: Kinds, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("1.7b-custom-voice"), tmp_path / "copy"))
    extra = {"talker.model.rotary_emb.inv_freq": torch.ones(8), "speaker_encoder.fc.bias": torch.ones(96)}
    rewrite(folder, lambda tensors: tensors.update(extra))
    assert load(folder, strict=True).warnings == ()


@pytest.mark.parametrize("dtype", [torch.int8, torch.float64, torch.float8_e4m3fn])
def test_a_tensor_of_the_wrong_kind_is_named(copy: Path, dtype: torch.dtype) -> None:
    name = "talker.model.layers.0.mlp.up_proj.weight"
    rewrite(copy, lambda tensors: tensors.update({name: tensors[name].to(dtype)}))
    with pytest.raises(InvalidInput, match=r"layers\.0\.mlp\.up_proj") as caught:
        load(copy)
    assert caught.value.code == "wrong_dtype"


def test_half_precision_weights_load_as_they_are(copy: Path) -> None:
    before = dict(official_tensors(load(copy)))
    rewrite(copy, lambda tensors: tensors.update({n: t.bfloat16() for n, t in tensors.items()}))
    after = dict(official_tensors(load(copy)))
    assert all(torch.equal(after[name], before[name].bfloat16().float()) for name in before)


def test_a_tensor_of_another_shape_is_named_with_both(copy: Path) -> None:
    rewrite(copy, lambda tensors: tensors.update({"talker.codec_head.weight": torch.ones(3, 96)}))
    with pytest.raises(InvalidInput, match=r"codec_head.*\(3, 96\).*\(1152, 96\)"):
        load(copy)


@pytest.mark.parametrize("file", ["model.safetensors", "speech_tokenizer/model.safetensors"])
@pytest.mark.parametrize("keep", [0, 5, 1000, 0.5, -1])
def test_a_file_that_was_cut_short_is_named(copy: Path, file: str, keep: float) -> None:
    data = (copy / file).read_bytes()
    (copy / file).write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(InvalidInput, match=r"model\.safetensors is broken or cut short"):
        load(copy)


@pytest.mark.parametrize(
    "file",
    ["config.json", "model.safetensors", "vocab.json", "merges.txt", "speech_tokenizer/config.json"],
)
def test_a_missing_file_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(InvalidInput, match=Path(file).name):
        load(copy)


@pytest.mark.parametrize(
    "file", ["config.json", "vocab.json", "generation_config.json", "speech_tokenizer/config.json"]
)
def test_a_file_that_is_not_json_is_named(copy: Path, file: str) -> None:
    (copy / file).write_text("{'no'")
    with pytest.raises(InvalidInput, match=Path(file).name):
        load(copy)


def test_the_weights_of_another_size_are_refused(copy: Path, tiny: Kinds) -> None:
    shutil.copy(tiny("0.6b-base") / "model.safetensors", copy)
    with pytest.raises(InvalidInput, match="config"):
        load(copy)


def test_the_codec_of_another_model_is_refused(copy: Path, tiny: Kinds) -> None:
    shutil.rmtree(copy / "speech_tokenizer")
    shutil.copytree(tiny("0.6b-base") / "speech_tokenizer", copy / "speech_tokenizer")
    with pytest.raises(InvalidInput, match="6 codes a frame"):
        load(copy)


def test_a_checkpoint_in_several_files_equals_the_one_in_one(copy: Path) -> None:
    whole = load_file(copy / "model.safetensors")
    before = dict(official_tensors(load(copy)))
    names = sorted(whole)
    parts = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for file, chosen in parts.items():
        save_file({name: whole[name] for name in chosen}, copy / file)
    index = {"weight_map": {name: file for file, chosen in parts.items() for name in chosen}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    (copy / "model.safetensors").unlink()
    after = dict(official_tensors(load(copy, strict=True)))
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_the_hash_is_of_everything_that_is_computed_with(copy: Path) -> None:
    before = load(copy).sha256
    (copy / "README.md").write_text("irrelevant")
    assert load(copy).sha256 == before
    rewrite(copy, lambda tensors: tensors["talker.model.norm.weight"].add_(1e-3))
    assert load(copy).sha256 != before


def test_generation_config_beats_the_defaults(copy: Path) -> None:
    settings = {"do_sample": True, "temperature": 0.7, "subtalker_dosample": False, "max_new_tokens": 100}
    (copy / "generation_config.json").write_text(json.dumps(settings))
    model = load(copy)
    assert (model.sampling.temperature, model.sampling.predictor_temperature, model.sampling.top_k) == (0.7, 0.0, 50)
    assert model.max_frames == 99


def test_a_name_that_is_nothing_says_what_there_is() -> None:
    with pytest.raises(NotFound):
        load("no-such-model")
