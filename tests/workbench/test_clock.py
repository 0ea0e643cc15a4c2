"""The machine's clock is set back, and far ahead, while people work: order, durations and estimates stay sane."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
DAY_S = 86_400.0


def test_a_clock_that_jumps_confuses_nothing(
    client: TestClient, spoken: Callable[..., Json], finished: Callable[[str], Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, shift = time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: real() + shift)
    made = [spoken("처음입니다.")["id"]]
    shift = -40 * DAY_S
    made.append(spoken("시계가 뒤로 갔습니다.")["id"])
    client.delete(f"/api/takes/{made[1]}")
    client.post(f"/api/takes/{made[1]}/undelete")
    shift = 400 * DAY_S
    made.append(spoken("시계가 앞으로 갔습니다.")["id"])
    listed = [take["id"] for take in client.get("/api/takes").json()["items"]]
    assert listed == made[::-1], "newest first, whatever the clock said"
    pages, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/takes?limit=1{f'&cursor={cursor}' if cursor else ''}").json()
        pages += [take["id"] for take in page["items"]]
        cursor = page["next"]
    assert pages == made[::-1]
    shift = 0.0
    for id in made:
        job = finished(client.post(f"/api/takes/{id}/verify").json()["job"]["id"])
        assert job["state"] == "done"
        take = client.get(f"/api/takes/{id}").json()
        assert take["verified"]["state"] == "same"
        assert take["timing"]["elapsed_s"] >= 0
    queue = client.get("/api/system").json()["queue"]
    assert queue["waiting"] == 0
    assert queue["eta_s"] is None or queue["eta_s"] >= 0
