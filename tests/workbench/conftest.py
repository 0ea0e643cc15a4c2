"""The workbench over a store of its own, speaking with the draft voice, asked through HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from moksori.serving.config import Config
from moksori.store import Store, open_store
from moksori.workbench.access import Access
from moksori.workbench.app import create_app
from moksori.workbench.models import ModelSpec
from moksori.workbench.server import Server
from moksori.workbench.workbench import Workbench

Json = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def bench(store: Store) -> Workbench:
    return Workbench(store, spec=ModelSpec(engine="espeak"))


@pytest.fixture
def client(bench: Workbench) -> Iterator[TestClient]:
    app = create_app(bench, Access(bench.store.settings))
    with TestClient(app, base_url="http://127.0.0.1:8600") as opened:
        assert bench.settled.wait(30)
        yield opened


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The whole server, both interfaces, as `moksori serve` builds it."""
    made = Server(Config(data=tmp_path / "data", engine="espeak", isolate=False))
    yield made
    made.close()


@pytest.fixture
def finished(client: TestClient) -> Callable[[str], Json]:
    """Wait until a job is over; returns it."""

    def wait(job_id: str) -> Json:
        for _ in range(1500):
            job: Json = client.get(f"/api/jobs/{job_id}").json()
            if job["state"] not in ("queued", "running"):
                return job
            time.sleep(0.02)
        raise AssertionError(f"job {job_id} does not end")

    return wait


@pytest.fixture
def spoken(client: TestClient, finished: Callable[[str], Json]) -> Callable[..., Json]:
    """Speak one text and wait; returns its take."""

    def speak(text: str = "안녕하세요.", **more: Any) -> Json:
        answer = client.post("/api/speak", json={"text": text, "voice": "f1", "seed": 1, **more})
        assert answer.status_code == 202, answer.text
        finished(answer.json()["job"]["id"])
        item: Json = client.get(f"/api/items/{answer.json()['items'][0]['id']}").json()
        assert item["state"] == "done", item
        take: Json = item["take"]
        return take

    return speak
