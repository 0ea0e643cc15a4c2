"""The draft voice: eSpeak NG, in process, through its C interface. It speaks at once, everywhere, and like a machine.

It is what is heard until a checkpoint is installed, and it is named a draft voice wherever it appears. eSpeak NG is
GPL-3.0-or-later and comes by the extra `espeak`; this module calls it and contains none of it. It knows nothing of
reading: digits and signs reach it already written out.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import soxr

from moksori.audio import Resampler, to_float
from moksori.errors import InvalidInput, MoksoriError, Unavailable
from moksori.voice import Voice

from .parameters import integer, resolve, schema
from .protocol import Chunk, Description, Finish, Pcm, Prompt, Request, Speaker

SAMPLE_RATE = 24_000
# eSpeak NG drops what lies beyond its buffers: in Hangul a word's end from about 55 syllables on, a clause's from 120.
LONGEST_PIECE, LONGEST_WORD = 80, 40

LANGUAGES = {
    "korean": "ko",
    "chinese": "cmn",
    "english": "en-us",
    "japanese": "ja",
    "german": "de",
    "french": "fr",
    "russian": "ru",
    "portuguese": "pt-br",
    "spanish": "es",
    "italian": "it",
}
VARIANTS = {
    "plain": ("", "eSpeak's own voice"),
    "f1": ("f1", "woman 1"),
    "f2": ("f2", "woman 2"),
    "f3": ("f3", "woman 3"),
    "f4": ("f4", "woman 4"),
    "f5": ("f5", "woman 5"),
    "m1": ("m1", "man 1"),
    "m2": ("m2", "man 2"),
    "m3": ("m3", "man 3"),
    "m4": ("m4", "man 4"),
    "m5": ("m5", "man 5"),
    "m6": ("m6", "man 6"),
    "m7": ("m7", "man 7"),
    "annie": ("Annie", "woman, clear"),
    "linda": ("linda", "woman, bright"),
    "alex": ("Alex", "man, soft"),
    "michael": ("Michael", "man, deep"),
    "announcer": ("announcer", "man, announcing"),
}
PARAMETERS = schema(
    rate=integer("Speaking speed in words per minute", 160, 80, 450),
    pitch=integer("Pitch", 50, 0, 99),
    intonation=integer("Range of the pitch", 50, 0, 99),
)


class EspeakEngine:
    """An `Engine`. Any number of instances and threads; calls into the library take turns."""

    def __init__(self, model: str = "", *, device: str = "auto", precision: str = "auto") -> None:
        if model not in ("", "espeak"):
            raise InvalidInput(f"espeak has no model {model!r}.", hint="Leave the model out.", field="model")
        if device not in ("auto", "cpu"):
            raise InvalidInput(f"espeak does not run on {device!r}.", hint="Use cpu or auto.", field="device")
        if precision not in ("auto", "none"):
            raise InvalidInput(f"espeak has no precision {precision!r}.", hint="Use auto.", field="precision")
        self._library = _Library()

    def describe(self) -> Description:
        return Description(
            name="espeak",
            title="eSpeak NG (draft voice)",
            languages=tuple(LANGUAGES),
            sample_rate=SAMPLE_RATE,
            kinds=("preset",),
            streams=True,
            parameters=PARAMETERS,
            licence="eSpeak NG, GPL-3.0-or-later. A draft voice for trying things out, not for publishing.",
            speakers=tuple(Speaker(id, f"Draft voice, {name}") for id, (_, name) in VARIANTS.items()),
            numerics=f"espeak-ng {self._library.version}, soxr {soxr.__version__}",
            draft=True,
        )

    def prepare(self, voice: Voice) -> Prompt:
        if voice.kind != "preset":
            raise InvalidInput(
                f"The draft voice espeak cannot speak as a {voice.kind} voice.",
                hint="Load a model that clones, or use one of its preset voices.",
                code="unsupported_voice",
                field="voice",
            )
        if voice.speaker not in VARIANTS:
            raise InvalidInput(
                f"espeak has no voice {voice.speaker!r}.",
                hint=f"Voices: {', '.join(VARIANTS)}.",
                code="unknown_voice",
                field="voice",
            )
        return Prompt("espeak", voice.id, voice.speaker.encode())

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Chunk]:
        parameters = resolve(PARAMETERS, request.parameters)
        if request.language not in LANGUAGES:
            raise InvalidInput(
                f"espeak does not speak {request.language!r}.",
                hint=f"Languages: {', '.join(LANGUAGES)}.",
                code="unknown_language",
                field="language",
            )
        if request.instruct:
            raise InvalidInput("espeak takes no instruct.", hint="Leave it out.", field="instruct")
        if request.prompt.engine != "espeak":
            raise InvalidInput(f"This voice was prepared for {request.prompt.engine}.", field="voice")
        variant = VARIANTS[request.prompt.data.decode()][0]
        voice = LANGUAGES[request.language] + (f"+{variant}" if variant else "")
        return self._chunks(pieces(request.unit), voice, parameters, cancel)

    def _chunks(
        self, texts: list[str], voice: str, parameters: dict[str, Any], cancel: threading.Event
    ) -> Iterator[Chunk]:
        resampler = Resampler(self._library.sample_rate, SAMPLE_RATE)
        for text in texts:
            if cancel.is_set():
                yield Chunk(np.zeros(0, np.float32), Finish("cancelled"))
                return
            yield Chunk(
                resampler.write(_faded(self._library.speak(text, voice, parameters), self._library.sample_rate))
            )
        yield Chunk(resampler.finish(), Finish("end", trace={"pieces": len(texts)}))

    def close(self) -> None:
        """Nothing stays loaded between two calls."""


def pieces(text: str, longest: int = LONGEST_PIECE) -> list[str]:
    """Cut at the last comma or, failing that, the last space within reach; overlong words are cut themselves."""
    rest = re.sub(r"[\s\0]+", " ", text).strip()
    rest = re.sub(r"([、，。；])(?=\S)", r"\1 ", rest)
    rest = re.sub(rf"(\S{{{LONGEST_WORD}}})(?=\S)", r"\1 ", rest)
    found = []
    while len(rest) > longest:
        window = rest[: longest + 1]
        comma = max(window.rfind(mark) for mark in (", ", "; ", ": ", "、 ", "， ", "。 ", "； "))
        at = comma + 1 if comma >= longest // 3 else window.rfind(" ")
        at = at if at > 0 else longest
        found.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [piece for piece in [*found, rest] if piece]


def _faded(pcm: Pcm, sample_rate: int) -> Pcm:
    """eSpeak NG stops its last vowel within 5 ms; its last 0.1 s (at most half the piece) fade by 50 dB instead."""
    audible = np.flatnonzero(np.abs(pcm) > 0.003)
    end = int(audible[-1]) + 1 if len(audible) else 0
    size = min(round(0.1 * sample_rate), end // 2)
    gain = np.ones(len(pcm), np.float32)
    gain[end - size : end] = 10 ** (-50 / 20 * np.arange(size, dtype=np.float32) / max(size, 1))
    gain[end:] = 0.0
    return pcm * gain


class _Library:
    """libespeak-ng, loaded afresh for every piece of text (1 ms), because its state would be heard in the next one.

    Its flutter runs on from call to call in static variables that no function resets, so the same text would never
    sound the same twice. A lock serialises the calls.
    """

    # From speak_lib.h of eSpeak NG 1.52.
    SYNCHRONOUS, DO_NOT_EXIT, UTF8 = 2, 0x8000, 1
    CODES = (("rate", 1), ("pitch", 3), ("intonation", 4))
    CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    _lock = threading.Lock()

    def __init__(self) -> None:
        if find_spec("espeakng_loader") is None:
            raise Unavailable(
                "The draft voice needs espeakng-loader, which is not installed.",
                hint="Install it with: pip install 'moksori[espeak]'",
                code="missing_extra",
            )
        loader = import_module("espeakng_loader")
        self._path, self._data = str(loader.get_library_path()), str(loader.get_data_path()).encode()
        with self._lock, self._loaded() as (c, rate):
            c.espeak_Info.restype = ctypes.c_char_p
            self.version, self.sample_rate = str(c.espeak_Info(None).decode()), rate

    def speak(self, text: str, voice: str, parameters: dict[str, Any]) -> Pcm:
        """(n,) float32 at `sample_rate`; a function of its arguments alone."""
        encoded = text.encode("utf-8", "replace")
        heard: list[Pcm] = []

        def receive(wav: Any, samples: int, _events: Any) -> int:
            if wav and samples > 0:
                heard.append(to_float(np.ctypeslib.as_array(wav, shape=(samples,)).copy()))
            return 0

        callback = self.CALLBACK(receive)  # must outlive the calls: the library holds only a pointer to it
        with self._lock, self._loaded() as (c, _):
            c.espeak_SetSynthCallback(callback)
            _check(c.espeak_SetVoiceByName(voice.encode()), f"the voice {voice}")
            for name, code in self.CODES:
                _check(c.espeak_SetParameter(code, parameters[name], 0), f"{name} {parameters[name]}")
            size = ctypes.c_size_t(len(encoded) + 1)
            _check(c.espeak_Synth(encoded, size, 0, 0, 0, self.UTF8, None, None), "the text")
        return np.concatenate(heard) if heard else np.zeros(0, np.float32)

    @contextmanager
    def _loaded(self) -> Iterator[tuple[ctypes.CDLL, int]]:
        try:
            c = ctypes.CDLL(self._path)
        except OSError as error:
            raise Unavailable(f"libespeak-ng cannot be loaded: {error}.", hint="Reinstall espeakng-loader.") from error
        try:
            rate = int(c.espeak_Initialize(self.SYNCHRONOUS, 0, self._data, self.DO_NOT_EXIT))
            if rate <= 0:
                raise Unavailable("eSpeak NG could not be started.", hint="Reinstall espeakng-loader.")
            c.espeak_ng_SetRandSeed(ctypes.c_long(1))  # or it is the time of day
            yield c, rate
            c.espeak_Terminate()
        finally:
            _unload(c)


def _unload(library: ctypes.CDLL) -> None:
    close = ctypes.CDLL(None).dlclose
    close.argtypes = [ctypes.c_void_p]
    close(library._handle)


def _check(status: int, what: str) -> None:
    if status != 0:
        raise MoksoriError(f"eSpeak NG refused {what} (status {status}).", hint="Report this text.")
