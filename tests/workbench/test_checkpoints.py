"""Released checkpoints (random weights, tiny) through the workbench: design, clone, sweep over models and packs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient

from moksori.model import hub, load
from moksori.model.adapter import Adapter, Pair
from moksori.store import Store
from moksori.training.pack import About, Pack
from moksori.workbench.access import Access
from moksori.workbench.app import create_app
from moksori.workbench.models import ModelSpec
from moksori.workbench.workbench import Workbench
from tests import checkpoints

Json = dict[str, Any]
INSTALLED = ("0.6b-base", "1.7b-base", "1.7b-voice-design")
WAIT_S = 250.0
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub's cache that holds tiny checkpoints under the released names."""
    place = tmp_path / "hub"
    for name in INSTALLED:
        release = hub.RELEASES[name]
        snapshot = place / f"models--{release.repo.replace('/', '--')}" / "snapshots" / release.revision
        checkpoints.tiny(name, snapshot, eager_end=1.5)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(place))
    return place


@pytest.fixture
def bench(cache: Path, store: Store) -> Workbench:
    return Workbench(store, spec=ModelSpec(model="0.6b-base"))


@pytest.fixture
def client(bench: Workbench) -> Iterator[TestClient]:
    with TestClient(create_app(bench, Access(bench.store.settings)), base_url="http://127.0.0.1:8600") as opened:
        assert bench.settled.wait(WAIT_S)
        assert bench.start_error is None
        yield opened


def ended(client: TestClient, job: str) -> list[Json]:
    """The items of a job once it is over; all of them done."""
    end = time.monotonic() + WAIT_S
    while client.get(f"/api/jobs/{job}").json()["state"] in ("queued", "running"):
        assert time.monotonic() < end, "the job does not end"
        time.sleep(0.05)
    items: list[Json] = client.get(f"/api/jobs/{job}/items").json()["items"]
    assert [item["state"] for item in items] == ["done"] * len(items), items
    return items


def speak(client: TestClient, **body: Any) -> Json:
    answer = client.post("/api/speak", json={"text": "안녕하세요.", "seed": 1, **body})
    assert answer.status_code == 202, answer.text
    take: Json = ended(client, answer.json()["job"]["id"])[0]["take"]
    return take


def chosen(client: TestClient, model: str) -> None:
    assert client.post("/api/models/load", json={"model": model}).status_code == 202
    end = time.monotonic() + WAIT_S
    while (client.get("/api/models").json()["loaded"] or {}).get("model") != model:
        assert time.monotonic() < end, client.get("/api/models").json()
        time.sleep(0.05)


@pytest.fixture
def cloned(client: TestClient) -> str:
    """A voice that was designed from words, spoken once, and kept as the reference of a clone."""
    chosen(client, "1.7b-voice-design")
    words = {"kind": "designed", "name": "설계", "description": "차분하고 따뜻한 중년 여성"}
    designed = client.post("/api/voices", json=words).json()
    take = speak(client, voice=designed["id"], text="제 목소리를 참고로 삼아 주세요. 길게 말합니다.")
    answer = client.post("/api/voices/from-take", json={"take": take["id"], "name": "설계에서 복제", "consent": "합성"})
    assert answer.status_code == 201, answer.text
    voice: Json = answer.json()
    assert voice["kind"] == "cloned"
    assert voice["transcript"] == take["spoken"]
    chosen(client, "0.6b-base")
    id: str = voice["id"]
    return id


@pytest.mark.slow
def test_a_designed_voice_becomes_a_clone_and_is_swept_over_checkpoints_and_precisions(
    client: TestClient, cloned: str, bench: Workbench
) -> None:
    take = speak(client, voice=cloned)
    manifest = client.get(f"/api/takes/{take['id']}").json()["manifest"]
    assert manifest["voice"]["kind"] == "cloned"
    assert manifest["voice"]["consent"] == "합성"
    axes = {"model": ["0.6b-base", "1.7b-base"], "precision": ["bf16", "int8"], "seed": [1]}
    answer = client.post("/api/sweeps", json={"text": "안녕하세요.", "voice": cloned, "axes": axes})
    assert answer.status_code == 202, answer.text
    items = ended(client, answer.json()["job"]["id"])
    made = [client.get(f"/api/takes/{item['take']['id']}").json()["manifest"] for item in items]
    wanted = [(item["cell"]["model"], item["cell"]["precision"]) for item in items]
    assert [(m["checkpoint"]["name"], m["precision"]) for m in made] == wanted
    assert sorted(wanted) == [(m, p) for m in axes["model"] for p in axes["precision"]]
    end = time.monotonic() + WAIT_S
    while bench.models.spec != bench.models.home:
        assert time.monotonic() < end, "the model that people chose comes back"
        time.sleep(0.05)


@pytest.fixture
def packed(client: TestClient, cache: Path, store: Store) -> str:
    """A voice pack for the small base checkpoint: random values that are heard."""
    model, generator, pairs = load("0.6b-base"), torch.Generator().manual_seed(0), {}
    for path, module in model.talker.named_modules():
        if isinstance(module, torch.nn.Linear) and path.startswith("layers."):
            down = torch.randn(4, module.in_features, generator=generator) * module.in_features**-0.5
            pairs[path] = Pair(down, torch.randn(module.out_features, 4, generator=generator) * 0.2, 2.0)
    vector = np.random.default_rng(7).normal(0, 1, model.config.talker.stack.hidden_size).astype(np.float32)
    about = About("mina", model.name, model.sha256)
    Pack(about, vector, Adapter(pairs)).save(store.packs / "mina", rank=4, alpha=8.0)
    answer = client.post("/api/voices", json={"kind": "pack", "name": "미나", "pack": "mina", "scale": 0.5})
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def test_a_pack_is_swept_over_its_scale(client: TestClient, packed: str) -> None:
    body = {"text": "안녕하세요.", "voice": packed, "axes": {"pack_scale": [0.0, 0.5, 1.0], "seed": [1]}}
    answer = client.post("/api/sweeps", json=body)
    assert answer.status_code == 202, answer.text
    items = ended(client, answer.json()["job"]["id"])
    sounds = {item["cell"]["pack_scale"]: item["take"]["pcm_sha256"] for item in items}
    assert len(set(sounds.values())) == 3
    assert speak(client, voice=packed)["pcm_sha256"] == sounds[0.5]
    version = client.get(f"/api/voices/{packed}").json()["version"]
    client.patch(f"/api/voices/{packed}", json={"version": version, "scale": 1.0})
    assert speak(client, voice=packed)["pcm_sha256"] == sounds[1.0]
