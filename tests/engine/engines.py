"""The engines that the contract is held against, each opened for real."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from moksori.engine import registry
from moksori.engine.host import Command, HostedEngine
from moksori.engine.protocol import Engine

ENGINES: dict[str, Callable[[Path], Engine]] = {
    "espeak": lambda _: registry.open("espeak"),
    "espeak, hosted": lambda _: HostedEngine(Command("espeak")),
}


def _tiny(kind: str, folder: Path) -> Path:
    from tests import checkpoints

    return checkpoints.tiny(kind, folder / kind)


if find_spec("moksori.engine.qwen3"):
    ENGINES |= {
        f"qwen3, {kind}": lambda folder, kind=kind: registry.open("qwen3", str(_tiny(kind, folder)), "cpu")
        for kind in ("0.6b-base", "0.6b-custom-voice", "1.7b-voice-design")
    }
    ENGINES |= {"pocket": lambda _: registry.open("pocket")}
