"""Downloads as the Models page sees them: a real server that fetches from a real, slow hub on loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.model.test_hub import FILES, Hub

PIECE, PAUSE_S = 1 << 20, 0.1


class SlowHub(Hub):
    """Hands out its files slowly enough to be watched and cancelled."""

    def setup(self) -> None:
        super().setup()
        plain = self.wfile.write

        def slowly(data: Any) -> int:
            for at in range(0, len(data), PIECE):
                plain(data[at : at + PIECE])
                if len(data) > PIECE:
                    time.sleep(PAUSE_S)
            return len(data)

        self.wfile.write = slowly  # type: ignore[method-assign]

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client cancelled
            super().handle()


@pytest.fixture
def hub() -> Iterator[str]:
    Hub.cut_after, Hub.ranges = None, []
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), SlowHub)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()


@pytest.fixture
def client(hub: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """`moksori serve` with the draft voice, its hub's cache empty."""
    hugging = {"HF_HOME": str(tmp_path / "hub"), "HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-m", "moksori", "serve", "--port", "0", "--engine", "espeak", "--data"]
    process = subprocess.Popen(
        [*command, str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **hugging, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    address = re.search(r"http://[\d.]+:\d+", process.stdout.readline())
    assert address is not None
    with httpx.Client(base_url=address[0], timeout=60) as opened:
        yield opened
    process.terminate()
    process.wait(30)


def events(client: httpx.Client, job: str) -> Iterator[tuple[str, Any]]:
    """What is told of a job from its beginning, for a minute at most."""
    with client.stream("GET", f"/api/events?job={job}") as stream:
        end = time.monotonic() + 60
        kind = ""
        for line in stream.iter_lines():
            assert time.monotonic() < end, "nothing more is told"
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield kind, json.loads(line.removeprefix("data: "))


def test_a_download_tells_its_progress_is_cancelled_and_goes_on_where_it_stopped(
    client: httpx.Client, tmp_path: Path
) -> None:
    job = client.post("/api/models/download", json={"name": "0.6b-custom-voice"}).json()["job"]["id"]
    total = sum(len(data) for data in FILES.values())
    seen: list[int] = []
    for kind, data in events(client, job):
        if kind == "download":
            seen.append(data["done_bytes"])
            assert data["total_bytes"] == total
            if len(seen) == 2:
                client.post(f"/api/jobs/{job}/cancel")
        elif kind == "job" and data["state"] == "cancelled" and data["counts"]["running"] == 0 and len(seen) >= 2:
            break
    assert 0 < seen[-1] < total
    client.post(f"/api/jobs/{job}/retry")
    for kind, data in events(client, job):
        if kind == "job" and data["state"] not in ("queued", "running", "cancelled"):
            assert data["state"] == "done", client.get(f"/api/jobs/{job}/items").json()
            break
    models = {model["name"]: model for model in client.get("/api/models").json()["available"]}
    assert models["0.6b-custom-voice"]["installed"]
    assert next((tmp_path / "hub").rglob("snapshots/*/model.safetensors")).read_bytes() == FILES["model.safetensors"]
