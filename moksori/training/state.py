"""What a run must remember to go on exactly where it stopped, committed to disk by rename.

A file either is whole or does not exist; a full disk leaves the last one untouched. Knows nothing of what is inside
besides tensors and plain values.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from moksori.errors import InvalidInput, Unavailable

from .disk import is_full


def commit(path: Path, payload: Mapping[str, Any]) -> None:
    """Raises Unavailable when the disk is full; whatever was at `path` before is then still there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            torch.save(dict(payload), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except (OSError, RuntimeError) as error:
        # torch reports a short write as a RuntimeError of its zip writer, with the disk's error as its cause.
        draft.unlink(missing_ok=True)
        if not is_full(error) and not isinstance(error, RuntimeError):
            raise
        hint = "Free some space and start the same command again; it goes on from the last checkpoint."
        words = "the disk is full" if is_full(error) else str(error)
        raise Unavailable(f"{path} could not be written: {words}.", hint=hint, code="disk_full") from error


def restore(path: Path) -> dict[str, Any] | None:
    """The last committed state, or None. Raises InvalidInput for a file that is not one."""
    if not path.is_file():
        return None
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is cut short or something else")
        payload: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise InvalidInput(
            f"{path} is not a checkpoint of a run: {error}.", hint="Delete it to start again.", field=str(path)
        ) from error
    return payload
