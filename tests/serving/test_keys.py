"""Keys, scopes and rates."""

from __future__ import annotations

import hashlib

import httpx
import pytest

from moksori.serving.keys import Key, Keyring
from moksori.serving.problems import Forbidden, TooMany, Unauthorised

from .running import running

FULL = Key.of("full", "full-secret")
SPEAKER = Key("speaker", hashlib.sha256(b"speak-secret").hexdigest(), scopes=("speak",))


def test_without_keys_everybody_may():
    assert Keyring(()).admit(None, "admin").name == "anybody"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic full-secret", "Bearer wrong", "full-secret"])
def test_what_is_no_key_is_refused(header):
    with pytest.raises(Unauthorised):
        Keyring((FULL,)).admit(header, "speak")


def test_a_scope_that_is_missing_is_named():
    ring = Keyring((FULL, SPEAKER))
    assert ring.admit("bearer speak-secret", "speak") is SPEAKER
    with pytest.raises(Forbidden, match="voices"):
        ring.admit("Bearer speak-secret", "voices")
    assert ring.admit("Bearer full-secret", "voices") is FULL


def test_a_rate_lets_a_minutes_worth_through_and_then_says_how_long_to_wait():
    key = Key("k", "0" * 64, requests_per_minute=3)
    ring = Keyring((key,))
    for _ in range(3):
        ring.spend(key, 10)
    with pytest.raises(TooMany) as caught:
        ring.spend(key, 10)
    assert 15 < caught.value.wait_s <= 20.5
    assert caught.value.http_status == 429


def test_characters_have_their_own_rate_and_one_large_request_may_pass_when_all_is_free():
    key = Key("k", "0" * 64, characters_per_minute=100)
    ring = Keyring((key,))
    ring.spend(key, 250)
    with pytest.raises(TooMany, match="100 characters"):
        ring.spend(key, 1)


def test_one_keys_rate_is_not_anothers():
    keys = [Key("a", "a" * 64, requests_per_minute=1), Key("b", "b" * 64, requests_per_minute=1)]
    ring = Keyring(tuple(keys))
    for key in keys:
        ring.spend(key, 1)
    with pytest.raises(TooMany):
        ring.spend(keys[0], 1)


def test_over_http(tmp_path):
    slow = Key("slow", hashlib.sha256(b"slow-secret").hexdigest(), ("speak",), requests_per_minute=1)
    with running(tmp_path, keys=(FULL, slow)) as server, httpx.Client(base_url=server.url, trust_env=False) as http:

        def status(path: str, secret: str | None, **given) -> httpx.Response:
            headers = {"authorization": f"Bearer {secret}"} if secret else {}
            return http.request("POST" if given else "GET", path, headers=headers, **given)

        assert status("/health", None).status_code == 200
        assert status("/ready", None).status_code == 200
        for path in ("/v1/models", "/v1/audio/voices", "/metrics"):
            answer = status(path, None)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["error"]["code"] == "invalid_api_key"
            assert status(path, "full-secret").status_code == 200
        assert status("/metrics", "slow-secret").status_code == 403
        asked = {"json": {"input": "네"}}
        assert status("/v1/audio/speech", "slow-secret", **asked).status_code == 200
        answer = status("/v1/audio/speech", "slow-secret", **asked)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.json()["error"]["type"] == "rate_limit_error"
        assert status("/v1/audio/speech", "full-secret", **asked).status_code == 200
