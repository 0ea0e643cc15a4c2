"""Written text to spoken text, with every edit shown, and cut into what a voice says at once.

`read` gives a `Reading`; `split` cuts one again with other limits; `syllables` counts what is spoken. Never imports
torch. Everything is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .dictionary import Dictionary, Entry
    from .override import Override
    from .policy import Policy
    from .reader import read
    from .reading import Edit, Kept, Mark, Note, Pause, Piece, Reading, Sentence
    from .sentence import split
    from .syllable import syllables

_HOMES = {
    "read": "reader", "split": "sentence", "syllables": "syllable", "Policy": "policy", "Dictionary": "dictionary",
    "Entry": "dictionary", "Override": "override", "Reading": "reading", "Edit": "reading", "Kept": "reading",
    "Note": "reading", "Mark": "reading", "Sentence": "reading", "Pause": "reading", "Piece": "reading",
}  # fmt: skip
__all__ = [
    "Dictionary", "Edit", "Entry", "Kept", "Mark", "Note", "Override", "Pause", "Piece", "Policy", "Reading",
    "Sentence", "read", "split", "syllables",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'moksori.text' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
