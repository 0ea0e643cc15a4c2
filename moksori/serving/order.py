"""A client's request made into an order: which voice says what, how. Every field is used or named back.

The shape is OpenAI's `POST /v1/audio/speech`, with our own fields beside it at top level. Knows no HTTP.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from moksori import audio
from moksori.engine.protocol import MAX_SEED, Description, Priority
from moksori.errors import InvalidInput, NotFound, Unavailable
from moksori.language import CODES, language_name
from moksori.script import Settings
from moksori.synthesizer import Synthesizer
from moksori.voice import Voice

from .config import Config
from .shelf import Shelf

MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
VOICES = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")


class VoiceId(BaseModel):
    """OpenAI's other way to name a voice."""

    model_config = ConfigDict(extra="forbid")
    id: str


class SpeechRequest(BaseModel):
    """The body of `POST /v1/audio/speech`. Fields that are neither here nor a parameter of the engine are named back.

    instructions  how to speak; the description of the voice where the model designs voices.
    reference     a clip to clone: base64, or a data: URL.
    transcript    what is said in the reference.
    keep          whether the speech becomes a take in the history; None: as the settings have it.

    null stands for a field that was not sent.
    """

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, fields: Any) -> Any:
        return {k: v for k, v in fields.items() if v is not None} if isinstance(fields, dict) else fields

    input: str
    model: str = ""
    voice: str | VoiceId = ""
    instructions: str = ""
    response_format: str = "mp3"
    speed: float = 1.0
    stream_format: Literal["audio", "sse"] = "audio"
    stream: bool = True
    language: str = ""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    reference: str = ""
    transcript: str = ""
    keep: bool | None = None
    pause_s: float = 0.2
    trailing_s: float = 0.0
    priority: Priority = "interactive"


@dataclass(frozen=True)
class Order:
    """What is to be spoken, checked as far as that is possible without speaking. ignored: names of unused fields."""

    text: str
    voice: Voice
    settings: Settings
    seed: int
    format: str
    speed: float
    keep: bool
    ignored: tuple[str, ...]


def read_request(fields: Mapping[str, Any]) -> SpeechRequest:
    """The request, where it does not come as a body of HTTP; raises InvalidInput."""
    try:
        return SpeechRequest.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidInput(f"{place}: {first['msg']}.", field=place) from error


def read_order(asked: SpeechRequest, config: Config, synthesizer: Synthesizer, shelf: Shelf) -> Order:
    """Resolve every name; raises InvalidInput or NotFound with the list of what there is."""
    about = synthesizer.description
    if len(asked.input) > config.max_characters:
        raise InvalidInput(
            f"The input has {len(asked.input):,} characters; the limit is {config.max_characters:,}.",
            hint="Split it at sentences.",
            code="input_too_long",
            field="input",
        )
    language = resolve_model(asked.model, config, about)
    _check_sound(asked, about.sample_rate)
    parameters, ignored = _parameters(asked.model_extra or {}, about)
    voice, is_design = _voice(asked, config, synthesizer, shelf)
    instruct = "" if is_design else asked.instructions
    if instruct and not about.instruct:
        instruct, ignored = "", (*ignored, "instructions")
    settings = Settings(
        language=language_name(asked.language or language or config.language),
        instruct=instruct,
        pause_s=asked.pause_s,
        trailing_s=asked.trailing_s,
        parameters=parameters,
        priority=asked.priority,
    )
    return Order(
        text=asked.input,
        voice=voice,
        settings=settings,
        seed=asked.seed,
        format=asked.response_format,
        speed=asked.speed,
        keep=config.keep_takes if asked.keep is None else asked.keep,
        ignored=ignored,
    )


def model_name(about: Description) -> str:
    """What the loaded model is called here."""
    return about.checkpoint.name if about.checkpoint else about.name


def model_names(config: Config, about: Description) -> tuple[str, ...]:
    """The loaded model and its other names."""
    return tuple(dict.fromkeys((model_name(about), *MODELS, *config.model_aliases)))


def resolve_model(asked: str, config: Config, about: Description) -> str:
    """The language that a model's name asks for (`tts-1-en`), or nothing; raises NotFound for an unknown model.

    Many clients cannot send a language but let their user type a model.
    """
    names = model_names(config, about)
    if not asked or asked in names:
        return ""
    stem, _, suffix = asked.rpartition("-")
    if stem in names and suffix in CODES.values():
        return suffix
    raise NotFound(
        f"There is no model {asked!r}.",
        hint=f"Models: {', '.join(names)}; each may end in a language, as in {names[0]}-en.",
        code="model_not_found",
        field="model",
    )


def resolve_voice(asked: str, config: Config, synthesizer: Synthesizer, shelf: Shelf) -> Voice:
    """A preset, kept or aliased voice by name; the default one for an empty name."""
    if not asked:
        return synthesizer.default_voice()
    speakers = [speaker.id for speaker in synthesizer.description.speakers]
    name = config.voice_aliases.get(asked, asked)
    if name in speakers:
        return Voice.preset(name)
    if kept := shelf.find(name):
        return kept
    if name in VOICES and speakers:
        return Voice.preset(speakers[VOICES.index(name) % len(speakers)])
    if name in VOICES and (others := shelf.all()) and (kept := shelf.find(others[0].id)):
        return kept
    known = [*speakers, *(kept.id for kept in shelf.all())]
    raise NotFound(
        f"There is no voice {asked!r}.",
        hint=f"Voices: {', '.join(known) or 'none yet; upload one'}.",
        code="unknown_voice",
        field="voice",
    )


def decode_reference(text: str, max_bytes: int) -> bytes:
    """The bytes of a base64 string or of a data: URL."""
    encoded = text
    if text.startswith("data:"):
        head, _, encoded = text.partition(",")
        if not head.endswith(";base64"):
            raise InvalidInput("reference is a data: URL without ;base64.", field="reference")
    elif "://" in text[:32]:
        raise InvalidInput(
            "reference must be base64 or a data: URL; nothing is fetched from the network.", field="reference"
        )
    if len(encoded) > max_bytes * 4 // 3 + 4:
        raise InvalidInput(f"reference is larger than {max_bytes / 1e6:.0f} MB.", field="reference")
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("reference is not valid base64.", field="reference") from error


def _voice(asked: SpeechRequest, config: Config, synthesizer: Synthesizer, shelf: Shelf) -> tuple[Voice, bool]:
    """The voice, and whether the instructions went into designing it."""
    if asked.reference:
        clip = decode_reference(asked.reference, config.max_upload_mb * 1_000_000)
        return Voice.cloned(clip, asked.transcript or None, name="reference"), False
    if asked.transcript:
        raise InvalidInput("transcript belongs to reference.", hint="Send both, or none.", field="transcript")
    kinds = synthesizer.description.kinds
    if "designed" in kinds and asked.instructions:
        return Voice.designed(asked.instructions), True
    name = asked.voice.id if isinstance(asked.voice, VoiceId) else asked.voice
    return resolve_voice(name, config, synthesizer, shelf), False


def _check_sound(asked: SpeechRequest, sample_rate: int) -> None:
    """Also what is not installed is the client's to change: asking again, as clients do after a 503, would not help."""
    try:
        audio.find(asked.response_format)
        audio.Tempo(asked.speed, sample_rate)
    except (InvalidInput, Unavailable) as error:
        field = "response_format" if error.field == "format" else error.field
        raise InvalidInput(error.message, hint=error.hint, code=error.code, field=field) from error


def _parameters(extra: Mapping[str, Any], about: Description) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The engine's own parameters, and the names of what nobody here knows."""
    known = about.parameters["properties"]
    return {k: v for k, v in extra.items() if k in known}, tuple(k for k in extra if k not in known)
