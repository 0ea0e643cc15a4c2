"""What `run.yaml` may say. Every key is known, typed and in range, or the run does not start.

The same file, with all defaults written out, is saved into the run. Knows nothing of how any of it is done.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from moksori.errors import InvalidInput, NotFound

T = TypeVar("T")
Learn = Literal["lora", "full", "projection", "text_embedding"]


@dataclass(frozen=True)
class Lora:
    """`targets` are ends of the talker's module names, in every layer."""

    rank: int = 32
    alpha: float = 64.0
    rslora: bool = False
    dropout: float = 0.05
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Freeze:
    """What `full` leaves alone. Measured by others on right losses: a trained predictor makes speech run away."""

    predictor: bool = True
    text_embedding: bool = True
    codec_tables: bool = True


@dataclass(frozen=True)
class Layouts:
    """Shares of the ways in which a clip is presented."""

    streaming: float = 0.2
    in_context: float = 0.2
    language_tag: float = 0.7
    instruct: float = 1.0


@dataclass(frozen=True)
class Watch:
    """Listening during the run: fixed texts every `every` steps; 0: never. `patience`: stop after so many listenings
    without a better `metric` (a larger one, unless its name starts with `-`); 0: never. `keep`: also a pack of each
    listening (`learn: lora`), for `moksori sweep`."""

    every: int = 0
    texts: tuple[str, ...] = ("안녕하세요. 만나서 반갑습니다.", "오늘은 날씨가 맑고 바람이 시원합니다.")
    seeds: tuple[int, ...] = (1,)
    metric: str = "score"
    patience: int = 0
    keep: bool = False


@dataclass(frozen=True)
class Language:
    """A language that the checkpoint does not have: its name, and those whose rows it starts as the mean of."""

    name: str = ""
    related: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """One run. `rate`: peak learning rate, 0: what suits `learn`; `warm_up`: share of all steps; `steps` 0: `epochs`.

    speaker        the name under which the voice is kept (preset of a merged checkpoint, name of the pack).
    consent        whose voice it is and on what ground it may be used; goes into the pack.
    gate           refuse to start where the base's losses on these clips say that something is wired wrongly.
    codes          folder with the codes that `data encode --cache` made; empty: `codes` beside the manifest.
    """

    model: str
    data: str
    output: str
    speaker: str
    codes: str = ""
    learn: Learn = "lora"
    consent: str = ""
    lora: Lora = field(default_factory=Lora)
    freeze: Freeze = field(default_factory=Freeze)
    layouts: Layouts = field(default_factory=Layouts)
    watch: Watch = field(default_factory=Watch)
    language: Language = field(default_factory=Language)
    steps: int = 0
    epochs: float = 3.0
    batch_size: int = 4
    accumulate: int = 2
    rate: float = 0.0
    warm_up: float = 0.05
    weight_decay: float = 0.01
    clip: float = 1.0
    frame_share: float = 0.25
    held_out: float = 0.05
    longest_s: float = 30.0
    tail_silence_s: float = 0.5
    gate: bool = True
    save_every: int = 200
    seed: int = 0
    device: str = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"
    threads: int = 0
    tensorboard: bool = False

    @property
    def peak_rate(self) -> float:
        """The given rate, or a start that suits what learns."""
        usual = {"lora": 5e-5, "full": 5e-6, "projection": 1e-4, "text_embedding": 1e-4}
        return self.rate or usual[self.learn]


_RANGES: dict[str, tuple[float, float]] = {
    "rank": (1, 512), "alpha": (0.01, 4096), "dropout": (0, 0.9), "streaming": (0, 1), "in_context": (0, 1),
    "language_tag": (0, 1), "instruct": (0, 1), "every": (0, 1e9), "patience": (0, 1e6), "steps": (0, 1e9),
    "epochs": (0, 1e5), "batch_size": (1, 4096), "accumulate": (1, 4096), "rate": (0, 1), "warm_up": (0, 1),
    "weight_decay": (0, 1), "clip": (0, 1e6), "frame_share": (0.01, 1), "held_out": (0, 0.9), "longest_s": (0.5, 600),
    "tail_silence_s": (0, 5), "save_every": (1, 1e9), "seed": (0, 2**32 - 1), "threads": (0, 1024),
}  # fmt: skip


def load(path: Path) -> Settings:
    """Read `run.yaml`. Raises NotFound, or InvalidInput that names the key."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", hint="docs/fine-tuning.md shows one.", field=str(path)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is not YAML: {error}.", field=str(path)) from error
    return parse(data)


def parse(data: Any) -> Settings:
    found = _build(Settings, data, "")
    _refuse_idle(found)
    return found


def _refuse_idle(found: Settings) -> None:
    """What is said and would have no effect is an error, never dropped."""
    for name, default, learn in (
        ("lora", Lora(), "lora"),
        ("freeze", Freeze(), "full"),
        ("language", Language(), "projection"),
    ):
        if found.learn != learn and getattr(found, name) != default:
            raise InvalidInput(
                f"{name} has no effect with `learn: {found.learn}`.",
                hint=f"It belongs to `learn: {learn}`.",
                code="no_effect",
                field=name,
            )
    for name in ("patience", "keep"):
        if getattr(found.watch, name) and not found.watch.every:
            field_name = f"watch.{name}"
            raise InvalidInput(f"{field_name} has no effect without watch.every.", code="no_effect", field=field_name)
    if found.watch.keep and found.learn != "lora":
        raise InvalidInput("watch.keep keeps packs; this run makes none.", code="no_effect", field="watch.keep")
    if found.language.related and not found.language.name:
        raise InvalidInput("language.related has no effect without language.name.", field="language.name")


def to_yaml(settings: Settings) -> str:
    """All settings, defaults written out."""
    import yaml

    plain = dataclasses.asdict(settings)
    return str(yaml.safe_dump(_plain(plain), allow_unicode=True, sort_keys=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value


def _build(kind: type[T], data: Any, where: str) -> T:
    if not isinstance(data, Mapping):
        raise InvalidInput(f"{where or 'run.yaml'} should hold keys with values, not {data!r}.", field=where or None)
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(kind)
    for key in data:
        if key not in fields:
            raise InvalidInput(
                f"Unknown key {f'{where}.{key}' if where else key!r}.",
                hint=f"Known: {', '.join(sorted(fields))}.",
                code="unknown_key",
                field=str(key),
            )
    values = {}
    for name, spec in fields.items():
        full = f"{where}.{name}" if where else name
        if name in data:
            values[name] = _value(hints[name], data[name], full)
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            raise InvalidInput(f"{full} is missing.", hint="docs/fine-tuning.md explains every key.", field=full)
    return kind(**values)


def _value(hint: Any, value: Any, name: str) -> Any:
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value, name)
    if origin is Literal:
        if value not in typing.get_args(hint):
            raise InvalidInput(f"{name} is {value!r}.", hint=f"One of: {', '.join(typing.get_args(hint))}.", field=name)
        return value
    if origin is tuple:
        if not isinstance(value, list) or (not value and name != "language.related"):
            raise InvalidInput(f"{name} should be a list, not {value!r}.", field=name)
        return tuple(_value(typing.get_args(hint)[0], one, name) for one in value)
    assert not isinstance(hint, types.UnionType)
    return _scalar(hint, value, name)


def _scalar(hint: Any, value: Any, name: str) -> Any:
    # YAML 1.1 reads 5e-5 as a text; a number is meant.
    number = (isinstance(value, int | float) and not isinstance(value, bool)) or _is_number(value)
    if hint is float and number:
        value = float(value)
    elif not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InvalidInput(f"{name} should be of type {hint.__name__}, not {value!r}.", field=name)
    low, high = _RANGES.get(name.rsplit(".", 1)[-1], (float("-inf"), float("inf")))
    if hint in (int, float) and not low <= value <= high:
        raise InvalidInput(f"{name} is {value}, outside {low:g} to {high:g}.", field=name)
    if hint is str and name in ("model", "data", "output", "speaker") and not value.strip():
        raise InvalidInput(f"{name} is empty.", field=name)
    return value


def _is_number(text: Any) -> bool:
    if not isinstance(text, str):
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True
