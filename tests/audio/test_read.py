"""Any sound a user may hand in, and everything that is not one."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from moksori import audio
from moksori.errors import InvalidInput, NotFound


def tone(rate: int, seconds: float = 0.5, hz: float = 440.0) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def encoded(pcm: np.ndarray, rate: int, container: str, coding: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, pcm, rate, format=container, subtype=coding)
    return file.getvalue()


@pytest.mark.parametrize(
    ("container", "coding", "error"),
    [
        ("WAV", "PCM_U8", 0.01),
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "PCM_32", 1e-6),
        ("WAV", "FLOAT", 1e-7),
        ("WAV", "DOUBLE", 1e-7),
        ("WAV", "ULAW", 0.03),
        ("WAV", "ALAW", 0.03),
        ("FLAC", "PCM_16", 1e-4),
        ("AIFF", "PCM_16", 1e-4),
        ("AU", "PCM_16", 1e-4),
        ("OGG", "VORBIS", 0.1),
    ],
)
def test_every_coding_is_read_as_the_same_sound(container, coding, error):
    pcm = tone(16_000)
    clip = audio.read(encoded(pcm, 16_000, container, coding))
    assert clip.sample_rate == 16_000
    assert clip.pcm.dtype == np.float32
    assert len(clip.pcm) == len(pcm)
    assert np.abs(clip.pcm - pcm).max() <= error


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 96_000])
def test_any_rate_becomes_the_rate_asked_for(rate):
    clip = audio.read(encoded(tone(rate, 1.0), rate, "WAV"), sample_rate=24_000)
    assert clip.sample_rate == 24_000
    assert abs(len(clip.pcm) - 24_000) <= 1
    spectrum = np.abs(np.fft.rfft(clip.pcm[:24_000], 24_000))
    assert abs(int(spectrum.argmax()) - 440) <= 1


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_channels_are_averaged(channels):
    pcm = np.stack([tone(8_000) * (k + 1) / channels for k in range(channels)], axis=1)
    clip = audio.read(encoded(pcm, 8_000, "WAV", "FLOAT"))
    assert np.allclose(clip.pcm, pcm.mean(axis=1), atol=1e-6)


def test_path_bytes_and_open_file_give_the_same(tmp_path: Path):
    data = encoded(tone(8_000), 8_000, "WAV")
    path = tmp_path / "소리.wav"
    path.write_bytes(data)
    with path.open("rb") as file:
        clips = [audio.read(source) for source in (path, str(path), data, io.BytesIO(data), file)]
    assert all((clip.pcm == clips[0].pcm).all() for clip in clips)


def test_a_streamed_wav_of_unknown_length_is_read_to_its_end():
    encoder = audio.Encoder("wav", 24_000)
    pcm = audio.to_int16(tone(24_000))
    clip = audio.read(encoder.write(pcm) + encoder.finish())
    assert (audio.to_int16(clip.pcm) == pcm).all()


@pytest.mark.parametrize(
    "data",
    [b"", b"This is a text, not a sound.\n" * 50, b"RIFF\x24\0\0\0WAVEfmt ", bytes(1000), "안녕하세요".encode() * 99],
)
def test_what_is_no_sound_is_refused_in_one_sentence(data):
    with pytest.raises(InvalidInput) as caught:
        audio.read(data)
    assert caught.value.hint


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="is a folder"):
        audio.read(tmp_path)


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="There is no file"):
        audio.read(tmp_path / "nothing.wav")


def test_a_path_with_a_nul_is_refused():
    with pytest.raises(InvalidInput):
        audio.read("a\0b.wav")


def test_a_wav_without_samples_is_refused():
    with pytest.raises(InvalidInput, match="no samples"):
        audio.read(audio.encode(np.zeros(0, np.int16), 24_000, "wav"))


@pytest.mark.parametrize("format", ["wav", "flac", "ulaw"])
def test_a_truncated_file_is_refused(format):
    rng = np.random.default_rng(0)
    data = audio.encode(rng.integers(-9000, 9000, 60_000).astype(np.int16), 24_000, format)
    with pytest.raises(InvalidInput):
        audio.read(data[: len(data) // 2])


def test_limits_are_the_callers(tmp_path):
    data = encoded(tone(8_000, 2.0), 8_000, "WAV")
    assert audio.read(data, max_seconds=2.0).seconds == 2.0
    with pytest.raises(InvalidInput, match="longer than 1 s"):
        audio.read(data, max_seconds=1.0)
    with pytest.raises(InvalidInput, match="larger than"):
        audio.read(data, max_bytes=1000)


def test_a_wav_of_not_a_number_is_refused():
    pcm = tone(8_000)
    pcm[100] = np.nan
    with pytest.raises(InvalidInput, match="not numbers"):
        audio.read(encoded(pcm, 8_000, "WAV", "FLOAT"))


def test_a_chunk_that_lies_about_its_size_does_not_hang():
    data = b"RIFF" + struct.pack("<I", 100) + b"WAVE" + b"junk" + struct.pack("<I", 0) * 20
    with pytest.raises(InvalidInput):
        audio.read(data)
