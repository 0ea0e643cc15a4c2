"""Batch items beside each other over the embedded model: quicker, and not one sample different."""

from __future__ import annotations

import os
import time

import pytest
from fastapi.testclient import TestClient

from moksori.store import Store
from moksori.workbench import machine
from moksori.workbench.access import Access
from moksori.workbench.app import create_app
from moksori.workbench.models import ModelSpec
from moksori.workbench.workbench import Workbench

LINES = [
    "문이 열립니다.",
    "문이 닫힙니다.",
    "다음 역은 시청입니다.",
    "감사합니다.",
    "안녕하세요.",
    "잠시 기다려 주세요.",
]


@pytest.fixture
def bench(store: Store) -> Workbench:
    return Workbench(store, spec=ModelSpec())


@pytest.mark.timeout(290)
def test_items_of_a_batch_are_spoken_side_by_side_and_sound_as_they_do_alone(bench: Workbench) -> None:
    with TestClient(create_app(bench, Access(bench.store.settings)), base_url="http://127.0.0.1:8600") as client:
        assert bench.settled.wait(200)
        assert bench.models.width >= 2
        rows = [{"text": line, "seed": n} for n, line in enumerate(LINES)]
        job = client.post("/api/batch", json={"rows": rows}).json()["job"]["id"]
        most = 0
        while client.get(f"/api/jobs/{job}").json()["state"] in ("queued", "running"):
            most = max(most, bench.dispatcher.busy)
            time.sleep(0.01)
        assert most >= 2
        items = client.get(f"/api/jobs/{job}/items").json()["items"]
        assert [item["text"] for item in items] == LINES, "the order of the script stays"
        assert all(item["state"] == "done" for item in items)
        for item in items:
            client.post(f"/api/takes/{item['take']['id']}/verify")  # one after the other, alone
        for _ in range(3000):
            takes = client.get("/api/takes").json()["items"]
            if all(take["verified"] for take in takes):
                break
            time.sleep(0.05)
        assert [take["verified"]["state"] for take in takes] == ["same"] * len(LINES)


def test_the_draft_voice_speaks_one_at_a_time(store: Store) -> None:
    models = Workbench(store, spec=ModelSpec(engine="espeak")).models
    assert models.width == 1, "nothing is loaded yet"
    assert models.go_home().draft
    assert models.width == 1
    models.unload()


def test_memory_counts_the_process_that_holds_the_model() -> None:
    assert machine.rss_bytes(os.getppid()) > machine.rss_bytes()
