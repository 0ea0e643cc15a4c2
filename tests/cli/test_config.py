"""`moksori config`: what it shows can be read again, what is wrong is one line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from moksori import cli
from moksori.serving.config import MEANINGS, Config, load


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    monkeypatch.delenv("MOKSORI_CONFIG", raising=False)


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    status = cli.main(["config", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_every_setting_has_a_meaning_and_is_shown(capsys):
    assert list(MEANINGS) == list(Config.__dataclass_fields__)
    _, out, _ = run(capsys, "show")
    assert set(tomllib.loads(out)) == set(MEANINGS) - {"keys"}


def test_what_is_shown_is_read_again_as_the_same(capsys, tmp_path: Path, monkeypatch):
    path = tmp_path / "a.toml"
    path.write_text(
        'port = 9\nmemory_limit = 2.8\nmodel_aliases = ["우리-모델"]\n[voice_aliases]\nalloy = "f1"\n'
        f'[[keys]]\nname = "a \\"b\\""\nsha256 = "{"0" * 64}"\nscopes = ["speak"]\n',
        encoding="utf-8",
    )
    _, out, _ = run(capsys, "show", str(path))
    again = tmp_path / "b.toml"
    again.write_text(out, encoding="utf-8")
    assert load(again, {}) == load(path, {})


def test_check_says_what_is_wrong_and_fails(capsys, tmp_path: Path):
    path = tmp_path / "a.toml"
    path.write_text("prot = 8600\n")
    status, _, err = run(capsys, "check", str(path))
    assert status == 2
    assert "Did you mean port?" in err
    assert err.count("\n") == 1
    path.write_text('engine = "festival"\n')
    status, _, err = run(capsys, "check", str(path))
    assert status == 3
    assert "espeak" in err


def test_check_names_what_is_risky_and_succeeds(capsys, tmp_path: Path):
    path = tmp_path / "a.toml"
    path.write_text('host = "0.0.0.0"\n')
    status, out, _ = run(capsys, "check", str(path))
    assert status == 0
    assert "No keys are set" in out


def test_a_key_that_was_made_is_accepted_in_a_file(capsys, tmp_path: Path):
    _, out, _ = run(capsys, "key", "홍길동")
    path = tmp_path / "a.toml"
    path.write_text(out, encoding="utf-8")
    (key,) = load(path, {}).keys
    assert key.name == "홍길동"
    secret = next(line for line in out.splitlines() if "mk-" in line).split()[-1]
    from moksori.serving.keys import Keyring

    assert Keyring((key,)).admit(f"Bearer {secret}", "speak") == key
