"""Voice packs in the engine: spoken beside other voices, at a live scale, and known by what they are."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from moksori.engine import packs, registry
from moksori.engine.protocol import Engine, Request
from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.model import hub, load
from moksori.model.adapter import Adapter, Pair
from moksori.training.pack import About, Pack
from moksori.voice import Voice
from tests import checkpoints

from .speaking import sound, together

RANK = 6


def write_pack(model_folder: Path | str, folder: Path, seed: int, adapter: bool = True) -> Path:
    """A pack of random values that is heard: `moksori train` writes the same files."""
    model = load(model_folder)
    generator = torch.Generator().manual_seed(seed)
    pairs = {}
    for path, module in model.talker.named_modules():
        if isinstance(module, torch.nn.Linear) and path.startswith("layers."):
            down = torch.randn(RANK, module.in_features, generator=generator) * module.in_features**-0.5
            pairs[path] = Pair(down, torch.randn(module.out_features, RANK, generator=generator) * 0.2, 2.0)
    vector = np.random.default_rng(7).normal(0, 1, model.config.talker.stack.hidden_size).astype(np.float32)
    about = About(folder.name, model.name, model.sha256)
    Pack(about, vector, Adapter(pairs) if adapter else None).save(folder, rank=RANK, alpha=2.0 * RANK)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return checkpoints.tiny("0.6b-base", tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(scope="module")
def folders(base, tmp_path_factory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("packs")
    made = {name: write_pack(base, home / name, seed) for seed, name in enumerate(("warm", "cool"))}
    return made | {"plain": write_pack(base, home / "plain", 0, adapter=False)}


@pytest.fixture(scope="module", params=["bf16", "int8"])
def engine(base, request) -> Iterator[Engine]:
    opened = registry.open("qwen3", str(base), "cpu", request.param)
    yield opened
    opened.close()


def ask(engine: Engine, voice: Voice, seed: int = 3) -> Request:
    return Request("안녕하세요", engine.prepare(voice), 5, parameters={"max_frames": 10}, seed=seed)


def test_scale_0_is_the_base_with_the_packs_vector_and_each_scale_another_sound(engine, folders):
    plain = sound(engine, ask(engine, Voice.pack(folders["plain"])))
    heard = {s: sound(engine, ask(engine, Voice.pack(folders["warm"], scale=s))) for s in (0.0, 0.5, 1.0, 1.5)}
    assert heard[0.0] == plain
    assert len(set(heard.values())) == 4
    assert sound(engine, ask(engine, Voice.pack(folders["warm"], scale=0.5))) == heard[0.5], "back and forth"


def test_packs_and_other_voices_in_one_batch_sound_as_they_do_alone(engine, folders):
    voices = [
        Voice.pack(folders["warm"], scale=0.4),
        Voice.pack(folders["plain"]),
        Voice.pack(folders["cool"]),
        Voice.pack(folders["warm"], scale=1.3),
    ]
    requests = [ask(engine, voice, seed) for seed, voice in enumerate(voices)]
    alone = [sound(engine, request) for request in requests]
    assert together(engine, requests) == alone


def test_a_pack_is_what_it_is_and_not_where_it_lies(engine, folders, tmp_path):
    here = engine.prepare(Voice.pack(folders["warm"]))
    shutil.copytree(folders["warm"], tmp_path / "warm")
    there = engine.prepare(Voice.pack(tmp_path / "warm"))
    assert here.sha256 == there.sha256
    assert here.sha256 != engine.prepare(Voice.pack(folders["warm"], scale=0.9)).sha256
    assert here.sha256 != engine.prepare(Voice.pack(folders["cool"])).sha256


def test_a_pack_that_changed_or_went_is_refused_and_never_replaced_by_another(engine, base, tmp_path):
    folder = write_pack(base, tmp_path / "mine", 11)
    request, before = ask(engine, Voice.pack(folder)), Voice.pack(folder).fingerprint
    write_pack(base, folder, 12)
    assert Voice.pack(folder).fingerprint != before, "prompts that are kept are found by it"
    with pytest.raises(Conflict, match="has changed"):
        sound(engine, request)
    assert sound(engine, ask(engine, Voice.pack(folder)))
    request = ask(engine, Voice.pack(write_pack(base, tmp_path / "other", 13)))
    shutil.rmtree(tmp_path / "other")
    with pytest.raises(NotFound, match="not where it was"):
        sound(engine, request)
    with pytest.raises(NotFound, match="nobody says where"):
        sound(engine, dataclasses.replace(request, prompt=dataclasses.replace(request.prompt, folder="")))


def test_only_a_few_packs_are_held(engine, base, tmp_path):
    first = ask(engine, Voice.pack(write_pack(base, tmp_path / "pack-0", 20)))
    heard = sound(engine, first)
    for number in range(1, packs.KEPT + 2):
        sound(engine, ask(engine, Voice.pack(write_pack(base, tmp_path / f"pack-{number}", 20 + number))))
    assert len(engine._packs._held) == packs.KEPT
    assert sound(engine, first) == heard, "read again"


def test_a_pack_of_another_model_is_refused_and_one_of_other_weights_is_told(engine, tmp_path):
    other = checkpoints.tiny("0.6b-base", tmp_path / "other", seed=5)
    told = engine.prepare(Voice.pack(write_pack(other, tmp_path / "near", 1))).warnings
    assert any("other weights" in warning for warning in told)
    wide = checkpoints.tiny("1.7b-voice-design", tmp_path / "wide")
    with pytest.raises(InvalidInput, match="speaker vector"):
        engine.prepare(Voice.pack(write_pack(wide, tmp_path / "far", 1)))
    with pytest.raises(NotFound, match=r"voice\.json"):
        engine.prepare(Voice.pack(tmp_path))


def test_a_checkpoint_that_takes_no_packs_says_so(tmp_path, folders):
    engine = registry.open("qwen3", str(checkpoints.tiny("0.6b-custom-voice", tmp_path / "preset")), "cpu")
    try:
        with pytest.raises(InvalidInput, match="preset voices") as caught:
            engine.prepare(Voice.pack(folders["warm"]))
        assert "Base" in caught.value.hint
    finally:
        engine.close()


def test_pocket_speaks_with_a_pack(tmp_path):
    engine = registry.open("pocket", precision="int8")
    try:
        folder = write_pack(hub.POCKET["cloned"], tmp_path / "mine", 3)
        heard = [sound(engine, ask(engine, Voice.pack(folder, scale=scale))) for scale in (0.0, 0.1, 0.1)]
        assert heard[1] == heard[2] != heard[0]
    finally:
        engine.close()
