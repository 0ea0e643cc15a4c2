"""What a model takes: measured, limited, and given back.

Prediction from a checkpoint's headers is `model.inspection.memory`. Knows nothing of requests.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import mmap
import os
import resource
import sys
from pathlib import Path

import torch
from torch import Tensor

from moksori.errors import Unavailable

logger = logging.getLogger(__name__)


def resident() -> int:
    """Bytes of this process that are in memory now; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """The most bytes that were ever in memory: of this program, not of the one that started it, where Linux tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def give_back(device: str) -> None:
    """Returns what is free to the system, or to the card's other users, and logs what that changed."""
    before = used(device)
    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
        torch.cuda.empty_cache()
        torch.cuda.ipc_collect()  # type: ignore[no-untyped-call]
    else:
        with contextlib.suppress(OSError, AttributeError):  # only glibc has it
            ctypes.CDLL(None).malloc_trim(0)
    logger.info("memory on %s: %.0f MB before, %.0f MB after", device, before / 1e6, used(device) / 1e6)


def drop(tensor: Tensor) -> None:
    """Lets the system drop the pages of a mapped tensor that was read once; it reads them again if need be."""
    # Only unwritten pages of a file: private memory would come back as zeros, changed weights as they were.
    if is_mapped(tensor):
        _advise(tensor, mmap.MADV_DONTNEED)


def look_up(tensor: Tensor) -> None:
    """A mapped tensor of which only rows are read, or which is read once: in huge pages, as the system may cache its
    file, each row would bring 2 MB into this process (0.2 GB after a few sentences)."""
    if is_mapped(tensor):
        _advise(tensor, mmap.MADV_NOHUGEPAGE)


def _advise(tensor: Tensor, advice: int) -> None:
    first = -(-tensor.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
    length = (tensor.data_ptr() + tensor.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE - first
    if length > 0:
        ctypes.CDLL(None).madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), advice)


def is_mapped(tensor: Tensor) -> bool:
    """Whether its values are pages of a checkpoint's file, unchanged."""
    if tensor._version != 0 or not sys.platform.startswith("linux"):
        return False
    address = tensor.data_ptr() + tensor.nbytes // 2
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            span, _, rest = line.partition(" ")
            low, _, high = span.partition("-")
            if int(low, 16) <= address < int(high, 16):
                fields = rest.split()
                return len(fields) > 4 and fields[4].endswith(".safetensors")
    return False


def used(device: str) -> int:
    return torch.cuda.memory_reserved(device) if device.startswith("cuda") else resident()


def limit_card(device: str, gigabytes: float, needed: float) -> None:
    """Holds this process to a part of the card; refuses a model that is predicted not to fit into it."""
    if not device.startswith("cuda") or gigabytes <= 0:
        return
    total = torch.cuda.get_device_properties(device).total_memory / 1e9
    if needed > min(gigabytes, total):
        raise Unavailable(
            f"The model needs about {needed:.1f} GB; the limit is {min(gigabytes, total):.1f} GB.",
            hint="Use a smaller model or another precision, or raise memory_limit.",
            code="memory_limit",
            field="memory_limit",
        )
    torch.cuda.set_per_process_memory_fraction(min(1.0, gigabytes / total), device)
