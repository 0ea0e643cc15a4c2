"""A full disk, said in words: every writer in training goes through `space`.

Knows the errors by which the system, torch and safetensors say it; nothing of what is written.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import soundfile
from safetensors import SafetensorError

from moksori.errors import Unavailable

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
AGAIN = "Free some space and start the same command again; it goes on from what is there."


@contextmanager
def space(path: Path, hint: str = AGAIN) -> Iterator[None]:
    """Turns the errors of a full disk into Unavailable (code `disk_full`) that names `path`; others pass."""
    try:
        yield
    except (OSError, SafetensorError, soundfile.LibsndfileError) as error:
        if not is_full(error):
            raise
        raise Unavailable(f"{path} could not be written: the disk is full.", hint=hint, code="disk_full") from error


def is_full(error: BaseException | None) -> bool:
    """Whether this error, or one that it came from, is of a full disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        if "No space left on device" in str(error) or "File too large" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
