"""A checkpoint is whole or the one before it is still there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from moksori.errors import InvalidInput
from moksori.training.state import commit, restore

FULL_DISK = """
import resource, signal, sys, torch
from pathlib import Path
from moksori.errors import Unavailable
from moksori.training.state import commit
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
commit(path, {"step": 1, "weights": [torch.zeros(10)]})
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    commit(path, {"step": 2, "weights": [torch.randn(1_000_000)]})
except Unavailable as error:
    print(error.code)
"""

KILLED = """
import os, signal, sys, threading, torch
from pathlib import Path
from moksori.training.state import commit
path = Path(sys.argv[1])
commit(path, {"step": 1, "weights": [torch.zeros(10)]})
threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
step = 1
while True:
    step += 1
    commit(path, {"step": step, "weights": [torch.full((300_000,), float(step))]})
"""


def test_what_is_committed_is_restored(tmp_path: Path) -> None:
    assert restore(tmp_path / "state.pt") is None
    commit(tmp_path / "state.pt", {"step": 3, "weights": [torch.arange(4)]})
    found = restore(tmp_path / "state.pt")
    assert found is not None
    assert found["step"] == 3
    assert found["weights"][0].tolist() == [0, 1, 2, 3]


def test_a_full_disk_keeps_the_last_checkpoint_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "disk_full"
    found = restore(path)
    assert found is not None
    assert found["step"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["state.pt"]


def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], capture_output=True, check=False)
    found = restore(path)
    assert found is not None
    assert found["step"] == 1 or found["weights"][0][0] == found["weights"][0][-1] == found["step"]


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(b"something else")
    with pytest.raises(InvalidInput, match=r"state\.pt"):
        restore(tmp_path / "state.pt")
