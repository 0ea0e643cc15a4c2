import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from moksori.text import Entry
from moksori.workbench.workbench import Workbench

Json = dict[str, Any]


def ids(client: TestClient, query: str = "") -> list[int]:
    answer = client.get(f"/api/takes{query}")
    assert answer.status_code == 200, answer.text
    return [take["id"] for take in answer.json()["items"]]


def test_history_is_searched_and_filtered(client: TestClient, spoken: Callable[..., Json]) -> None:
    one = spoken("고객센터 안내입니다")["id"]
    two = spoken("서울역 방송입니다", voice="m1")["id"]
    assert ids(client) == [two, one]
    assert ids(client, "?q=서울역") == ids(client, "?voice=m1") == [two]
    assert ids(client, "?q=고객 센터") == [one]
    client.patch(f"/api/takes/{one}", json={"star": True, "note": "아침용"})
    assert ids(client, "?starred=true") == ids(client, "?q=아침") == [one]
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (ids(client, f"?since={soon}"), ids(client, f"?until={soon}")) == ([], [two, one])
    page = client.get("/api/takes?limit=1").json()
    assert ids(client, f"?limit=1&cursor={page['next']}") == [one]


def test_deleting_is_undone(client: TestClient, spoken: Callable[..., Json]) -> None:
    id = spoken()["id"]
    assert client.delete(f"/api/takes/{id}").json()["deleted"]
    assert (ids(client), ids(client, "?deleted=true")) == ([], [id])
    assert client.post(f"/api/takes/{id}/undelete").json()["deleted"] is None
    assert client.post("/api/takes/delete", json={"ids": [id, 999]}).json() == {"ids": [id]}
    assert client.post("/api/takes/undelete", json={"ids": [id]}).json() == {"ids": [id]}
    assert ids(client) == [id]


def test_verify_renders_again_and_says_the_same(
    client: TestClient, spoken: Callable[..., Json], finished: Callable[[str], Json]
) -> None:
    take = spoken("6월 10일, KTX 타고 가요.")
    job = client.post(f"/api/takes/{take['id']}/verify").json()["job"]
    assert finished(job["id"])["state"] == "done"
    verified = client.get(f"/api/takes/{take['id']}").json()["verified"]
    assert (verified["state"], verified["difference"]) == ("same", None)
    assert ids(client, "?verified=same") == [take["id"]]


def test_verify_uses_the_dictionary_of_that_time(
    client: TestClient, bench: Workbench, spoken: Callable[..., Json], finished: Callable[[str], Json]
) -> None:
    client.post("/api/dictionary", json={"surface": "모크", "reading": "목소리"})
    take = spoken("모크 안내")
    assert take["spoken"].startswith("목소리")
    entry = client.get("/api/dictionary").json()["items"][0]
    client.put(f"/api/dictionary/{entry['id']}", json={"version": 1, "surface": "모크", "reading": "모크크"})
    finished(client.post(f"/api/takes/{take['id']}/verify").json()["job"]["id"])
    assert client.get(f"/api/takes/{take['id']}").json()["verified"]["state"] == "same"
    assert bench.store.dictionary.current().entries == (Entry("모크", "모크크"),)


def test_verify_names_the_first_thing_that_differs(
    client: TestClient, bench: Workbench, spoken: Callable[..., Json], finished: Callable[[str], Json]
) -> None:
    from sqlalchemy import update

    from moksori.store.schema import takes

    take = spoken("무엇이 다른가")
    stored = bench.store.takes.manifest(take["id"]) | {"numerics": "espeak-ng 1.40", "pcm_sha256": "0" * 64}
    with bench.store.database.write() as connection:
        connection.execute(update(takes).where(takes.c.id == take["id"]).values(manifest=stored))
    finished(client.post(f"/api/takes/{take['id']}/verify").json()["job"]["id"])
    verified = client.get(f"/api/takes/{take['id']}").json()["verified"]
    assert verified["state"] == "different"
    assert verified["difference"]["name"] == "numerics"
    assert verified["difference"]["stored"] == "espeak-ng 1.40"


def test_a_lost_sound_is_made_again(
    client: TestClient, bench: Workbench, spoken: Callable[..., Json], finished: Callable[[str], Json]
) -> None:
    take = spoken("사라질 소리")
    path = bench.store.blobs.sound_path(bench.store.takes.get(take["id"]).sound)
    path.unlink()
    assert client.get(f"/api/takes/{take['id']}/audio").status_code == 404
    finished(client.post(f"/api/takes/{take['id']}/verify").json()["job"]["id"])
    assert bench.store.blobs.is_intact(path)


def test_two_manifests_are_compared(client: TestClient, spoken: Callable[..., Json]) -> None:
    a, b = spoken("비교"), spoken("비교", settings={"parameters": {"pitch": 80}})
    found = client.get(f"/api/takes/compare?a={a['id']}&b={b['id']}").json()
    assert found["same_sound"] is False
    assert {"name": "settings.parameters.pitch", "a": 50, "b": 80} in found["differences"]


def test_restoring_gives_a_body_that_speaks_the_same(client: TestClient, spoken: Callable[..., Json]) -> None:
    take = spoken("되돌리기", settings={"trailing_s": 0.3, "parameters": {"rate": 140}})
    draft = client.get(f"/api/takes/{take['id']}/restore").json()
    assert draft.pop("missing") == []
    del draft["model"], draft["precision"]
    again = spoken(**draft)
    assert again["id"] == take["id"]


def test_snippets_say_what_is_needed(client: TestClient, spoken: Callable[..., Json], tmp_path: Path) -> None:
    take = spoken("따옴표 ' 와 \" 도", settings={"parameters": {"pitch": 70}})
    snippet = client.get(f"/api/takes/{take['id']}/snippet").json()
    assert "따옴표 ' 와 \" 도" in shlex.split(snippet["cli"])
    assert shlex.split(snippet["curl"])[0] == "curl"
    import os

    place = os.getcwd()
    os.chdir(tmp_path)
    try:
        exec(compile(snippet["python"], "snippet", "exec"), {})
    finally:
        os.chdir(place)
    from moksori import audio

    made = audio.to_int16(audio.read(next(tmp_path.glob("*.wav"))).pcm)
    assert audio.pcm_sha256(made) == take["pcm_sha256"], "the script makes the very same sound"


def test_ratings_are_kept_for_each_judge(client: TestClient, spoken: Callable[..., Json]) -> None:
    id = spoken()["id"]
    client.put(f"/api/takes/{id}/rating", json={"value": 2, "judge": "가"})
    take = client.put(f"/api/takes/{id}/rating", json={"value": 4, "judge": "나", "blind": True}).json()
    assert take["rating"] == {"mean": 3.0, "count": 2}
    assert [r["value"] for r in client.get(f"/api/takes/{id}").json()["ratings"]] == [2, 4]
    assert client.put(f"/api/takes/{id}/rating", json={"value": 6}).status_code == 422


def test_unknown_takes_are_404_everywhere(client: TestClient) -> None:
    for path in ("", "/manifest", "/audio", "/peaks", "/spectrogram", "/restore", "/snippet"):
        answer = client.get(f"/api/takes/77{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_take"), path
    for path in ("/verify", "/undelete"):
        assert client.post(f"/api/takes/77{path}").status_code == 404
    assert client.get(f"/api/takes/{2**70}").status_code == 422
