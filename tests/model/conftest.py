"""Tiny checkpoints of each kind, written once per run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from moksori.model import Model, load
from tests import checkpoints
from tests.parity import golden
from tests.parity.cases import write_clips

Kinds = Callable[[str], Path]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Kinds:
    """Kind -> folder of its checkpoint, the one that golden files are of."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = checkpoints.tiny(
                kind, tmp_path_factory.mktemp(kind), golden.SEED, eager_end=checkpoints.LASTING
            )
        return made[kind]

    return folder


@pytest.fixture(scope="session")
def models(tiny: Kinds) -> Callable[[str], Model]:
    """Kind -> the loaded model. Shared: whoever changes a weight puts it back."""
    loaded: dict[str, Model] = {}

    def model(kind: str) -> Model:
        if kind not in loaded:
            loaded[kind] = load(tiny(kind), strict=True)
        return loaded[kind]

    return model


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return write_clips(tmp_path_factory.mktemp("clips"))
