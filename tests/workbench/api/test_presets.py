import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from moksori.audio import Audio
from moksori.errors import InvalidInput
from moksori.store import Store, open_store, pack_folder, preset_file
from moksori.store.presets import SETTINGS, Frozen
from moksori.store.voices import VoiceRecord
from moksori.voice import REFERENCE_RATE, check_reference
from moksori.workbench.desk import written_out
from moksori.workbench.workbench import Workbench

Json = dict[str, Any]


def made(client: TestClient, **body: Any) -> Json:
    answer = client.post("/api/presets", json={"name": "안내", **body})
    assert answer.status_code == 201, answer.text
    preset: Json = answer.json()
    return preset


def test_a_preset_from_a_take_makes_the_very_same_take_again(client: TestClient, spoken: Callable[..., Json]) -> None:
    take = spoken("매일 아침 안내 말씀", settings={"parameters": {"pitch": 44}, "trailing_s": 0.5})
    preset = made(client, from_take=take["id"])
    assert (preset["seed"], preset["example_text"], preset["changed"]) == (1, "매일 아침 안내 말씀", [])
    again = client.post("/api/speak", json={"text": take["text"], "preset": preset["id"]}).json()["items"][0]
    while (item := client.get(f"/api/items/{again['id']}").json())["state"] in ("queued", "running"):
        pass
    assert (item["take"]["id"], item["reused"]) == (take["id"], True)


def test_a_preset_says_new_lines_as_it_was_frozen_whatever_the_dictionary_says_now(
    client: TestClient, spoken: Callable[..., Json]
) -> None:
    client.post("/api/dictionary", json={"surface": "모크", "reading": "목소리"})
    preset = made(client, from_take=spoken("모크 안내")["id"])
    entry = client.get("/api/dictionary").json()["items"][0]
    client.put(f"/api/dictionary/{entry['id']}", json={"version": 1, "surface": "모크", "reading": "다른 말"})
    client.post("/api/dictionary", json={"surface": "새말", "reading": "새로운 말"})
    take = spoken("모크와 새말", voice=None, seed=None, preset=preset["id"])
    assert take["spoken"].startswith("목소리")
    assert "새로운 말" in take["spoken"]


def test_two_tabs_editing_one_preset_cannot_overwrite_each_other(client: TestClient) -> None:
    preset = made(client, voice="f1")
    url = f"/api/presets/{preset['id']}"
    assert client.patch(url, json={"version": 1, "name": "먼저"}).json()["version"] == 2
    late = client.patch(url, json={"version": 1, "name": "나중"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "stale")
    assert late.json()["error"]["current"]["name"] == "먼저"
    frozen = {"version": 1, "name": "나중", "voice": "f1", "settings": {}, "seed": 3}
    assert client.put(url, json=frozen).status_code == 409
    assert client.delete(f"{url}?version=1").status_code == 409
    assert client.put(url, json={**frozen, "version": 2}).json()["seed"] == 3
    assert client.delete(f"{url}?version=3").status_code == 204


def test_a_copy_is_a_preset_of_its_own(client: TestClient) -> None:
    preset = made(client, voice="f1", seed=5)
    copy = client.post(f"/api/presets/{preset['id']}/duplicate", json={}).json()
    assert copy["id"] != preset["id"]
    assert (copy["seed"], copy["name"]) == (5, "안내 (2)")


def frozen_of(voice: VoiceRecord) -> Frozen:
    return Frozen(voice.frozen(), {k: v for k, v in written_out({}).items() if k in SETTINGS}, 77)


@pytest.fixture
def exported(client: TestClient, bench: Workbench) -> bytes:
    """A preset of a cloned voice, as one file."""
    pcm = np.random.default_rng(0).normal(0, 0.1, REFERENCE_RATE * 3).astype(np.float32)
    reference = check_reference(Audio(pcm, REFERENCE_RATE), "안녕하세요")
    voice = bench.store.voices.add_cloned("서연", reference, consent="동의함")
    frozen = frozen_of(voice)
    id = bench.store.presets.add("서연 안내", frozen, note="메모").id
    return client.get(f"/api/presets/{id}/export").content


def test_a_preset_travels_in_one_file_with_its_reference(exported: bytes, tmp_path: Path, bench: Workbench) -> None:
    elsewhere = open_store(tmp_path / "elsewhere")
    found = preset_file.load(elsewhere, exported)
    assert (found.preset.name, found.preset.note, found.preset.frozen.seed) == ("서연 안내", "메모", 77)
    here = bench.store.presets.all()[0].frozen
    assert found.preset.frozen == here
    voice = elsewhere.voices.thaw(found.preset.frozen.voice)
    assert voice.fingerprint == bench.store.voices.thaw(here.voice).fingerprint
    assert elsewhere.voices.all()[0].consent == "동의함"
    again = preset_file.load(elsewhere, exported)
    assert again.notes == []
    assert len(elsewhere.voices.all()) == 1
    older = rebuilt(exported, lambda about: about.pop("pack_sha256"))
    assert preset_file.load(elsewhere, older).preset.frozen == here, "a file from before packs were exported"


def rebuilt(exported: bytes, change: Callable[[Json], None] | None = None, **members: bytes | None) -> bytes:
    """The file with a changed preset.json, and members added, replaced (bytes) or left out (None)."""
    with zipfile.ZipFile(io.BytesIO(exported)) as file:
        parts: dict[str, bytes] = {name: file.read(name) for name in file.namelist()}
    if change is not None:
        about = json.loads(parts["preset.json"])
        change(about)
        parts["preset.json"] = json.dumps(about).encode()
    for name, data in members.items():
        parts.pop(name, None) if data is None else parts.update({name: data})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return out.getvalue()


def test_hostile_files_are_refused_and_leave_nothing(client: TestClient, exported: bytes, bench: Workbench) -> None:
    before = (len(bench.store.presets.all()), len(bench.store.voices.all()), len(list(bench.store.blobs)))
    bomb = b"0" * 200_000_000
    wrong = {
        "no zip": b"hello",
        "truncated": exported[: len(exported) // 2],
        "empty zip": rebuilt(exported, **{"preset.json": None, "reference.wav": None}),
        "bomb": rebuilt(exported, **{"preset.json": bomb}),
        "bomb in sound": rebuilt(exported, **{"reference.wav": bomb}),
        "hostile name": rebuilt(exported, **{"../../outside": b"x"}),
        "absolute name": rebuilt(exported, **{"/etc/passwd": b"x"}),
        "another sound": rebuilt(exported, **{"reference.wav": _other_sound()}),
        "no sound": rebuilt(exported, **{"reference.wav": None}),
        "text as sound": rebuilt(exported, **{"reference.wav": b"RIFFnothing"}),
        "a pack": rebuilt(exported, lambda a: a["frozen"]["voice"].update(pack="../../x")),
        "another field": rebuilt(exported, lambda a: a["frozen"].update(evil=1)),
        "seed": rebuilt(exported, lambda a: a["frozen"].update(seed=-1)),
        "pause": rebuilt(exported, lambda a: a["frozen"]["settings"].update(pause_s="x")),
        "overrides": rebuilt(exported, lambda a: a["frozen"]["settings"].update(overrides=[5])),
        "policy": rebuilt(exported, lambda a: a["frozen"]["settings"].update(policy={"x": 1})),
        "id": rebuilt(exported, lambda a: a["frozen"]["voice"].update(id="../../x")),
        "hash": rebuilt(exported, lambda a: a["frozen"]["voice"].update(reference_sha256="../../etc/passwd")),
        "kind": rebuilt(exported, lambda a: a["frozen"]["voice"].update(kind="ghost")),
        "scale": rebuilt(exported, lambda a: a["frozen"]["voice"].update(scale="NaN")),
        "name": rebuilt(exported, lambda a: a.update(name="")),
        "version": rebuilt(exported, lambda a: a.update(version=99)),
        "dictionary": rebuilt(exported, lambda a: a.update(dictionary=[{"surface": "x"}])),
        "deep": rebuilt(exported, **{"preset.json": b"[" * 100_000}),
    }  # fmt: skip
    for what, data in wrong.items():
        answer = client.post("/api/presets/import", files={"file": ("x.zip", data)})
        assert answer.status_code in (400, 413), (what, answer.status_code, answer.text[:200])
        assert answer.json()["error"]["message"], what
    after = (len(bench.store.presets.all()), len(bench.store.voices.all()), len(list(bench.store.blobs)))
    assert after[:2] == before[:2]
    assert after[2] <= before[2] + 1, "a sound that fits no preset may wait for the next check, no more"


@pytest.fixture
def packed(bench: Workbench, client: TestClient) -> bytes:
    """A preset of a voice pack, as one file."""
    put_pack(bench.store, "mina", b"weights")
    voice = bench.store.voices.add("미나", "pack", pack="mina", scale=0.4, consent="동의함")
    id = bench.store.presets.add("미나 안내", frozen_of(voice)).id
    answer = client.get(f"/api/presets/{id}/export")
    assert answer.status_code == 200, answer.text
    assert "filename*=UTF-8" in answer.headers["content-disposition"]
    return answer.content


def put_pack(store: Store, name: str, weights: bytes) -> None:
    folder = store.packs / name
    folder.mkdir()
    for file in pack_folder.FILES:
        (folder / file).write_bytes(weights if file.endswith("safetensors") else b"{}")


def test_a_preset_brings_its_pack_along(packed: bytes, tmp_path: Path) -> None:
    elsewhere = open_store(tmp_path / "elsewhere")
    found = preset_file.load(elsewhere, packed)
    voice = elsewhere.voices.thaw(found.preset.frozen.voice)
    assert (voice.kind, voice.scale) == ("pack", 0.4)
    assert voice.path is not None
    assert (voice.path / "adapter_model.safetensors").read_bytes() == b"weights"
    assert preset_file.load(elsewhere, packed).notes == []
    assert [path.name for path in elsewhere.packs.iterdir()] == ["mina"]


def test_a_pack_of_the_same_name_is_never_overwritten(packed: bytes, tmp_path: Path) -> None:
    elsewhere = open_store(tmp_path / "elsewhere")
    put_pack(elsewhere, "mina", b"others")
    frozen = preset_file.load(elsewhere, packed).preset.frozen
    assert frozen.voice["pack"].startswith("mina-")
    assert (elsewhere.packs / "mina" / "adapter_model.safetensors").read_bytes() == b"others"
    assert pack_folder.read(elsewhere.packs, frozen.voice["pack"])["adapter_model.safetensors"] == b"weights"


def test_a_hostile_pack_is_refused_and_leaves_nothing(packed: bytes, tmp_path: Path) -> None:
    elsewhere = open_store(tmp_path / "elsewhere")
    wrong = {
        "a bomb": rebuilt(packed, **{"pack/adapter_model.safetensors": b"0" * 150_000_000}),
        "a bomb in two halves": bomb_in_halves(packed),
        "other weights": rebuilt(packed, **{"pack/adapter_model.safetensors": b"evil"}),
        "a part": rebuilt(packed, **{"pack/adapter_config.json": None}),
        "a script": rebuilt(packed, **{"pack/run.py": b"x"}),
        "a path": rebuilt(packed, **{"pack/../../voice.json": b"x"}),
        "a name": rebuilt(packed, lambda a: a["frozen"]["voice"].update(pack="../mina")),
        "no pack": rebuilt(packed, **{f"pack/{file}": None for file in pack_folder.FILES}),
        "nobody's pack": rebuilt(packed, lambda a: a["frozen"]["voice"].update(pack="")),
    }  # fmt: skip
    for what, data in wrong.items():
        with pytest.raises(InvalidInput):
            preset_file.load(elsewhere, data)
        assert not list(elsewhere.packs.iterdir()), what
        assert not elsewhere.presets.all(), what


def bomb_in_halves(packed: bytes) -> bytes:
    """Each file small enough, the pack as its hash says, but all of them together too large."""
    halves = {f"pack/{file}": b"0" * 60_000_000 for file in pack_folder.ADAPTER}
    rest = {f"pack/{file}": zipfile.ZipFile(io.BytesIO(packed)).read(f"pack/{file}") for file in pack_folder.NEEDED}
    sha256 = pack_folder.fingerprint({name.removeprefix("pack/"): data for name, data in (halves | rest).items()})
    return rebuilt(packed, lambda about: about.update(pack_sha256=sha256), **halves)


def _other_sound() -> bytes:
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, np.zeros(REFERENCE_RATE, np.float32), REFERENCE_RATE, format="WAV", subtype="FLOAT")
    return out.getvalue()
