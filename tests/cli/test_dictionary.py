"""`moksori dictionary`: the same commands on the workbench's store and on a file of one's own."""

import json
from pathlib import Path

import pytest

from moksori.cli import main


@pytest.fixture(params=["store", "file"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    return ["--data", str(tmp_path / "data")] if request.param == "store" else ["--file", str(tmp_path / "own.csv")]


def test_entries_are_added_listed_and_removed(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dictionary", "add", "KTX", "고속열차", "--note", "시험", *where]) == 0
    assert main(["dictionary", "add", "KTX", "기차", *where]) == 0
    capsys.readouterr()
    assert main(["dictionary", "list", "--json", *where]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [(entry["surface"], entry["reading"]) for entry in entries] == [("KTX", "기차")]
    assert main(["dictionary", "remove", "KTX", *where]) == 0
    assert main(["dictionary", "remove", "KTX", *where]) == 3


@pytest.mark.parametrize("name", ["words.csv", "words.json"])
def test_what_is_exported_can_be_imported(
    where: list[str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["dictionary", "add", "Moksori", "목소리", "--match", "prefix", *where])
    main(["dictionary", "add", "가", "나", *where])
    assert main(["dictionary", "export", str(tmp_path / name), *where]) == 0
    main(["dictionary", "remove", "가", *where])
    main(["dictionary", "add", "다", "라", *where])
    assert main(["dictionary", "import", str(tmp_path / name), "--replace", *where]) == 0
    capsys.readouterr()
    assert main(["dictionary", "list", *where]) == 0
    assert capsys.readouterr().out == "Moksori\t목소리\tprefix\n가\t나\tword\n"


def test_a_reading_with_digits_is_refused(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dictionary", "add", "3D", "3디", *where]) == 2
    assert "쓰리디" in capsys.readouterr().err


def test_a_file_dictionary_is_used_for_reading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.json"
    main(["dictionary", "add", "KTX", "고속열차", "--file", str(path)])
    capsys.readouterr()
    assert main(["read", "KTX을 탄다", "--dictionary", str(path)]) == 0
    assert capsys.readouterr().out == "고속열차를 탄다\n"
