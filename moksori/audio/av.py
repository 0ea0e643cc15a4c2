"""Formats that libsndfile does not know (m4a, aac, webm), through PyAV, which the extra `formats` installs.

Knows nothing of the table of formats; says which command installs what is missing.
"""

from __future__ import annotations

import io
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, cast

import numpy as np

from moksori.errors import InvalidInput, Unavailable

from .pcm import Audio, Float, Int16

INSTALL = "Install it with: pip install 'moksori[formats]'"


def is_installed() -> bool:
    return find_spec("av") is not None


def looks_like_container(data: bytes) -> bool:
    """Whether this is MP4/M4A, Matroska/WebM, raw AAC or (of open length) FLAC by its first bytes."""
    adts = len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0
    return data[4:8] == b"ftyp" or data[:4] in (b"\x1aE\xdf\xa3", b"fLaC") or adts


def decode(data: bytes, name: str, max_seconds: float) -> Audio:
    """Any container FFmpeg knows, as mono float32 at the rate of its first audio stream."""
    av = _module("Reading m4a, aac and webm")
    pieces: list[Float] = []
    rate, samples = 0, 0
    try:
        with av.open(io.BytesIO(data)) as container:
            if not container.streams.audio:
                raise InvalidInput(f"{name} has no sound track.", hint="Give a recording: wav, flac, mp3, ogg or m4a.")
            rate = int(container.streams.audio[0].rate)
            mixer = av.AudioResampler(format="flt", layout="mono", rate=rate)
            for frame in [*container.decode(audio=0), None]:
                for mono in mixer.resample(frame):
                    pieces.append(mono.to_ndarray().reshape(-1).astype(np.float32))
                    samples += len(pieces[-1])
                if samples > max_seconds * rate:
                    raise InvalidInput(f"{name} is longer than {max_seconds:.0f} s.", hint="Give a shorter clip.")
    except av.FFmpegError as error:
        raise InvalidInput(
            f"{name} is not a sound that can be read: {error.strerror}.", hint="Give a wav, flac, mp3 or ogg file."
        ) from error
    return Audio(np.concatenate(pieces) if pieces else np.zeros(0, np.float32), rate)


class _Growing(io.RawIOBase):
    """A pipe-like file: what the muxer writes is taken out again; it cannot seek, so headers must be final."""

    def __init__(self) -> None:
        self._data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._data += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


class Muxer:
    """int16 mono in, a streamed AAC (ADTS) or WebM (Opus) out."""

    def __init__(self, container: str, codec: str, sample_rate: int, tags: dict[str, str]) -> None:
        self._av = _module(f"The format {container}")
        self._sink = _Growing()
        options = {"cluster_time_limit": "200"} if container == "webm" else {}
        # PyAV takes any object with write(); without seek() it must not go back to patch sizes.
        self._container = self._av.open(cast(Any, self._sink), "w", format=container, options=options)
        self._container.metadata.update(tags)
        self._stream = self._container.add_stream(codec, rate=sample_rate, layout="mono")
        self._rate, self._at = sample_rate, 0

    def write(self, pcm: Int16) -> bytes:
        if len(pcm):
            frame = self._av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate, frame.pts = self._rate, self._at
            self._at += len(pcm)
            self._container.mux(self._stream.encode(frame))
        return self._sink.take()

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take()


def _module(what: str) -> ModuleType:
    if not is_installed():
        raise Unavailable(f"{what} needs PyAV, which is not installed.", hint=INSTALL, code="missing_extra")
    return import_module("av")
