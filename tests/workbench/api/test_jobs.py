import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from moksori.workbench.access import Access
from moksori.workbench.app import create_app
from moksori.workbench.workbench import Workbench

Json = dict[str, Any]
LONG = " ".join(f"{n}번째 긴 문장을 천천히 말합니다." for n in range(1, 400))


@pytest.fixture
def address(bench: Workbench) -> Iterator[str]:
    """A real server: streams that do not end need one."""
    app = create_app(bench, Access(bench.store.settings))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    bench.settled.wait(30)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def events(lines: Iterator[str]) -> Iterator[tuple[str, str, Json]]:
    """(id, kind, data) of each."""
    fields: dict[str, str] = {}
    for line in lines:
        if line == "" and "event" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


def test_what_happens_is_told_and_a_client_that_comes_back_misses_nothing(address: str) -> None:
    with httpx.Client(base_url=address, timeout=30) as client:
        with client.stream("GET", "/api/events") as stream:
            heard = events(stream.iter_lines())
            assert next(heard)[1] == "hello"
            job = client.post("/api/speak", json={"text": "하나", "voice": "f1"}).json()["job"]["id"]
            seen = []
            for id, kind, data in heard:
                seen.append((id, kind, data.get("state")))
                if kind == "job" and data["state"] == "done":
                    break
        states = [state for _, kind, state in seen if kind == "item"]
        assert states == ["running", "done"]
        first = seen[0][0]
        with client.stream("GET", f"/api/events?job={job}", headers={"Last-Event-ID": first}) as stream:
            heard = events(stream.iter_lines())
            assert next(heard)[1] == "hello"
            again = [next(heard)[:2] for _ in range(len(seen) - 1)]
        assert again == [(id, kind) for id, kind, _ in seen[1:]]


def test_a_client_of_another_run_is_told_to_look_again(address: str) -> None:
    with (
        httpx.Client(base_url=address, timeout=30) as client,
        client.stream("GET", "/api/events?last_event_id=00000000-17") as stream,
    ):
        heard = events(stream.iter_lines())
        assert [next(heard)[1] for _ in range(2)] == ["hello", "resync"]


def test_a_running_job_is_cancelled_and_its_listener_is_cut_off(address: str) -> None:
    with httpx.Client(base_url=address, timeout=30) as client:
        answer = client.post("/api/speak", json={"text": LONG, "voice": "f1"}).json()
        item, job = answer["items"][0]["id"], answer["job"]["id"]
        with client.stream("GET", f"/api/items/{item}/stream") as stream:
            sound = stream.iter_raw()
            next(sound)
            assert client.post(f"/api/jobs/{job}/cancel").json()["state"] == "cancelled"
            with pytest.raises(httpx.RemoteProtocolError):
                for _ in sound:
                    pass
        assert client.get(f"/api/items/{item}").json()["state"] == "cancelled"
        assert client.get(f"/api/items/{item}/stream").status_code == 404
        assert client.get("/api/takes").json()["items"] == []
        next_one = client.post("/api/speak", json={"text": "계속 됩니다", "voice": "f1"}).json()["job"]["id"]
        while client.get(f"/api/jobs/{next_one}").json()["state"] != "done":
            time.sleep(0.02)


def test_a_failed_item_is_retried_alone(client: TestClient, bench: Workbench, finished: Callable[[str], Json]) -> None:
    job = client.post("/api/batch", json={"rows": [{"text": "하나"}, {"text": "둘"}], "columns": [{"voice": "f1"}]})
    id = job.json()["job"]["id"]
    finished(id)
    first = client.get(f"/api/jobs/{id}/items").json()["items"][0]
    item = bench.store.jobs.item(first["id"])
    bench.store.jobs.reroll(item.id, {**item.request, "engine": "none such"}, 1)
    bench.dispatcher.wake()
    failed = finished(id)
    assert (failed["state"], failed["counts"]["failed"]) == ("failed", 1)
    error = client.get(f"/api/items/{item.id}").json()["error"]
    assert "none such" in error["message"]
    assert error["hint"]
    bench.store.jobs.reroll(item.id, item.request, 1)
    assert finished(id)["state"] == "done"


def test_a_reroll_is_another_take_and_both_stay(
    client: TestClient, spoken: Callable[..., Json], finished: Callable[[str], Json]
) -> None:
    take = spoken("다시 해 주세요")
    answer = client.post(f"/api/items/{take['item']}/reroll", json={"settings": {"parameters": {"pitch": 70}}}).json()
    assert answer["seed"] != take["seed"]
    finished(answer["job"])
    item = client.get(f"/api/items/{take['item']}").json()
    assert item["tries"] == [take["id"], item["take"]["id"]]
    assert item["take"]["settings"]["parameters"]["pitch"] == 70
    chosen = client.put(f"/api/items/{take['item']}/take", json={"take": take["id"]}).json()
    assert chosen["take"]["id"] == take["id"]


def test_interactive_work_does_not_wait_for_a_batch(
    client: TestClient, bench: Workbench, finished: Callable[[str], Json]
) -> None:
    rows = [{"text": f"{n}번째 문장을 일괄로 말합니다."} for n in range(40)]
    batch = client.post("/api/batch", json={"rows": rows, "columns": [{"voice": "f1"}]}).json()["job"]
    quick = client.post("/api/speak", json={"text": "먼저", "voice": "f1"}).json()["job"]
    assert quick["position"] <= 1
    finished(quick["id"])
    during = client.get(f"/api/jobs/{batch['id']}").json()
    assert during["counts"]["queued"] > 0
    assert client.post(f"/api/jobs/{batch['id']}/cancel").json()["counts"]["queued"] == 0


def test_lists_are_paged_and_narrowed(client: TestClient, spoken: Callable[..., Json]) -> None:
    for n in range(3):
        spoken(f"{n}번")
    first = client.get("/api/jobs?limit=2&kind=speak").json()
    rest = client.get(f"/api/jobs?limit=2&cursor={first['next']}").json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    assert client.get("/api/jobs?state=active").json()["items"] == []
    assert client.get("/api/jobs?kind=sweep").json()["items"] == []


def test_a_full_queue_is_503_with_the_time_to_come_back(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moksori.store.jobs.MAX_QUEUED", 3)
    rows = [{"text": str(n)} for n in range(4)]
    answer = client.post("/api/batch", json={"rows": rows, "columns": [{"voice": "f1"}]})
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["error"]["code"] == "queue_full"
