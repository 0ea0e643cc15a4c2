"""From an utterance (text, codes, who, which language) to a sample that can be laid out, by a checkpoint's own ids.

Knows how a clip may be presented (`Speech`) and how often each way is drawn; knows nothing of batches or losses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from moksori.errors import InvalidInput
from moksori.model.config import ModelConfig
from moksori.model.prompt import speaker_id
from moksori.model.tokenizer import TextTokenizer

from .layout import Control, Delivery, Sample


class Vocabulary(Protocol):
    """The parts of a model that decide ids."""

    @property
    def config(self) -> ModelConfig: ...
    @property
    def tokenizer(self) -> TextTokenizer: ...


@dataclass(frozen=True)
class Utterance:
    """One clip: what is said, its codes (frames, groups), `auto` or a language, an instruction, a preset's name."""

    text: str
    codes: npt.NDArray[np.integer]
    language: str = "auto"
    instruct: str = ""
    speaker: str = ""


@dataclass(frozen=True)
class Speech:
    """One way of presenting a clip. `vector`: a speaker vector in the slot; `reference`: another clip in front."""

    delivery: Delivery = "whole"
    vector: bool = True
    reference: bool = False
    tag: bool = True


@dataclass(frozen=True)
class Mixture:
    """How often each presentation is drawn. Shares are independent probabilities, not weights."""

    streaming: float = 0.2
    in_context: float = 0.2
    language_tag: float = 0.7
    ways: tuple[str, ...] = field(default=("vector",))

    def draw(self, rng: np.random.Generator) -> Speech:
        streaming, in_context, tag = rng.random(3)
        return Speech(
            delivery="streaming" if streaming < self.streaming else "whole",
            vector="vector" in self.ways,
            reference=bool(in_context < self.in_context),
            tag=bool(tag < self.language_tag),
        )


def control(config: ModelConfig) -> Control:
    talker = config.talker
    return Control(
        tts_bos=config.tts_bos_id,
        tts_eos=config.tts_eos_id,
        tts_pad=config.tts_pad_id,
        codec_bos=talker.bos_id,
        codec_eos=talker.eos_id,
        codec_pad=talker.pad_id,
        think=talker.think_id,
        nothink=talker.nothink_id,
        think_bos=talker.think_bos_id,
        think_eos=talker.think_eos_id,
    )


def prepare(model: Vocabulary, utterance: Utterance, speech: Speech, reference: Utterance | None = None) -> Sample:
    """Raises InvalidInput for a language or speaker that the checkpoint does not have."""
    framed = model.tokenizer.spoken(utterance.text)
    return Sample(
        role=framed.role,
        text=framed.body,
        codes=utterance.codes.astype(np.int64),
        delivery=speech.delivery,
        language=language_id(model.config, utterance.language) if speech.tag else None,
        preset=speaker_id(model.config, utterance.speaker) if utterance.speaker and not speech.vector else None,
        vector=speech.vector,
        instruct=model.tokenizer.instruction(utterance.instruct) if utterance.instruct else (),
        reference_text=model.tokenizer.spoken(reference.text).body if reference else (),
        reference_codes=reference.codes.astype(np.int64) if reference else None,
    )


def language_id(config: ModelConfig, language: str) -> int | None:
    """The codec row of a language, None for `auto`."""
    if language.lower() == "auto":
        return None
    languages = config.talker.languages
    if language.lower() not in languages:
        known = ", ".join(["auto", *sorted(languages)])
        raise InvalidInput(f"Unknown language {language!r}.", hint=f"One of: {known}.", field="language")
    return languages[language.lower()]
