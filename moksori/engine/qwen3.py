"""Qwen3-TTS as an engine: any released checkpoint, any of its kinds of voice, spoken by the runtime.

A clone's prompt is computed once and stored with the voice. Knows nothing of text rules, of other engines, or of how
frames are computed.
"""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from moksori.errors import InvalidInput
from moksori.language import CODES
from moksori.model import Model, Sampling, VoicePrompt, prompt
from moksori.model.conditioning import clone
from moksori.model.device import choose
from moksori.model.prompt import LAYOUTS
from moksori.runtime.ending import EndingSettings
from moksori.runtime.idle import OnDemand
from moksori.runtime.request import Request as Asked
from moksori.runtime.runtime import Runtime, Utterance
from moksori.voice import Kind, Voice

from . import packs, protocol
from .parameters import choice, integer, number, resolve, schema, switch
from .protocol import Chunk, Description, Finish, Request, Speaker

KINDS: Mapping[str, tuple[Kind, ...]] = {
    "base": ("cloned", "pack"),
    "custom_voice": ("preset",),
    "voice_design": ("designed",),
}
IDLE_UNLOAD = "MOKSORI_IDLE_UNLOAD_MINUTES"  # let the model go after so long without speech; 0 keeps it
MEMORY_LIMIT = "MOKSORI_MEMORY_LIMIT_GB"  # the most this process may take of a card; 0 is all of it


class Qwen3Engine:
    """An `Engine`. Streams of several threads run as one batch; none of them can hear the others."""

    def __init__(self, model: str, *, device: str = "auto", precision: str = "auto") -> None:
        self._device = choose(device, precision)
        self._held = OnDemand(
            lambda: Runtime(
                model,
                self._device.precision,
                device=self._device.name,
                memory_limit=float(os.environ.get(MEMORY_LIMIT, "0")),
            ),
            after_s=60 * float(os.environ.get(IDLE_UNLOAD, "0")),
        )
        self._packs = packs.Packs()
        with self._held.use() as runtime:
            self._parameters = _schema(runtime.model)
            self._description = self._describe(runtime)

    def describe(self) -> Description:
        return self._description

    def _describe(self, runtime: Runtime) -> Description:
        model, config = runtime.model, runtime.model.config
        spoken = tuple(name for name in config.talker.languages if name in CODES)
        return Description(
            name="qwen3",
            title=f"Qwen3-TTS {config.size} {config.kind.replace('_', ' ')}",
            languages=("auto", *spoken),
            sample_rate=model.codec.sample_rate,
            kinds=KINDS[config.kind],
            streams=True,
            parameters=self._parameters,
            licence="Released Qwen3-TTS checkpoints: Apache-2.0. Of other checkpoints their makers say.",
            speakers=_speakers(model),
            checkpoint=protocol.CheckpointIdentity(model.name, model.revision, model.sha256, model.warnings),
            precision=self._device.precision,
            device_class=self._device.device_class,
            numerics=runtime.numerics,
            instruct=config.kind == "custom_voice" and config.takes_instruct,
        )

    def prepare(self, voice: Voice) -> protocol.Prompt:
        known = self._description.kinds
        if voice.kind not in known:
            raise InvalidInput(
                f"This checkpoint speaks with {' and '.join(known)} voices; {voice.id!r} is a {voice.kind} one.",
                hint="Load the checkpoint for it: Base clones and takes packs, CustomVoice has presets, VoiceDesign "
                "designs.",
                code="unsupported_voice",
                field="voice",
            )
        with self._held.use() as runtime:
            if voice.kind == "pack":
                conditioned, warnings = packs.prepare(runtime, voice)
                return protocol.Prompt("qwen3", voice.id, conditioned.to_bytes(), warnings, str(voice.path))
            conditioned = _condition(runtime.model, voice)
        return protocol.Prompt("qwen3", voice.id, conditioned.to_bytes(), _warnings(voice))

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Chunk]:
        settings = resolve(self._parameters, request.parameters)
        if request.prompt.engine != "qwen3":
            raise InvalidInput(
                f"The voice {request.prompt.voice!r} was prepared for {request.prompt.engine}.",
                hint="Prepare it with this engine.",
                field="voice",
            )
        names = {field.name for field in dataclasses.fields(Sampling)}
        voice = VoicePrompt.from_bytes(request.prompt.data)
        utterance = Utterance(
            text=request.unit,
            voice=voice,
            syllables=request.syllables,
            language=request.language,
            instruct=request.instruct,
            layout=settings["layout"],
            seed=request.seed,
            sampling=Sampling(**{name: value for name, value in settings.items() if name in names}),
            ending=_ending(settings),
            priority=request.priority,
        )
        # What cannot be spoken is refused here; it is queued when somebody listens.
        with self._held.use() as runtime:
            addition = self._packs.addition(runtime, request.prompt, voice)
            return self._chunks(runtime.request(dataclasses.replace(utterance, addition=addition)), voice.facts, cancel)

    def close(self) -> None:
        """Frees the weights."""
        self._packs.clear()
        self._held.close()

    def _chunks(self, asked: Asked, facts: Mapping[str, Any], cancel: threading.Event) -> Iterator[Chunk]:
        """`facts` of how the voice was made go into the manifest with each unit."""
        made = {"voice": dict(facts)} if facts else {}
        with self._held.use() as runtime:
            for piece in runtime.scheduler.submit(asked).pieces(cancel):
                done = piece.finished
                yield Chunk(piece.pcm, Finish(done.reason, len(done.codes), {**done.report, **made}) if done else None)


def _warnings(voice: Voice) -> tuple[str, ...]:
    return voice.reference.warnings if voice.reference else ()


def _condition(model: Model, voice: Voice) -> VoicePrompt:
    if voice.kind == "preset":
        prompt.speaker_id(model.config, voice.speaker)
        return VoicePrompt.preset(voice.speaker)
    if voice.kind == "designed":
        return VoicePrompt.design(voice.description)
    assert voice.reference is not None, "a cloned voice has its reference"
    return clone(model, voice.reference.pcm, voice.reference.transcript)


def _ending(settings: Mapping[str, Any]) -> EndingSettings:
    return EndingSettings(
        minimum=settings["min_frames"],
        ceiling=settings["max_frames"],
        pace=settings["pace"],
        stationary=settings["stationary_frames"],
        hold=settings["hold_frames"],
        short_policy=settings["short_policy"],
    )


def _schema(model: Model) -> dict[str, Any]:
    usual = model.sampling
    return schema(
        temperature=number("Temperature", usual.temperature, 0.0, 2.0),
        top_k=integer("Candidates, 0 for all", usual.top_k, 0, 3072),
        top_p=number("Share of the likeliest", usual.top_p, 0.0, 1.0),
        repetition_penalty=number("Repetition penalty", usual.repetition_penalty, 0.5, 2.0),
        predictor_temperature=number("Temperature of the finer codes", usual.predictor_temperature, 0.0, 2.0),
        predictor_top_k=integer("Candidates of the finer codes, 0 for all", usual.predictor_top_k, 0, 3072),
        predictor_top_p=number("Share of the likeliest of the finer codes", usual.predictor_top_p, 0.0, 1.0),
        layout=choice("Text before the speech, or along with it", "whole", LAYOUTS),
        min_frames=integer("Frames of 80 ms before speech may end", 2, 0, 250),
        max_frames=integer("Ceiling in frames of 80 ms, 0 for one from the syllables", 0, 0, model.max_frames),
        pace=number("Slowest speech the ceiling allows, in syllables a second; 0 for no ceiling", 2.0, 0.0, 10.0),
        stationary_frames=integer("Stop after so many frames of hardly changing sound, 0 for never", 30, 0, 250),
        hold_frames=integer("Refuse implausibly early ends for at most so many frames, 0 for never", 0, 0, 50),
        short_policy=switch("Closer limits for units of up to three syllables", True),
    )


def _speakers(model: Model) -> tuple[Speaker, ...]:
    talker = model.config.talker
    return tuple(
        Speaker(name, name.replace("_", " ").title(), note=talker.dialects.get(name, "")) for name in talker.speakers
    )
