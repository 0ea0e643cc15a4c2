"""`moksori codec`: there and back on a tiny codec, and clear errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from moksori import cli
from tests.model.codec import tiny
from tests.parity.codec_random import SEED, write_checkpoint


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "speech_tokenizer"
    write_checkpoint(folder, {}, SEED)
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.wav"
    soundfile.write(path, tiny.sound(6000).numpy(), 24000, subtype="FLOAT")
    return path


def test_a_recording_goes_there_and_back(tokenizer: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["codec", "encode", str(clip), "--model", str(tokenizer.parent)]) == 0
    codes = np.load(clip.with_suffix(".codes.npy"))
    assert codes.shape == (4, 4)
    assert codes.dtype == np.uint16
    assert (codes == tiny.codec().encode(tiny.sound(6000)).numpy()).all()
    back = clip.with_name("back.flac")
    assert (
        cli.main(["codec", "decode", str(clip.with_suffix(".codes.npy")), "-o", str(back), "--model", str(tokenizer)])
        == 0
    )
    sound, rate = soundfile.read(back)
    assert (len(sound), rate) == (4 * 1920, 24000)
    expected = tiny.codec().decode(codes.astype(np.int64)).numpy()
    assert float(np.abs(sound - expected).max()) < 1 / 32000
    assert "4 frames" in capsys.readouterr().out


def test_decoded_sound_is_named_after_the_codes(tokenizer: Path, clip: Path) -> None:
    cli.main(["codec", "encode", str(clip), "--model", str(tokenizer)])
    clip.unlink()
    assert (
        cli.main(["codec", "decode", str(clip.with_suffix(".codes.npy")), "--model", str(tokenizer), "--warm-up", "2"])
        == 0
    )
    assert soundfile.info(clip).frames == 4 * 1920


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.npy", b"no codes"), ("empty.npy", b""), ("missing.npy", None)],
)
def test_what_holds_no_codes_is_one_clear_line(
    tmp_path: Path, tokenizer: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | None
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert cli.main(["codec", "decode", str(path), "--model", str(tokenizer)]) in (2, 3)
    assert name in capsys.readouterr().err


def test_codes_of_another_codec_are_refused(
    tmp_path: Path, tokenizer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "many.npy", np.zeros((3, 16), np.uint16))
    assert cli.main(["codec", "decode", str(tmp_path / "many.npy"), "--model", str(tokenizer)]) == 2
    assert "(frames, 4)" in capsys.readouterr().err
    np.save(tmp_path / "high.npy", np.full((3, 4), 999, np.uint16))
    assert cli.main(["codec", "decode", str(tmp_path / "high.npy"), "--model", str(tokenizer)]) == 2


def test_a_folder_without_a_codec_is_refused(tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["codec", "encode", str(clip), "--model", str(tmp_path)]) == 3
    assert "config.json" in capsys.readouterr().err
