"""Any sound a user may hand in, as mono float32: files, bytes or open files; wav, flac, mp3, ogg, aiff and more.

What libsndfile cannot read (m4a, webm) goes through PyAV if that is installed. Knows nothing of what the sound is
for; limits are the caller's.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from moksori.errors import InvalidInput, NotFound

from . import av
from .pcm import Audio, Float
from .resample import resample

Source = Path | str | bytes | BinaryIO

MAX_BYTES = 1 << 30
MAX_SECONDS = 3600.0
UNKNOWN_SIZE = (0, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF)  # what writers put into a WAV whose length they do not know


def read(
    source: Source,
    *,
    sample_rate: int | None = None,
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
) -> Audio:
    """Read any common sound as mono float32, at `sample_rate` or at its own.

    Channels are averaged. Raises InvalidInput for anything that is not a whole sound within the limits, and
    NotFound for a path that is not there.
    """
    data, name = _load(source, max_bytes)
    if not data:
        raise InvalidInput(f"{name} is empty.", hint="Give a recording: wav, flac, mp3 or ogg.")
    _refuse_truncated_wav(data, name)
    try:
        clip = _decode(data, name, max_seconds)
    except soundfile.LibsndfileError as error:
        if not av.looks_like_container(data) or (data[:4] == b"fLaC" and not av.is_installed()):
            raise InvalidInput(
                f"{name} is not a sound that can be read: {error.error_string}",
                hint="Give a wav, flac, mp3 or ogg file.",
            ) from error
        clip = av.decode(data, name, max_seconds)
    if len(clip.pcm) == 0:
        raise InvalidInput(f"{name} holds no samples.", hint="Record it again, or check how it was saved.")
    if not np.isfinite(clip.pcm).all():
        raise InvalidInput(f"{name} contains values that are not numbers.", hint="Save it again as 16-bit wav.")
    if sample_rate is None or sample_rate == clip.sample_rate:
        return clip
    return Audio(resample(clip.pcm, clip.sample_rate, sample_rate), sample_rate)


def _load(source: Source, max_bytes: int) -> tuple[bytes, str]:
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), "The sound"
    elif isinstance(source, str | Path):
        path, name = Path(source), str(source)
        try:
            with path.open("rb") as file:
                data = file.read(max_bytes + 1)
        except IsADirectoryError as error:
            raise InvalidInput(f"{name} is a folder.", hint="Name one sound file in it.") from error
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {name}.", hint="Check the path.") from error
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise InvalidInput(f"{name} cannot be opened: {_reason(error)}.", hint="Check its permissions.") from error
    else:
        data, name = source.read(max_bytes + 1), str(getattr(source, "name", "The sound"))
    if len(data) > max_bytes:
        raise InvalidInput(f"{name} is larger than {max_bytes / 1e6:.0f} MB.", hint="Give a shorter clip.")
    return data, name


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _refuse_truncated_wav(data: bytes, name: str) -> None:
    """libsndfile silently shortens a WAV whose data chunk promises more than is there."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            if size not in UNKNOWN_SIZE and at + 8 + size > len(data):
                raise InvalidInput(
                    f"{name} is truncated: {len(data) - at - 8} of {size} bytes of sound are there.",
                    hint="Copy or download it again.",
                )
            return
        at += 8 + size + size % 2


def _decode(data: bytes, name: str, max_seconds: float) -> Audio:
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        rate, frames = int(file.samplerate), int(file.frames)
        limit = int(max_seconds * rate)
        pcm = file.read(min(frames, limit + 1) if frames > 0 else limit + 1, dtype="float32", always_2d=True)
        known = file.format in ("FLAC", "OGG", "AIFF") and 0 < frames < 1 << 62
    if len(pcm) > limit:
        raise InvalidInput(f"{name} is longer than {max_seconds:.0f} s.", hint="Give a shorter clip.")
    if known and len(pcm) < frames:
        raise InvalidInput(
            f"{name} is truncated: {len(pcm) / rate:.1f} of {frames / rate:.1f} s are there.",
            hint="Copy or download it again.",
        )
    return Audio(_mono(pcm), rate)


def _mono(pcm: Float) -> Float:
    """(n, channels) to (n,)."""
    return np.ascontiguousarray(pcm[:, 0] if pcm.shape[1] == 1 else pcm.mean(axis=1, dtype=np.float32))
