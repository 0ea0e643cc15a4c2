"""A stranger's folder: every kind of bad recording is named, nothing is changed unasked, originals stay."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from moksori.errors import InvalidInput, NotFound
from moksori.training import checkup, doctor
from moksori.training.manifest import read
from tests.recordings import tone


def put(folder: Path, name: str, sound: np.ndarray, text: str | None, rate: int = 24_000) -> None:
    soundfile.write(folder / name, sound, rate)
    if text is not None:
        (folder / name).with_suffix(".txt").write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight good clips of one voice, and one of each trouble."""
    place = tmp_path / "recordings"
    place.mkdir()
    for n in range(8):
        put(place, f"good_{n}.wav", tone(1.5, 150, n), f"오늘은 날씨가 좋습니{'다까네요지만서도'[n]}")
    stereo = np.stack([tone(1.5, 150, 20, 16_000)] * 2, axis=1)
    put(place, "stereo.mp3", stereo, "안녕하세요 반갑습니다", 16_000)
    put(place, "untold.wav", tone(1.5, 150, 21), None)
    put(place, "laugh.wav", tone(1.5, 150, 22), "정말요 <laugh> 좋아요")
    put(place, "empty.wav", np.zeros(0, np.float32), "아무 소리도 없어요")
    put(place, "silent.wav", np.zeros(24_000, np.float32), "조용한 소리예요")
    put(place, "digits.wav", tone(1.5, 150, 23), "12시에 만나요 여러분")
    put(place, "stranger.wav", tone(1.5, 320, 24), "저는 다른 사람입니다")
    put(place, "again.wav", tone(1.5, 150, 0), "같은 소리를 또 넣었어요")
    put(place, "short.wav", tone(1.5, 150, 25), "네" + "아주 긴 글인데 소리는 짧아요" * 8)
    (place / "broken.wav").write_bytes(b"RIFF nothing")
    (place / "broken.txt").write_text("망가진 파일입니다", encoding="utf-8")
    return place


def codes(diagnosis: doctor.Diagnosis, name: str) -> set[str]:
    return next({f.code for f in clip.findings} for clip in diagnosis.clips if clip.row.audio.name == name)


def test_every_trouble_is_named(folder: Path) -> None:
    diagnosis = doctor.diagnose(doctor.find_rows(folder, speaker="mina"))
    assert "no_transcript" in codes(diagnosis, "untold.wav")
    assert "tag" in codes(diagnosis, "laugh.wav")
    assert "unreadable" in codes(diagnosis, "empty.wav")
    assert "silent" in codes(diagnosis, "silent.wav")
    assert "unreadable" in codes(diagnosis, "broken.wav")
    assert "digits" in codes(diagnosis, "digits.wav")
    assert "length_mismatch" in codes(diagnosis, "short.wav")
    assert "rate" in codes(diagnosis, "stereo.mp3")
    assert "other_speaker" in codes(diagnosis, "stranger.wav")
    same = codes(diagnosis, "again.wav") | codes(diagnosis, "good_0.wav")
    assert "duplicate_sound" in same
    assert "little_data" in {f.code for f in diagnosis.findings}
    assert not codes(diagnosis, "good_3.wav") & {"other_speaker", "length_mismatch", "noisy", "silent", "unreadable"}


def test_the_page_and_the_data_say_the_same(folder: Path, tmp_path: Path) -> None:
    diagnosis = doctor.diagnose(doctor.find_rows(folder))
    page, data = checkup.write(diagnosis, tmp_path / "report")
    told = json.loads(data.read_text(encoding="utf-8"))
    assert told["clips"] == len(diagnosis.clips)
    assert told["usable"] == len(diagnosis.usable)
    written = page.read_text(encoding="utf-8")
    assert "<svg" in written
    assert "laugh.wav" in written
    assert "&lt;laugh&gt;" in written, "a transcript is text, not markup"


def test_prepared_clips_are_24_khz_mono_with_the_tail_that_was_asked_for(folder: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    diagnosis = doctor.diagnose(doctor.find_rows(folder, speaker="mina"))
    rows, left_out = doctor.prepare(diagnosis, tmp_path / "ready", tail_s=0.5)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    again = read(tmp_path / "ready" / "manifest.jsonl")
    assert [row.text for row in again] == [row.text for row in rows]
    for row in again:
        sound, rate = soundfile.read(row.audio)
        assert (rate, sound.ndim) == (24_000, 1)
        heard = np.flatnonzero(np.abs(sound) > 0.01)
        assert 0.4 < (len(sound) - heard[-1]) / rate < 0.65
    names = {row.audio.stem.split("_", 1)[1] for row in again}
    assert "stereo" in names
    assert not names & {"untold", "empty", "silent", "broken", "short", "stranger"}
    assert dict(left_out)["untold.wav"] == "It has no transcript."
    assert len(rows) + len(left_out) == len(diagnosis.clips)


def test_nothing_is_rewritten_unless_asked(folder: Path, tmp_path: Path) -> None:
    diagnosis = doctor.diagnose(doctor.find_rows(folder))
    plain = {row.audio.stem[6:]: row.text for row in doctor.prepare(diagnosis, tmp_path / "a")[0]}
    fixed = {
        row.audio.stem[6:]: row.text
        for row in doctor.prepare(diagnosis, tmp_path / "b", fixes=("tail", "strip_tags", "read"))[0]
    }
    assert plain["laugh"] == "정말요 <laugh> 좋아요"
    assert fixed["laugh"] == "정말요 좋아요"
    assert plain["digits"].startswith("12시")
    assert not any(c.isdigit() for c in fixed["digits"])
    with pytest.raises(InvalidInput, match="no fix 'everything'"):
        doctor.prepare(diagnosis, tmp_path / "c", fixes=("everything",))


def test_three_clips_are_enough_to_try_and_the_report_says_so(tmp_path: Path) -> None:
    for n in range(3):
        put(tmp_path, f"{n}.wav", tone(1.5, 150, n), "오늘은 날씨가 좋습니다"[: 8 + n])
    diagnosis = doctor.diagnose(doctor.find_rows(tmp_path))
    assert len(diagnosis.usable) == 3
    assert [f.code for f in diagnosis.findings] == ["little_data"]


def test_two_speakers_in_equal_parts_are_found(tmp_path: Path) -> None:
    for n in range(6):
        put(tmp_path, f"a{n}.wav", tone(1.5, 140 + n, n), f"첫째 목소리 {'가나다라마바사아자'[n]}입니다")
        put(tmp_path, f"b{n}.wav", tone(1.5, 300 + n, n + 50), f"둘째 목소리 {'차카타파하가'[n]}입니다")
    diagnosis = doctor.diagnose(doctor.find_rows(tmp_path))
    assert "mixed_speakers" in {f.code for f in diagnosis.findings}
    marked = {c.row.audio.name[0] for c in diagnosis.clips if any(f.code == "other_speaker" for f in c.findings)}
    assert len(marked) == 1
    rows, left_out = doctor.prepare(diagnosis, tmp_path / "ready")
    assert (len(rows), len(left_out)) == (6, 6)
    assert len(doctor.prepare(diagnosis, tmp_path / "ready", keep_others=True)[0]) == 12


def test_two_speakers_mixed_are_found(tmp_path: Path) -> None:
    for n in range(9):
        put(tmp_path, f"a{n}.wav", tone(1.5, 140 + n, n), f"첫째 목소리 {'가나다라마바사아자'[n]}입니다")
    for n in range(3):
        put(tmp_path, f"b{n}.wav", tone(1.5, 330, n + 50), f"둘째 목소리 {'차카타'[n]}입니다")
    diagnosis = doctor.diagnose(doctor.find_rows(tmp_path))
    assert "mixed_speakers" in {f.code for f in diagnosis.findings}
    marked = {c.row.audio.name for c in diagnosis.clips if any(f.code == "other_speaker" for f in c.findings)}
    assert marked == {"b0.wav", "b1.wav", "b2.wav"}


def test_a_folder_that_is_not_there_or_has_no_sound_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        doctor.find_rows(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match="no recordings"):
        doctor.find_rows(tmp_path)


def test_transcripts_from_a_korean_editor_are_read_and_strange_files_are_named(tmp_path: Path) -> None:
    for n in range(2):
        soundfile.write(tmp_path / f"{n}.wav", tone(1.5, 150, n), 24_000)
    (tmp_path / "0.txt").write_bytes("오늘은 날씨가 좋습니다".encode("cp949"))
    (tmp_path / "metadata.csv").write_text("1|내일은 비가 옵니다\n", encoding="utf-8")
    (tmp_path / "notes.docx").write_bytes(b"notes")
    (tmp_path / "2.txt").write_text("소리가 없는 글", encoding="utf-8")
    assert [row.text for row in doctor.find_rows(tmp_path)] == ["오늘은 날씨가 좋습니다", "내일은 비가 옵니다"]
    assert doctor.ignored(tmp_path) == ["2.txt", "notes.docx"]
    (tmp_path / "0.txt").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(InvalidInput, match="neither UTF-8"):
        doctor.find_rows(tmp_path)


def test_a_recording_that_is_too_long_is_named_without_being_listened_to(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("아주 긴 녹음", encoding="utf-8")
    put(tmp_path, "short.wav", tone(1.5, 150, 1), "짧은 녹음입니다")
    with soundfile.SoundFile(tmp_path / "long.wav", "w", 8_000, 1) as file:
        file.write(np.zeros(31 * 8_000))
    diagnosis = doctor.diagnose(doctor.find_rows(tmp_path))
    assert codes(diagnosis, "long.wav") == {"too_long"}
    assert "too_long" not in codes(diagnosis, "short.wav")
