"""The whole server as `moksori serve` builds it: both interfaces over one store, one model, one set of voices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from moksori import audio
from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.serving.config import Config
from moksori.workbench.server import Server


@pytest.fixture
def client(server: Server) -> Iterator[TestClient]:
    with TestClient(server.app, base_url="http://127.0.0.1:8600") as opened:
        assert server.done.wait(60)
        assert server.error is None
        yield opened


def test_both_interfaces_make_the_same_sound(client: TestClient) -> None:
    body = {"input": "두 길은 하나입니다.", "voice": "f1", "seed": 5, "language": "ko", "response_format": "pcm"}
    spoken = client.post("/v1/audio/speech", json=body)
    assert spoken.status_code == 200, spoken.text
    wish = {"text": "두 길은 하나입니다.", "voice": "f1", "seed": 5}
    item = client.post("/api/speak", json=wish).json()["items"][0]["id"]
    heard = client.get(f"/api/items/{item}/stream")
    assert heard.content == spoken.content


def test_a_voice_is_the_same_voice_for_everyone(client: TestClient, server: Server) -> None:
    clip = (np.random.default_rng(0).normal(0, 0.1, 24_000 * 4) * 20_000).astype(np.int16)
    files = {"file": ("a.wav", audio.encode(clip, 24_000, "wav"))}
    uploaded = client.post("/api/voices/upload", files=files, data={"name": "공용"}).json()
    listed = client.get("/v1/audio/voices").json()["voices"]
    assert uploaded["id"] in [voice["id"] for voice in listed]
    shelf = server.app.state.serving.shelf
    assert shelf.find("공용").fingerprint == shelf.find(uploaded["id"]).fingerprint
    kept = shelf.add(shelf.find("공용"), "Other One")
    assert kept.id == "other-one"
    with pytest.raises(Conflict):
        shelf.add(shelf.find("공용"), "Other One")
    assert "other-one" in [voice["id"] for voice in client.get("/api/voices").json()["items"]]
    shelf.remove("other-one")
    with pytest.raises(NotFound):
        shelf.remove("other-one")


def test_the_pages_and_the_health_are_there(client: TestClient) -> None:
    assert client.get("/ready").status_code == 200
    assert "<!doctype html>" in client.get("/").text


def test_strangers_need_a_password_before_the_server_starts(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="password"):
        Server(Config(data=tmp_path / "data", engine="espeak", host="0.0.0.0"))
    Server(Config(data=tmp_path / "data", engine="espeak")).close()


def test_a_model_that_cannot_be_loaded_is_the_servers_error(tmp_path: Path) -> None:
    server = Server(Config(data=tmp_path / "data", engine="no such engine", isolate=False))
    with TestClient(server.app, base_url="http://127.0.0.1:8600") as client:
        assert server.done.wait(60)
        assert isinstance(server.error, NotFound)
        assert client.get("/api/models").json()["state"] == "failed"
    server.close()
