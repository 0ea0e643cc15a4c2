"""Every key of run.yaml is known, typed and in range."""

from __future__ import annotations

from pathlib import Path

import pytest

from moksori.errors import InvalidInput, NotFound
from moksori.training import settings

LEAST = {"model": "m", "data": "d", "output": "o", "speaker": "s"}


def test_the_least_file_has_all_defaults_and_is_written_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("model: m\ndata: d\noutput: o\nspeaker: s\nrate: 5e-5\nlora: {rank: 8}\n", encoding="utf-8")
    found = settings.load(path)
    assert (found.lora.rank, found.lora.alpha, found.peak_rate, found.learn) == (8, 64.0, 5e-5, "lora")
    path.write_text(settings.to_yaml(found), encoding="utf-8")
    assert settings.load(path) == found


@pytest.mark.parametrize(
    ("extra", "field", "words"),
    [
        ({"epoch": 3}, "epoch", "Unknown key 'epoch'"),
        ({"lora": {"rnk": 3}}, "rnk", "Unknown key 'lora.rnk'"),
        ({"learn": "everything"}, "learn", "learn is 'everything'"),
        ({"batch_size": 0}, "batch_size", "outside"),
        ({"batch_size": 2.5}, "batch_size", "type int"),
        ({"batch_size": True}, "batch_size", "type int"),
        ({"rate": "fast"}, "rate", "type float"),
        ({"rate": float("nan")}, "rate", "outside"),
        ({"freeze": {"predictor": "no"}}, "freeze.predictor", "type bool"),
        ({"lora": 3}, "lora", "should hold keys"),
        ({"watch": {"texts": "one"}}, "watch.texts", "should be a list"),
        ({"speaker": "  "}, "speaker", "empty"),
        ({"learn": "full", "lora": {"rank": 8}}, "lora", "no effect"),
        ({"freeze": {"predictor": False}}, "freeze", "no effect"),
        ({"language": {"name": "klingon", "related": ["korean"]}}, "language", "no effect"),
        ({"watch": {"patience": 3}}, "watch.patience", "no effect"),
        ({"learn": "full", "watch": {"every": 5, "keep": True}}, "watch.keep", "makes none"),
    ],
)
def test_a_wrong_value_is_named(extra: dict[str, object], field: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as error:
        settings.parse(LEAST | extra)
    assert error.value.field == field


@pytest.mark.parametrize("name", LEAST)
def test_a_missing_key_is_named(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name} is missing"):
        settings.parse({key: value for key, value in LEAST.items() if key != name})


def test_no_file_and_no_yaml_are_errors(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        settings.load(tmp_path / "nothing.yaml")
    (tmp_path / "run.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(InvalidInput, match="not YAML"):
        settings.load(tmp_path / "run.yaml")
