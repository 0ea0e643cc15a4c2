"""The naive generator, obviously right: no cache, no kernels; every faster path is compared with it.

Each frame reads the whole sequence again. Knows nothing of sound, seeds or stopping rules beyond the end code and a
ceiling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from .predictor import embed_codes
from .prompt import Prompt, Speakable
from .sampling import Choose, Sampling, first_code_scores, greedy, warp


class Observer(Protocol):
    """Sees the scores each code was chosen from."""

    def __call__(self, frame: int, codebook: int, scores: Tensor) -> None: ...


@dataclass(frozen=True)
class Generated:
    """codes (T, num_code_groups) int64, without the reference; `end` the model stopped, `ceiling` it was stopped."""

    codes: Tensor
    reason: Literal["end", "ceiling"]


def generate(
    model: Speakable,
    prompt: Prompt,
    sampling: Sampling,
    choose: Choose = greedy,
    max_frames: int = 2048,
    observe: Observer | None = None,
) -> Generated:
    """Speaks `prompt` to its end or for `max_frames`, which is upstream's `max_new_tokens` - 1."""
    found: list[Tensor] = []
    for codes in frames(model, prompt, sampling, choose, observe):
        if len(found) == max_frames:
            return Generated(_stack(found, model), "ceiling")
        found.append(codes)
    return Generated(_stack(found, model), "end")


@torch.inference_mode()
def frames(
    model: Speakable, prompt: Prompt, sampling: Sampling, choose: Choose = greedy, observe: Observer | None = None
) -> Iterator[Tensor]:
    """Codes (num_code_groups,) of one frame after another, until the end code is chosen. `choose` draws one code from
    scores; with a temperature of 0 the likeliest is taken and it is not asked."""
    talker, config = model.talker, model.config.talker
    sequence = prompt.embeddings[None]
    history: list[int] = []
    while True:
        hidden = talker(sequence)[:, -1]
        scores = first_code_scores(talker.logits(hidden[0]), history, sampling, config)
        scores = warp(scores, sampling.temperature, sampling.top_k, sampling.top_p)
        if observe:
            observe(len(history), 0, scores)
        first = (choose if sampling.temperature else greedy)(len(history), 0, scores)
        if first == config.eos_id:
            return
        codes = _other_codes(model, hidden, first, sampling, choose, observe, len(history))
        embedded = embed_codes(talker.codec_embedding, model.predictor, codes)
        following = embedded.sum(0) + prompt.text_row(len(history))
        sequence = torch.cat([sequence, following[None, None]], dim=1)
        history.append(first)
        yield codes.cpu()


def _other_codes(
    model: Speakable,
    hidden: Tensor,
    first: int,
    sampling: Sampling,
    choose: Choose,
    observe: Observer | None,
    frame: int,
) -> Tensor:
    """Hidden state (1, hidden) and a frame's first code -> all codes of the frame (num_code_groups,)."""
    predictor, codes = model.predictor, [first]
    for codebook in range(1, model.config.talker.num_code_groups):
        embedded = embed_codes(model.talker.codec_embedding, predictor, torch.tensor(codes, device=hidden.device))
        state = predictor(torch.cat([hidden, embedded])[None])[0, -1]
        scores = predictor.lm_head[codebook - 1](state).float()
        scores = warp(scores, sampling.predictor_temperature, sampling.predictor_top_k, sampling.predictor_top_p)
        if observe:
            observe(frame, codebook, scores)
        codes.append((choose if sampling.predictor_temperature else greedy)(frame, codebook, scores))
    return torch.tensor(codes, device=hidden.device)


def _stack(frames: list[Tensor], model: Speakable) -> Tensor:
    groups = model.config.talker.num_code_groups
    return torch.stack(frames) if frames else torch.zeros(0, groups, dtype=torch.int64)
