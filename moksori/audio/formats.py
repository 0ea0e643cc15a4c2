"""The table of output formats: what each is called, how it travels, and which rates it takes.

Knows nothing of encoding; `encode` turns a row of this table into bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moksori.errors import InvalidInput, Unavailable

from . import av

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
AAC_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)


@dataclass(frozen=True)
class Format:
    """One way to write sound.

    rates   what the format can hold; empty for any. Sound at another rate is resampled to the next higher one.
    streams whether bytes come out while sound goes in. FLAC comes whole: libsndfile, and so most of Python, cannot
            read a FLAC whose header leaves the length open.
    extra   the extra of the package that brings it, empty if it is always there.
    """

    name: str
    title: str
    media_type: str
    extension: str
    rates: tuple[int, ...] = ()
    streams: bool = True
    lossless: bool = False
    extra: str = ""

    def rate_for(self, sample_rate: int) -> int:
        """The rate that sound of this rate is written in: equal, else the next higher, else the highest."""
        if not self.rates or sample_rate in self.rates:
            return sample_rate
        return min((r for r in self.rates if r > sample_rate), default=self.rates[-1])

    @property
    def is_installed(self) -> bool:
        return not self.extra or av.is_installed()


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("wav", "WAV, 16 bit", "audio/wav", ".wav", lossless=True),
        Format("flac", "FLAC, 16 bit", "audio/flac", ".flac", streams=False, lossless=True),
        Format("mp3", "MP3, 128 kbit/s", "audio/mpeg", ".mp3", MP3_RATES),
        Format("opus", "Opus in Ogg", "audio/ogg", ".opus", OPUS_RATES),
        Format("pcm", "raw 16-bit little-endian mono", "audio/pcm", ".pcm", lossless=True),
        Format("ulaw", "telephone: 8 kHz mu-law WAV", "audio/wav", ".ulaw.wav", (8_000,)),
        Format("alaw", "telephone: 8 kHz A-law WAV", "audio/wav", ".alaw.wav", (8_000,)),
        Format("aac", "AAC (ADTS)", "audio/aac", ".aac", AAC_RATES, extra="formats"),
        Format("webm", "Opus in WebM", "audio/webm", ".webm", OPUS_RATES, extra="formats"),
    )
}
ENDINGS = {".ogg": "opus", ".raw": "pcm", ".wave": "wav"} | {f.extension: f.name for f in FORMATS.values()}


def available() -> tuple[str, ...]:
    """Names of the formats that this installation can write."""
    return tuple(f.name for f in FORMATS.values() if f.is_installed)


def find(name: str) -> Format:
    """The format of that name; raises InvalidInput with the list, or Unavailable naming the command to install it."""
    if name not in FORMATS:
        raise InvalidInput(
            f"Unknown format {name!r}.",
            hint=f"Formats: {', '.join(available())}.",
            code="unknown_format",
            field="format",
        )
    found = FORMATS[name]
    if not found.is_installed:
        raise Unavailable(
            f"The format {name} needs PyAV, which is not installed.",
            hint=f"{av.INSTALL} or use one of: {', '.join(available())}.",
            code="missing_extra",
            field="format",
        )
    return found


def find_by_path(path: Path) -> Format:
    """The format that a file's ending asks for."""
    name = path.name.lower()
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if name.endswith(ending):
            return find(ENDINGS[ending])
    raise InvalidInput(
        f"The ending of {path.name} names no known format.",
        hint=f"Use one of: {', '.join(sorted(ENDINGS))}, or give the format.",
        code="unknown_format",
        field="format",
    )
