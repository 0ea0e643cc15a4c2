"""Speeches of other programs become takes where that is asked for, and the house's dictionary is everybody's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from moksori.errors import InvalidInput
from moksori.serving.app import create_app
from moksori.serving.config import Config
from moksori.store import open_store
from moksori.store.takes import Filter
from moksori.text import Entry
from moksori.workbench.server import Server

TEXT = "남겨 둘 문장입니다."
SPEECH = "/v1/audio/speech"


@pytest.fixture
def client(server: Server) -> Iterator[TestClient]:
    with TestClient(server.app, base_url="http://127.0.0.1:8600") as opened:
        assert server.done.wait(60)
        yield opened


def test_a_speech_is_kept_only_if_it_is_asked_for(client: TestClient, server: Server) -> None:
    passing = client.post(SPEECH, json={"input": TEXT, "voice": "f1"})
    assert server.store.takes.count() == 0
    kept = client.post(SPEECH, json={"input": TEXT, "voice": "f1", "keep": True, "response_format": "pcm"})
    key = kept.headers["x-take-id"]
    assert passing.headers["x-take-id"] == key, "the same request is the same take"
    (take,) = server.store.takes.page(Filter()).rows
    assert (take.key, take.text, take.voice_id, take.job_id) == (key, TEXT, "f1", None)
    pcm, rate = server.store.blobs.sound(take.sound)
    assert rate == 24_000
    assert pcm.astype("<i2").tobytes() == kept.content
    assert take.measurements["pace"] > 0
    assert client.get(f"/v1/audio/takes/{key}").json()["pcm_sha256"] == hashlib.sha256(kept.content).hexdigest()


def test_a_kept_take_outlives_the_server_and_is_found_in_the_history(tmp_path: Path) -> None:
    config = Config(data=tmp_path / "data", engine="espeak", isolate=False, keep_takes=True)
    for _ in range(2):
        server = Server(config)
        with TestClient(server.app, base_url="http://127.0.0.1:8600") as client:
            assert server.done.wait(60)
            if server.store.takes.count() == 0:
                key = client.post(SPEECH, json={"input": TEXT}).headers["x-take-id"]
                assert client.post(SPEECH, json={"input": "이것은 지나갑니다.", "keep": False}).status_code == 200
            manifest = client.get(f"/v1/audio/takes/{key}").json()
            assert manifest["text"] == TEXT
            (row,) = client.get("/api/takes").json()["items"]
            assert row["key"] == key
            verified = client.post(f"/api/takes/{row['id']}/verify")
            assert verified.status_code == 202
        server.close()
    with_store = open_store(tmp_path / "data")
    assert with_store.takes.count() == 1
    with_store.close()


def test_the_dictionary_counts_for_other_programs_too(client: TestClient, server: Server) -> None:
    def speak() -> bytes:
        return client.post(SPEECH, json={"input": "KTX 타는 곳", "response_format": "pcm"}).content

    before = speak()
    server.store.dictionary.add(Entry(surface="KTX", reading="고속열차"))
    after = speak()
    assert after != before
    expected = client.post(SPEECH, json={"input": "고속열차 타는 곳", "response_format": "pcm"}).content
    assert after == expected


def test_where_nothing_can_be_kept_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="keeps no takes"):
        create_app(Config(data=tmp_path, keep_takes=True), lambda: None)


def test_an_unkept_take_is_not_found_after_a_while(client: TestClient) -> None:
    answer = client.get("/v1/audio/takes/0123")
    assert answer.status_code == 404
    assert "keep: true" in answer.json()["error"]["message"]
