import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient

from moksori import audio, measure
from moksori.workbench.workbench import Workbench

Json = dict[str, Any]


def decoded(data: bytes) -> tuple[np.ndarray[Any, Any], int]:
    pcm, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    return pcm, rate


def test_lossless_formats_hold_the_very_samples(client: TestClient, spoken: Callable[..., Json]) -> None:
    take = spoken()
    for format in ("wav", "flac"):
        pcm, rate = decoded(client.get(f"/api/takes/{take['id']}/audio?format={format}").content)
        assert (audio.pcm_sha256(pcm), rate) == (take["pcm_sha256"], take["sample_rate"])


@pytest.mark.parametrize("format", audio.available())
def test_every_format_is_made_and_named(client: TestClient, spoken: Callable[..., Json], format: str) -> None:
    take = spoken()
    answer = client.get(f"/api/takes/{take['id']}/audio?format={format}&download=true")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == audio.find(format).media_type
    assert audio.find(format).extension in answer.headers["content-disposition"]
    assert len(answer.content) > 1000


def test_ranges_make_the_sound_seekable(client: TestClient, spoken: Callable[..., Json]) -> None:
    url = f"/api/takes/{spoken()['id']}/audio?format=mp3"
    whole = client.get(url)
    part = client.get(url, headers={"Range": "bytes=100-199", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"


def test_a_loudness_is_reached_and_a_chime_is_added(client: TestClient, spoken: Callable[..., Json]) -> None:
    take = spoken("안녕하세요. 좋은 아침입니다. 반갑습니다.")
    url = f"/api/takes/{take['id']}/audio?format=wav"
    quiet, rate = decoded(client.get(f"{url}&loudness=-26").content)
    assert measure.loudness(quiet, rate) == pytest.approx(-26, abs=0.3)
    with_chime, _ = decoded(client.get(f"{url}&chime=both").content)
    assert len(with_chime) / rate > take["seconds"] + 3
    untouched, _ = decoded(client.get(url).content)
    assert audio.pcm_sha256(untouched) == take["pcm_sha256"]


def test_the_label_is_in_the_file_unless_it_is_turned_off(client: TestClient, spoken: Callable[..., Json]) -> None:
    url = f"/api/takes/{spoken()['id']}/audio?format=flac"
    assert soundfile.SoundFile(io.BytesIO(client.get(url).content)).comment == audio.LABEL
    client.patch("/api/settings", json={"label": False})
    assert soundfile.SoundFile(io.BytesIO(client.get(url).content)).comment == ""


@pytest.mark.parametrize("format", [name for name in audio.available() if name != "pcm"])
def test_every_format_that_can_say_so_says_that_it_is_generated_and_by_whose_consent(
    client: TestClient, bench: Workbench, spoken: Callable[..., Json], format: str
) -> None:
    voice = bench.store.voices.add("직원", "preset", speaker="f2", consent="본인 동의 2026-01-02")
    url = f"/api/takes/{spoken('동의', voice=voice.id)['id']}/audio?format={format}"
    labelled = client.get(url)
    assert audio.LABEL.encode() in labelled.content
    assert "본인 동의 2026-01-02".encode() in labelled.content
    assert heard_s(labelled.content, format) > 0.2
    client.patch("/api/settings", json={"label": False})
    assert audio.LABEL.encode() not in client.get(url).content


def heard_s(data: bytes, format: str) -> float:
    """How long a player hears this file."""
    if format in ("aac", "webm"):
        import av  # the extra `formats`, without which these formats are not there

        with av.open(io.BytesIO(data)) as file:
            return sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))
    return audio.read(data).seconds


def test_raw_samples_say_it_in_the_answers_header(client: TestClient, spoken: Callable[..., Json]) -> None:
    answer = client.get(f"/api/takes/{spoken()['id']}/audio?format=pcm")
    assert answer.headers["x-label"] == audio.LABEL


def test_the_consent_note_travels_with_the_file(
    client: TestClient, bench: Workbench, spoken: Callable[..., Json]
) -> None:
    voice = bench.store.voices.add("직원", "preset", speaker="f2", consent="본인 동의 2026-01-02")
    take = spoken("동의", voice=voice.id)
    data = client.get(f"/api/takes/{take['id']}/audio?format=flac").content
    assert soundfile.SoundFile(io.BytesIO(data)).comment == f"{audio.LABEL}. 본인 동의 2026-01-02"


def test_peaks_of_the_whole_and_of_the_last_600_ms(client: TestClient, spoken: Callable[..., Json]) -> None:
    take = spoken()
    whole = client.get(f"/api/takes/{take['id']}/peaks?bins=50").json()
    assert (len(whole["min"]), whole["seconds"]) == (50, take["seconds"])
    pcm, rate = decoded(client.get(f"/api/takes/{take['id']}/audio?format=wav").content)
    start = take["seconds"] - 0.6
    tail = client.get(f"/api/takes/{take['id']}/peaks?bins=100&from={start}").json()
    assert max(tail["max"]) == int(pcm[-round(0.6 * rate) :].max()) >> 8
    assert client.get(f"/api/takes/{take['id']}/peaks?from=900").status_code == 400


def test_a_spectrogram_has_the_size_that_was_asked_for(client: TestClient, spoken: Callable[..., Json]) -> None:
    answer = client.get(f"/api/takes/{spoken()['id']}/spectrogram?width=90&height=40").json()
    assert len(base64.b64decode(answer["data"])) == 90 * 40


@pytest.fixture
def batch(client: TestClient, finished: Callable[[str], Json]) -> str:
    rows = [{"text": text, "label": "../../evil"} for text in ("하나", "둘/둘", "CON")]
    columns = [{"voice": "f1"}, {"voice": "m1"}]
    job: str = client.post("/api/batch", json={"rows": rows, "columns": columns}).json()["job"]["id"]
    assert finished(job)["state"] == "done"
    return job


def test_a_zip_holds_every_take_and_says_what_each_is(client: TestClient, batch: str) -> None:
    answer = client.get(f"/api/jobs/{batch}/zip?format=flac&template={{n:02}}_{{voice}}_{{text}}")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert file.testzip() is None
        manifest = json.loads(file.read("manifest.json"))
        assert [entry["file"] for entry in manifest["files"]] == file.namelist()[:-1]
        assert len(manifest["files"]) == 6
        for entry in manifest["files"]:
            pcm, _ = decoded(file.read(entry["file"]))
            assert hashlib.sha256(pcm.tobytes()).hexdigest() == entry["pcm_sha256"] == entry["manifest"]["pcm_sha256"]
        assert manifest["missing"] == []


def test_names_in_a_zip_lead_nowhere_and_are_unique(client: TestClient, batch: str) -> None:
    for template in ("{label}", "{text}", "x", "../{n}", "/etc/{text}"):
        answer = client.get(f"/api/jobs/{batch}/zip", params={"template": template, "format": "flac"})
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        assert len(set(names)) == 7
        assert not [name for name in names if "/" in name or "\\" in name or name.startswith(".")]
    assert client.get(f"/api/jobs/{batch}/zip", params={"template": "{n.__class__}"}).status_code == 400


def test_a_template_is_previewed_with_real_rows(client: TestClient, batch: str) -> None:
    names = client.post("/api/names", json={"template": "{row}-{column}-{text}", "job": batch, "format": "ulaw"}).json()
    assert names["names"][:3] == ["1-1-하나.ulaw.wav", "1-2-하나.ulaw.wav", "2-1-둘 둘.ulaw.wav"]


def test_a_take_whose_sound_is_lost_is_named_in_the_manifest(client: TestClient, bench: Workbench, batch: str) -> None:
    take = bench.store.jobs.items(batch)[0].take_id
    assert take is not None
    bench.store.blobs.sound_path(bench.store.takes.get(take).sound).unlink()
    data = client.get(f"/api/jobs/{batch}/zip?format=flac").content
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("manifest.json"))
    assert [entry["take"] for entry in manifest["missing"]] == [take]
    assert len(manifest["files"]) == 5


def test_any_takes_in_any_order_make_a_zip(client: TestClient, batch: str, bench: Workbench) -> None:
    ids = [item.take_id for item in bench.store.jobs.items(batch)][::-1]
    url = f"/api/takes/zip?ids={','.join(map(str, ids))}&format=flac&template={{n}}-{{take}}"
    names = zipfile.ZipFile(io.BytesIO(client.get(url).content)).namelist()
    assert names[:-1] == [f"{n}-{id}.flac" for n, id in enumerate(ids, 1)]
    assert client.get("/api/takes/zip?ids=1;2").status_code == 422
