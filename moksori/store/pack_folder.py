"""A voice pack's folder as plain files: read, named by their hash, and put beside the others. Knows no weights.

What is in the files is the engine's to understand, and to refuse; here they only keep their names and their bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from moksori.errors import InvalidInput, NotFound, Unavailable

NEEDED = ("voice.json", "speaker_embedding.safetensors")
ADAPTER = ("adapter_model.safetensors", "adapter_config.json")
FILES = NEEDED + ADAPTER
MOST_BYTES = 100_000_000  # of all files: one of the 0.6B model takes some 40 MB
_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,62}")


def read(packs: Path, name: str) -> dict[str, bytes]:
    """The files of an installed pack. Raises NotFound, and InvalidInput if it is too large for one file."""
    folder = packs / _checked(name)
    found = {file: (folder / file).read_bytes() for file in FILES if (folder / file).is_file()}
    if not found:
        raise NotFound(f"There is no pack {name!r} any more.", hint="Put it back into the packs folder.", field="pack")
    if sum(map(len, found.values())) > MOST_BYTES:
        raise InvalidInput(
            f"The pack {name} is larger than {MOST_BYTES / 1e6:.0f} MB, too large for one file.",
            hint="Export it with a smaller rank, or copy its folder.",
            code="too_large",
        )
    return found


def fingerprint(files: Mapping[str, bytes]) -> str:
    """A SHA-256 over names and bytes; any change of a file changes it."""
    parts = [f"{name} {hashlib.sha256(files[name]).hexdigest()}\n" for name in sorted(files)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def keep(packs: Path, name: str, files: Mapping[str, bytes]) -> str:
    """Put a pack from elsewhere beside the others, complete or not at all; returns the name it has here.

    Another pack of that name stays what it is: the new one gets a part of its hash behind its name.
    """
    if not set(NEEDED) <= set(files) or set(files) & set(ADAPTER) not in (set(), set(ADAPTER)):
        raise InvalidInput("The pack in the file is not whole.", hint="Export the preset again.", field="file")
    sha256 = fingerprint(files)
    for here in (_checked(name), f"{name[:50]}-{sha256[:8]}"):
        if not (packs / here).exists():
            _write(packs, here, files)
        if fingerprint(read(packs, here)) == sha256:
            return here
    raise InvalidInput(f"There is another pack {name} here.", hint="Rename one of them.", field="file")


def _write(packs: Path, name: str, files: Mapping[str, bytes]) -> None:
    whole = Path(tempfile.mkdtemp(prefix=".new-", dir=packs))
    try:
        for file, data in files.items():
            (whole / file).write_bytes(data)
        os.rename(whole, packs / name)
    except OSError as error:
        shutil.rmtree(whole, ignore_errors=True)
        raise Unavailable(
            f"The pack could not be written: {error.strerror}.", hint="Free some space, then import it again."
        ) from error


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInput("The pack has a name that cannot be.", hint="Small letters, digits, - and _.", field="pack")
    return name
