from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
SRT = """1
00:00:01,000 --> 00:00:02,500
안녕하세요.

2
00:01:00.250 --> 00:01:03,000
<i>두 줄로</i>
된 자막
"""


def items(client: TestClient, job: str) -> list[Json]:
    found: list[Json] = client.get(f"/api/jobs/{job}/items?limit=1000").json()["items"]
    return found


def test_lines_come_from_text_csv_and_subtitles(client: TestClient) -> None:
    def load(name: str, data: bytes) -> Json:
        answer: Json = client.post("/api/batch/import", files={"file": (name, data)}).json()
        return answer

    assert [row["text"] for row in load("a.txt", "하나\r\n\r\n둘\n".encode("cp949"))["rows"]] == ["하나", "둘"]
    table = load("b.csv", '\ufeff대사,voice,seed,비고\n"안녕, 하세요",f1,7,x\n'.encode())
    assert table["rows"][0] | {"text": "안녕, 하세요", "voice": "f1", "seed": 7} == table["rows"][0]
    assert "비고" in table["warnings"][0]
    cues = load("c.srt", SRT.encode())
    assert cues["format"] == "srt"
    assert [(row["start_s"], row["end_s"], row["text"]) for row in cues["rows"]] == [
        (1.0, 2.5, "안녕하세요."), (60.25, 63.0, "두 줄로 된 자막"),
    ]  # fmt: skip
    wrong = client.post("/api/batch/import", files={"file": ("d.csv", b"text,seed\nhello,many\n")})
    assert (wrong.status_code, "Line 2" in wrong.json()["error"]["message"]) == (400, True)
    assert client.post("/api/batch/import", files={"file": ("e.txt", b"\xff\xfe\x00")}).status_code == 400
    assert client.post("/api/batch/import", files={"file": ("e.txt", b"\x89PNG\r\n\x1a\n\xff\xff")}).status_code == 400


def test_every_row_meets_every_column_and_a_rows_own_wish_wins(
    client: TestClient, finished: Callable[[str], Json]
) -> None:
    rows = [{"text": "하나"}, {"text": "둘", "voice": "f5", "settings": {"parameters": {"pitch": 60}}}]
    columns = [{"voice": "f1"}, {"voice": "m1", "seed": 9}]
    job = client.post("/api/batch", json={"rows": rows, "columns": columns, "seed": 3}).json()["job"]
    done = finished(job["id"])
    assert (done["total"], done["counts"]["done"], done["progress"]) == (4, 4, 1.0)
    found = items(client, job["id"])
    assert [(i["row"], i["column"], i["voice"]["id"], i["seed"]) for i in found] == [
        (0, 0, "f1", 3), (0, 1, "m1", 9), (1, 0, "f5", 3), (1, 1, "f5", 9),
    ]  # fmt: skip
    assert found[2]["take"]["settings"]["parameters"]["pitch"] == 60


def test_a_wrong_row_is_named_and_nothing_is_queued(client: TestClient) -> None:
    answer = client.post("/api/batch", json={"rows": [{"text": "좋아요"}, {"text": "???"}]})
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "rows.1.text"
    assert client.get("/api/jobs").json()["items"] == []


def test_a_sweep_is_counted_before_it_starts(client: TestClient) -> None:
    axes = {"seed": {"count": 4}, "parameters.pitch": {"from": 30, "to": 70, "steps": 3}}
    body = {"text": "조율", "voice": "f1", "axes": axes}
    plan = client.post("/api/sweeps/plan", json=body).json()
    assert plan["count"] == 12
    assert plan["cells"][0]["parameters.pitch"] == 30
    assert plan == client.post("/api/sweeps/plan", json=body).json()
    assert client.get("/api/jobs").json()["items"] == []


def test_a_sweep_speaks_its_cells_and_is_judged_blind(client: TestClient, finished: Callable[[str], Json]) -> None:
    axes = {"voice": ["f1", "m1"], "parameters.pitch": [30, 70]}
    job = client.post("/api/sweeps", json={"text": "조율", "seed": 5, "axes": axes}).json()["job"]["id"]
    assert finished(job)["state"] == "done"
    cells = {i["id"]: i for i in items(client, job)}
    assert sorted((c["cell"]["voice"], c["cell"]["parameters.pitch"]) for c in cells.values()) == [
        ("f1", 30), ("f1", 70), ("m1", 30), ("m1", 70),
    ]  # fmt: skip
    assert len({c["take"]["pcm_sha256"] for c in cells.values()}) == 4
    blind = client.get(f"/api/jobs/{job}/blind?seed=4").json()
    assert blind == client.get(f"/api/jobs/{job}/blind?seed=4").json()
    assert set(blind["order"][0]) == {"label", "item", "take", "rated"}
    orders = {tuple(o["item"] for o in client.get(f"/api/jobs/{job}/blind?seed={s}").json()["order"]) for s in range(9)}
    assert len(orders) > 3
    best = blind["order"][2]["take"]
    for entry in blind["order"]:
        body = {"value": 5 if entry["take"] == best else 2, "job": job, "blind": True}
        client.put(f"/api/takes/{entry['take']}/rating", json=body)
    ranking = client.get(f"/api/jobs/{job}/ranking").json()["items"]
    assert (ranking[0]["take"], ranking[0]["value"]) == (best, 5.0)
    by_pace = [row["value"] for row in client.get(f"/api/jobs/{job}/ranking?by=pace").json()["items"]]
    assert by_pace == sorted(by_pace, reverse=True)
    assert client.get(f"/api/jobs/{job}/ranking?by=ending.decay_ms").status_code == 200
    assert client.get(f"/api/jobs/{job}/ranking?by=beauty").status_code == 400
    preset = client.post("/api/presets", json={"name": "이긴 것", "from_take": best}).json()
    assert preset["seed"] == 5


@pytest.mark.parametrize(
    ("axes", "more"),
    [
        ({"tempo": [1]}, {}), ({"seed": []}, {}), ({"seed": [1, 1]}, {}), ({"seed": [-1]}, {}), ({"seed": [True]}, {}),
        ({"seed": {"count": 0}}, {}), ({"seed": {"from": 0, "to": 5, "steps": 2}}, {}), ({"voice": [7]}, {}),
        ({"parameters.pitch": {"from": 0, "to": "x", "steps": 2}}, {}), ({"parameters.pitch": [999]}, {}),
        ({"parameters.nothing": [1]}, {}), ({"pack_scale": [0.5]}, {}), ({"seed": {"count": 40}, "pause_s": 7}, {}),
        ({"seed": {"count": 200}, "parameters.pitch": {"from": 0, "to": 99, "steps": 100}}, {}),
        ({"seed": [1]}, {"samples": 3}),
    ],
)  # fmt: skip
def test_a_wrong_axis_is_named(client: TestClient, axes: Json, more: Json) -> None:
    answer = client.post("/api/sweeps", json={"text": "조율", "voice": "f1", "axes": axes, **more})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["field"]


def test_a_random_sweep_is_a_sample_without_repetition(client: TestClient) -> None:
    axes = {"seed": {"count": 30}, "parameters.pitch": {"from": 0, "to": 99, "steps": 100}}
    body = {"text": "조율", "voice": "f1", "axes": axes, "mode": "random", "samples": 40, "order_seed": 2}
    plan = client.post("/api/sweeps/plan", json=body).json()
    assert plan["count"] == 40
    assert len({str(cell) for cell in plan["cells"]}) == 40
    assert plan != client.post("/api/sweeps/plan", json={**body, "order_seed": 3}).json()


def test_a_retry_policy_makes_further_takes_and_keeps_them_all(
    client: TestClient, finished: Callable[[str], Json]
) -> None:
    body = {
        "text": "빨리 말하면 서두르게 됩니다. 그래서 표시가 붙습니다.", "voice": "f1", "seed": 1,
        "settings": {"parameters": {"rate": 450}}, "quality": {"action": "retry", "tries": 3},
    }  # fmt: skip
    job = client.post("/api/speak", json=body).json()["job"]["id"]
    finished(job)
    item = items(client, job)[0]
    takes = [client.get(f"/api/takes/{id}").json() for id in item["tries"]]
    assert [m["code"] for m in takes[0]["marks"]] == ["rushed"]
    assert [take["try"] for take in takes] == [0, 1, 2]
    assert len({take["seed"] for take in takes}) == 3
    assert item["take"]["id"] == takes[0]["id"], "none was better, so the first is taken"
    assert client.get("/api/takes?mark=rushed").json()["items"]
