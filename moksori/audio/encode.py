"""int16 mono in, bytes of a file format out: as it is made (`Encoder`), or whole (`encode`).

Both are one path; only a whole file knows its length, so `encode` alone writes it into the header. Encoded bytes may
differ from run to run (Ogg has a random serial number); what is reproducible is the PCM.
"""

from __future__ import annotations

import io
from typing import Protocol

import lameenc
import numpy as np
import soundfile

from . import av, formats, wav
from .pcm import Int16, to_float, to_int16
from .resample import Resampler
from .tags import id3

OGG_PAGE_MS = 100.0
SET_OGG_PAGE_LATENCY_MS = 0x1302  # a command of libsndfile (sndfile.h) that soundfile has no name for
MP3_KBPS = 128


class _Writer(Protocol):
    def write(self, pcm: Int16) -> bytes: ...

    def finish(self) -> bytes: ...


class Encoder:
    """A stream of int16 mono chunks in, a stream of bytes out.

    The bytes of all `write`s and of `finish` make a valid file: a header with its first bytes, a trailer with its
    last. PCM comes out sample-aligned. Sound is resampled if the format cannot hold its rate (`sample_rate` tells
    the rate in the file).
    """

    def __init__(
        self, format: str, sample_rate: int, *, title: str = "", comment: str = "", samples: int | None = None
    ) -> None:
        """`samples`: how many int16 will come, if known; goes into the header of WAV files only."""
        self.format = formats.find(format)
        self.sample_rate = self.format.rate_for(sample_rate)
        self._resampler = Resampler(sample_rate, self.sample_rate) if self.sample_rate != sample_rate else None
        tags = {key: value for key, value in (("title", title), ("comment", comment)) if value}
        self._writer = _open(self.format.name, self.sample_rate, tags, samples if self._resampler is None else None)

    def write(self, pcm: Int16) -> bytes:
        if self._resampler is not None:
            pcm = to_int16(self._resampler.write(to_float(pcm)))
        return self._writer.write(pcm)

    def finish(self) -> bytes:
        """The last bytes. Nothing may be written afterwards."""
        last = b""
        if self._resampler is not None:
            last = self._writer.write(to_int16(self._resampler.finish()))
        return last + self._writer.finish()


def encode(pcm: Int16, sample_rate: int, format: str, *, title: str = "", comment: str = "") -> bytes:
    """A whole file with the right sizes in its header."""
    target = formats.find(format)
    if target.rate_for(sample_rate) != sample_rate:
        resampler = Resampler(sample_rate, target.rate_for(sample_rate))
        float_pcm = to_float(pcm)
        pcm = to_int16(np.concatenate([resampler.write(float_pcm), resampler.finish()]))
        sample_rate = target.rate_for(sample_rate)
    encoder = Encoder(format, sample_rate, title=title, comment=comment, samples=len(pcm))
    return encoder.write(pcm) + encoder.finish()


def _open(name: str, rate: int, tags: dict[str, str], samples: int | None) -> _Writer:
    match name:
        case "wav":
            return _Wav("pcm", rate, tags, samples)
        case "ulaw" | "alaw":
            return _Wav("ulaw" if name == "ulaw" else "alaw", rate, tags, samples)
        case "flac":
            return _Flac(rate, tags)
        case "opus":
            return _Opus(rate, tags)
        case "mp3":
            return _Mp3(rate, tags)
        case "aac":
            return av.Muxer("adts", "aac", rate, {})
        case "webm":
            return av.Muxer("webm", "libopus", rate, tags)
        case _:
            return _Raw()


class _Raw:
    def write(self, pcm: Int16) -> bytes:
        return pcm.astype("<i2").tobytes()

    def finish(self) -> bytes:
        return b""


class _Wav:
    def __init__(self, coding: wav.Coding, rate: int, tags: dict[str, str], samples: int | None) -> None:
        self._coding = coding
        self._head = wav.header(coding, rate, samples, tags)
        self._pad = b"\0" if samples is not None and coding != "pcm" and samples % 2 else b""

    def write(self, pcm: Int16) -> bytes:
        head, self._head = self._head, b""
        match self._coding:
            case "pcm":
                return head + pcm.astype("<i2").tobytes()
            case "ulaw":
                return head + wav.to_ulaw(pcm)
            case "alaw":
                return head + wav.to_alaw(pcm)

    def finish(self) -> bytes:
        head, self._head = self._head, b""
        return head + self._pad


class _Mp3:
    def __init__(self, rate: int, tags: dict[str, str]) -> None:
        self._encoder = lameenc.Encoder()
        self._encoder.silence()
        self._encoder.set_channels(1)
        self._encoder.set_in_sample_rate(rate)
        self._encoder.set_out_sample_rate(rate)
        self._encoder.set_bit_rate(MP3_KBPS if rate > 12_000 else 64)  # 64 is the most that MPEG 2.5 holds
        self._encoder.set_quality(2)
        self._head = id3(tags)
        self._started = False

    def write(self, pcm: Int16) -> bytes:
        head, self._head = self._head, b""
        if len(pcm) == 0:
            return head
        self._started = True
        return head + bytes(self._encoder.encode(pcm.tobytes()))

    def finish(self) -> bytes:
        head, self._head = self._head, b""
        return head + (bytes(self._encoder.flush()) if self._started else b"")


class _Flac:
    """FLAC by libsndfile. It comes whole: its header gets length and checksum when everything is written."""

    def __init__(self, rate: int, tags: dict[str, str]) -> None:
        self._whole = io.BytesIO()
        self._file = soundfile.SoundFile(self._whole, "w", rate, 1, format="FLAC", subtype="PCM_16")
        _set_tags(self._file, tags)

    def write(self, pcm: Int16) -> bytes:
        self._file.write(pcm)
        return b""

    def finish(self) -> bytes:
        self._file.close()
        return self._whole.getvalue()


class _Opus:
    """Ogg-Opus by libsndfile, which never goes back: what has been appended to the growing file is what goes out."""

    def __init__(self, rate: int, tags: dict[str, str]) -> None:
        self._sink = _Sink()
        self._file = soundfile.SoundFile(self._sink, "w", rate, 1, format="OGG", subtype="OPUS")
        _set_tags(self._file, tags)
        _set_page_latency(self._file, OGG_PAGE_MS)

    def write(self, pcm: Int16) -> bytes:
        self._file.write(pcm)
        return self._sink.take()

    def finish(self) -> bytes:
        self._file.close()
        return self._sink.take()


class _Sink:
    """The file that libsndfile sees: it may ask where it is, and append. `take` empties what was appended."""

    def __init__(self) -> None:
        self._new = bytearray()
        self._size = 0

    def write(self, data: bytes) -> int:
        self._new += data
        self._size += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        assert (offset + (0, self._size, self._size)[whence]) == self._size, "an Ogg writer only appends"
        return self._size

    def tell(self) -> int:
        return self._size

    def read(self, count: int) -> bytes:
        return b""

    def take(self) -> bytes:
        new = bytes(self._new)
        self._new.clear()
        return new


def _set_tags(file: soundfile.SoundFile, tags: dict[str, str]) -> None:
    for key, value in tags.items():
        setattr(file, key, value)


def _set_page_latency(file: soundfile.SoundFile, ms: float) -> None:
    """Ogg pages every `ms` instead of every second: soundfile exposes no command, so this reaches through it."""
    value = soundfile._ffi.new("double *", ms)
    soundfile._snd.sf_command(file._file, SET_OGG_PAGE_LATENCY_MS, value, soundfile._ffi.sizeof("double"))
