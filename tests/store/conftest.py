"""A store of its own for each test, and takes made by the real synthesizer with the draft voice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from moksori.store import Store, open_store
from moksori.synthesizer import Synthesizer, load


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def synthesizer() -> Iterator[Synthesizer]:
    pytest.importorskip("espeakng_loader")
    loaded = load(engine="espeak")
    yield loaded
    loaded.close()
