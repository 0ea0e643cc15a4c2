"""Opening engines by name."""

from __future__ import annotations

import sys

import pytest

from moksori.engine import registry
from moksori.errors import NotFound, Unavailable


def test_without_a_name_or_model_pocket_opens():
    engine = registry.open()
    assert engine.describe().name == "pocket"
    assert set(engine.describe().kinds) == {"preset", "cloned", "pack"}
    engine.close()
    assert registry.open("", "espeak").describe().name == "espeak"


def test_an_unknown_engine_is_not_found_with_the_list():
    with pytest.raises(NotFound) as caught:
        registry.open("festival")
    assert "espeak" in caught.value.hint
    assert "qwen3" in caught.value.hint


def test_both_engines_are_registered():
    assert {"espeak", "qwen3"} <= set(registry.names())


def test_a_missing_library_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    monkeypatch.delitem(sys.modules, "moksori.engine.espeak", raising=False)
    with pytest.raises(Unavailable) as caught:
        registry.open("espeak")
    assert "pip install 'moksori[espeak]'" in caught.value.hint
