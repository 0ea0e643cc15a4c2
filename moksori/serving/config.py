"""Settings of the server: one TOML file, then environment variables MOKSORI_*, then the command line. Strict.

A key that is not known is an error with the nearest name, so that a typing error never silently keeps a default. Knows
the names and ranges of settings, not what they do.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from moksori.errors import InvalidInput, NotFound
from moksori.language import language_name

from .keys import Key

PREFIX = "MOKSORI_"
# Read here apart from the others, or by the store.
OTHERS = {"MOKSORI_CONFIG", "MOKSORI_API_KEY", "MOKSORI_DATABASE"}
LogFormat = Literal["plain", "json"]
PRECISIONS = ("auto", "bf16", "int8", "fp32", "fp16", "none")


@dataclass(frozen=True)
class Config:
    """Every setting with its default; MEANINGS says what each is for."""

    host: str = "127.0.0.1"
    port: int = 8600
    published: str = ""
    data: Path = field(default_factory=lambda: default_data())
    model: str = ""
    engine: str = ""
    device: str = "auto"
    precision: str = "auto"
    memory_limit: float = 0.0
    isolate: bool = True
    python: str = ""
    language: str = "korean"
    concurrency: int = 4
    queue_limit: int = 32
    max_characters: int = 10_000
    max_upload_mb: int = 25
    grace_s: int = 30
    patience_s: int = 120
    keep_takes: bool = False
    wyoming: str = ""
    cors_origins: tuple[str, ...] = ()
    log_format: LogFormat = "plain"
    log_level: str = "info"
    log_text: bool = False
    model_aliases: tuple[str, ...] = ()
    voice_aliases: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        for name, low, high in RANGES:
            if not low <= getattr(self, name) <= high:
                raise InvalidInput(f"{name} is {getattr(self, name)}, outside {low} to {high}.", field=name)
        if self.log_level not in ("debug", "info", "warning", "error"):
            raise InvalidInput(
                f"log_level is {self.log_level!r}.", hint="One of: debug, info, warning, error.", field="log_level"
            )
        if self.wyoming and not re.fullmatch(r"tcp://.+:[0-9]{1,5}|unix:///.+", self.wyoming):
            raise InvalidInput(
                f"wyoming is {self.wyoming!r}.", hint="Write tcp://HOST:PORT or unix:///PATH.", field="wyoming"
            )
        if not re.fullmatch(r"auto|cpu|cuda(:[0-9]+)?", self.device):
            raise InvalidInput(
                f"device is {self.device!r}.", hint="One of: auto, cpu, cuda, cuda:0 ...", field="device"
            )
        if self.precision not in PRECISIONS:
            raise InvalidInput(
                f"precision is {self.precision!r}.", hint=f"One of: {', '.join(PRECISIONS)}.", field="precision"
            )
        if self.device == "cpu" and self.precision == "fp16":
            raise InvalidInput(
                "precision fp16 needs a GPU, and device is cpu.", hint="Use bf16 or int8.", field="precision"
            )
        if self.memory_limit and not self.isolate:
            raise InvalidInput("memory_limit needs isolate.", hint="Leave isolate at true.", field="memory_limit")
        language_name(self.language)

    @property
    def reachable(self) -> str:
        """The address under which others find this server."""
        return self.published or self.host

    @property
    def max_body(self) -> int:
        """Bytes of the largest request: a reference clip in base64, and a text beside it."""
        return self.max_upload_mb * 1_400_000 + 1_000_000

    @property
    def is_open(self) -> bool:
        """Whether anybody who can reach the port may speak."""
        return not self.keys

    @property
    def warnings(self) -> tuple[str, ...]:
        """What an operator should know about these settings, in sentences."""
        found = []
        if self.is_open and self.reachable not in ("127.0.0.1", "localhost", "::1"):
            found.append(f"No keys are set, and {self.reachable} can be reached from other machines.")
        if self.wyoming and not self.wyoming.startswith(("tcp://127.", "tcp://localhost", "unix://")):
            found.append(f"Wyoming has no keys: whoever reaches {self.wyoming} may speak.")
        if self.log_text:
            found.append("What is spoken is written into the log.")
        return tuple(found)


MEANINGS = {
    "host": "address to listen on; 0.0.0.0 for every machine that reaches this one",
    "port": "port to listen on",
    "published": "where a container or a proxy makes the port reachable, if not at host: 127.0.0.1, or a name",
    "data": "folder in which voices and takes are kept",
    "model": "checkpoint name or folder; empty: the embedded one",
    "engine": "an installed engine; empty: it follows from the model",
    "device": "auto, cpu, cuda, cuda:1 ...",
    "precision": "auto, bf16, int8, fp32, fp16",
    "memory_limit": "GiB of a GPU's memory that the engine may use; 0: all of it",
    "isolate": "the engine runs in a process of its own, which is replaced if it dies",
    "python": "the python of another environment for that process; empty: this one",
    "language": "what is spoken when a request names no language",
    "concurrency": "units that are spoken at the same time",
    "queue_limit": "requests inside, speaking or waiting, before the next one is refused with 503",
    "max_characters": "of one request's text",
    "max_upload_mb": "of a reference clip",
    "grace_s": "how long speeches may go on after the server was asked to stop",
    "patience_s": "how long one who takes no sound, or sends no text that was promised, keeps a place",
    "keep_takes": "every speech of the API becomes a take in the workbench's history; else only those with keep: true",
    "wyoming": "where Home Assistant finds us, e.g. tcp://0.0.0.0:10200; empty: nowhere. Wyoming knows no keys",
    "cors_origins": "web sites whose pages may use the API, e.g. https://example.org",
    "log_format": "plain or json",
    "log_level": "debug, info, warning or error",
    "log_text": "write what is spoken into the log",
    "model_aliases": "other names of the loaded model; tts-1, tts-1-hd and gpt-4o-mini-tts are known without",
    "voice_aliases": "other names of voices; OpenAI's (alloy ...) are spread over the preset voices unless given here",
    "keys": "who may use the API; none: everybody. Make one with: moksori config key NAME",
}
RANGES = (
    ("port", 0, 65_535),
    ("memory_limit", 0.0, 1024.0),
    ("concurrency", 1, 256),
    ("queue_limit", 1, 10_000),
    ("max_characters", 1, 100_000),
    ("max_upload_mb", 1, 1000),
    ("grace_s", 0, 3600),
    ("patience_s", 1, 86_400),
)


def load(path: Path | None = None, environment: Mapping[str, str] | None = None, **given: Any) -> Config:
    """The settings: `given` (None: not given) over the environment over the file over the defaults.

    The file is `path`, or the one MOKSORI_CONFIG names, or none.
    """
    environment = os.environ if environment is None else environment
    named = path or (Path(environment["MOKSORI_CONFIG"]) if environment.get("MOKSORI_CONFIG") else None)
    settings = from_file(named) if named else {}
    settings |= from_environment(environment)
    settings |= {name: value for name, value in given.items() if value is not None}
    return replace(Config(), **settings)


def from_file(path: Path) -> dict[str, Any]:
    """The settings in a TOML file; raises InvalidInput naming the file and the key."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", hint="Check --config or MOKSORI_CONFIG.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}", hint="It must be a TOML file.") from error
    known = _types()
    settings: dict[str, Any] = {}
    for name, value in data.items():
        if name not in known:
            raise _unknown(name, known, str(path))
        settings[name] = _keys(value) if name == "keys" else _checked(name, value, known[name], str(path))
    return settings


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """MOKSORI_PORT=8601 sets `port`; lists are separated by commas. MOKSORI_API_KEY is one key for everything."""
    known = {name: kind for name, kind in _types().items() if kind not in (Mapping, Key)}
    settings: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in OTHERS or text == "":
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known:
            raise _unknown(variable, {PREFIX + n.upper(): k for n, k in known.items()}, "the environment")
        settings[name] = _checked(name, _parsed(text, known[name], variable), known[name], variable)
    if secret := environment.get("MOKSORI_API_KEY"):
        settings["keys"] = (Key.of("environment", secret),)
    return settings


def _types() -> dict[str, Any]:
    hints = get_type_hints(Config)
    special = {"keys": Key, "voice_aliases": Mapping}
    return {f.name: special.get(f.name, hints[f.name]) for f in fields(Config)}


def _unknown(name: str, known: Mapping[str, Any], where: str) -> InvalidInput:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
    return InvalidInput(f"Unknown setting {name!r} in {where}.", hint=hint, code="unknown_setting", field=name)


def _parsed(text: str, kind: Any, variable: str) -> Any:
    """An environment variable's text as the TOML value that it stands for."""
    if kind is bool:
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        if text.lower() not in words:
            raise InvalidInput(f"{variable} is {text!r}.", hint="Write true or false.", field=variable)
        return words[text.lower()]
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError as error:
            raise InvalidInput(f"{variable} is {text!r}, not a number.", field=variable) from error
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _checked(name: str, value: Any, kind: Any, where: str) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if get_origin(kind) is tuple and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if kind is Mapping and isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
        return value
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        raise InvalidInput(f"{name} in {where} is {value!r}.", hint=f"One of: {', '.join(get_args(kind))}.", field=name)
    is_plain = kind in (str, int, float, bool) and isinstance(value, kind)
    if is_plain and not (kind is int and isinstance(value, bool)):
        return value
    raise InvalidInput(f"{name} in {where} is {value!r}, which is of the wrong kind.", field=name)


def _keys(value: Any) -> tuple[Key, ...]:
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise InvalidInput("keys must be tables.", hint="Write [[keys]] with name and sha256.", field="keys")
    return tuple(Key.from_table(table) for table in value)


def default_data() -> Path:
    """The user's data folder, where voices are kept: the same one that the store uses."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "moksori"
