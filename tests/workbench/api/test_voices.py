import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient

from moksori import audio
from moksori.workbench.workbench import Workbench

Json = dict[str, Any]
TEXT = "안녕하세요. 오늘은 날씨가 참 좋습니다. 산책하러 가요."


@pytest.fixture
def clip(client: TestClient, spoken: Callable[..., Json]) -> bytes:
    """A few seconds of real speech, with a little silence around it."""
    data = client.get(f"/api/takes/{spoken(TEXT)['id']}/audio?format=wav").content
    pcm, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    quiet = np.zeros(rate // 4, np.int16)
    return audio.encode(np.concatenate([quiet, pcm, quiet]), rate, "flac")


def upload(client: TestClient, clip: bytes, **fields: Any) -> Any:
    return client.post("/api/voices/upload", files={"file": ("a.flac", clip)}, data={"name": "서연", **fields})


def test_the_speakers_of_the_model_and_the_examples_are_there_from_the_start(client: TestClient) -> None:
    voices = client.get("/api/voices").json()["items"]
    stored = [voice for voice in voices if voice["stored"]]
    assert [voice["name"].split()[0] for voice in stored] == ["서연", "도윤"]
    assert all(voice["usable"] for voice in voices)
    assert "f1" in [voice["id"] for voice in voices]
    assert client.get("/api/voices/f1").json()["stored"] is False


def test_a_clip_is_checked_before_it_is_kept(client: TestClient, clip: bytes) -> None:
    files = {"file": ("a.flac", clip)}
    good = client.post("/api/voices/check", files=files, data={"transcript": TEXT}).json()
    assert good["ok"] is True
    assert good["coverage"]["severity"] == "info"
    assert len(good["peaks"]["max"]) == good["peaks"]["bins"]
    short = client.post("/api/voices/check", files=files, data={"transcript": "안녕"}).json()
    assert (short["ok"], short["coverage"]["severity"]) == (False, "error")
    cut = client.post("/api/voices/check", files=files, data={"start_s": "1.0", "end_s": "1.5"}).json()
    assert "too_short" in [mark["code"] for mark in cut["checks"]]
    silence = audio.encode(np.zeros(48_000, np.int16), 24_000, "wav")
    quiet = client.post("/api/voices/check", files={"file": ("b.wav", silence)}).json()
    assert quiet["checks"][0]["code"] == "silent"
    assert len(client.get("/api/voices").json()["items"]) > 0


def test_an_uploaded_voice_keeps_exactly_what_the_engine_hears(
    client: TestClient, clip: bytes, bench: Workbench
) -> None:
    voice = upload(client, clip, transcript=TEXT, consent="본인 동의").json()
    assert (voice["kind"], voice["transcript"], voice["consent"]) == ("cloned", TEXT, "본인 동의")
    pcm, rate = soundfile.read(io.BytesIO(client.get(f"/api/voices/{voice['id']}/reference").content), dtype="float32")
    assert rate == 24_000
    direct = audio.read(clip, sample_rate=24_000).pcm
    assert np.array_equal(pcm, direct)
    assert voice["usable"] is False, "the draft voice cannot clone"
    assert "cloned" in voice["why"]
    refused = client.post("/api/speak", json={"text": "안녕", "voice": voice["id"]})
    assert refused.json()["error"]["code"] == "unusable_voice"


def test_trimming_takes_the_part_that_was_chosen(client: TestClient, clip: bytes) -> None:
    voice = upload(client, clip, start_s="0.5", end_s="3.0").json()
    assert voice["seconds"] == pytest.approx(2.5)
    assert upload(client, clip, start_s="3", end_s="1").status_code == 400
    assert upload(client, clip, start_s="0", end_s="999").status_code == 400


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"fLaC" + b"\0" * 500, b"OggS" + b"\xff" * 900, b"ID3" * 99],
)
def test_what_is_no_sound_is_refused(client: TestClient, data: bytes) -> None:
    answer = upload(client, data)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "file"), answer.text


def test_an_upload_that_is_too_large_or_too_long_is_refused(client: TestClient) -> None:
    large = upload(client, b"\0" * (21 << 20))
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")
    long = audio.encode(np.zeros(8_000 * 301, np.int16), 8_000, "flac")
    assert upload(client, long).status_code == 400


def test_a_take_becomes_a_reference(client: TestClient, spoken: Callable[..., Json]) -> None:
    take = spoken(TEXT)
    voice = client.post("/api/voices/from-take", json={"take": take["id"], "name": "디자인"}).json()
    assert (voice["kind"], voice["transcript"]) == ("cloned", take["spoken"])
    assert voice["seconds"] == pytest.approx(take["seconds"], abs=0.01)


def test_deleting_asks_what_depends_on_it(client: TestClient, spoken: Callable[..., Json]) -> None:
    voice = client.post("/api/voices", json={"kind": "preset", "name": "별명", "speaker": "m1"}).json()
    take = spoken("이름 있는 목소리", voice=voice["id"])
    preset = client.post("/api/presets", json={"name": "기댐", "from_take": take["id"]}).json()
    depends = client.get(f"/api/voices/{voice['id']}/dependents").json()
    assert depends == {"presets": [{"id": preset["id"], "name": "기댐"}], "takes": 1, "jobs": 0}
    url = f"/api/voices/{voice['id']}?version=1"
    refused = client.delete(url)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "in_use")
    assert refused.json()["error"]["current"] == depends
    assert client.delete(f"{url}&force=true").status_code == 204
    again = spoken("이름 있는 목소리", voice=None, seed=None, preset=preset["id"])
    assert again["id"] == take["id"], "the preset has its own copy"


def test_a_voice_is_edited_with_its_version(client: TestClient) -> None:
    voice = client.post("/api/voices", json={"kind": "designed", "name": "가", "description": "차분한 여성"}).json()
    url = f"/api/voices/{voice['id']}"
    assert client.patch(url, json={"version": 1, "description": "밝은 여성"}).json()["version"] == 2
    assert client.patch(url, json={"version": 1, "name": "나"}).status_code == 409
    assert client.patch(url, json={"version": 2, "scale": 0.5}).json()["error"]["field"] == "scale"


@pytest.mark.parametrize("pack", ["../../etc", "", "none", "/root"])
def test_only_installed_packs_become_voices(client: TestClient, pack: str) -> None:
    assert client.post("/api/voices", json={"kind": "pack", "name": "팩", "pack": pack}).status_code == 404


def test_a_sample_is_spoken_once(client: TestClient, finished: Callable[[str], Json]) -> None:
    for _ in range(2):
        finished(client.post("/api/voices/f1/sample").json()["job"]["id"])
    assert len(client.get("/api/takes").json()["items"]) == 1
