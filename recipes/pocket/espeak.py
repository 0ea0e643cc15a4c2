"""espeak-ng inside this process, for the recipe: text, variant, pitch and speed in, float samples out.

The library keeps one global voice, so one process is one speaker at a time; `speak.py` runs several processes.
"""

from __future__ import annotations

import ctypes
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import espeakng_loader
import numpy as np
import soxr

_RATE = 24000
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples come through the callback before espeak_Synth returns
_UTF8 = 1
_SPEED, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
# Variants of our own: their names, and where they lie below the data, beside `voices`.
CROSSING, CROSSINGS = "crossing", "crossings"
# Whispers and effects: no voice that anybody would clone.
_UNUSABLE = {
    "whisper", "whisperf", "Demonic", "UniRobot", "anikaRobot", "Tweaky", "Storm", "croak", "fast", "AnxiousAndy",
    "kaukovalta", "robosoft2", "robosoft3", "robosoft4", "robosoft5", "robosoft6", "robosoft7", "robosoft8",
}  # fmt: skip


@dataclass(frozen=True)
class Speaker:
    """One recognisable voice: an espeak-ng variant at a pitch (0-99), a pitch range (0-99) and a speed (words/min)."""

    variant: str
    pitch: int
    range: int
    speed: int

    @property
    def name(self) -> str:
        return f"{self.variant.replace(' ', '_')}-{self.pitch}-{self.range}-{self.speed}"


def variants() -> list[str]:
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    return sorted(path.name for path in folder.iterdir() if path.name not in _UNUSABLE)


class Synthesis:
    """The loaded library; make one in each process. `data` is a folder like espeak-ng's own, with other voices."""

    def __init__(self, data: Path | None = None) -> None:
        self._library = _own_library()
        self._pieces: list[np.ndarray] = []
        self._callback = _CALLBACK(self._collect)  # kept alive: the library holds only the address
        rate = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, str(data or espeakng_loader.get_data_path()).encode(), 0
        )
        if rate <= 0:
            raise RuntimeError(f"espeak-ng did not start ({rate}).")
        self.rate = int(rate)
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
        if samples and count:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def speak(self, text: str, language: str, speaker: Speaker) -> np.ndarray:
        """(samples,) float32 at 24 kHz, silence at both ends cut to 60 ms, at a common level."""
        language = {"zh": "cmn", "en": "en-us"}.get(language, language)
        crossed = speaker.variant.startswith(CROSSING)
        voice = f"{language}+{f'../../{CROSSINGS}/' if crossed else ''}{speaker.variant}".encode()
        if self._library.espeak_SetVoiceByName(voice) != 0:
            raise RuntimeError(f"espeak-ng has no voice {voice.decode()}.")
        for parameter, value in ((_SPEED, speaker.speed), (_PITCH, speaker.pitch), (_RANGE, speaker.range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._pieces = []
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, len(data), 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        if not self._pieces:
            return np.zeros(0, np.float32)
        return _tidy(soxr.resample(np.concatenate(self._pieces).astype(np.float32) / 32768, self.rate, _RATE))


def _own_library() -> ctypes.CDLL:
    """A copy of the library, so that its static variables are not those of the draft voice in the same process."""
    with TemporaryDirectory() as folder:
        return ctypes.CDLL(shutil.copy(espeakng_loader.get_library_path(), folder))


def _tidy(sound: np.ndarray) -> np.ndarray:
    """Cut outer silence, bring speech to -22 dBFS where its peaks allow."""
    frames = np.abs(sound[: len(sound) // 240 * 240]).reshape(-1, 240).max(axis=1)
    loud = np.flatnonzero(frames > 0.01)
    if len(loud) == 0:
        return np.zeros(0, np.float32)
    margin = 6  # frames of 10 ms
    sound = sound[max(0, loud[0] - margin) * 240 : (loud[-1] + 1 + margin) * 240]
    level = float(np.sqrt(np.mean(np.square(sound))))
    gain = min(10 ** (-22 / 20) / max(level, 1e-6), 0.95 / max(float(np.abs(sound).max()), 1e-6))
    return (sound * gain).astype(np.float32)
