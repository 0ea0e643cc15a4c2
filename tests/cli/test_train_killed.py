"""`moksori train` as a process that is killed, or runs out of disk: nothing is lost; it goes on as it would have."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
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
steps: 24
batch_size: 2
accumulate: 1
save_every: 4
held_out: 0.0
learn: {learn}
rate: 1.0e-3
threads: 1
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint and a manifest whose codes are known already."""
    from moksori.training import encoder

    root = tmp_path_factory.mktemp("killed")
    checkpoints.tiny("0.6b-base", root / "base", seed=3)
    recordings = write_manifest(root / "recordings")
    encoder.open_encoding(str(root / "base"), root / "recordings" / "codes").run(recordings)
    return root


def command(place: Path, output: str, learn: str = "lora") -> list[str]:
    (place / f"{output}.yaml").write_text(RUN.format(output=output, learn=learn), encoding="utf-8")
    return [sys.executable, "-m", "moksori", "train", str(place / f"{output}.yaml")]


def losses(folder: Path) -> list[tuple[float, float]]:
    return [(row["step"], row["loss"]) for row in journal.rows(folder / "log.csv")]


@pytest.mark.timeout(300)
def test_a_process_killed_at_half_time_ends_with_the_losses_and_the_pack_it_would_have_had(place: Path) -> None:
    whole = subprocess.run(command(place, "whole"), capture_output=True, text=True, check=False)
    assert whole.returncode == 0, whole.stderr
    cut = command(place, "cut")
    # Who is scheduled when is not up to us: a process that was done before it could be killed is started afresh.
    assert any(killed(cut, place / "cut", 10) for _ in range(5))
    assert 0 < len(losses(place / "cut")) < 24
    again = subprocess.run(cut, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "going on after step" in again.stdout
    assert losses(place / "cut") == losses(place / "whole")
    packs = [place / output / "packs" / "mina" for output in ("whole", "cut")]
    for name in ("adapter_model.safetensors", "speaker_embedding.safetensors"):
        assert (packs[0] / name).read_bytes() == (packs[1] / name).read_bytes()


def killed(run: list[str], folder: Path, after: int) -> bool:
    """Kills it when it has done that many steps; false if it was quicker, and its folder is removed."""
    running = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(losses(folder)) < after and running.poll() is None:
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    if running.wait() == -signal.SIGKILL and len(losses(folder)) < 24:
        return True
    shutil.rmtree(folder)
    return False


def small_disk(folder: Path, kib: int) -> bool:
    """A file system of that size at `folder`, where this user may mount one."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    return made.returncode == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root mounts a small disk")
@pytest.mark.timeout(300)
def test_a_full_disk_is_said_in_one_line_and_more_room_lets_the_run_go_on(place: Path) -> None:
    """The checkpoint of all weights does not fit; the log and the settings do."""
    disk = place / "full"
    if not small_disk(disk, 600):
        pytest.skip("this system does not let a small disk be mounted")
    try:
        full = command(place, "full", learn="full")
        done = subprocess.run(full, capture_output=True, text=True, check=False)
        assert done.returncode == 4, done.stderr
        assert "the disk is full" in done.stderr
        assert "goes on" in done.stderr
        assert "Traceback" not in done.stderr
        assert not [path.name for path in disk.iterdir() if path.name.startswith(".")], "no draft is left"
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        again = subprocess.run(full, capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stderr
        assert [step for step, _ in losses(disk)] == list(range(1, 25))
        assert (disk / "base" / "model.safetensors").is_file()
    finally:
        subprocess.run(["umount", str(disk)], check=False)
