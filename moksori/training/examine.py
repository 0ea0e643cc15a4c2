"""What is wrong with one recording and its transcript, as findings that a person can act on.

Listens with numpy alone. Knows nothing of the other recordings, of reports, or of how to fix anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from moksori import audio, measure, text
from moksori.errors import MoksoriError

from .manifest import Row
from .sound import duration_s

Severity = Literal["error", "warning", "note"]

SHORTEST_S, LONGEST_S, USUAL_S = 0.3, 30.0, 15.0
TAIL_S = (0.3, 1.2)
TAG = re.compile(r"<[^<>]{1,24}>|\[[^\[\]]{1,24}\]|\((웃음|박수|한숨|laugh(s|ter)?|cough|sigh|music)\)", re.IGNORECASE)
_PICTURE_POINTS = 160


@dataclass(frozen=True)
class Finding:
    """`code` is stable and compared by programs; `fix` names what `data prepare` would do about it, or is empty."""

    code: str
    severity: Severity
    words: str
    fix: str = ""


@dataclass(frozen=True)
class Clip:
    """One recording as heard. `shape`: (n,) peak of each n-th part, for a picture. `timbre`: mean cepstrum, to find
    clips of somebody else."""

    row: Row
    seconds: float = 0.0
    sample_rate: int = 0
    level_db: float = -120.0
    snr_db: float = 0.0
    tail_s: float = 0.0
    longest_silence_s: float = 0.0
    pace: float = 0.0
    syllables: int = 0
    findings: tuple[Finding, ...] = ()
    shape: tuple[float, ...] = ()
    timbre: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    pcm_sha256: str = ""

    @property
    def usable(self) -> bool:
        return not any(finding.severity == "error" for finding in self.findings)


def examine(row: Row) -> Clip:
    """Never raises for a bad recording: that is a finding."""
    written = _transcript(row.text)
    try:
        seconds = duration_s(row.audio) if row.audio.is_file() else 0.0
        if seconds > LONGEST_S:  # unusable as it is, so that hours of sound are not listened to
            return Clip(row, round(seconds, 3), findings=(*_length(seconds), *written))
        sound = audio.read(row.audio)
    except MoksoriError as error:
        return Clip(
            row,
            findings=(Finding("unreadable", "error", error.message.replace(str(row.audio), row.audio.name)), *written),
        )
    pcm, rate = sound.pcm, sound.sample_rate
    seconds = len(pcm) / rate
    if measure.is_silent(pcm, rate):
        found = Finding("silent", "error", "Nothing can be heard in it.")
        return Clip(row, seconds, rate, findings=(found, *written))
    heard = measure.activity(pcm, rate)
    spoken = text.syllables(text.read(row.text).spoken) if row.text else 0
    pace = measure.pace(pcm, rate, spoken) if spoken else 0.0
    level = float(measure.envelope_db(pcm, rate, window_ms=1e3 * seconds).max())
    snr = _snr_db(pcm, rate)
    silence = heard.longest_silence[1]
    findings = [
        *_length(seconds),
        *_level(pcm, level, snr),
        *_silences(heard.leading_s, heard.trailing_s, silence),
        *_pace(pace, spoken, heard.active_s),
        *_format(rate),
        *written,
    ]
    return Clip(
        row, round(seconds, 3), rate, round(level, 1), round(snr, 1), round(heard.trailing_s, 3), round(silence, 3),
        round(pace, 2), spoken, tuple(findings), _shape(pcm), timbre(pcm, rate), audio.pcm_sha256(audio.to_int16(pcm)),
    )  # fmt: skip


def _length(seconds: float) -> list[Finding]:
    if seconds < SHORTEST_S:
        return [Finding("too_short", "error", f"It is {seconds:.2f} s long; {SHORTEST_S} s is the least.")]
    if seconds > LONGEST_S:
        return [Finding("too_long", "error", f"It is {seconds:.0f} s long; cut it into sentences of 2 to 15 s.")]
    if seconds > USUAL_S:
        return [Finding("long", "note", f"It is {seconds:.0f} s long; most clips should have 2 to 15 s.")]
    return []


def _level(pcm: npt.NDArray[np.float32], level_db: float, snr_db: float) -> list[Finding]:
    findings = []
    clipped = measure.clipping(pcm)
    if clipped > 0.0005:
        findings.append(Finding("clipped", "warning", f"{clipped:.2%} of it is clipped; record at a lower level."))
    offset = float(np.mean(pcm, dtype=np.float64))
    if abs(offset) > 0.01:
        findings.append(Finding("dc_offset", "warning", f"It lies {offset:+.3f} off the middle.", fix="centre"))
    if level_db < -40:
        findings.append(Finding("quiet", "warning", f"It is quiet ({level_db:.0f} dB).", fix="level"))
    if snr_db < 15:
        findings.append(Finding("noisy", "warning", f"Speech stands only {snr_db:.0f} dB above the background."))
    return findings


def _silences(leading_s: float, trailing_s: float, longest_s: float) -> list[Finding]:
    findings = []
    if leading_s > 0.6:
        findings.append(Finding("late_start", "note", f"{leading_s:.1f} s of silence in front.", fix="trim"))
    if not TAIL_S[0] <= trailing_s <= TAIL_S[1]:
        words = f"It ends with {trailing_s:.2f} s of silence; how speech ends is learnt from about 0.5 s."
        findings.append(Finding("tail", "note", words, fix="tail"))
    if longest_s > 1.5:
        findings.append(Finding("long_pause", "warning", f"It pauses for {longest_s:.1f} s inside."))
    return findings


def _pace(pace: float, syllables: int, active_s: float) -> list[Finding]:
    """Speech has 3 to 10 syllables a second; far outside, transcript and recording do not belong together."""
    if not syllables or not active_s:
        return []
    if pace > 14 or pace < 1.2:
        words = f"{syllables} syllables in {active_s:.1f} s of sound: transcript and recording do not belong together."
        return [Finding("length_mismatch", "error", words)]
    if pace > 10 or pace < 2.2:
        return [Finding("pace", "warning", f"{pace:.1f} syllables a second is unusual; check the transcript.")]
    return []


def _format(rate: int) -> list[Finding]:
    if rate < 16_000:
        return [Finding("narrow_band", "warning", f"{rate} Hz holds no more than a telephone does.")]
    if rate != 24_000:
        return [Finding("rate", "note", f"{rate} Hz; it is resampled to 24,000.", fix="resample")]
    return []


def _transcript(written: str) -> list[Finding]:
    if not written.strip():
        return [Finding("no_transcript", "error", "It has no transcript.")]
    findings = []
    tags = [match[0] for match in TAG.finditer(written)]
    if tags:
        words = f"The transcript has {', '.join(tags[:3])}: a sound is not a word, and would be read out."
        findings.append(Finding("tag", "warning", words, fix="strip_tags"))
    plain = TAG.sub(" ", written)
    if not any(character.isalnum() for character in plain):
        findings.append(Finding("no_words", "error", "The transcript has no words."))
    if re.search(r"\d", plain):
        said = text.read(plain).spoken
        findings.append(
            Finding("digits", "warning", f"Digits: it should say what is heard, e.g. “{said[:60]}”.", fix="read")
        )
    if re.search(r"[A-Za-z]", plain) and re.search(r"[가-힣]", plain):
        findings.append(Finding("latin", "note", "Latin letters among Hangul: written as they are heard is safer."))
    if text.syllables(plain) in (1, 2, 3):
        findings.append(Finding("very_short_text", "note", "Three syllables or fewer; a few of these are welcome."))
    return findings


def _snr_db(pcm: npt.NDArray[np.float32], rate: int) -> float:
    """Loud parts against the quietest: the 95th and the 5th percentile of 20 ms levels."""
    levels = measure.envelope_db(pcm, rate, window_ms=20.0)
    levels = levels[levels > -119]
    return float(np.percentile(levels, 95) - np.percentile(levels, 5)) if len(levels) else 0.0


def _shape(pcm: npt.NDArray[np.float32]) -> tuple[float, ...]:
    parts = np.array_split(np.abs(pcm), min(_PICTURE_POINTS, len(pcm)))
    return tuple(round(float(part.max()), 3) for part in parts)


def timbre(pcm: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float64]:
    """(14,) the mean of 13 cepstral values of the sounding parts, and the median pitch in octaves above 50 Hz."""
    frames, bands = _sounding(pcm, rate)
    if not len(bands):
        return np.zeros(14)
    count = bands.shape[1]
    turn = np.cos(np.pi / count * np.outer(np.arange(1, 14), np.arange(count) + 0.5))
    return np.append((bands @ turn.T).mean(0) / count**0.5, _pitch_octaves(frames))


def colour(pcm: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float64]:
    """(52,) mean and deviation in decibels of 26 mel bands of the sounding parts, without the overall level: compares
    two voices saying the same words."""
    _, bands = _sounding(pcm, rate)
    if not len(bands):
        return np.zeros(52)
    levels = bands * (10 / np.log(10))
    mean = levels.mean(0)
    return np.concatenate([mean - mean.mean(), levels.std(0)])


def _sounding(pcm: npt.NDArray[np.float32], rate: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """The louder half of 32 ms frames at 16 kHz, every 10 ms: samples (n, 512) and log energies (n, 26)."""
    clip = audio.resample(pcm, rate, 16_000) if rate != 16_000 else pcm
    if len(clip) < 512:
        return np.zeros((0, 512), np.float32), np.zeros((0, 26))
    frames = np.lib.stride_tricks.sliding_window_view(clip, 512)[::160]
    power = np.abs(np.fft.rfft(frames * np.hanning(512), axis=1)) ** 2
    loud = power.sum(1) >= np.percentile(power.sum(1), 50)
    energy = power[loud] @ _bands(power.shape[1])
    # 40 dB below the frame's mean nothing is compared: there the codecs of files differ, not the voices.
    return frames[loud], np.log(energy + 1e-4 * energy.mean(1, keepdims=True) + 1e-12)


def _bands(bins: int, count: int = 26) -> npt.NDArray[np.float64]:
    """(bins, count) triangles, evenly spaced in mel up to 8 kHz."""
    mels = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), count + 2)
    edges = 700 * (10 ** (mels / 2595) - 1) / 8000 * (bins - 1)
    at = np.arange(bins)[:, None]
    rise, fall = (at - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - at) / np.diff(edges)[1:]
    return np.maximum(0.0, np.minimum(rise, fall))


def _pitch_octaves(frames: npt.NDArray[np.float32], rate: int = 16_000) -> float:
    """Median of the best autocorrelation lag between 60 and 400 Hz, where it is clear; 0 without voice."""
    centred = frames - frames.mean(1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(centred, 1024, axis=1)) ** 2
    similar = np.fft.irfft(spectrum, axis=1)
    low, high = rate // 400, rate // 60
    inside = similar[:, low:high] / np.maximum(similar[:, :1], 1e-9)
    best, clear = inside.argmax(1) + low, inside.max(1) > 0.35
    return float(np.log2(np.median(rate / best[clear]) / 50)) if clear.any() else 0.0
