"""This machine, in numbers: memory of the process, free memory and disk, versions. Reads only; knows no models."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("moksori", "torch", "numpy", "numba", "soundfile", "soxr", "fastapi", "sqlalchemy", "huggingface_hub")


def rss_bytes(other: int | None = None) -> int:
    """Resident memory now, of this process and another one (the worker); the highest so far where nobody tells."""
    try:
        pages = sum(int(Path(f"/proc/{id}/statm").read_text().split()[1]) for id in ("self", other) if id is not None)
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")


def available_bytes() -> int | None:
    """Memory that could be used without swapping, if the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    values = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return int(values["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in values else None


def free_disk_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@cache
def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
