"""A full disk is told from other troubles, however deep it lies in what another library raised."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from safetensors import SafetensorError

from moksori.errors import Unavailable
from moksori.training.disk import is_full, space


def chained() -> Exception:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise SafetensorError("Error while serializing") from error
    except SafetensorError as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EFBIG, "File too large"),
        SafetensorError("I/O error: No space left on device (os error 28)"),
        chained(),
    ],
)
def test_every_way_of_saying_it_becomes_one_sentence_that_names_the_place(error: Exception) -> None:
    assert is_full(error)
    with pytest.raises(Unavailable, match=r"pack could not be written: the disk is full") as found, space(Path("pack")):
        raise error
    assert found.value.code == "disk_full"
    assert "Free some space" in found.value.hint


def test_other_troubles_pass_as_they_are() -> None:
    assert not is_full(None)
    for error in (OSError(errno.EACCES, "Permission denied"), SafetensorError("invalid header"), KeyError("x")):
        with pytest.raises(type(error)), space(Path("pack")):
            raise error
