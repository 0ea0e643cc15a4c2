"""From a reference clip to what it gives the talker: its speaker vector and its codes, computed once.

Always on one thread and in float32, so that the same clip gives the same bytes on any number of threads. Knows
nothing of files; the clip is already mono at the model's rate.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from moksori.errors import InvalidInput

from .codec import Codec
from .config import ModelConfig
from .determinism import one_thread
from .speaker import SpeakerEncoder
from .voice_prompt import VoicePrompt

# Without it the reference's last phoneme bleeds into what follows.
TAIL_SILENCE_S = 0.5


class Listener(Protocol):
    """The parts of a model that hear."""

    @property
    def config(self) -> ModelConfig: ...
    @property
    def speaker_encoder(self) -> SpeakerEncoder | None: ...
    @property
    def codec(self) -> Codec: ...


@one_thread
def clone(
    model: Listener,
    pcm: npt.NDArray[np.float32],
    transcript: str | None = None,
    *,
    tail_silence_s: float = TAIL_SILENCE_S,
) -> VoicePrompt:
    """A clip (n,) float32 at the codec's rate. With a transcript the voice is in-context, else its vector alone.

    `tail_silence_s` is appended before the codec hears the clip (not before the speaker encoder); 0 is upstream.
    Raises InvalidInput for a checkpoint without a speaker encoder and for a clip too short for it.
    """
    if model.speaker_encoder is None:
        raise InvalidInput(
            f"This checkpoint ({model.config.kind}) cannot clone a voice: it has no speaker encoder.",
            hint="Load a Base checkpoint.",
            field="voice",
        )
    clip = np.ascontiguousarray(pcm, dtype=np.float32)
    vector = model.speaker_encoder.embed(torch.from_numpy(clip)).numpy()
    if transcript is None or not transcript.strip():
        return VoicePrompt("vector", vector=vector)
    silence = np.zeros(round(tail_silence_s * model.codec.sample_rate), dtype=np.float32)
    codes = model.codec.encode(np.concatenate([clip, silence])).cpu().numpy()
    facts = {"tail_silence_s": tail_silence_s, "encoder_attention": "full"}
    return VoicePrompt("in_context", transcript=transcript, vector=vector, codes=codes, facts=facts)
