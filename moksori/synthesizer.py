"""Text to speech: reading -> units -> engine -> joined audio and its manifest.

`stream` is the one path; `speak` is `stream` joined. The synthesizer decides what is spoken in which order and with
which seed, and writes down everything a take depends on. It knows nothing of stores, HTTP, models or rules of reading.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from moksori import audio, text
from moksori.engine.parameters import resolve
from moksori.engine.protocol import Description, Engine, Finish, Prompt, Request
from moksori.errors import Cancelled, InvalidInput, NotFound
from moksori.manifest import Manifest, UnitRecord, now
from moksori.script import Script, Settings, Unit, write
from moksori.voice import Voice

Int16 = npt.NDArray[np.int16]
PROMPTS = 256  # that are kept: a server whose clients send their own references must not grow with each


@dataclass(frozen=True)
class Speech:
    """PCM and its manifest, in memory. `pcm` is int16 mono: what was hashed is what is heard."""

    pcm: Int16
    sample_rate: int
    manifest: Manifest

    @property
    def seconds(self) -> float:
        return len(self.pcm) / self.sample_rate

    @property
    def sha256(self) -> str:
        return audio.pcm_sha256(self.pcm)

    def save(self, path: Path | str, format: str | None = None) -> Path:
        """Write to `path`, complete or not at all; the format follows the file's ending unless given."""
        return audio.write(path, self.pcm, self.sample_rate, format=format, title=self.manifest.text[:200])


class Stream:
    """An iterator of int16 chunks. When it is exhausted `manifest` is there, and `speech` if the PCM was kept.

    position   index of the unit that is being spoken, of `len(script.units)`.
    """

    def __init__(self, script: Script, sample_rate: int, *, keep: bool) -> None:
        self.script = script
        self.sample_rate = sample_rate
        self.position = 0
        self.manifest: Manifest | None = None
        self._keep = keep
        self._heard: list[Int16] = []
        self._chunks: Iterator[Int16] = iter(())

    def __iter__(self) -> Iterator[Int16]:
        for chunk in self._chunks:
            if self._keep:
                self._heard.append(chunk)
            yield chunk

    def close(self) -> None:
        """Stop the work behind this stream; what was heard so far is forgotten."""
        if isinstance(self._chunks, Generator):
            self._chunks.close()

    @property
    def speech(self) -> Speech:
        assert self.manifest is not None, "the stream has not been read to its end"
        assert self._keep, "the stream was asked not to keep its PCM"
        return Speech(_joined(self._heard), self.sample_rate, self.manifest)


class Synthesizer:
    """Text in, speech out, over one engine. Voice prompts are computed once per voice and kept."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.description: Description = engine.describe()
        self._prompts: OrderedDict[str, Prompt] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(self, voice: Voice) -> Prompt:
        """The voice's prompt for this engine; computed once, and again only if many other voices spoke since."""
        with self._lock:
            key = voice.fingerprint
            if key not in self._prompts:
                self._keep(key, self.engine.prepare(voice))
            self._prompts.move_to_end(key)
            return self._prompts[key]

    def adopt(self, voice: Voice, prompt: Prompt) -> None:
        """Use a prompt that was computed earlier and stored with the voice."""
        assert prompt.engine == self.description.name, "a prompt belongs to the engine that made it"
        with self._lock:
            self._keep(voice.fingerprint, prompt)

    def _keep(self, key: str, prompt: Prompt) -> None:
        self._prompts[key] = prompt
        if len(self._prompts) > PROMPTS:
            self._prompts.popitem(last=False)

    def script(
        self,
        written: str,
        *,
        settings: Settings | None = None,
        seed: int = 0,
        dictionary: text.Dictionary | None = None,
    ) -> Script:
        """What would be spoken, unit by unit; no compute. Raises InvalidInput for text that cannot be spoken."""
        return write(written, settings=settings or Settings(), seed=seed, dictionary=dictionary)

    def stream(
        self,
        written: str,
        voice: Voice,
        *,
        settings: Settings | None = None,
        seed: int = 0,
        dictionary: text.Dictionary | None = None,
        cancel: threading.Event | None = None,
        keep: bool = True,
    ) -> Stream:
        """Speak, chunk by chunk. Everything that can be refused is refused before this returns.

        keep  hold on to the PCM so that `Stream.speech` works; without it memory stays flat for any length.
        """
        script = self.script(written, settings=settings, seed=seed, dictionary=dictionary)
        manifest = self.plan(script, voice)
        stream = Stream(script, self.description.sample_rate, keep=keep)
        stream._chunks = self._chunks(stream, manifest, self.prepare(voice), cancel or threading.Event())
        return stream

    def plan(self, script: Script, voice: Voice) -> Manifest:
        """The manifest of what would be spoken, without its results; its `key` is known before any compute."""
        parameters = self._check(script.settings)
        prompt = self.prepare(voice)
        about = self.description
        return Manifest(
            text=script.reading.source,
            reading=script.reading.to_json(),
            script=tuple(asdict(unit) for unit in script.units),
            seed=script.seed,
            settings=_written_out(script.settings, parameters),
            voice=_about(voice),
            prompt_sha256=prompt.sha256,
            engine=about.name,
            checkpoint=None if about.checkpoint is None else asdict(about.checkpoint),
            precision=about.precision,
            device_class=about.device_class,
            numerics=about.numerics,
            sample_rate=about.sample_rate,
            licence=about.licence,
            warnings=prompt.warnings + tuple(note.message for note in script.reading.notes),
        )

    def speak(
        self,
        written: str,
        voice: Voice,
        *,
        settings: Settings | None = None,
        seed: int = 0,
        dictionary: text.Dictionary | None = None,
        cancel: threading.Event | None = None,
    ) -> Speech:
        """`stream`, joined."""
        stream = self.stream(written, voice, settings=settings, seed=seed, dictionary=dictionary, cancel=cancel)
        for _ in stream:
            pass
        return stream.speech

    def default_voice(self) -> Voice:
        speakers = self.description.speakers
        if not speakers:
            raise InvalidInput(
                f"{self.description.title} has no voice of its own.",
                hint="Give a reference clip (--reference) or a description (--design).",
                field="voice",
            )
        return Voice.preset(speakers[0].id)

    def preset_voice(self, speaker: str) -> Voice:
        """The preset voice of that id; raises NotFound with the list of what there is."""
        known = [s.id for s in self.description.speakers]
        if speaker not in known:
            raise NotFound(
                f"There is no voice {speaker!r}.",
                hint=f"Voices of {self.description.name}: {', '.join(known) or 'none'}.",
                code="unknown_voice",
                field="voice",
            )
        return Voice.preset(speaker)

    def close(self) -> None:
        self.engine.close()

    def _check(self, settings: Settings) -> dict[str, Any]:
        known = self.description.languages
        if settings.language not in known:
            raise InvalidInput(
                f"{self.description.name} does not speak {settings.language!r}.",
                hint=f"Languages: {', '.join(known)}.",
                code="unknown_language",
                field="language",
            )
        if settings.instruct and not self.description.instruct:
            raise InvalidInput(
                f"{self.description.name} takes no instruct.",
                hint="Leave it out, or load a model that does.",
                field="instruct",
            )
        return resolve(self.description.parameters, settings.parameters)

    def _chunks(self, stream: Stream, manifest: Manifest, prompt: Prompt, cancel: threading.Event) -> Generator[Int16]:
        rate = self.description.sample_rate
        script, records = stream.script, []
        digest, position = hashlib.sha256(), 0

        def counted(pcm: Int16) -> Int16:
            nonlocal position
            digest.update(pcm.astype("<i2").tobytes())
            position += len(pcm)
            return pcm

        for index, unit in enumerate(script.units):
            stream.position, start = index, position
            heard: list[Int16] = []
            finish: Finish | None = None
            if unit.lead_s:
                yield counted(_silence(unit.lead_s, rate))
                start = position
            for chunk in self.engine.stream(_request(unit, prompt, script.settings), cancel):
                finish = chunk.finish
                heard.append(audio.to_int16(chunk.pcm))
                if len(heard[-1]):
                    yield counted(heard[-1])
            if cancel.is_set():
                raise Cancelled("The speech was cancelled.")
            assert finish is not None, "an engine ends every stream with a Finish"
            records.append(_record(unit, finish, start, position - start))
            is_last = index == len(script.units) - 1
            for part in _rest(unit, _joined(heard), rate, script.settings.trailing_s if is_last else 0.0):
                yield counted(part)
        stream.manifest = replace(
            manifest, units=tuple(records), samples=position, pcm_sha256=digest.hexdigest(), created=now()
        )


def load(
    model: str = "",
    *,
    engine: str = "",
    device: Literal["auto", "cpu", "cuda"] | str = "auto",
    precision: str = "auto",
    strict: bool = False,
) -> Synthesizer:
    """Load a checkpoint (name or folder) and return what speaks with it.

    model   `pocket` (embedded), a released name such as `0.6b-custom-voice`, a folder, or empty for the default.
    engine  an installed engine by name; usually follows from the model.
    strict  what the checkpoint is warned of (a tensor that nothing uses) is an InvalidInput instead.
    """
    from moksori.engine.registry import open as open_engine

    synthesizer = Synthesizer(open_engine(engine, model, device=device, precision=precision))
    checkpoint = synthesizer.description.checkpoint
    if strict and checkpoint and checkpoint.warnings:
        synthesizer.close()
        raise InvalidInput(
            f"{checkpoint.name}: {'; '.join(checkpoint.warnings[:4])}.",
            hint="Load it without `strict` to go on with a warning.",
            code="unused_tensor",
            field="model",
        )
    return synthesizer


def _request(unit: Unit, prompt: Prompt, settings: Settings) -> Request:
    return Request(
        unit=unit.spoken,
        prompt=prompt,
        syllables=unit.syllables,
        language=settings.language,
        instruct=settings.instruct,
        parameters=settings.parameters,
        seed=unit.seed,
        priority=settings.priority,
    )


def _rest(unit: Unit, pcm: Int16, rate: int, trailing_s: float) -> Iterator[Int16]:
    """Everything after the first rendering of a unit: its repetitions, and the silence that follows."""
    pause = _silence(unit.pause_s, rate)
    for _ in range(unit.count - 1):
        yield from (part for part in (pause, pcm) if len(part))
    tail = _silence(unit.pause_after_s + trailing_s, rate)
    if len(tail):
        yield tail


def _record(unit: Unit, finish: Finish, start: int, samples: int) -> UnitRecord:
    return UnitRecord(
        spoken=unit.spoken,
        source=unit.source,
        seed=unit.seed,
        syllables=unit.syllables,
        count=unit.count,
        pause_s=unit.pause_s,
        start=start,
        samples=samples,
        frames=finish.frames,
        reason=finish.reason,
        trace=finish.trace,
        warnings=finish.warnings,
    )


def _written_out(settings: Settings, parameters: dict[str, Any]) -> dict[str, Any]:
    """The settings with every default in its place; the priority decides when, not what, and stays out."""
    written = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "priority"}
    policy = asdict(text.Policy.from_mapping(settings.policy))
    return written | {
        "parameters": parameters,
        "policy": policy,
        "overrides": [dict(o) for o in settings.overrides],
    }


def _about(voice: Voice) -> dict[str, Any]:
    """What the manifest says of a voice; the reference by its hash."""
    reference = voice.reference
    return {
        "kind": voice.kind,
        "id": voice.id,
        "speaker": voice.speaker,
        "description": voice.description,
        "scale": voice.scale,
        "pack": "" if voice.path is None else voice.path.name,
        "reference_sha256": "" if reference is None else reference.sha256,
        "transcript": None if reference is None else reference.transcript,
        "consent": voice.consent,
    }


def _silence(seconds: float, rate: int) -> Int16:
    return np.zeros(round(seconds * rate), dtype=np.int16)


def _joined(parts: list[Int16]) -> Int16:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)
