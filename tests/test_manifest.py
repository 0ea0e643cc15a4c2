"""Manifests: written out, read back, keyed by their inputs, compared field by field."""

from __future__ import annotations

import json
from dataclasses import replace

from moksori.manifest import Manifest, UnitRecord, differences


def manifest(**changes: object) -> Manifest:
    unit = UnitRecord(
        spoken="안녕",
        source=(0, 2),
        seed=5,
        syllables=2,
        count=1,
        pause_s=0.2,
        start=0,
        samples=9,
        frames=1,
        reason="end",
    )
    plain = Manifest(
        text="안녕",
        reading={"spoken": "안녕"},
        script=({"spoken": "안녕", "seed": 5},),
        seed=1,
        settings={"language": "korean", "parameters": {"speed": 1.0}},
        voice={"id": "a"},
        prompt_sha256="00",
        engine="e",
        checkpoint=None,
        precision="bf16",
        device_class="cpu",
        numerics="1",
        sample_rate=24_000,
        licence="x",
        units=(unit,),
        pcm_sha256="ab",
        created="2026-01-01T00:00:00+00:00",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_a_manifest_survives_json() -> None:
    ours = manifest()
    assert Manifest.from_json(json.loads(json.dumps(ours.to_json()))) == ours


def test_the_key_covers_inputs_and_not_results() -> None:
    key = manifest().key
    assert manifest(pcm_sha256="cd", created="later", warnings=("x",), units=()).key == key
    for change in ({"seed": 2}, {"precision": "int8"}, {"settings": {"language": "korean"}}, {"numerics": "2"}):
        assert manifest(**change).key != key


def test_differences_name_what_differs() -> None:
    left = manifest().to_json()
    right = manifest(settings={"language": "korean", "parameters": {"speed": 1.5}}, created="later").to_json()
    assert list(differences(left, right)) == [("settings.parameters.speed", 1.0, 1.5)]
