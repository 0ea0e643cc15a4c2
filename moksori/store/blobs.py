"""Sound on disk, named by what it contains. Knows no database: who needs a blob is asked elsewhere.

Takes are FLAC of their 16-bit PCM (lossless), references WAV of their float32 samples (exact). A blob is written
beside its place, flushed and renamed, so it is complete or not there; a second writer of the same sound changes
nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from moksori import audio
from moksori.audio.pcm import Float, Int16
from moksori.errors import NotFound
from moksori.voice import REFERENCE_RATE

_NAME = re.compile(r"[0-9a-f]{64}(-[0-9]{4,6})?\Z")


class Blobs:
    """All sounds of one store, below `root`."""

    def __init__(self, root: Path) -> None:
        self.sounds = root / "sounds"
        self.references = root / "references"

    def put_sound(self, pcm: Int16, sample_rate: int) -> str:
        """Keep (n,) int16 mono; returns its name, `<pcm_sha256>-<rate>`. Raises Unavailable if the disk is full."""
        name = f"{audio.pcm_sha256(pcm)}-{sample_rate}"
        path = self.sound_path(name)
        if not path.exists():
            _place(path, audio.encode(pcm, sample_rate, "flac"))
        return name

    def sound(self, name: str) -> tuple[Int16, int]:
        """(n,) int16 and its rate. Raises NotFound for a sound that is not, or no longer, there."""
        try:
            pcm, rate = soundfile.read(str(self.sound_path(name)), dtype="int16")
        except soundfile.LibsndfileError as error:
            raise NotFound(
                f"The sound {name[:12]} is missing or damaged.", hint="`moksori store check` tells what can be done."
            ) from error
        return pcm, int(rate)

    def put_reference(self, pcm: Float) -> str:
        """Keep (n,) float32 at 24 kHz, exactly; returns its name, the hash that `Reference.sha256` gives."""
        name = hashlib.sha256(pcm.astype("<f4").tobytes()).hexdigest()
        path = self.reference_path(name)
        if not path.exists():
            whole = io.BytesIO()
            soundfile.write(whole, pcm.astype(np.float32), REFERENCE_RATE, format="WAV", subtype="FLOAT")
            _place(path, whole.getvalue())
        return name

    def reference(self, name: str) -> Float:
        try:
            pcm, rate = soundfile.read(str(self.reference_path(name)), dtype="float32")
        except soundfile.LibsndfileError as error:
            raise NotFound(
                f"The reference {name[:12]} is missing or damaged.", hint="Upload the clip again."
            ) from error
        assert rate == REFERENCE_RATE, "references are kept at one rate"
        return np.asarray(pcm, dtype=np.float32)

    def sound_path(self, name: str) -> Path:
        return _path(self.sounds, name, ".flac")

    def reference_path(self, name: str) -> Path:
        return _path(self.references, name, ".wav")

    def is_intact(self, path: Path) -> bool:
        """Whether a blob still contains what its name says."""
        try:
            if path.suffix == ".flac":
                pcm, rate = soundfile.read(str(path), dtype="int16")
                return f"{audio.pcm_sha256(pcm)}-{rate}" == path.stem
            samples, _ = soundfile.read(str(path), dtype="float32")
            return hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest() == path.stem
        except soundfile.LibsndfileError:
            return False

    def __iter__(self) -> Iterator[Path]:
        """Every complete blob."""
        return (path for path in self.files() if _NAME.match(path.stem) and path.suffix in (".flac", ".wav"))

    def files(self) -> Iterator[Path]:
        """Every file, also what a crash left half-written."""
        for root in (self.sounds, self.references):
            if root.is_dir():
                yield from (path for path in sorted(root.rglob("*")) if path.is_file())


def _path(root: Path, name: str, ending: str) -> Path:
    assert _NAME.match(name), "blobs are named by their hash and nothing else"
    return root / name[:2] / f"{name}{ending}"


def _place(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    audio.write_bytes(path, data)
    folder = os.open(path.parent, os.O_RDONLY)  # a rename is durable only when its folder is
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
