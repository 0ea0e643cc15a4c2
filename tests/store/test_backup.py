import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from moksori.errors import InvalidInput
from moksori.store import Store, open_store
from moksori.store.backup import backup, restore
from moksori.store.check import check

from .making import kept


def test_a_backup_taken_while_the_store_is_open_restores_to_an_equal_store(store: Store, tmp_path: Path) -> None:
    ids = [kept(store, f"문장 {n}") for n in range(5)]
    assert backup(store, tmp_path / "b.tar") > 10_000
    restore(tmp_path / "b.tar", tmp_path / "new")
    again = open_store(tmp_path / "new")
    for id in ids:
        assert again.takes.get(id) == store.takes.get(id)
        assert np.array_equal(
            again.blobs.sound(again.takes.get(id).sound)[0], store.blobs.sound(store.takes.get(id).sound)[0]
        )
    assert check(again, deep=True) == []


def test_nothing_is_overwritten(store: Store, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(InvalidInput, match="there already"):
        backup(store, tmp_path / "b.tar")
    with pytest.raises(InvalidInput, match="not empty"):
        restore(tmp_path / "b.tar", store.folder)


def test_a_file_that_is_no_backup_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(b"\0" * 2000)
    with pytest.raises(InvalidInput):
        restore(tmp_path / "b.tar", tmp_path / "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.tar"]


def test_names_that_lead_elsewhere_are_refused(store: Store, tmp_path: Path) -> None:
    backup(store, tmp_path / "b.tar")
    with tarfile.open(tmp_path / "b.tar", "a") as tar:
        info = tarfile.TarInfo("../outside")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"evil"))
    with pytest.raises(InvalidInput):
        restore(tmp_path / "b.tar", tmp_path / "sub" / "new")
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "sub" / "outside").exists()
