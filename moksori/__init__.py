"""moksori: a Korean-first voice workbench and speech engine on Qwen3-TTS.

The public list below is the whole Python interface; everything is imported on first use, so `import moksori` costs
nothing. Other names may change without notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moksori.errors import MoksoriError

if TYPE_CHECKING:
    from moksori.synthesizer import Speech, Synthesizer, load
    from moksori.voice import Voice

__version__ = "0.1.0"
__all__ = ["MoksoriError", "Speech", "Synthesizer", "Voice", "load"]

_HOMES = {
    "load": "moksori.synthesizer",
    "Synthesizer": "moksori.synthesizer",
    "Speech": "moksori.synthesizer",
    "Voice": "moksori.voice",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'moksori' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
