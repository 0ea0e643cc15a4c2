"""A sound file on disk, complete or not there at all: written beside its place, flushed, then renamed into it.

Knows nothing of what the sound is; folders are the caller's to make.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from moksori.errors import InvalidInput, MoksoriError, NotFound, Unavailable

from . import formats
from .encode import encode
from .pcm import Int16
from .tags import LABEL


def write(
    path: Path | str,
    pcm: Int16,
    sample_rate: int,
    *,
    format: str | None = None,
    title: str = "",
    comment: str = LABEL,
) -> Path:
    """Write (n,) int16 mono; the format follows the file's ending unless given. Returns the path."""
    target = Path(path)
    chosen = formats.find(format) if format else formats.find_by_path(target)
    check_writable(target)
    write_bytes(target, encode(pcm, sample_rate, chosen.name, title=title, comment=comment))
    return target


def check_writable(path: Path) -> None:
    """Raise before any compute is spent on a file that cannot be written."""
    folder = path.parent
    if path.is_dir():
        raise InvalidInput(f"{path} is a folder.", hint=f"Name a file in it, e.g. {path / 'speech.wav'}.")
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}.", hint=f"Make it first: mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise InvalidInput(f"No permission to write in {folder}.", hint="Choose another folder.", code="no_permission")


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path` atomically; on any failure the old file stays and nothing is left behind."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)  # nothing is there any more if all went well
    except OSError as error:
        raise _explained(error, path) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _explained(error: OSError, path: Path) -> MoksoriError:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return Unavailable(f"The disk is full: {path} was not written.", hint="Free some space.", code="disk_full")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return InvalidInput(f"No permission to write {path}.", hint="Choose another folder.", code="no_permission")
        case errno.ENOENT:
            return NotFound(f"There is no folder {path.parent}.", hint=f"Make it first: mkdir -p {path.parent}")
        case errno.ENAMETOOLONG:
            return InvalidInput(f"The file name {path.name[:40]}... is too long.", hint="Use a shorter name.")
    return Unavailable(f"{path} could not be written: {error.strerror}.", hint="Choose another place.")
