"""A disk that is really full: a small tmpfs under the store. Skipped where nobody may mount one."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from moksori.store import Store, open_store
from moksori.store.check import check
from moksori.workbench.access import Access
from moksori.workbench.app import create_app
from moksori.workbench.models import ModelSpec
from moksori.workbench.workbench import Workbench

LINES = [f"{n}번 고객님, {n}번 창구로 오시기 바랍니다. 잠시만 기다려 주세요." for n in range(1, 7)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def store(disk: Path) -> Iterator[Store]:
    opened = open_store(disk / "data")
    yield opened
    opened.close()


def fill(disk: Path, spare: int) -> Path:
    """A file that takes all the space but `spare` bytes."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    with filler.open("r+b") as file:
        file.truncate(filler.stat().st_size - spare)
    return filler


def ended(client: TestClient, job: str) -> dict[str, Any]:
    for _ in range(3000):
        found: dict[str, Any] = client.get(f"/api/jobs/{job}").json()
        if found["state"] not in ("queued", "running"):
            return found
        time.sleep(0.02)
    raise AssertionError("the job does not end")


def test_a_full_disk_fails_items_with_a_clear_message_and_loses_nothing(disk: Path, store: Store) -> None:
    bench = Workbench(store, spec=ModelSpec(engine="espeak"))
    with TestClient(create_app(bench, Access(store.settings)), base_url="http://127.0.0.1") as client:
        assert bench.settled.wait(60)
        body = {"rows": [{"text": line} for line in LINES[:3]], "columns": [{"voice": "f1"}], "seed": 1}
        before = ended(client, client.post("/api/batch", json=body).json()["job"]["id"])
        assert before["counts"]["done"] == 3

        filled = fill(disk, spare=1 << 18)  # the database may grow a little, a take may not
        more = {**body, "rows": [{"text": line * 12} for line in LINES[3:]]}
        answer = client.post("/api/batch", json=more)
        assert answer.status_code == 202, answer.text
        job = answer.json()["job"]["id"]
        first = client.get(f"/api/jobs/{job}/items?limit=1").json()["items"][0]["id"]
        for _ in range(3000):
            error = client.get(f"/api/items/{first}").json()["error"]
            if error is not None:
                break
            time.sleep(0.02)
        assert (error["code"], bool(error["hint"])) == ("disk_full", True)
        assert len(client.get("/api/takes").json()["items"]) == 3, "looking needs no space"

        filled.unlink()  # what could not even be written as failed until now is written now
        assert ended(client, job)["state"] == "failed"
        items = client.get(f"/api/jobs/{job}/items").json()["items"]
        assert {item["error"]["code"] for item in items if item["state"] == "failed"} == {"disk_full"}
        retried = client.post(f"/api/jobs/{job}/retry")
        assert retried.status_code == 200, retried.text
        assert ended(client, job)["counts"]["done"] == 3
        takes = client.get("/api/takes").json()["items"]
        assert len(takes) == 6
        assert len({take["pcm_sha256"] for take in takes}) == 6
    assert not [finding for finding in check(store, deep=True, now=time.time() + 7200) if finding.kind == "damaged"]
