"""`moksori config`: show every setting of the server, check a settings file, make a key."""

from __future__ import annotations

import argparse
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moksori.errors import Unavailable

if TYPE_CHECKING:
    from types import ModuleType

    from moksori.serving.config import Config


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("config", help="show or check the settings of `moksori serve`, make a key")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    show = actions.add_parser("show", help="print the settings in force as a file, each with its meaning")
    check = actions.add_parser("check", help="exit 0 if the settings are right; names what is wrong and what is risky")
    for action, run in ((show, _show), (check, _check)):
        action.add_argument("file", nargs="?", type=Path, help="default: MOKSORI_CONFIG, or no file")
        action.set_defaults(run=run)
    key = actions.add_parser("key", help="make a key: its secret for the client, its hash for the file")
    key.add_argument("name", help="whose it is")
    key.set_defaults(run=_key)


def _show(arguments: argparse.Namespace) -> int:
    settings = _settings()
    print(written(settings.load(arguments.file), settings.MEANINGS), end="")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    config: Config = _settings().load(arguments.file)
    for warning in config.warnings:
        print(f"note: {warning}")
    _check_model(config)
    print("The settings are right.")
    return 0


def _check_model(config: Config) -> None:
    """Raises NotFound for an engine or a model that is not known; says if a known one is not here yet."""
    from moksori.engine import registry

    if config.engine and config.engine not in registry.names():
        registry.open(config.engine)  # raises with the list
    if not config.engine and registry.name_for(config.model) == registry.CHECKPOINTS:
        from moksori.model import hub

        try:
            hub.locate(config.model)
        except Unavailable as error:
            print(f"note: {error}")


def _key(arguments: argparse.Namespace) -> int:
    settings = _settings()
    secret = "mk-" + secrets.token_urlsafe(32)
    key = settings.Key.of(arguments.name, secret)
    print(f"# The client sends this; it is shown once:\n#   {secret}\n# The settings file gets this:")
    print(f"[[keys]]\nname = {json.dumps(key.name, ensure_ascii=False)}\nsha256 = {json.dumps(key.sha256)}")
    print(
        'scopes = ["speak"]  # also: voices, admin\nrequests_per_minute = 0  # 0: no limit\ncharacters_per_minute = 0'
    )
    return 0


def written(config: Config, meanings: dict[str, str]) -> str:
    """The settings as a TOML file that `--config` reads again."""
    tables = ("voice_aliases", "keys")
    lines = []
    for name, meaning in meanings.items():
        if name not in tables:
            lines += [f"# {meaning}", f"{name} = {_toml(getattr(config, name))}", ""]
    lines += [f"# {meanings['voice_aliases']}", "[voice_aliases]"]
    lines += [f"{_toml(alias)} = {_toml(voice)}" for alias, voice in config.voice_aliases.items()]
    lines += ["", f"# {meanings['keys']}"]
    for key in config.keys:
        lines += ["[[keys]]", *(f"{name} = {_toml(getattr(key, name))}" for name in key.__dataclass_fields__), ""]
    return "\n".join(lines).rstrip() + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def _settings() -> ModuleType:
    try:
        from moksori.serving import config
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"Serving needs {error.name}, which is not installed.", hint="pip install 'moksori[serving]'"
        ) from error
    return config
