"""Which engines are installed, and opening one by name. Engines register under the entry-point group `moksori.engines`.

Knows names and entry points only; an engine's module is imported when it is opened, so a missing library of one
engine never stops another.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, cast

from moksori.errors import NotFound, Unavailable
from moksori.model import hub

from .protocol import Engine

GROUP = "moksori.engines"
DRAFT, POCKET, CHECKPOINTS = "espeak", "pocket", "qwen3"


class Factory(Protocol):
    def __call__(self, model: str, *, device: str, precision: str) -> Engine: ...


def names() -> tuple[str, ...]:
    """The engines that are registered; the libraries of some may still be missing."""
    return tuple(sorted(_registered()))


def open(name: str = "", model: str = "", device: str = "auto", precision: str = "auto") -> Engine:
    """Open an engine. Without a name it follows from the model: none is pocket, any other a checkpoint.

    Raises NotFound for an unknown name, Unavailable if the engine's libraries are not installed.
    """
    name = name or name_for(model)
    registered = _registered()
    if name not in registered:
        raise NotFound(
            f"There is no engine {name!r}.",
            hint=f"Engines: {', '.join(sorted(registered)) or 'none; reinstall moksori'}.",
            code="unknown_engine",
            field="engine",
        )
    entry = registered[name]
    try:
        factory = cast(Factory, entry.load())
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"The engine {name} needs {error.name}, which is not installed.",
            hint=f"Install it with: pip install '{_requirement(entry)}'",
            code="missing_extra",
            field="engine",
        ) from error
    return factory(model, device=device, precision=precision)


def name_for(model: str) -> str:
    """The engine that speaks with a model when none is named; the draft voice where pocket was not shipped."""
    if model == "":
        return POCKET if set(hub.POCKET.values()) <= set(hub.embedded()) else DRAFT
    return model if model in (DRAFT, POCKET) else CHECKPOINTS


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _requirement(entry: EntryPoint) -> str:
    """What to install for it: the extra of its package that has its name, if there is one."""
    package = entry.dist.name if entry.dist else "moksori"
    extras = entry.dist.metadata.get_all("Provides-Extra") if entry.dist else None
    return f"{package}[{entry.name}]" if entry.name in (extras or []) else package
