"""Every format that is written can be read back: whole and streamed, by us and by libsndfile."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from moksori import audio
from moksori.errors import InvalidInput, Unavailable

RATES = (24_000, 22_050, 8_000, 48_000)
BY_LIBSNDFILE = ("wav", "flac", "mp3", "opus", "ulaw", "alaw")
PADDING_S = {"mp3": 0.3, "aac": 0.3}  # these hold whole frames and the coder's delay


def speechlike(rate: int, seconds: float = 1.5) -> np.ndarray:
    """A gliding tone with its level going up and down: long enough to see shifts, smooth enough for any coder."""
    t = np.arange(round(rate * seconds)) / rate
    return audio.to_int16(0.3 * np.sin(2 * np.pi * (200 + 200 * t) * t) * (0.6 + 0.4 * np.sin(9 * t)))


def streamed(format: str, pcm: np.ndarray, rate: int, step: int = 1921) -> tuple[list[bytes], audio.Encoder]:
    encoder = audio.Encoder(format, rate, title="안녕하세요", comment=audio.LABEL)
    return [encoder.write(pcm[at : at + step]) for at in range(0, len(pcm), step)] + [encoder.finish()], encoder


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("format", [name for name in audio.available() if name != "pcm"])
def test_streamed_and_whole_read_back_as_what_went_in(format, rate):
    pcm = speechlike(rate)
    parts, encoder = streamed(format, pcm, rate)
    whole = audio.encode(pcm, rate, format, title="안녕하세요", comment=audio.LABEL)
    for data in (b"".join(parts), whole):
        clip = audio.read(data)
        if format != "webm":  # Opus in WebM always decodes at 48 kHz
            assert clip.sample_rate == encoder.sample_rate
        assert -1e-3 <= clip.seconds - 1.5 <= PADDING_S.get(format, 0.002)
        assert _resembles(clip, pcm, rate)


def _resembles(clip: audio.Audio, pcm: np.ndarray, rate: int) -> bool:
    """Whether the levels of 50 ms parts agree within 1.5 dB after the best shift of up to 0.2 s."""
    a = audio.resample(audio.to_float(pcm), rate, 8_000)
    b = audio.resample(clip.pcm, clip.sample_rate, 8_000)
    size = 1 << 15
    cross = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)))
    shift = int(cross[:1600].argmax())
    n = min(len(a), len(b) - shift) // 400 * 400
    x, y = (v[:n].reshape(-1, 400).std(axis=1) for v in (a, b[shift:]))
    return bool((np.abs(20 * np.log10((y + 1e-4) / (x + 1e-4))) < 1.5).all())


@pytest.mark.parametrize("format", BY_LIBSNDFILE)
def test_libsndfile_reads_the_stream(format):
    parts, encoder = streamed(format, speechlike(24_000), 24_000)
    pcm, rate = soundfile.read(io.BytesIO(b"".join(parts)))
    assert rate == encoder.sample_rate
    assert abs(len(pcm) / rate - 1.5) < 0.3


@pytest.mark.parametrize("format", ["wav", "flac", "pcm"])
def test_lossless_formats_keep_every_sample(format):
    pcm = speechlike(24_000)
    for data in (b"".join(streamed(format, pcm, 24_000)[0]), audio.encode(pcm, 24_000, format)):
        back = np.frombuffer(data, "<i2") if format == "pcm" else audio.to_int16(audio.read(data).pcm)
        assert (back == pcm).all()


def test_the_hash_of_pcm_is_the_hash_of_the_raw_format():
    import hashlib

    pcm = speechlike(24_000)
    assert audio.pcm_sha256(pcm) == hashlib.sha256(audio.encode(pcm, 24_000, "pcm")).hexdigest()


@pytest.mark.parametrize("format", [n for n in audio.available() if audio.FORMATS[n].streams])
def test_bytes_come_out_while_sound_goes_in(format):
    """Of 80 ms chunks, the tenth at the latest brings sound, not only the header."""
    rng = np.random.default_rng(1)
    encoder = audio.Encoder(format, 24_000)
    first = len(encoder.write(np.zeros(0, np.int16)))
    sizes = [len(encoder.write(rng.integers(-3000, 3000, 1920).astype(np.int16))) for _ in range(25)]
    assert sum(sizes[:10]) > first + 1000
    assert max(np.diff(np.flatnonzero(sizes))) <= 5


def test_a_whole_wav_has_true_sizes_and_a_streamed_one_unknown_ones():
    pcm = speechlike(8_000)
    whole = audio.encode(pcm, 8_000, "wav", comment="label")
    assert int.from_bytes(whole[4:8], "little") == len(whole) - 8
    head = audio.Encoder("wav", 8_000).write(pcm)
    assert head[4:8] == head[40:44] == b"\xff\xff\xff\xff"


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("format", audio.available())
def test_almost_nothing_is_still_a_valid_file(format, samples):
    data = audio.encode(np.full(samples, 1000, np.int16), 24_000, format)
    parts, _ = streamed(format, np.full(samples, 1000, np.int16), 24_000)
    assert isinstance(data, bytes)
    if format in ("wav", "flac", "ulaw", "alaw"):
        for file in (data, b"".join(parts)):
            assert soundfile.info(io.BytesIO(file)).channels == 1


@pytest.mark.parametrize(("format", "coding", "code"), [("ulaw", "ULAW", 7), ("alaw", "ALAW", 6)])
def test_telephone_codes_are_those_of_libsndfile(format, coding, code):
    """Every int16 value, against another implementation of G.711: the value decoded is at most one step away."""
    every = np.arange(-32768, 32768).astype(np.int16)
    ours, rate = soundfile.read(io.BytesIO(audio.encode(every, 8_000, format)), dtype="int16")
    file = io.BytesIO()
    soundfile.write(file, every, 8_000, format="WAV", subtype=coding)
    theirs, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="int16")
    assert rate == 8_000
    step = np.maximum(16 if format == "alaw" else 8, np.abs(every.astype(int)) // 16)
    assert (np.abs(ours.astype(int) - every) <= step).mean() > 0.99
    assert np.abs(ours.astype(int) - every).sum() <= 1.01 * np.abs(theirs.astype(int) - every).sum()


@pytest.mark.parametrize("format", ["wav", "flac", "opus"])
def test_title_and_label_travel_in_the_file(format):
    pcm = speechlike(24_000)
    for data in (b"".join(streamed(format, pcm, 24_000)[0]), audio.encode(pcm, 24_000, format, comment=audio.LABEL)):
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            assert file.comment == audio.LABEL


def test_mp3_carries_the_label_as_id3():
    data = audio.encode(speechlike(24_000), 24_000, "mp3", title="가", comment=audio.LABEL)
    assert data.startswith(b"ID3\x04")
    assert audio.LABEL.encode() in data[:200]
    assert "가".encode() in data[:200]


def test_an_unknown_format_is_an_error_with_the_list():
    with pytest.raises(InvalidInput, match="Unknown format 'aiff'") as caught:
        audio.Encoder("aiff", 24_000)
    assert "wav, flac, mp3, opus, pcm, ulaw, alaw" in caught.value.hint


def test_a_format_that_is_not_installed_says_what_installs_it(monkeypatch):
    monkeypatch.setattr("moksori.audio.av.is_installed", lambda: False)
    with pytest.raises(Unavailable) as caught:
        audio.Encoder("aac", 24_000)
    assert "pip install 'moksori[formats]'" in caught.value.hint
    assert "mp3" in caught.value.hint
    assert "aac" not in audio.available()
