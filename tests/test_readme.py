"""README's examples run as they stand, in an empty folder, with the network unreachable."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "http_proxy": "http://127.0.0.1:9"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.parametrize("line", [line for block in blocks("sh") for line in block.splitlines() if line])
def test_the_shell_examples_run(line: str, tmp_path: Path) -> None:
    program, *arguments = shlex.split(line, comments=True)
    assert program == "moksori", line
    done = run([sys.executable, "-m", "moksori", *arguments], tmp_path)
    assert done.returncode == 0, done.stderr
    if "-o" in arguments:
        assert (tmp_path / arguments[arguments.index("-o") + 1]).stat().st_size > 10_000


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.split("\n")[0])
def test_the_python_examples_run(code: str, tmp_path: Path) -> None:
    done = run([sys.executable, "-c", code], tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_files_that_the_readme_names_exist() -> None:
    for name in re.findall(r"\]\(((?:docs/)?[\w.-]+\.md)\)", README):
        assert (Path(__file__).parent.parent / name).is_file(), name
