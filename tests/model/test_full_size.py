"""The released sizes, with random weights: they load, speak and give their memory back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests import checkpoints

NEEDED_GB = 12

SPEAK = """
import gc, sys, torch
from moksori import model
from moksori.model import reference

def resident():
    fields = dict(line.split(":") for line in open("/proc/self/status") if line.startswith("RssAnon"))
    return int(fields["RssAnon"].split()[0]) / 1e6

before = resident()
loaded = model.load(sys.argv[1], strict=True, dtype=torch.bfloat16)
prompt = model.build(loaded, "안녕하세요.", model.VoicePrompt.preset("sohee"), "korean")
spoken = reference.generate(loaded, prompt, loaded.sampling.greedy, max_frames=2)
assert spoken.codes.shape == (2, 16), spoken
assert loaded.codec.decode(spoken.codes).shape == (3840,)
del loaded, prompt, spoken
gc.collect()
print(resident() - before)
"""


def free_gb() -> float:
    memory = Path("/proc/meminfo").read_text()
    return next(int(line.split()[1]) for line in memory.splitlines() if line.startswith("MemAvailable")) / 1e6


@pytest.mark.slow
@pytest.mark.parametrize("size", ["0.6b", "1.7b"])
def test_a_full_size_checkpoint_loads_speaks_and_is_freed(size: str, tmp_path: Path) -> None:
    if free_gb() < NEEDED_GB:
        pytest.skip(f"{free_gb():.1f} GB of memory are free; this needs {NEEDED_GB}")
    folder = checkpoints.full(size, tmp_path)
    done = subprocess.run([sys.executable, "-c", SPEAK, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.5, "gigabytes that stay behind"


def test_the_full_size_config_has_the_published_parameter_counts() -> None:
    counts = {}
    for size, name in (("0b6", "0.6b"), ("1b7", "1.7b")):
        shapes = checkpoints.talker_shapes(checkpoints.full_config(size, "custom_voice")["talker_config"])
        counts[name] = sum(torch.Size(shape).numel() for shape in shapes.values()) / 1e6
    assert counts == pytest.approx({"0.6b": 905.8, "1.7b": 1916.7}, abs=0.1)
