"""Downloads against a real HTTP server on loopback that speaks the hub's protocol."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from moksori.errors import InvalidInput, NotFound, Unavailable
from moksori.model import hub

COMMIT = "85e237c12c027371202489a0ec509ded67b5e4b5"
REPO = "Qwen/Qwen3-TTS-12Hz-0.6B-CustomVoice"
FILES = {
    "config.json": b'{"tts_model_type": "custom_voice"}',
    "model.safetensors": bytes(range(256)) * 100_000,  # 25.6 MB: more than the library reads in one piece
    "speech_tokenizer/config.json": b"{}",
}


class Hub(BaseHTTPRequestHandler):
    """The three calls that a snapshot needs: the tree, a file's head, a file's bytes (with ranges)."""

    protocol_version = "HTTP/1.1"
    cut_after: int | None = None  # bytes of model.safetensors after which the connection breaks, once
    ranges: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        if self.path.startswith(f"/api/models/{REPO}"):
            return self._api()
        name = self._file()
        if name is None:
            return self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        data, start = FILES[name], 0
        if asked := self.headers.get("Range"):
            Hub.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").split("-")[0])
        cut = Hub.cut_after if name == "model.safetensors" else None
        Hub.cut_after = None if cut else Hub.cut_after
        headers = self._headers(name)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(206 if start else 200, data[start:], headers, cut)

    def do_HEAD(self) -> None:
        name = self._file()
        self._send(200, FILES[name], self._headers(name)) if name else self._send(
            404, b"", {"X-Error-Code": "RepoNotFound"}
        )

    def _api(self) -> None:
        if "/tree/" in self.path:
            tree = [{"type": "file", "path": n, "size": len(d), "oid": _oid(d)} for n, d in FILES.items()]
            return self._send(200, json.dumps(tree).encode(), {"Content-Type": "application/json"})
        siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
        info = {"id": REPO, "modelId": REPO, "sha": COMMIT, "private": False, "siblings": siblings, "tags": []}
        self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    def _file(self) -> str | None:
        prefix = f"/{REPO}/resolve/{COMMIT}/"
        name = self.path.removeprefix(prefix)
        return name if self.path.startswith(prefix) and name in FILES else None

    def _headers(self, name: str) -> dict[str, str]:
        return {"ETag": f'"{_oid(FILES[name])}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}

    def _send(self, status: int, body: bytes, headers: dict[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.connection.shutdown(2)
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        return None


def _oid(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@pytest.fixture
def server() -> Iterator[str]:
    Hub.cut_after, Hub.ranges = None, []
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()


def moksori(server: str, home: Path, *arguments: str, offline: bool = False) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HOME": str(home), "HF_ENDPOINT": server, "HF_HUB_DISABLE_XET": "1"}
    environment |= {"HF_HUB_OFFLINE": "1"} if offline else {}
    command = [sys.executable, "-m", "moksori", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_pulled_model_is_complete_and_found_with_the_network_off(server: str, tmp_path: Path) -> None:
    pulled = moksori(server, tmp_path, "models", "pull", "0.6b-custom-voice")
    assert pulled.returncode == 0, pulled.stderr
    assert "GB" in pulled.stderr
    assert COMMIT in pulled.stdout
    listed = moksori("http://127.0.0.1:9", tmp_path, "models", "list", "--json", offline=True)
    state = {row["name"]: row["installed"] for row in json.loads(listed.stdout)}
    assert state["0.6b-custom-voice"]
    assert not state["1.7b-base"]
    weights = next(tmp_path.rglob("snapshots/*/model.safetensors"))
    assert weights.read_bytes() == FILES["model.safetensors"]


def test_a_broken_download_resumes_where_it_stopped(server: str, tmp_path: Path) -> None:
    Hub.cut_after = 22_000_000
    for _ in range(2):  # the library may resume by itself; if not, the second run must
        pulled = moksori(server, tmp_path, "models", "pull", "0.6b-custom-voice")
        if pulled.returncode == 0:
            break
        assert "resumes where it stopped" in pulled.stderr
    assert pulled.returncode == 0, pulled.stderr
    assert any(int(asked.removeprefix("bytes=").split("-")[0]) > 0 for asked in Hub.ranges)
    assert next(tmp_path.rglob("snapshots/*/model.safetensors")).read_bytes() == FILES["model.safetensors"]


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path) -> None:
    pulled = moksori("http://127.0.0.1:9", tmp_path, "models", "pull", "0.6b-custom-voice")
    assert pulled.returncode == Unavailable.exit_status
    assert pulled.stderr.strip().count("\n") == 0
    assert "again" in pulled.stderr


def test_a_model_that_is_not_installed_names_the_command_and_the_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hub, "_cached", lambda repo, revision: None)
    with pytest.raises(Unavailable, match=r"moksori models pull 1.7b-base.*4.5 GB"):
        hub.locate("1.7b-base")


def test_an_unknown_model_is_an_error_with_the_list() -> None:
    with pytest.raises(NotFound, match=r"1\.7b-voice-design"):
        hub.locate("2b-base")


def test_a_repository_of_ones_own_must_be_pinned() -> None:
    with pytest.raises(InvalidInput, match="--revision"):
        hub.locate("somebody/voice")


def test_a_full_disk_is_seen_before_the_download(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="HF_HOME"):
        hub._check_disk(1 << 60)
