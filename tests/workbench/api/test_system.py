import time
from typing import Any

from fastapi.testclient import TestClient

from moksori.workbench.workbench import Workbench


def test_the_system_page_knows_the_machine(client: TestClient) -> None:
    found = client.get("/api/system").json()
    assert found["versions"]["python"]
    assert found["memory"]["rss_bytes"] > 10_000_000
    assert found["disk"]["free_bytes"] > 0
    assert {"wav", "flac", "mp3", "opus", "ulaw", "alaw"} <= {f["name"] for f in found["formats"]}
    assert found["queue"] == {"waiting": 0, "running": None, "eta_s": None, "limit": 20_000} | {
        "eta_s": found["queue"]["eta_s"]
    }
    assert found["model"]["state"] == "ready"


def test_memory_is_noted_before_and_after_each_item(client: TestClient, spoken: Any) -> None:
    take = spoken()
    (note,) = client.get("/api/system").json()["memory"]["recent"]
    assert note["item"] == take["item"]
    assert note["before_bytes"] > 0 < note["after_bytes"]


def test_the_loaded_model_tells_its_parameters(client: TestClient) -> None:
    found = client.get("/api/models").json()
    assert found["loaded"]["parameters"]["properties"]["pitch"]["default"] == 50
    assert found["loaded"]["draft"] is True
    names = [row["name"] for row in found["available"]]
    assert "espeak" in names
    assert "0.6b-custom-voice" in names


def test_a_model_is_unloaded_and_loaded_again(client: TestClient, bench: Workbench) -> None:
    client.post("/api/models/unload")
    _wait(client, "none")
    assert client.get("/api/models").json()["loaded"] is None
    client.post("/api/models/load", json={})
    _wait(client, "ready")


def test_only_known_models_are_loaded_or_downloaded(client: TestClient) -> None:
    for name in ("/etc", "../..", "owner/name", "https://example.org/x"):
        assert client.post("/api/models/load", json={"model": name}).status_code == 404
        assert client.post("/api/models/download", json={"name": name}).status_code == 404
    assert client.post("/api/models/download", json={"name": "espeak"}).json()["error"]["code"] == "installed"


def test_a_download_that_cannot_be_done_fails_with_a_next_step(client: TestClient, monkeypatch: Any) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    answer = client.post("/api/models/download", json={"name": "0.6b-base"}).json()
    for _ in range(1500):
        job = client.get(f"/api/jobs/{answer['job']['id']}").json()
        if job["state"] not in ("queued", "running"):
            break
        time.sleep(0.02)
    error = client.get(f"/api/jobs/{job['id']}/items").json()["items"][0]["error"]
    assert job["state"] == "failed"
    assert error["hint"]


def test_settings_are_kept_and_wrong_ones_refused_whole(client: TestClient) -> None:
    changed = client.patch("/api/settings", json={"loudness": -16, "template": "{n}", "interface": {"theme": "dark"}})
    assert changed.json()["loudness"] == -16
    assert client.patch("/api/settings", json={"loudness": None}).json()["loudness"] is None
    wrong: list[Any] = [
        {"loudness": 3}, {"template": "{x}"}, {"format": "exe"}, {"label": "yes"}, {"nothing": 1}, {"bin_days": 0},
        {"interface": {"x": "y" * 20_000}}, {"reading_policy": {"x": 1}}, {"label": False, "chime": "x"},
        {"default_voice": "?"},
    ]  # fmt: skip
    for body in wrong:
        assert 400 <= client.patch("/api/settings", json=body).status_code < 500, body
    assert client.get("/api/settings").json() == changed.json() | {"loudness": None}


def test_the_log_shows_what_went_wrong(client: TestClient) -> None:
    import logging

    logging.getLogger("moksori.test").warning("something is odd: %s", "이것")
    lines = client.get("/api/system/log?level=warning").json()["items"]
    assert lines[-1]["message"] == "something is odd: 이것"


def test_the_examples_have_english_beside_the_korean(client: TestClient) -> None:
    found = client.get("/api/examples").json()
    assert all(line["ko"] and line["en"] for line in found["lines"])
    preset = client.get("/api/presets").json()["items"][0]
    assert preset["example_text"] == found["lines"][0]["ko"]
    assert preset["changed"] == []


def _wait(client: TestClient, state: str) -> None:
    for _ in range(1500):
        if client.get("/api/models").json()["state"] == state:
            return
        time.sleep(0.02)
    raise AssertionError(f"the model is never {state}")
