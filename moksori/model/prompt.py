"""From a text and a voice to the talker's input: the only place where modes and layouts differ.

Two tracks are summed at each position, text and codec; this file says what stands on each. Knows nothing of how
frames are generated, nor of how a written text becomes a spoken one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from moksori.errors import InvalidInput

from .config import ModelConfig
from .determinism import one_thread
from .predictor import Predictor, embed_codes
from .talker import Talker
from .tokenizer import TextTokenizer
from .voice_prompt import VoicePrompt

Layout = Literal["whole", "streaming"]
LAYOUTS: tuple[Layout, ...] = ("whole", "streaming")


class Speakable(Protocol):
    """The parts of a model that a prompt is built from."""

    @property
    def config(self) -> ModelConfig: ...
    @property
    def talker(self) -> Talker: ...
    @property
    def predictor(self) -> Predictor: ...
    @property
    def tokenizer(self) -> TextTokenizer: ...


@dataclass(frozen=True)
class Prompt:
    """All that a step loop needs besides the weights.

    embeddings       (P, hidden) what the talker reads first; the state at the last row predicts frame 0.
    trailing         (N, hidden) rows of the text track that are added to frames 0 .. N-1 on their way in again.
    pad              (hidden,) the row added to every later frame.
    reference_codes  (R, num_code_groups) int64 frames in front of the generated ones, for the decoder; may be empty.
    text_ids         ids of the spoken text, without its frame: one for each piece of text.
    """

    embeddings: Tensor
    trailing: Tensor
    pad: Tensor
    reference_codes: Tensor
    text_ids: tuple[int, ...]

    def text_row(self, frame: int) -> Tensor:
        """The text track's part of the input that follows frame `frame`."""
        return self.trailing[frame] if frame < len(self.trailing) else self.pad


@torch.inference_mode()
@one_thread
def build(
    model: Speakable,
    spoken_text: str,
    voice: VoicePrompt,
    language: str | None = None,
    instruct: str = "",
    layout: Layout = "whole",
) -> Prompt:
    """Raises InvalidInput for an empty text, an unknown speaker, language or layout, a voice of another kind of
    checkpoint, and an instruction where the checkpoint follows none."""
    if not spoken_text.strip():
        raise InvalidInput("There is no text to speak.", field="text")
    if layout not in LAYOUTS:
        raise InvalidInput(f"Unknown layout {layout!r}.", hint=f"One of: {', '.join(LAYOUTS)}.", field="layout")
    instruct = _instruction(model.config, voice, instruct)
    rows = _Rows(model)
    framed = model.tokenizer.spoken(spoken_text)
    front = [rows.text(model.tokenizer.instruction(instruct))] if instruct else []
    front += [rows.text(framed.role), _opening(rows, voice, language)]
    reference = rows.reference(voice)
    if reference is not None:
        transcript = model.tokenizer.spoken(voice.transcript).body
        body, trailing = _in_context(rows, (*transcript, *framed.body), reference, layout)
    else:
        body, trailing = _text_alone(rows, framed.body, layout)
    embeddings = torch.cat([*front, body])
    limit = model.config.talker.stack.max_positions
    if len(embeddings) >= limit:
        raise InvalidInput(
            f"Text and voice take {len(embeddings)} positions; the model holds {limit}, speech included.",
            hint="Speak it in shorter units, or with a shorter reference.",
            field="text",
        )
    empty = torch.zeros(0, model.config.talker.num_code_groups, dtype=torch.int64)
    return Prompt(
        embeddings=embeddings,
        trailing=trailing,
        pad=rows.pad,
        reference_codes=empty if reference is None else reference,
        text_ids=framed.body,
    )


class _Rows:
    """Rows of either track, (n, hidden)."""

    def __init__(self, model: Speakable) -> None:
        self.model = model
        self.config = model.config.talker
        self.device = model.talker.codec_embedding.weight.device
        ids = (model.config.tts_bos_id, model.config.tts_eos_id, model.config.tts_pad_id)
        self.bos, self.eos, self.pad = self.text(ids)

    def text(self, ids: tuple[int, ...]) -> Tensor:
        return self.model.talker.embed_text(torch.tensor(ids, dtype=torch.int64, device=self.device))

    def codec(self, *ids: int) -> Tensor:
        rows: Tensor = self.model.talker.codec_embedding(torch.tensor(ids, device=self.device))
        return rows

    def frames(self, codes: Tensor) -> Tensor:
        """Codes (T, groups) -> (T, hidden)."""
        return embed_codes(self.model.talker.codec_embedding, self.model.predictor, codes).sum(-2)

    def speaker(self, voice: VoicePrompt) -> Tensor:
        """The speaker slot: (1, hidden), or (0, hidden) where there is none."""
        if voice.mode == "design":
            none: Tensor = self.pad[None][:0]
            return none
        if voice.mode == "preset":
            return self.codec(speaker_id(self.model.config, voice.speaker))
        assert voice.vector is not None, "a cloned voice carries its vector"
        if voice.vector.shape != self.pad.shape:
            raise InvalidInput(
                f"The voice's speaker vector has {len(voice.vector)} numbers; this checkpoint takes {len(self.pad)}.",
                hint="It was made with another size of the model; prepare the voice again.",
                field="voice",
            )
        return torch.from_numpy(voice.vector).to(self.pad)[None]

    def reference(self, voice: VoicePrompt) -> Tensor | None:
        if voice.mode != "in_context":
            return None
        assert voice.codes is not None, "an in-context voice carries its codes"
        groups, size = self.config.num_code_groups, self.model.config.predictor.vocab_size
        codes = torch.from_numpy(voice.codes).to(self.device)
        if codes.dim() != 2 or codes.shape[1] != groups or not len(codes):
            raise InvalidInput(
                f"The reference's codes have shape {tuple(codes.shape)}, not (frames, {groups}).", field="voice"
            )
        if int(codes.min()) < 0 or int(codes.max()) >= size:
            raise InvalidInput(f"The reference has codes outside 0 to {size - 1}.", field="voice")
        return codes


def _opening(rows: _Rows, voice: VoicePrompt, language: str | None) -> Tensor:
    """Tags, speaker, and codec pad, under text pads and the text's beginning."""
    config = rows.config
    language_id = _language_id(rows.model.config, voice, language)
    if language_id is None:
        tags = rows.codec(config.nothink_id, config.think_bos_id, config.think_eos_id)
    else:
        tags = rows.codec(config.think_id, config.think_bos_id, language_id, config.think_eos_id)
    codec = torch.cat([tags, rows.speaker(voice), rows.codec(config.pad_id)])
    text = torch.cat([rows.pad.expand(len(codec) - 1, -1), rows.bos[None]])
    return text + codec


def _text_alone(rows: _Rows, ids: tuple[int, ...], layout: Layout) -> tuple[Tensor, Tensor]:
    text = torch.cat([rows.text(ids), rows.eos[None]])
    begin = rows.codec(rows.config.bos_id)
    if layout == "whole":
        body = torch.cat([text + rows.codec(rows.config.pad_id), rows.pad + begin])
        return body, text[:0]
    return text[:1] + begin, text[1:]


def _in_context(rows: _Rows, ids: tuple[int, ...], reference: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    text = torch.cat([rows.text(ids), rows.eos[None]])
    codec = torch.cat([rows.codec(rows.config.bos_id), rows.frames(reference)])
    if layout == "whole":
        return torch.cat([text + rows.codec(rows.config.pad_id), rows.pad + codec]), text[:0]
    short = len(codec) - len(text)
    if short > 0:
        text = torch.cat([text, rows.pad.expand(short, -1)])
    return text[: len(codec)] + codec, text[len(codec) :]


def speaker_id(config: ModelConfig, speaker: str) -> int:
    """The codec id of a preset voice, by its name in any case."""
    speakers = config.talker.speakers
    if speaker.lower() not in speakers:
        known = ", ".join(sorted(speakers)) or "none; it clones or designs voices"
        raise InvalidInput(f"This checkpoint has no voice {speaker!r}.", hint=f"It has: {known}.", field="voice")
    return speakers[speaker.lower()]


def _language_id(config: ModelConfig, voice: VoicePrompt, language: str | None) -> int | None:
    """None for automatic. A preset voice that speaks a dialect does so in Chinese and when left to choose."""
    name = (language or "auto").lower()
    languages = config.talker.languages
    if name != "auto" and name not in languages:
        known = ", ".join(["auto", *sorted(languages)])
        raise InvalidInput(f"Unknown language {language!r}.", hint=f"One of: {known}.", field="language")
    dialect = config.talker.dialects.get(voice.speaker.lower()) if voice.mode == "preset" else None
    if dialect and name in ("chinese", "auto"):
        return languages[dialect]
    return None if name == "auto" else languages[name]


def _instruction(config: ModelConfig, voice: VoicePrompt, instruct: str) -> str:
    """The one instruction, after refusing combinations that upstream would quietly drop."""
    needed = {"preset": "custom_voice", "in_context": "base", "design": "voice_design"}.get(voice.mode, config.kind)
    if config.kind != needed:
        raise InvalidInput(
            f"A voice of mode {voice.mode!r} needs a checkpoint of kind {needed!r}; this one is {config.kind!r}.",
            hint="Load the matching Qwen3-TTS checkpoint.",
            field="voice",
        )
    if instruct and not config.takes_instruct:
        raise InvalidInput(
            f"This checkpoint ({config.kind}, {config.size}) follows no instruction.",
            hint="Leave `instruct` empty, or use 1.7B CustomVoice or VoiceDesign.",
            field="instruct",
        )
    if voice.description and instruct:
        raise InvalidInput(
            "A designed voice already carries its instruction.",
            hint="Put it all into the voice's description.",
            field="instruct",
        )
    return instruct or voice.description
