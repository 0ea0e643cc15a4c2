"""What a model takes is measured, and given back before the next one comes."""

from __future__ import annotations

import itertools
import logging
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from moksori.model import load
from moksori.runtime import memory
from moksori.runtime.runtime import Runtime
from tests import checkpoints
from tests.runtime.speaking import listen, utterance


def test_resident_memory_follows_what_is_held():
    before = memory.resident()
    held = np.ones(30_000_000, np.float64)
    assert memory.resident() - before > 0.9 * held.nbytes
    assert memory.peak() >= before + 0.9 * held.nbytes


def test_giving_back_tells_before_and_after(caplog):
    with caplog.at_level(logging.INFO, logger="moksori.runtime.memory"):
        memory.give_back("cpu")
    assert "MB before" in caplog.text
    assert "MB after" in caplog.text


def test_a_limit_for_cards_does_nothing_on_a_cpu():
    memory.limit_card("cpu", 0.001, needed=100.0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells how pages are mapped")
def test_a_table_that_is_looked_up_stays_in_small_pages(folder):
    weights = load(folder).talker.text_embedding.weight
    assert memory.is_mapped(weights)
    memory.look_up(weights)
    spans = Path("/proc/self/smaps").read_text(encoding="utf-8").split("VmFlags:")
    address, flags = weights.data_ptr() + weights.nbytes // 2, ""
    for before, after in itertools.pairwise(spans):
        head = next(line for line in before.splitlines() if re.match("[0-9a-f]+-[0-9a-f]+ ", line))
        low, high = (int(end, 16) for end in head.split()[0].split("-"))
        flags = after.splitlines()[0] if low <= address < high else flags
    assert "nh" in flags.split()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_switch_frees_the_old_model_before_the_new_one_loads(tmp_path):
    """Full size: two loads one after the other never hold two models."""
    folder = checkpoints.full("0.6b", tmp_path / "full")
    peaks = []
    for precision in ("int8", "bf16", "int8"):
        runtime = Runtime(folder, precision)
        listen(runtime.speak(utterance(1)).pieces())
        peaks.append(memory.resident())
        runtime.close()
        del runtime
    assert memory.resident() < 0.6 * peaks[0], "what was closed is still there"
    assert peaks[2] < 1.1 * peaks[0], "each load leaves something behind"
