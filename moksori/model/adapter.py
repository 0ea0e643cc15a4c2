"""LoRA on the talker: read and written in PEFT's file format, with a scale that can be turned while it is on.

At scale 0 the talker computes what it computed without, bit for bit. Knows nothing of training, voices or packs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from moksori.errors import Conflict, InvalidInput

from .talker import Talker
from .weights import shorten

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
MAX_SCALE = 1.5

# PEFT's names for a wrapped talker, a wrapped whole model, or a talker of ours.
_NAME = re.compile(r"base_model\.model\.(?:talker\.)?(?:model\.)?(?P<path>.+)\.lora_(?P<side>[AB])\.weight")
# Options of PEFT that would change what is computed; a file may have them at these values only.
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "use_dora": (False, None),
    "bias": ("none",),
    "fan_in_fan_out": (False,),
    "modules_to_save": (None, []),
    "rank_pattern": ({}, None),
    "alpha_pattern": ({}, None),
    "lora_bias": (False, None),
    "trainable_token_indices": (None,),
    "target_parameters": (None, []),
    "layer_replication": (None,),
    "alora_invocation_tokens": (None,),
}


@dataclass(frozen=True)
class Pair:
    """One linear's addition: scaling * up @ down. down (r, in), up (out, r), both float32."""

    down: Tensor
    up: Tensor
    scaling: float

    def merged(self, weight: Tensor, scale: float) -> Tensor:
        """`weight` with the addition at `scale`, summed in float32, in the weight's dtype; itself at scale 0."""
        if scale == 0:
            return weight
        return (weight.float() + (scale * self.scaling) * (self.up @ self.down).to(weight.device)).to(weight.dtype)


@dataclass(frozen=True)
class Adapter:
    """Pairs by the talker's own module names, `layers.0.self_attn.q_proj`."""

    pairs: Mapping[str, Pair]

    @classmethod
    def load(cls, folder: Path | str) -> Adapter:
        """Raises InvalidInput for files that are missing or broken and for kinds of LoRA that are not computed here."""
        folder = Path(folder)
        config = _read_config(folder / CONFIG)
        try:
            tensors = load_file(folder / WEIGHTS)
        except (SafetensorError, OSError) as error:
            raise InvalidInput(f"{folder / WEIGHTS} cannot be read: {error}.", field=WEIGHTS) from error
        sides: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            match = _NAME.fullmatch(name)
            if match is None or match["path"].startswith("code_predictor."):
                raise InvalidInput(
                    f"The adapter has {name}, which is not LoRA of the talker.",
                    hint="Adapters of the code predictor and saved whole modules are not supported.",
                    field=WEIGHTS,
                )
            sides.setdefault(match["path"], {})[match["side"]] = tensor.float()
        return cls({path: _pair(path, found, config) for path, found in sorted(sides.items())})

    def save(self, folder: Path | str, *, rank: int, alpha: float, rslora: bool = False, base: str = "") -> None:
        """Writes both files as PEFT would for the official talker, so that PEFT loads them again."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {}
        for path, pair in self.pairs.items():
            stem = f"base_model.model.{_official_path(path)}"
            tensors[f"{stem}.lora_A.weight"] = pair.down.detach().float().cpu().contiguous()
            tensors[f"{stem}.lora_B.weight"] = pair.up.detach().float().cpu().contiguous()
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
        config = {
            "peft_type": "LORA", "task_type": None, "inference_mode": True, "base_model_name_or_path": base, "r": rank,
            "lora_alpha": alpha, "lora_dropout": 0.0, "use_rslora": rslora, "use_dora": False, "bias": "none",
            "fan_in_fan_out": False, "modules_to_save": None, "init_lora_weights": True,
            "target_modules": sorted(_official_path(path) for path in self.pairs),
        }  # fmt: skip
        (folder / CONFIG).write_text(json.dumps(config, indent=2), encoding="utf-8")


class LoraLinear(nn.Module):
    """A linear with a pair beside it. `scale` may be changed between any two calls."""

    def __init__(self, base: nn.Linear, pair: Pair) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(pair.down.to(base.weight.device), requires_grad=False)
        self.up = nn.Parameter(pair.up.to(base.weight.device), requires_grad=False)
        self.scaling = pair.scaling
        self.scale = 1.0

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.base(x)
        if self.scale == 0:
            return y
        narrow = functional.linear(x.to(self.down.dtype), self.down)
        return (y + functional.linear(narrow, self.up) * (self.scaling * self.scale)).to(y.dtype)


class Attached:
    """An adapter on a talker, until `detach`."""

    def __init__(self, talker: Talker, linears: Mapping[str, LoraLinear]) -> None:
        self._talker = talker
        self._linears = linears
        self._scale = 1.0

    @property
    def scale(self) -> float:
        return self._scale

    @scale.setter
    def scale(self, value: float) -> None:
        _check_scale(value)
        self._scale = value
        for linear in self._linears.values():
            linear.scale = value

    def detach(self) -> None:
        """Puts the talker's own linears back."""
        for path, linear in self._linears.items():
            _replace(self._talker, path, linear.base)
        self._linears = {}


def attach(talker: Talker, adapter: Adapter, scale: float = 1.0) -> Attached:
    """Raises Conflict if one is on already, InvalidInput for a scale outside 0 to 1.5 or another model's adapter."""
    _check_scale(scale)
    if any(isinstance(module, LoraLinear) for module in talker.modules()):
        raise Conflict("The talker already has an adapter.", hint="Detach it first.")
    linears = {path: LoraLinear(linear, adapter.pairs[path]) for path, linear in _targets(talker, adapter)}
    for path, replacement in linears.items():
        _replace(talker, path, replacement)
    attached = Attached(talker, linears)
    attached.scale = scale
    return attached


def _targets(talker: Talker, adapter: Adapter) -> Iterator[tuple[str, nn.Linear]]:
    modules = dict(talker.named_modules())
    strangers = [path for path in adapter.pairs if not isinstance(modules.get(path), nn.Linear)]
    if strangers:
        raise InvalidInput(
            f"The adapter changes {shorten(strangers)}, which this talker does not have.",
            hint="It was trained on another model.",
            field=WEIGHTS,
        )
    for path, pair in adapter.pairs.items():
        linear = modules[path]
        assert isinstance(linear, nn.Linear)
        if (linear.out_features, linear.in_features) != (len(pair.up), pair.down.shape[1]):
            raise InvalidInput(
                f"The adapter's {path} is {len(pair.up)} x {pair.down.shape[1]}; "
                f"this talker's is {linear.out_features} x {linear.in_features}.",
                hint="It was trained on another size of the model.",
                field=WEIGHTS,
            )
        yield path, linear


def _replace(talker: Talker, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(talker.get_submodule(parent), name, module)


def _official_path(path: str) -> str:
    return path if path.startswith(("codec_head", "text_projection")) else f"model.{path}"


def _pair(path: str, found: Mapping[str, Tensor], config: Mapping[str, Any]) -> Pair:
    if set(found) != {"A", "B"}:
        raise InvalidInput(f"The adapter has only half of {path}.", field=WEIGHTS)
    down, up = found["A"], found["B"]
    if down.dim() != 2 or up.dim() != 2 or len(down) != up.shape[1]:
        raise InvalidInput(f"The adapter's two halves of {path} do not fit together.", field=WEIGHTS)
    if len(down) != config["r"]:
        raise InvalidInput(f"The adapter's {path} has rank {len(down)}; {CONFIG} says {config['r']}.", field=WEIGHTS)
    root = config["r"] ** 0.5 if config.get("use_rslora") else config["r"]
    return Pair(down, up, config["lora_alpha"] / root)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", field=CONFIG) from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise InvalidInput(f"{path} is not of a LoRA adapter in PEFT's format.", field=CONFIG)
    for key, allowed in _NEUTRAL.items():
        if config.get(key, allowed[0]) not in allowed:
            raise InvalidInput(f"{path}: {key} is {config[key]!r}, which is not supported.", field=key)
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if type(rank) is not int or rank < 1 or not isinstance(alpha, int | float):
        raise InvalidInput(f"{path}: r is {rank!r} and lora_alpha {alpha!r}.", field="r")
    return config


def _check_scale(value: float) -> None:
    if not 0.0 <= value <= MAX_SCALE:
        raise InvalidInput(f"The adapter's scale is {value}, outside 0 to {MAX_SCALE}.", field="scale")


def trainable(talker: Talker, paths: Iterable[str], rank: int, scaling: float, seed: int) -> Adapter:
    """A new adapter that changes nothing yet: random `down`, `up` of zeros."""
    generator = torch.Generator().manual_seed(seed)
    pairs = {}
    for path in paths:
        linear = talker.get_submodule(path)
        assert isinstance(linear, nn.Linear), path
        bound = linear.in_features**-0.5
        down = torch.empty(rank, linear.in_features).uniform_(-bound, bound, generator=generator)
        pairs[path] = Pair(down, torch.zeros(linear.out_features, rank), scaling)
    return Adapter(pairs)
