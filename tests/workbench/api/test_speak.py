import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from moksori.workbench.workbench import Workbench

Json = dict[str, Any]


def test_the_reading_is_shown_before_any_compute(client: TestClient, bench: Workbench) -> None:
    answer = client.post("/api/read", json={"text": "6월 10일에 만나요. 안녕!"}).json()
    assert answer["reading"]["spoken"].startswith("유월 십일")
    assert [unit["source16"] for unit in answer["units"]] == [unit["source"] for unit in answer["units"]]
    assert answer["syllables"] == sum(unit["syllables"] for unit in answer["units"]) > 5
    assert answer["estimate"]["compute_s"] is None
    assert bench.store.jobs.page() == []


def test_a_chosen_reading_is_spoken(client: TestClient, spoken: Callable[..., Json]) -> None:
    override = {"src": [0, 2], "written": "3번", "reading": "삼 번"}
    take = spoken("3번 출구", settings={"overrides": [override]})
    assert take["spoken"].startswith("삼 번")
    assert take["settings"]["overrides"][0]["reading"] == "삼 번"


def test_a_take_says_everything_the_page_shows(spoken: Callable[..., Json], client: TestClient) -> None:
    take = spoken("안녕하세요. 반갑습니다.")
    assert take["seed"] == 1
    assert take["draft"] is True
    assert take["timing"]["first_audio_s"] <= take["timing"]["elapsed_s"]
    assert [s["spoken"] for s in take["sentences"]] == ["안녕하세요.", "반갑습니다."]
    assert take["sentences"][1]["end_s"] <= take["seconds"]
    assert take["measurements"]["pace"] > 0
    whole = client.get(f"/api/takes/{take['id']}").json()
    assert whole["manifest"]["pcm_sha256"] == take["pcm_sha256"]


def test_without_a_seed_one_is_drawn_and_written_down(client: TestClient) -> None:
    seeds = {
        client.post("/api/speak", json={"text": "하나", "voice": "f1"}).json()["items"][0]["seed"] for _ in range(3)
    }
    assert len(seeds) == 3


def test_several_takes_have_derived_seeds(client: TestClient) -> None:
    body = {"text": "여러 번", "voice": "f1", "seed": 7, "takes": 4}
    first = [item["seed"] for item in client.post("/api/speak", json=body).json()["items"]]
    again = [item["seed"] for item in client.post("/api/speak", json=body).json()["items"]]
    assert first[0] == 7
    assert len(set(first)) == 4
    assert first == again


def test_the_same_wish_is_never_rendered_twice(
    client: TestClient, spoken: Callable[..., Json], bench: Workbench
) -> None:
    one, two = spoken("두 번 부탁해요"), spoken("두 번 부탁해요")
    assert one["id"] == two["id"]
    items = [bench.store.jobs.items(job.id)[0] for job in bench.store.jobs.page()]
    assert [item.reused for item in items] == [True, False]


def test_a_repeated_post_is_harmless(client: TestClient) -> None:
    body = {"text": "한 번만", "voice": "f1", "request_id": "abc"}
    ids = {client.post("/api/speak", json=body).json()["job"]["id"] for _ in range(3)}
    assert len(ids) == 1


def test_the_sound_is_heard_while_it_is_made_by_everyone_from_the_start(client: TestClient) -> None:
    body = {"text": "긴 문장을 하나 말합니다. " * 12, "voice": "f1", "settings": {"policy": {"repeats": False}}}
    item = client.post("/api/speak", json=body).json()["items"][0]["id"]
    heard: list[bytes] = []

    def listen() -> None:
        heard.append(client.get(f"/api/items/{item}/stream").content)

    threads = [threading.Thread(target=listen) for _ in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join(60)
    while (found := client.get(f"/api/items/{item}").json())["state"] != "done":
        time.sleep(0.02)
    take = found["take"]
    late = client.get(f"/api/items/{item}/stream")
    assert late.headers["X-Sample-Rate"] == str(take["sample_rate"])
    assert {hashlib.sha256(sound).hexdigest() for sound in [*heard, late.content]} == {take["pcm_sha256"]}


def test_what_cannot_be_spoken_is_refused_by_the_name_of_its_field(client: TestClient, bench: Workbench) -> None:
    wrong: list[tuple[Json, str]] = [
        ({"text": ""}, "text"),
        ({"text": "  "}, "text"),
        ({"text": "!!!"}, "text"),
        ({"text": "가", "voice": "nobody"}, "voice"),
        ({"text": "가", "preset": "nothing"}, ""),
        ({"text": "가", "seed": -1}, "seed"),
        ({"text": "가", "seed": 2**32}, "seed"),
        ({"text": "가", "seed": 1.5}, "seed"),
        ({"text": "가", "settings": {"pause_s": 99}}, "pause_s"),
        ({"text": "가", "settings": {"speed": 2}}, "settings.speed"),
        ({"text": "가", "settings": {"parameters": {"temperature": 1}}}, "temperature"),
        ({"text": "가", "settings": {"policy": {"english": "loud"}}}, ""),
        ({"text": "가", "settings": {"language": "klingon"}}, "language"),
        ({"text": "가", "settings": {"instruct": "기쁘게"}}, "instruct"),
        ({"text": "가", "model": "../../etc"}, "model"),
        ({"text": "가", "precision": "fp1"}, "precision"),
        ({"text": "가", "takes": 17}, "takes"),
        ({"text": "가", "quality": {"action": "explode"}}, "quality.action"),
        ({"text": "가", "extra": 1}, "extra"),
        ({}, "text"),
    ]
    for body, field in wrong:
        answer = client.post("/api/speak", json=body)
        assert 400 <= answer.status_code < 500, (body, answer.text)
        error = answer.json()["error"]
        assert set(error) == {"code", "message", "hint", "field"}
        if field:
            assert error["field"] == field, (body, error)
    assert bench.store.jobs.page() == []
