"""Packs: whole or not there, refused where they do not fit, merged into two checkpoints that load."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.model import Model, VoicePrompt, build, load
from moksori.model.adapter import Adapter, attach, trainable
from moksori.model.checkpoint import official_tensors
from moksori.model.reference import generate
from moksori.model.talker import Talker
from moksori.training.pack import About, Pack, merge, preset_name, recommend, write_checkpoint


@pytest.fixture(scope="module")
def model(base: Path) -> Model:
    return load(base)


def pack(model: Model) -> Pack:
    paths = [n for n, m in model.talker.named_modules() if n.endswith(("q_proj", "down_proj"))]
    adapter = trainable(model.talker, paths, 4, 2.0, seed=1)
    for pair in adapter.pairs.values():
        pair.up.normal_(std=0.5)
    vector = np.random.default_rng(1).normal(size=64).astype(np.float32)
    return Pack(About("mina", model.name, model.sha256, consent="her own"), vector, adapter)


def spoken(model: Model, voice: VoicePrompt) -> torch.Tensor:
    return generate(model, build(model, "안녕하세요 voice", voice, "korean"), model.sampling.greedy, max_frames=6).codes


def test_what_is_saved_is_loaded(model: Model, tmp_path: Path) -> None:
    made = pack(model)
    made.save(tmp_path / "mina", rank=4, alpha=8.0)
    again = Pack.load(tmp_path / "mina")
    assert again.about == made.about
    assert np.array_equal(again.vector, made.vector)
    assert again.adapter is not None
    assert made.adapter is not None
    assert set(again.adapter.pairs) == set(made.adapter.pairs)
    for path, pair in again.adapter.pairs.items():
        assert torch.equal(pair.up, made.adapter.pairs[path].up)
        assert pair.scaling == 2.0
    assert not list(tmp_path.glob(".*")), "no draft is left"


class Official(torch.nn.Module):
    """The talker under the name that the official one has for it."""

    def __init__(self, talker: Talker) -> None:
        super().__init__()
        self.model = talker


@pytest.mark.filterwarnings("ignore")
def test_peft_loads_a_packs_adapter_and_computes_the_same(base: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    ours, theirs = load(base), load(base)
    made = pack(ours)
    made.save(tmp_path / "mina", rank=4, alpha=8.0)
    wrapped = PeftModel.from_pretrained(Official(theirs.talker), str(tmp_path / "mina"))
    x = torch.randn(1, 5, ours.config.talker.stack.hidden_size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        plain = ours.talker(x)
        assert made.adapter is not None
        attach(ours.talker, made.adapter)
        torch.testing.assert_close(wrapped.base_model.model.model(x), ours.talker(x))
        assert not torch.allclose(plain, ours.talker(x), atol=1e-3)


def test_a_merge_from_bfloat16_weights_is_the_merge_from_float32_ones(base: Path, tmp_path: Path) -> None:
    """Where they are stored in bfloat16 the larger copy would be of no use."""
    made = pack(load(base))
    stored = write_bfloat16(base, tmp_path / "stored")
    for name, dtype in (("half", torch.bfloat16), ("whole", torch.float32)):
        merge(made, load(stored, dtype=dtype), tmp_path / name, scale=0.7)
    for kind in ("base", "custom_voice"):
        files = [tmp_path / name / kind / "model.safetensors" for name in ("half", "whole")]
        assert files[0].read_bytes() == files[1].read_bytes()


def write_bfloat16(base: Path, target: Path) -> Path:
    model = load(base)
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    write_checkpoint(target, model, config, dict(official_tensors(model)))
    return target


def test_listening_writes_the_strength_it_recommends_into_the_pack(model: Model, tmp_path: Path) -> None:
    pack(model).save(tmp_path / "mina", rank=4, alpha=8.0)
    recommend(tmp_path / "mina", 0.35, {"timbre": 0.5})
    again = Pack.load(tmp_path / "mina")
    assert (again.about.scale, again.about.metrics) == (0.35, {"timbre": 0.5})
    assert again.about.consent == "her own"
    assert not list((tmp_path / "mina").glob(".*"))


def test_a_voice_may_have_a_korean_name_and_none_that_leaves_its_folder() -> None:
    assert preset_name("미나") == "미나"
    assert preset_name("Mina-2") == "mina-2"
    for name in ("", "a/b", "..", "two words", "x" * 80):
        with pytest.raises(InvalidInput, match="name of a voice"):
            preset_name(name)


def test_merging_gives_a_preset_beside_the_old_ones_and_a_base_that_still_clones(model: Model, tmp_path: Path) -> None:
    made = pack(model)
    custom_folder, base_folder = merge(made, model, tmp_path / "merged", scale=1.0)
    custom, base = load(custom_folder, strict=True), load(base_folder, strict=True)
    assert base.speaker_encoder is not None
    assert custom.config.kind == "custom_voice"
    assert set(custom.config.talker.speakers) == {*model.config.talker.speakers, "mina"}
    row = custom.config.talker.speakers["mina"]
    assert row not in custom.config.talker.languages.values()
    expected = torch.from_numpy(made.vector).bfloat16().float()
    assert torch.equal(custom.talker.codec_embedding.weight[row], expected)
    attached = attach(model.talker, made.adapter) if made.adapter else None
    assert attached is not None
    merged = base.talker.layers[0].self_attn.q_proj.weight
    linear = model.talker.layers[0].self_attn.q_proj
    wanted = made.adapter.pairs["layers.0.self_attn.q_proj"].merged(linear.base.weight, 1.0)  # type: ignore[union-attr]
    torch.testing.assert_close(merged, wanted.bfloat16().float())
    attached.detach()
    same = spoken(base, VoicePrompt("vector", vector=expected.numpy()))
    assert torch.equal(spoken(custom, VoicePrompt.preset("Mina")), same)


def test_merging_at_scale_zero_is_the_base_in_bfloat16(model: Model, tmp_path: Path) -> None:
    _, base_folder = merge(pack(model), model, tmp_path / "merged", scale=0.0)
    plain, merged = load(model.folder), load(base_folder)
    for (name, a), b in zip(plain.talker.state_dict().items(), merged.talker.state_dict().values(), strict=True):
        assert torch.equal(a.bfloat16().float(), b), name


def test_a_pack_of_another_size_or_of_other_weights_is_named(model: Model) -> None:
    made = pack(model)
    short = Pack(made.about, made.vector[:10], None)
    with pytest.raises(InvalidInput, match="10 numbers"):
        short.check(model)
    other = Pack(About("mina", "another", "0" * 64), made.vector, None)
    assert "other weights" in other.check(model)[0]


def test_broken_packs_say_which_file(model: Model, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no voice pack"):
        Pack.load(tmp_path)
    pack(model).save(tmp_path / "mina", rank=4, alpha=8.0)
    (tmp_path / "mina" / "speaker_embedding.safetensors").write_bytes(b"x")
    with pytest.raises(InvalidInput, match="speaker_embedding"):
        Pack.load(tmp_path / "mina")
    about = json.loads((tmp_path / "mina" / "voice.json").read_text())
    (tmp_path / "mina" / "voice.json").write_text(json.dumps(about | {"mystery": 1}))
    with pytest.raises(InvalidInput, match="mystery"):
        Pack.load(tmp_path / "mina")


def test_a_pack_never_replaces_a_folder_that_is_none(model: Model, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_bytes(b"cat")
    with pytest.raises(Conflict):
        pack(model).save(tmp_path / "photos", rank=4, alpha=8.0)
    assert (tmp_path / "photos" / "cat.png").read_bytes() == b"cat"


def test_only_a_base_checkpoint_is_merged_into(model: Model, custom: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Base checkpoint"):
        merge(pack(model), load(custom), tmp_path)


def test_a_scale_turns_live_between_base_and_more(model: Model) -> None:
    made = pack(model)
    assert isinstance(made.adapter, Adapter)
    voice = VoicePrompt("vector", vector=made.vector)
    plain = spoken(model, voice)
    attached = attach(model.talker, made.adapter, 0.0)
    assert torch.equal(spoken(model, voice), plain)
    attached.scale = 1.5
    assert not torch.equal(spoken(model, voice), plain)
    attached.detach()
    assert torch.equal(spoken(model, voice), plain)
