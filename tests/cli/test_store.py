"""`moksori store` as an operator uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from moksori import cli
from moksori.store import open_store
from tests.store.making import kept


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = cli.main(["store", *arguments])
    captured = capsys.readouterr()
    return status, captured.out + captured.err


@pytest.fixture
def data(tmp_path: Path) -> Path:
    store = open_store(tmp_path / "data")
    kept(store, "남겨 둘 것")
    store.close()
    return tmp_path / "data"


def test_a_backup_comes_back(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, place = str(tmp_path / "b.tar"), ("--data", str(data))
    assert run(capsys, "backup", file, *place)[0] == 0
    status, said = run(capsys, "restore", file, "--data", str(tmp_path / "new"))
    assert (status, "1 takes" in said) == (0, True)
    status, said = run(capsys, "restore", file, *place)
    assert (status, "not empty" in said) == (2, True)
    assert run(capsys, "check", "--deep", "--data", str(tmp_path / "new")) == (0, "All is well.\n")


def test_a_backup_is_taken_while_a_server_runs_but_a_repair_is_not(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(data)
    assert run(capsys, "backup", str(tmp_path / "b.tar"), "--data", str(data))[0] == 0
    status, said = run(capsys, "check", "--repair", "--data", str(data))
    assert (status, "Another moksori" in said) == (5, True)
    store.close()


def test_check_says_what_is_left_to_do(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    next((data / "blobs" / "sounds").rglob("*.flac")).unlink()
    status, said = run(capsys, "check", "--data", str(data))
    assert (status, "--repair" in said) == (1, True)
    assert run(capsys, "check", "--repair", "--data", str(data))[0] == 0
    assert run(capsys, "check", "--data", str(data))[0] == 0


def test_a_password_comes_from_a_pipe(data: Path) -> None:
    def ask(password: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "moksori", "store", "password", "--data", str(data)]
        return subprocess.run(command, input=password, capture_output=True, text=True, timeout=120, check=False)

    assert ask("short\n").returncode == 2
    assert ask("long enough\n").returncode == 0
    from moksori.workbench.access import Access

    store = open_store(data)
    assert Access(store.settings).is_protected
    store.close()


def test_a_folder_without_a_store_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = run(capsys, "check", "--data", str(tmp_path / "nothing"))
    assert (status, "There is no store" in said) == (2, True)
    assert not (tmp_path / "nothing").exists()
