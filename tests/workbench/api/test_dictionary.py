from typing import Any

from fastapi.testclient import TestClient


def add(client: TestClient, surface: str, reading: str, **more: Any) -> Any:
    return client.post("/api/dictionary", json={"surface": surface, "reading": reading, **more})


def test_an_entry_is_made_found_changed_and_removed(client: TestClient) -> None:
    made = add(client, "KTX", "케이티엑스", note="기차").json()
    assert client.get("/api/dictionary?q=기차").json()["items"] == [made]
    url = f"/api/dictionary/{made['id']}"
    changed = client.put(url, json={"version": 1, "surface": "KTX", "reading": "고속철"}).json()
    assert (changed["reading"], changed["version"]) == ("고속철", 2)
    late = client.put(url, json={"version": 1, "surface": "KTX", "reading": "늦음"})
    assert (late.status_code, late.json()["error"]["current"]["reading"]) == (409, "고속철")
    assert client.delete(f"{url}?version=1").status_code == 409
    assert client.delete(f"{url}?version=2").status_code == 204
    assert client.get(url).status_code == 404


def test_an_entry_is_heard_at_once(client: TestClient) -> None:
    add(client, "모크", "목소리")
    assert client.post("/api/read", json={"text": "모크"}).json()["reading"]["spoken"] == "목소리"


def test_wrong_entries_are_named(client: TestClient) -> None:
    assert add(client, "3D", "3디").json()["error"]["field"] == "reading"
    assert add(client, "A", "에이").status_code == 201
    assert add(client, "A", "아").json()["error"]["code"] == "exists"
    assert add(client, "B", "비", colour="red").json()["error"]["field"] == "colour"


def test_what_is_exported_is_imported_again(client: TestClient) -> None:
    add(client, "KTX", "케이티엑스", match="prefix", priority=3)
    add(client, 'a "b", c', "에이비씨")
    for format in ("csv", "json"):
        data = client.get(f"/api/dictionary/export?format={format}").content
        answer = client.post("/api/dictionary/import", files={"file": (f"d.{format}", data)}).json()
        assert answer == {"added": 0, "changed": 0, "unchanged": 2, "removed": 0}
    replaced = client.post(
        "/api/dictionary/import", files={"file": ("d.csv", "surface,reading\nSRT,에스알티\n".encode())},
        data={"replace": "true"},
    ).json()  # fmt: skip
    assert replaced == {"added": 1, "changed": 0, "unchanged": 0, "removed": 2}


def test_an_import_is_all_or_nothing(client: TestClient) -> None:
    data = "surface,reading\nSRT,에스알티\n3D,3디\n".encode()
    answer = client.post("/api/dictionary/import", files={"file": ("d.csv", data)})
    assert answer.status_code == 400
    assert "Line 3" in answer.json()["error"]["message"]
    assert client.get("/api/dictionary").json()["items"] == []
    for junk in (b"", b"\xff\xfe\xff", b"{", b"x,y\n1,2\n", b"[1]"):
        assert client.post("/api/dictionary/import", files={"file": ("d", junk)}).status_code == 400
