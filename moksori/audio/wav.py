"""WAV by hand: headers with or without a known length, the LIST chunk for tags, and the telephone codes of G.711.

Written here because a stream needs a header before its length is known, which libsndfile cannot do.
"""

from __future__ import annotations

import struct
from typing import Literal

import numpy as np

from .pcm import Int16

UNKNOWN = 0xFFFFFFFF
Coding = Literal["pcm", "ulaw", "alaw"]
TAGS = {"pcm": 1, "alaw": 6, "ulaw": 7}
INFO = {"title": b"INAM", "comment": b"ICMT"}


def header(coding: Coding, sample_rate: int, samples: int | None, tags: dict[str, str]) -> bytes:
    """Everything before the samples. `samples` None: a stream, sizes 0xFFFFFFFF, which players read to the end."""
    width = 2 if coding == "pcm" else 1
    size = None if samples is None else samples * width
    form = struct.pack("<HHIIHH", TAGS[coding], 1, sample_rate, sample_rate * width, width, 8 * width)
    chunks = _chunk(b"fmt ", form if coding == "pcm" else form + b"\0\0")
    if coding != "pcm":
        chunks += _chunk(b"fact", struct.pack("<I", UNKNOWN if samples is None else samples))
    chunks += _info(tags)
    riff = UNKNOWN if size is None else 4 + len(chunks) + 8 + size + size % 2
    data = UNKNOWN if size is None else size
    return b"RIFF" + struct.pack("<I", riff) + b"WAVE" + chunks + b"data" + struct.pack("<I", data)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _info(tags: dict[str, str]) -> bytes:
    body = b"".join(_chunk(INFO[key], value.encode("utf-8", "replace") + b"\0") for key, value in tags.items() if value)
    return _chunk(b"LIST", b"INFO" + body) if body else b""


def to_ulaw(pcm: Int16) -> bytes:
    """(n,) int16 to n bytes of G.711 mu-law: a sign, three bits of segment, four bits of step, all inverted."""
    bias, clip = 132, 32_635  # 16-bit scale of the standard's 33 and 8,159
    x = pcm.astype(np.int32)
    sign = np.where(x < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(x), clip) + bias
    segment = _segment(magnitude >> 7)
    step = (magnitude >> (segment + 3)) & 0x0F
    return bytes((~(sign | (segment << 4) | step) & 0xFF).astype(np.uint8))


def to_alaw(pcm: Int16) -> bytes:
    """(n,) int16 to n bytes of G.711 A-law: even bits inverted, sign bit set for positive."""
    x = pcm.astype(np.int32) >> 3  # the standard works on 13 bits
    sign = np.where(x >= 0, 0x80, 0)
    magnitude = np.where(x >= 0, x, -x - 1)
    segment = _segment(magnitude >> 4)
    step = np.where(segment < 2, magnitude >> 1, magnitude >> np.maximum(segment, 1)) & 0x0F
    return bytes(((sign | (segment << 4) | step) ^ 0x55).astype(np.uint8))


def _segment(high: np.ndarray) -> np.ndarray:
    """Position of the highest bit, 0 for 0 or 1 at most up to 7: the segment of G.711's companding curve."""
    segment: np.ndarray = np.zeros_like(high)
    for bit in range(1, 8):
        segment = np.where(high >= (1 << bit), bit, segment)
    return segment
