"""Settings are strict: what is not known is an error with the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from moksori.errors import InvalidInput, NotFound
from moksori.serving.config import Config, from_environment, load


def write(folder: Path, text: str) -> Path:
    path = folder / "moksori.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_command_line_wins_over_the_environment_over_the_file_over_the_defaults(tmp_path):
    path = write(tmp_path, 'port = 1\nhost = "a"\nlog_level = "error"\n')
    config = load(path, {"MOKSORI_PORT": "2", "MOKSORI_HOST": "b"}, port=3, host=None)
    assert (config.port, config.host, config.log_level, config.queue_limit) == (3, "b", "error", 32)


def test_the_environment_may_name_the_file(tmp_path):
    path = write(tmp_path, "port = 7\n")
    assert load(None, {"MOKSORI_CONFIG": str(path)}).port == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", "Did you mean port?"),
        ('port = "8600"', "wrong kind"),
        ("port = true", "wrong kind"),
        ("port = 70000", "outside 0 to 65535"),
        ('log_format = "xml"', "One of: plain, json"),
        ('log_level = "loud"', "One of: debug"),
        ('wyoming = "10200"', "tcp://HOST:PORT"),
        ('wyoming = "tcp://0.0.0.0"', "tcp://HOST:PORT"),
        ('device = "gpu"', "cuda:0"),
        ('precision = "fp17"', "One of: auto, bf16"),
        ('device = "cpu"\nprecision = "fp16"', "needs a GPU"),
        ('language = "klingon"', "Unknown language"),
        ("cors_origins = [1]", "wrong kind"),
        ("voice_aliases = {alloy = 1}", "wrong kind"),
        ("keys = 5", r"\[\[keys\]\]"),
        ("[[keys]]\nname = 'a'\n", "sha256"),
        ("[[keys]]\nsha256 = '" + "z" * 64 + "'\n", "hexadecimal"),
        ("[[keys]]\nsha256 = '" + "0" * 64 + "'\nscopes = 'speak'\n", "list of words"),
        ("[[keys]]\nsha256 = '" + "0" * 64 + "'\nrequests_per_minute = true\n", "whole numbers"),
        ("[[keys]]\nsha256 = '" + "0" * 64 + "'\ncharacters_per_minute = -1\n", "whole numbers"),
        ("[[keys]]\nsha256 = '" + "0" * 64 + "'\nscopes = ['fly']\n", "Unknown scope"),
        ("[[keys]]\nsha256 = '" + "0" * 64 + "'\nrate = 5\n", "Unknown setting 'rate'"),
        ("port = ", "cannot be read"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path, text, words):
    with pytest.raises(InvalidInput, match=words):
        load(write(tmp_path, text), {})


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("MOKSORI_PROT", "1", "Did you mean MOKSORI_PORT?"),
        ("MOKSORI_PORT", "http", "not a number"),
        ("MOKSORI_LOG_TEXT", "perhaps", "true or false"),
        ("MOKSORI_KEYS", "abc", "Unknown setting"),
    ],
)
def test_what_is_wrong_in_the_environment_is_named(variable, value, words):
    with pytest.raises(InvalidInput, match=words):
        from_environment({variable: value})


def test_variables_of_others_and_empty_ones_are_left_alone():
    assert from_environment({"PATH": "x", "MOKSORI_DATABASE": "sqlite://", "MOKSORI_PORT": ""}) == {}


def test_lists_and_numbers_and_switches_come_from_the_environment(tmp_path):
    settings = from_environment(
        {
            "MOKSORI_CORS_ORIGINS": "http://a, http://b",
            "MOKSORI_LOG_TEXT": "yes",
            "MOKSORI_MEMORY_LIMIT": "2.8",
            "MOKSORI_DATA": str(tmp_path),
        }
    )
    assert settings == {
        "cors_origins": ("http://a", "http://b"),
        "log_text": True,
        "memory_limit": 2.8,
        "data": tmp_path,
    }


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        load(tmp_path / "no.toml", {})


def test_an_open_server_for_every_machine_is_warned_about():
    assert Config().warnings == ()
    assert "No keys" in Config(host="0.0.0.0").warnings[0]
    assert Config(host="0.0.0.0", published="127.0.0.1").warnings == ()
    assert "example.org" in Config(published="example.org").warnings[0]
    keyed = load(None, {"MOKSORI_HOST": "0.0.0.0", "MOKSORI_API_KEY": "secret"})
    assert keyed.warnings == ()
    assert "secret" not in repr(keyed)
    assert "Wyoming has no keys" in Config(wyoming="tcp://0.0.0.0:10200").warnings[0]


def test_the_data_folder_is_the_users(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert Config().data == Path("/somewhere/moksori")
