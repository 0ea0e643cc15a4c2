"""Qwen3-TTS as mathematics: one checkpoint in, numbers out. Knows no requests, no text rules, no clocks.

`load` gives a Model; `prompt.build` its input for one text and voice; `reference.generate` its codes, slowly and
obviously right; `model.codec` the sound. Everything is imported on first use, so `model.hub` costs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .checkpoint import Model, load
    from .prompt import Prompt, build
    from .sampling import Sampling
    from .voice_prompt import VoicePrompt

__all__ = ["Model", "Prompt", "Sampling", "VoicePrompt", "build", "load"]
_HOMES = {
    "Model": "checkpoint",
    "load": "checkpoint",
    "Prompt": "prompt",
    "build": "prompt",
    "Sampling": "sampling",
    "VoicePrompt": "voice_prompt",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
