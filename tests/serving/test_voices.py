"""Voices are listed, uploaded, spoken with and deleted; a clone is heard with a real (tiny, random) checkpoint."""

from __future__ import annotations

import base64
import io

import httpx
import numpy as np
import pytest
import soundfile

from moksori import audio
from moksori.engine import registry
from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.serving.shelf import FolderShelf, to_id
from moksori.voice import Voice
from tests import checkpoints
from tests.measure.sounds import babble

from .running import Running, running

CLIP = audio.encode(audio.to_int16(babble(18)), 24_000, "flac")


def upload(http, name: str, data: bytes | None = CLIP, **fields) -> httpx.Response:
    files = {"file": ("clip.flac", data)} if data is not None else None
    return http.post("/v1/audio/voices", data={"name": name, **fields}, files=files)


def test_preset_voices_are_listed_first(http):
    voices = http.get("/v1/audio/voices").json()["voices"]
    assert voices[0]["id"] == "plain"
    assert voices[0]["kind"] == "preset"
    assert "korean" in voices[0]["languages"]


def test_an_uploaded_voice_is_listed_and_deleted(http):
    made = upload(http, "우리 회사", transcript="안녕하세요", consent="직원 본인 동의")
    assert made.status_code == 201
    assert made.json()["id"] == "우리-회사"
    listed = {voice["id"]: voice for voice in http.get("/v1/audio/voices").json()["voices"]}
    assert listed["우리-회사"]["name"] == "우리 회사"
    assert listed["우리-회사"]["usable"] is False  # the draft voice does not clone
    refused = http.post("/v1/audio/speech", json={"input": "네", "voice": "우리-회사"})
    assert refused.json()["error"]["code"] == "unsupported_voice"
    assert upload(http, "우리 회사").status_code == 409
    assert http.delete("/v1/audio/voices/우리-회사").json()["deleted"] is True
    assert http.delete("/v1/audio/voices/우리-회사").status_code == 404
    assert upload(http, "우리 회사").status_code == 201
    http.delete("/v1/audio/voices/우리-회사")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"name": "a", "data": b"no sound"}, 400),
        ({"name": "a", "data": b""}, 400),
        ({"name": "a", "data": None}, 400),
        ({"name": "///", "data": CLIP}, 400),
        ({"name": "a", "data": CLIP, "description": "차분한 목소리"}, 400),
        ({"name": "f2", "data": CLIP}, 409),
        ({"name": "a", "data": audio.encode(np.zeros(72_000, np.int16), 24_000, "wav")}, 400),
    ],
)
def test_what_cannot_be_kept_is_refused(http, given, status):
    before = http.get("/v1/audio/voices").json()
    answer = upload(http, given.pop("name"), given.pop("data"), **given)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert http.get("/v1/audio/voices").json() == before


def test_presets_stay(http):
    assert http.delete("/v1/audio/voices/f2").status_code == 409


def test_a_shelf_gives_back_exactly_what_was_put_there(tmp_path):
    shelf = FolderShelf(tmp_path / "voices")
    assert shelf.all() == []
    voice = Voice.cloned(CLIP, "안녕하세요", name="한 사람", consent="동의")
    shelf.add(voice, "한 사람")
    shelf.add(Voice.designed("차분한 목소리"), "차분")
    found = FolderShelf(tmp_path / "voices").find("한-사람")
    assert found.fingerprint == voice.fingerprint
    assert found.consent == "동의"
    assert FolderShelf(tmp_path / "voices").find("차분").description == "차분한 목소리"
    assert [kept.id for kept in shelf.all()] == ["한-사람", "차분"]
    with pytest.raises(Conflict):
        shelf.add(voice, "한 사람")
    shelf.remove("한-사람")
    with pytest.raises(NotFound):
        shelf.remove("한-사람")
    assert [path.name for path in (tmp_path / "voices").iterdir()] == ["차분"]


@pytest.mark.parametrize("id", ["..", "../x", "a/b", "", ".", "a\0b", "x" * 65])
def test_no_id_leads_out_of_the_shelf(tmp_path, id):
    (tmp_path / "voice.json").write_text("{}")
    assert FolderShelf(tmp_path / "voices").find(id) is None
    with pytest.raises(NotFound):
        FolderShelf(tmp_path / "voices").remove(id)


def test_ids_are_made_from_names():
    assert to_id("  우리 회사 Voice!! ") == "우리-회사-voice"
    for name in ("", "!!!", "--"):
        with pytest.raises(InvalidInput):
            to_id(name)


def test_on_a_voice_design_model_the_instructions_are_the_voice(tmp_path_factory):
    folder = checkpoints.tiny("1.7b-voice-design", tmp_path_factory.mktemp("tiny") / "design")
    with (
        running(tmp_path_factory.mktemp("data"), lambda: registry.open("qwen3", str(folder), "cpu")) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=120) as http,
    ):

        def speak(**fields) -> httpx.Response:
            body = {"input": "네, 안녕하세요.", "response_format": "pcm", "max_frames": 8, "seed": 4, **fields}
            return http.post("/v1/audio/speech", json=body)

        calm = speak(instructions="차분한 중년 여성")
        assert calm.status_code == 200
        assert "x-ignored-fields" not in calm.headers
        manifest = http.get(f"/v1/audio/takes/{calm.headers['x-take-id']}").json()
        assert (manifest["voice"]["kind"], manifest["voice"]["description"]) == ("designed", "차분한 중년 여성")
        assert manifest["settings"]["instruct"] == ""
        assert speak(instructions="밝은 젊은 남성").content != calm.content
        assert speak().status_code == 400
        kept = http.post("/v1/audio/voices", data={"name": "차분", "description": "차분한 중년 여성"})
        assert kept.status_code == 201
        assert speak(voice="차분").content == calm.content


@pytest.fixture(scope="module")
def cloner(tmp_path_factory) -> Running:
    folder = checkpoints.tiny("0.6b-base", tmp_path_factory.mktemp("tiny") / "base")
    with running(tmp_path_factory.mktemp("data"), lambda: registry.open("qwen3", str(folder), "cpu")) as started:
        yield started


def test_a_clone_speaks(cloner):
    """With a reference in the request, with a kept voice, and with an OpenAI name that only a kept voice can answer."""
    with httpx.Client(base_url=cloner.url, trust_env=False, timeout=120) as http:

        def speak(**fields) -> httpx.Response:
            body = {"input": "네, 안녕하세요.", "response_format": "pcm", "max_frames": 8, "seed": 4, **fields}
            return http.post("/v1/audio/speech", json=body)

        nobody = speak()
        assert nobody.status_code == 400
        assert "reference" in nobody.json()["error"]["message"]
        encoded = base64.b64encode(CLIP).decode()
        direct = speak(reference=encoded, transcript="안녕하세요")
        assert direct.status_code == 200
        assert len(direct.content) > 0
        assert speak(reference=f"data:audio/flac;base64,{encoded}", transcript="안녕하세요").content == direct.content
        assert upload(http, "someone", transcript="안녕하세요").json()["usable"] is True
        assert speak(voice="someone").content == direct.content
        assert speak(voice="alloy").content == direct.content
        assert speak(voice="someone", seed=5).content != direct.content
        assert "max_frames" not in direct.headers.get("x-ignored-fields", "")
        assert http.get("/v1/models").json()["data"][0]["kinds"] == ["cloned", "pack"]


def clip(seconds: float, rate: int = 8000, level: float = 1.0) -> bytes:
    """8-bit stereo WAV."""
    voice = np.resize(babble(18), round(seconds * 24_000)).astype(np.float32)[:: 24_000 // rate]
    whole = io.BytesIO()
    soundfile.write(whole, level * np.stack([voice, 0.5 * voice], axis=1), rate, format="WAV", subtype="PCM_U8")
    return whole.getvalue()


def test_references_of_every_kind_are_used_or_refused(cloner):
    with httpx.Client(base_url=cloner.url, trust_env=False, timeout=120) as http:

        def clone(data: bytes) -> httpx.Response:
            body = {"input": "네.", "response_format": "pcm", "max_frames": 6, "seed": 1}
            return http.post("/v1/audio/speech", json=body | {"reference": base64.b64encode(data).decode()})

        assert clone(clip(4.0)).status_code == 200
        bad = {"0.1 s": clip(0.1), "1200 s": clip(1200.0), "silent": clip(4.0, level=0.0), "read": bytes(1000)}
        bad |= {"truncated": clip(4.0)[:1000], "sound": b"RIFF" + b"\xff" * 5000}
        for word, data in bad.items():
            answer = clone(data)
            assert answer.status_code == 400
            assert word in answer.json()["error"]["message"], word
