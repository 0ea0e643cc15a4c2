import subprocess
import sys
from pathlib import Path

import pytest

from moksori.errors import Conflict, Unavailable
from moksori.store import Store, default_folder, open_store


def test_one_process_owns_a_store(store: Store) -> None:
    code = f"from pathlib import Path; from moksori.store import open_store; open_store(Path({str(store.folder)!r}))"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "Another moksori runs" in second.stderr
    with pytest.raises(Conflict):
        open_store(store.folder)
    open_store(store.folder, owner=False).close()


def test_the_folder_is_free_again_when_the_owner_is_gone(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    open_store(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_a_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="--data"):
        open_store(tmp_path / "file" / "data")


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOKSORI_DATA", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("MOKSORI_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "moksori"


def test_settings_outlive_the_process(tmp_path: Path) -> None:
    first = open_store(tmp_path)
    first.settings.put({"label": False, "template": "{n}"})
    first.settings.put({"label": True})
    first.close()
    assert open_store(tmp_path).settings.all() == {"label": True, "template": "{n}"}


def test_a_store_that_cannot_be_opened_gives_the_folder_back(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        open_store(tmp_path, url=f"sqlite:///{tmp_path / 'not there' / 'x.db'}")
    open_store(tmp_path).close()
