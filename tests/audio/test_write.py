"""A file is complete or not there at all."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import numpy as np
import pytest

from moksori import audio
from moksori.audio.write import _explained
from moksori.errors import InvalidInput, NotFound, Unavailable

PCM = np.zeros(24_000, np.int16)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.opus", "a.ogg", "a.ulaw.wav", "소리.WAV"])
def test_the_ending_names_the_format(tmp_path, name):
    path = audio.write(tmp_path / name, PCM, 24_000)
    assert path.exists()
    assert audio.read(path).seconds == pytest.approx(1.0, abs=0.15)
    assert os.listdir(tmp_path) == [name]


def test_a_given_format_wins_over_the_ending(tmp_path):
    assert audio.write(tmp_path / "a.bin", PCM, 24_000, format="flac").read_bytes().startswith(b"fLaC")


def test_an_unknown_ending_is_an_error_with_the_list(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        audio.write(tmp_path / "a.xyz", PCM, 24_000)
    assert ".wav" in caught.value.hint


def test_a_missing_folder_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(NotFound) as caught:
        audio.write(tmp_path / "no" / "a.wav", PCM, 24_000)
    assert "mkdir -p" in caught.value.hint


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(InvalidInput, match="is a folder"):
        audio.write(tmp_path / "a.wav", PCM, 24_000)


def test_an_existing_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")
    audio.write(path, PCM, 24_000)
    assert len(path.read_bytes()) > 48_000


def test_the_file_has_the_permissions_that_any_new_file_has(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    mode = stat.S_IMODE(audio.write(tmp_path / "a.wav", PCM, 24_000).stat().st_mode)
    assert mode == stat.S_IMODE(plain.stat().st_mode)


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    """A real failure: the process may not write files of more than 10 kB."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")
    child = os.fork()
    if child == 0:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            audio.write(path, PCM, 24_000)
        except Unavailable:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.wav"]


def test_a_full_disk_is_said_to_be_one():
    import errno

    error = _explained(OSError(errno.ENOSPC, "No space left on device"), Path("a.wav"))
    assert isinstance(error, Unavailable)
    assert "disk is full" in error.message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev")
def test_a_device_as_folder_is_refused():
    with pytest.raises(NotFound):
        audio.write(Path("/dev/full/a.wav"), PCM, 24_000)
