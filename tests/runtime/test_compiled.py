"""Compiled code is kept where it can be written, and never taken from a stranger."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from moksori.runtime import compiled


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    compiled.cache_directory.cache_clear()
    yield tmp_path
    compiled.cache_directory.cache_clear()


def test_the_users_cache_comes_first(nowhere):
    assert compiled.cache_directory().is_relative_to(nowhere / "user" / "moksori")


def test_a_folder_given_by_the_user_wins(nowhere, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(nowhere / "given"))
    assert compiled.cache_directory().parent == nowhere / "given"


def test_a_cache_that_cannot_be_written_is_passed_over(nowhere):
    (nowhere / "user").write_text("a file where a folder should be")
    assert compiled.cache_directory().is_relative_to(nowhere / "temporary")


def test_with_nowhere_to_write_code_is_compiled_in_memory(nowhere):
    for name in ("user", "temporary"):
        (nowhere / name).write_text("a file where a folder should be")
    assert compiled.cache_directory() is None
    assert compiled.compiled(lambda x: x + 1)(2) == 3


def test_the_cache_follows_the_sources(nowhere, monkeypatch):
    before = compiled.cache_directory()
    monkeypatch.setattr(compiled, "STEP", compiled.STEP[:-1])
    compiled.cache_directory.cache_clear()
    assert compiled.cache_directory() != before


def test_every_file_with_compiled_code_is_among_the_sources():
    folder = Path(compiled.__file__).parent
    users = {
        path.name
        for path in folder.glob("*.py")
        if re.search(r"from \.compiled import .*\bcompiled\b", path.read_text())
    }
    assert users | {"lanes.py", "vectors.py", "noise.py", "lora.py"} == {*compiled.STEP, *compiled.SOURCES["snake"]}


def test_numbas_own_settings_are_left_as_they_were():
    before = numba.config.CACHE_DIR
    compiled.compiled(lambda x: x)
    assert before == numba.config.CACHE_DIR


def test_a_second_process_compiles_nothing(tmp_path):
    program = (
        "import numpy as np\n"
        "from moksori.runtime import barrier\n"
        "barrier.meet(np.zeros(16, np.int64), 1)\n"
        "print(sum(barrier.meet.stats.cache_hits.values()), sum(barrier.meet.stats.cache_misses.values()))\n"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=200
        ).stdout.split()
        for _ in range(2)
    ]
    assert outputs == [["0", "1"], ["1", "0"]]
