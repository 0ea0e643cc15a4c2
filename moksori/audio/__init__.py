"""Sound in and out: read, resample, encode, write. Layer 0: knows nothing of speech, and never imports torch."""

from __future__ import annotations

from .encode import Encoder, encode
from .formats import FORMATS, Format, available, find, find_by_path
from .loudness import Loudness, normalise, true_peak_db
from .pcm import Audio, pcm_sha256, to_float, to_int16
from .read import Source, read
from .resample import Resampler, resample
from .tags import LABEL
from .tempo import Tempo
from .write import check_writable, write, write_bytes

__all__ = [
    "FORMATS",
    "LABEL",
    "Audio",
    "Encoder",
    "Format",
    "Loudness",
    "Resampler",
    "Source",
    "Tempo",
    "available",
    "check_writable",
    "encode",
    "find",
    "find_by_path",
    "normalise",
    "pcm_sha256",
    "read",
    "resample",
    "to_float",
    "to_int16",
    "true_peak_db",
    "write",
    "write_bytes",
]
