"""The gate, tried as a stranger, a foreign page and an impatient guesser would."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from fastapi import WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from moksori.errors import InvalidInput
from moksori.store import Store
from moksori.workbench import access as access_module
from moksori.workbench.access import Access, check_exposed
from moksori.workbench.app import STATIC, create_app
from moksori.workbench.security import MAX_JSON, MAX_UPLOAD
from moksori.workbench.workbench import Workbench

PASSWORD = "바르고 긴 암호 1234"


def opened(bench: Workbench, access: Access) -> TestClient:
    """Without its lifespan: nothing speaks in these tests."""
    return TestClient(create_app(bench, access), base_url="http://127.0.0.1:8600")


@pytest.fixture
def client(bench: Workbench) -> TestClient:
    return opened(bench, Access(bench.store.settings))


@pytest.fixture
def guarded(bench: Workbench) -> TestClient:
    access = Access(bench.store.settings, tokens=frozenset({hashlib.sha256(b"token-1").hexdigest()}))
    access.set_password(PASSWORD)
    return opened(bench, access)


@pytest.mark.parametrize("host", ["127.0.0.1:8600", "localhost", "localhost:1", "[::1]:8600", "LOCALHOST:8600"])
def test_loopback_names_are_ours(client: TestClient, host: str) -> None:
    assert client.get("/api/settings", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "", "[", "1.2.3.4:8600"])
def test_a_rebound_name_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/api/settings", headers={"Host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "http://127.0.0.1:9999"}, {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://[bad"},
    ],
)  # fmt: skip
def test_another_site_cannot_change_anything(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.patch("/api/settings", json={"label": False}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_origin")
    assert client.get("/api/settings").json()["label"] is True


def test_other_programs_meet_the_host_check_too_and_web_sockets_the_origin(bench: Workbench) -> None:
    app = create_app(bench, Access(bench.store.settings, origins=("http://friend.example",)))

    @app.get("/v1/thing")
    def thing() -> str:
        return "here"

    @app.websocket("/v1/talk")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")

    client = TestClient(app, base_url="http://127.0.0.1:8600")
    assert client.get("/v1/thing", headers={"Origin": "http://evil.example"}).status_code == 200, "CORS decides"
    assert client.get("/v1/thing", headers={"Host": "evil.example"}).status_code == 403
    for headers in ({}, {"Origin": "http://127.0.0.1:8600"}, {"Origin": "http://friend.example"}):
        with client.websocket_connect("ws://127.0.0.1:8600/v1/talk", headers=headers) as socket:
            assert socket.receive_text() == "hello"
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("ws://127.0.0.1:8600/v1/talk", headers=headers),
        ):
            pass


def test_our_own_page_can(client: TestClient) -> None:
    headers = {"Origin": "http://127.0.0.1:8600", "Sec-Fetch-Site": "same-origin"}
    assert client.patch("/api/settings", json={"label": False}, headers=headers).status_code == 200


def test_with_a_password_nothing_is_told_to_strangers(guarded: TestClient) -> None:
    for method, path in (
        ("GET", "/api/takes"),
        ("POST", "/api/speak"),
        ("GET", "/api/events"),
        ("GET", "/api/nothing"),
    ):
        assert guarded.request(method, path).status_code == 401, path
    assert (
        guarded.get("/api/session").json() | {"required": True, "signed_in": False}
        == guarded.get("/api/session").json()
    )


def test_a_session_opens_the_door_and_changes_need_its_csrf_token(guarded: TestClient) -> None:
    made = guarded.post("/api/session", json={"password": PASSWORD})
    cookie = made.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert guarded.get("/api/settings").status_code == 200
    refused = guarded.patch("/api/settings", json={"label": False})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf")
    csrf = {"X-CSRF-Token": guarded.get("/api/session").json()["csrf"]}
    assert guarded.patch("/api/settings", json={"label": False}, headers=csrf).status_code == 200
    assert guarded.delete("/api/session").status_code == 204
    assert guarded.get("/api/settings").status_code == 401


def test_a_token_needs_no_session(guarded: TestClient) -> None:
    right, wrong = ({"Authorization": f"Bearer {token}"} for token in ("token-1", "token-2"))
    assert guarded.patch("/api/settings", json={"label": False}, headers=right).status_code == 200
    assert guarded.get("/api/settings", headers=wrong).status_code == 401
    assert guarded.post("/api/session", json={"password": "token-1"}).status_code == 200


def test_guessing_is_slow(guarded: TestClient) -> None:
    codes = [guarded.post("/api/session", json={"password": f"falsch {n}"}).status_code for n in range(6)]
    assert codes == [401] * 5 + [429]
    answer = guarded.post("/api/session", json={"password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many")
    assert answer.headers["Retry-After"]


def test_a_session_ends(guarded: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_module, "SESSION_S", -1.0)
    guarded.post("/api/session", json={"password": PASSWORD})
    assert guarded.get("/api/settings").status_code == 401


def test_a_new_password_ends_all_sessions(store: Store) -> None:
    access = Access(store.settings)
    access.set_password(PASSWORD)
    secret, _ = access.sign_in(PASSWORD, "1.2.3.4")
    assert access.session(secret) is not None
    access.set_password("ein anderes Wort")
    assert access.session(secret) is None
    with pytest.raises(InvalidInput):
        access.set_password("kurz")


def test_the_password_is_kept_as_argon2(store: Store) -> None:
    Access(store.settings).set_password(PASSWORD)
    assert store.settings.get(access_module.PASSWORD).startswith("$argon2id$")


def test_outside_loopback_a_password_is_needed(store: Store) -> None:
    access = Access(store.settings)
    check_exposed("127.0.0.1", access)
    for host in ("0.0.0.0", "192.168.0.7", "::", "myhost"):
        with pytest.raises(InvalidInput, match="password"):
            check_exposed(host, access)
    access.set_password(PASSWORD)
    check_exposed("0.0.0.0", access)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: TestClient) -> None:
    promised = client.post("/api/speak", content=b"x", headers={"Content-Length": str(2 << 30)})
    assert (promised.status_code, promised.json()["error"]["code"]) == (413, "too_large")
    counted = client.post("/api/speak", content=iter([b" " * (1 << 20)] * ((MAX_JSON >> 20) + 1)))
    assert counted.status_code == 413
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    chunks = iter([form, *[b"\0" * (1 << 20)] * ((MAX_UPLOAD >> 20) + 1)])
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert client.post("/api/voices/upload", content=chunks, headers=headers).status_code == 413


def test_the_policy_lets_through_the_import_map_and_no_other_inline_script(client: TestClient) -> None:
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", (STATIC / "index.html").read_text(), re.DOTALL)
    allowed = {f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in inline}
    assert allowed == set(re.findall(r"'sha256-[^']+'", policy))
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_page_is_there_and_files_outside_are_not(client: TestClient) -> None:
    for path in ("/", "/speak", "/batch", "/tuning/j123", "/history", "/models"):
        assert "<!doctype html>" in client.get(path).text, path
    for path in (
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/etc/passwd",
        "/static//etc/passwd",
    ):
        assert client.get(path).status_code == 404, path
