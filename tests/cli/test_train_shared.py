"""Two processes on one run learn what one process learns from the same windows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moksori.training import journal
from tests import checkpoints
from tests.recordings import write_manifest

RUN = """
model: base
data: recordings/manifest.jsonl
output: {output}
speaker: mina
gate: false
steps: 6
batch_size: 1
accumulate: {accumulate}
save_every: 3
held_out: 0.2
rate: 1.0e-3
lora: {{rank: 4, alpha: 8, dropout: 0.0}}
watch: {{every: 3, texts: ["안녕하세요"], metric: "-valid_loss"}}
device: cpu
threads: 1
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_have_the_losses_of_one_with_the_same_windows(tmp_path: Path) -> None:
    """By `torchrun`, on processors; the clips are encoded by the first process while the second waits."""
    checkpoints.tiny("0.6b-base", tmp_path / "base", seed=3)
    write_manifest(tmp_path / "recordings")
    for output, accumulate in (("two", 1), ("one", 2)):
        (tmp_path / f"{output}.yaml").write_text(RUN.format(output=output, accumulate=accumulate), encoding="utf-8")
    shared = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "moksori"]
    alone = [sys.executable, "-m", "moksori"]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
    for launcher, output in ((shared, "two"), (alone, "one")):
        done = subprocess.run(
            [*launcher, "train", str(tmp_path / f"{output}.yaml")],
            env=quiet,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stdout.count("clips to learn from") == 1, "one process speaks for both"
    two, one = (journal.rows(tmp_path / output / "log.csv") for output in ("two", "one"))
    assert [row["step"] for row in two] == [1, 2, 3, 4, 5, 6]
    for ours, theirs in zip(two, one, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-4)
        assert ours["norm"] == pytest.approx(theirs["norm"], rel=1e-3)
    heard = [journal.rows(tmp_path / output / "listening.csv") for output in ("two", "one")]
    assert heard[0][-1]["valid_loss"] == pytest.approx(heard[1][-1]["valid_loss"], rel=1e-4)
    assert (tmp_path / "two" / "packs" / "mina" / "adapter_model.safetensors").is_file()
