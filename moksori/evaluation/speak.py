"""A model in memory that speaks a text with one voice: the reference generator with a cache, for listening to
checkpoints and half-trained adapters. Knows nothing of engines, queues or files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from moksori import text as words
from moksori.model import Model, Prompt, Sampling, VoicePrompt, build
from moksori.model.predictor import embed_codes
from moksori.model.sampling import first_code_scores, warp
from moksori.runtime.noise import gumbel

FRAMES_PER_SYLLABLE, FRAMES_BESIDES = 8, 25


@dataclass(frozen=True)
class Spoken:
    """pcm float32 at the codec's rate, codes (T, groups); `ended` the model stopped by itself."""

    pcm: npt.NDArray[np.float32]
    codes: npt.NDArray[np.int64]
    ended: bool


class _Cache:
    """Keys and values of all positions so far, layer by layer."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[Tensor, Tensor]] = {}

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        if layer in self.kept:
            before = self.kept[layer]
            keys, values = torch.cat([before[0], keys], dim=2), torch.cat([before[1], values], dim=2)
        self.kept[layer] = keys, values
        return keys, values


@torch.inference_mode()
def speak(
    model: Model,
    text: str,
    voice: VoicePrompt,
    *,
    language: str | None = None,
    instruct: str = "",
    sampling: Sampling | None = None,
    seed: int = 0,
    layout: str = "whole",
) -> Spoken:
    """Stops at a ceiling of about 0.64 s a syllable and two seconds."""
    prompt = build(model, text, voice, language, instruct, layout)  # type: ignore[arg-type]
    chosen = sampling or model.sampling
    ceiling = FRAMES_BESIDES + FRAMES_PER_SYLLABLE * max(1, words.syllables(text))
    codes, ended = generate(model, prompt, chosen, seed, ceiling)
    if not len(codes):
        return Spoken(np.zeros(0, np.float32), codes.numpy(), ended)
    reference = prompt.reference_codes
    sound = model.codec.decode(torch.cat([reference, codes]))
    pcm = sound[len(reference) * model.codec.samples_per_frame :].float().cpu().numpy()
    return Spoken(pcm, codes.numpy(), ended)


@torch.inference_mode()
def generate(model: Model, prompt: Prompt, sampling: Sampling, seed: int, ceiling: int) -> tuple[Tensor, bool]:
    """Codes (T, groups) and whether the end code came; each draw is a function of (seed, frame, codebook)."""
    talker, config = model.talker, model.config.talker
    cache, position = _Cache(), len(prompt.embeddings)
    hidden = talker(prompt.embeddings[None], 0, cache)[:, -1]
    history: list[int] = []
    frames: list[Tensor] = []
    while True:
        scores = first_code_scores(talker.logits(hidden[0]), history, sampling, config)
        first = _draw(scores, sampling.temperature, sampling.top_k, sampling.top_p, (seed, len(frames), 0))
        if first == config.eos_id or len(frames) == ceiling:
            found = torch.stack(frames) if frames else torch.zeros(0, config.num_code_groups, dtype=torch.int64)
            return found, first == config.eos_id
        codes = _others(model, hidden, first, sampling, (seed, len(frames)))
        following = embed_codes(talker.codec_embedding, model.predictor, codes).sum(0)
        following = following + prompt.text_row(len(frames))
        hidden = talker(following[None, None], position, cache)[:, -1]
        position += 1
        history.append(first)
        frames.append(codes.cpu())


def _others(model: Model, hidden: Tensor, first: int, sampling: Sampling, spot: tuple[int, int]) -> Tensor:
    predictor, talker = model.predictor, model.talker
    cache = _Cache()
    codes = torch.tensor([first], device=hidden.device)
    rows = torch.cat([hidden, talker.codec_embedding(codes)])
    for book in range(1, model.config.talker.num_code_groups):
        state = predictor(rows[None], 0 if book == 1 else book, cache)[0, -1]
        scores = predictor.lm_head[book - 1](state).float()
        code = _draw(
            scores, sampling.predictor_temperature, sampling.predictor_top_k, sampling.predictor_top_p, (*spot, book)
        )
        codes = torch.cat([codes, torch.tensor([code], device=hidden.device)])
        rows = predictor.codec_embedding[book - 1](codes[-1:])
    return codes


def _draw(scores: Tensor, temperature: float, top_k: int, top_p: float, spot: tuple[int, int, int]) -> int:
    if temperature == 0:
        return int(scores.argmax())
    warped = warp(scores.cpu(), temperature, top_k, top_p).double()
    noise = torch.from_numpy(gumbel(spot[0], spot[1], spot[2], len(warped)))
    return int((warped + noise).argmax())
