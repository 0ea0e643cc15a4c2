"""Kernels compiled ahead, by a process of its own."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest

from moksori.runtime import compiled, prepare

LOAD = """
import json, sys
from moksori.runtime import memory
from moksori.runtime.runtime import Runtime
Runtime(sys.argv[1], "bf16").close()
print(json.dumps({"peak": memory.peak()}))
"""


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    compiled.cache_directory.cache_clear()
    yield tmp_path
    compiled.cache_directory.cache_clear()


def test_where_the_process_cannot_start_the_caller_goes_on_and_says_why(empty_cache, monkeypatch, caplog):
    monkeypatch.setattr(sys, "executable", str(empty_cache / "nothing"))
    with caplog.at_level(logging.WARNING, logger=prepare.logger.name):
        prepare.prepare()
    assert "done here" in caplog.text
    assert not list(empty_cache.rglob(prepare.DONE))


def test_a_process_that_prepares_starts_no_other(empty_cache, monkeypatch, caplog):
    monkeypatch.setenv(prepare.WITHIN, "1")
    monkeypatch.setattr(sys, "executable", str(empty_cache / "nothing"))
    with caplog.at_level(logging.INFO, logger=prepare.logger.name):
        prepare.prepare()
    assert caplog.text == "", "it would have said that it compiles, and that starting failed"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_first_process_takes_hardly_more_memory_than_the_second(empty_cache):
    peaks = []
    for _ in range(2):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(empty_cache)}
        command = [sys.executable, "-c", LOAD, "pocket-base"]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        peaks.append(json.loads(done.stdout.splitlines()[-1])["peak"])
    assert list(empty_cache.rglob(prepare.DONE))
    assert peaks[0] < peaks[1] + 30e6
