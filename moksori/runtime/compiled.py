"""Numba at arm's length: a typed decorator, and a cache directory that can always be written.

Compiled code is kept on disk, so that the second start compiles nothing. Numba notices edits only in the file of the
function itself; the kernels call code of several files, so the directory's name carries a hash of all of them.
Knows nothing of models.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])

# What each file's compiled code calls; edits there are edits of it.
STEP = (
    "lanes.py",
    "vectors.py",
    "noise.py",
    "barrier.py",
    "draw.py",
    "products.py",
    "lora.py",
    "additions.py",
    "kernels.py",
    "depth.py",
    "packing.py",
)
SOURCES = {"snake": ("lanes.py", "snake.py")}


def _candidates() -> list[Path]:
    """Where compiled code may live, best first. `NUMBA_CACHE_DIR` is the user's word and wins."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    user = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    places = [Path(given)] if given else []
    places += [Path(user) / "moksori" / "compiled"]
    uid = os.getuid() if hasattr(os, "getuid") else "user"
    return [*places, Path(tempfile.gettempdir()) / f"moksori-compiled-{uid}"]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return False
    owned = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
    return owned and os.access(folder, os.W_OK)  # never load machine code from a stranger's folder


@lru_cache(maxsize=8)
def cache_directory(module: str = "") -> Path | None:
    """The folder for compiled code of a module with exactly these sources; None when nothing can be written."""
    digest = hashlib.sha256(numba.__version__.encode())
    for name in SOURCES.get(module, STEP):
        digest.update(Path(__file__).with_name(name).read_bytes())
    for base in _candidates():
        folder = base / digest.hexdigest()[:16]
        if _writable(folder):
            return folder
    return None


def compiled(function: F) -> F:
    """Compile on first call, without the GIL; strict IEEE order (no fastmath), so loops never change their sums."""
    folder = cache_directory(function.__module__.rpartition(".")[2])
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder) if folder else before
    try:
        made: F = numba.njit(nogil=True, cache=folder is not None, error_model="numpy")(function)
    finally:
        numba.config.CACHE_DIR = before
    return made
