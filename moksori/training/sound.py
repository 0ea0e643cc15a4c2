"""A recording as training hears it: 24 kHz mono, in whole frames, ending with a stated silence.

Files of minutes are read in pieces, so that no more than the 24 kHz sound itself is ever held. Knows nothing of codes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from moksori import audio, measure
from moksori.errors import InvalidInput

RATE = 24_000
# Longer files are read in pieces of `_BLOCK` samples.
_WHOLE_S, _LONGEST_S, _BLOCK = 120.0, 3600.0, 1 << 20
_OPEN_SIZES = (0, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF)
Floats = npt.NDArray[np.float32]


def load(source: Path, tail_silence_s: float, frame: int) -> Floats:
    """Any file as the encoder hears it: 24 kHz mono, `tail_silence_s` of quiet at the end, whole frames.

    Raises InvalidInput for a file that is unreadable, empty or silent.
    """
    pcm = read(source)
    if len(pcm) == 0 or measure.is_silent(pcm, RATE):
        raise InvalidInput(f"{source.name} is {'silent' if len(pcm) else 'empty'}.", field="audio")
    pcm = end_with_silence(pcm, tail_silence_s)
    return np.pad(pcm, (0, -len(pcm) % frame)).astype(np.float32, copy=False)


def read(source: Path) -> Floats:
    """(n,) at 24 kHz. Raises InvalidInput or NotFound as `audio.read` does."""
    if duration_s(source) <= _WHOLE_S:
        # The limit is what gets allocated for reading.
        return audio.read(source, sample_rate=RATE, max_bytes=source.stat().st_size).pcm
    try:
        return _in_pieces(source)
    except soundfile.LibsndfileError:  # a format that only the optional decoder knows
        return audio.read(source, sample_rate=RATE).pcm


def _in_pieces(source: Path) -> Floats:
    _refuse_truncated(source)
    pieces = []
    with soundfile.SoundFile(source) as file:
        if file.frames > _LONGEST_S * file.samplerate:
            raise InvalidInput(f"{source} is longer than {_LONGEST_S:.0f} s.", hint="Cut it into clips.", field="audio")
        resampler = audio.Resampler(file.samplerate, RATE)
        for block in file.blocks(_BLOCK // file.channels, dtype="float32", always_2d=True):
            pieces.append(resampler.write(block.mean(axis=1, dtype=np.float32)))
    pieces.append(resampler.finish())
    pcm = np.concatenate(pieces)
    if not np.isfinite(pcm).all():
        raise InvalidInput(f"{source} contains values that are not numbers.", hint="Save it again as 16-bit wav.")
    return pcm


def _refuse_truncated(source: Path) -> None:
    """libsndfile silently shortens a WAV that promises more than is there."""
    with source.open("rb") as file:
        head = file.read(12)
    promised = int.from_bytes(head[4:8], "little")
    there = source.stat().st_size
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE" and promised not in _OPEN_SIZES and promised + 8 > there + 1:
        raise InvalidInput(
            f"{source} is truncated: {there} of {promised + 8} bytes are there.", hint="Copy or download it again."
        )


def end_with_silence(pcm: Floats, seconds: float) -> Floats:
    """The clip up to where its voice ends, then exactly `seconds` of what follows it, filled up with zeros."""
    trailing_s = measure.activity(pcm, RATE).trailing_s
    end = len(pcm) - round(trailing_s * RATE)
    length = end + round(seconds * RATE)
    return pcm[:length] if len(pcm) >= length else np.pad(pcm, (0, length - len(pcm)))


def duration_s(source: Path) -> float:
    """Seconds of a file, from its header where that can be."""
    try:
        about = soundfile.info(str(source))
        return float(about.frames) / float(about.samplerate)
    except soundfile.LibsndfileError:
        clip = audio.read(source)  # a format that only the optional decoder knows
        return len(clip.pcm) / clip.sample_rate
