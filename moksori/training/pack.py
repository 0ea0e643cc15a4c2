"""A voice pack: adapter, speaker vector, recommended scale, metrics, data hash and consent, in one folder.

Reads, writes, attaches, and merges it into two checkpoints in the official format. Knows nothing of training.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file
from torch import Tensor

from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.model import Model
from moksori.model.adapter import Adapter
from moksori.model.checkpoint import official_talker_name, official_tensors

from .disk import space

ABOUT, SPEAKER = "voice.json", "speaker_embedding.safetensors"
LAYOUT_VERSION = 1
_NAME = re.compile(r"\w[\w\-]{0,62}")


@dataclass(frozen=True)
class About:
    """What voice.json says. `base` and `base_sha256`: the checkpoint it was trained on."""

    name: str
    base: str
    base_sha256: str
    language: str = "auto"
    scale: float = 1.0
    sampling: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    data_sha256: str = ""
    clips: int = 0
    seconds: float = 0.0
    consent: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    layout_version: int = LAYOUT_VERSION


@dataclass(frozen=True)
class Pack:
    """`adapter` is None for a voice that is a speaker vector alone."""

    about: About
    vector: npt.NDArray[np.float32]
    adapter: Adapter | None

    @classmethod
    def load(cls, folder: Path) -> Pack:
        """Raises NotFound or InvalidInput that names the file."""
        about = read_about(folder)
        try:
            vector = load_arrays(folder / SPEAKER)["vector"]
        except (SafetensorError, OSError, KeyError) as error:
            raise InvalidInput(f"{folder / SPEAKER} cannot be read: {error}.", field=SPEAKER) from error
        has_adapter = (folder / "adapter_config.json").is_file()
        return cls(about, vector.astype(np.float32), Adapter.load(folder) if has_adapter else None)

    def save(self, folder: Path, *, rank: int, alpha: float, rslora: bool = False) -> None:
        """Into a draft folder first, so that a pack is whole or not there; replaces a pack of the same name."""
        if folder.exists() and not (folder / ABOUT).is_file():
            raise Conflict(f"{folder} exists and is no voice pack.", hint="Give another folder.", field="output")
        with _drafted(folder) as draft:
            if self.adapter is not None:
                self.adapter.save(draft, rank=rank, alpha=alpha, rslora=rslora, base=self.about.base)
            save_arrays({"vector": np.ascontiguousarray(self.vector, np.float32)}, draft / SPEAKER)
            _write_json(draft / ABOUT, asdict(self.about))

    def check(self, model: Model, *, force: bool = False) -> list[str]:
        """Raises InvalidInput where the pack cannot work with this model; returns warnings where it might not."""
        width = model.config.talker.stack.hidden_size
        if len(self.vector) != width:
            raise InvalidInput(
                f"The pack's speaker vector has {len(self.vector)} numbers; this checkpoint takes {width}.",
                hint=f"It was trained on {self.about.base}.",
                field="voice",
            )
        if self.about.base_sha256 and self.about.base_sha256 != model.sha256 and not force:
            return [f"The pack {self.about.name} was trained on other weights ({self.about.base})."]
        return []


def read_about(folder: Path) -> About:
    path = folder / ABOUT
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(
            f"{folder} is no voice pack: it has no {ABOUT}.", hint="`moksori train` makes one.", field="voice"
        ) from None
    except ValueError as error:
        raise InvalidInput(f"{path} is not JSON: {error}.", field=ABOUT) from error
    known = set(About.__dataclass_fields__)
    if not isinstance(data, dict) or set(data) - known or not {"name", "base", "base_sha256"} <= set(data):
        strange = sorted(set(data) - known) if isinstance(data, dict) else []
        raise InvalidInput(
            f"{path} is not of this version of packs{': ' + strange[0] if strange else ''}.", field=ABOUT
        )
    if data.get("layout_version", LAYOUT_VERSION) > LAYOUT_VERSION:
        raise InvalidInput(f"{path} was written by a newer moksori.", hint="Update moksori.", field=ABOUT)
    return About(**data)


def recommend(folder: Path, scale: float, metrics: Mapping[str, float]) -> None:
    """Writes what listening found into a pack: the strength it should be used at, and the figures there."""
    about = replace(read_about(folder), scale=scale, metrics=dict(metrics))
    draft = folder / f".{ABOUT}.part"
    with space(folder):
        _write_json(draft, asdict(about))
        draft.replace(folder / ABOUT)


def merge(pack: Pack, model: Model, target: Path, *, scale: float | None = None, preset: str = "") -> tuple[Path, Path]:
    """`target`/custom_voice, with the voice as a preset beside those that were there, and `target`/base, which still
    clones. Summed in float32, stored in bfloat16. `model` must be the Base checkpoint the pack was trained on.
    """
    name = preset_name(preset or pack.about.name)
    if model.config.kind != "base":
        raise InvalidInput(
            f"A pack is merged into a Base checkpoint; {model.name} is {model.config.kind}.", field="model"
        )
    pack.check(model)
    strength = pack.about.scale if scale is None else scale
    tensors = merged_tensors(model, pack.adapter, strength)
    config = json.loads((model.folder / "config.json").read_text(encoding="utf-8"))
    base, custom = target / "base", target / "custom_voice"
    write_checkpoint(base, model, config, tensors)
    row = preset_row(config["talker_config"], name)
    table = tensors["talker.model.codec_embedding.weight"].clone()
    table[row] = torch.from_numpy(pack.vector).to(table.dtype)
    talker_only = {key: value for key, value in tensors.items() if key.startswith("talker.")}
    talker_only["talker.model.codec_embedding.weight"] = table
    write_checkpoint(custom, model, custom_config(config, name, row), talker_only)
    return custom, base


def merged_tensors(model: Model, adapter: Adapter | None, scale: float) -> dict[str, Tensor]:
    """The checkpoint's tensors by their released names with the adapter added at `scale`: sums in float32, a tensor at
    a time, kept in bfloat16."""
    tensors = {name: tensor.detach().cpu() for name, tensor in official_tensors(model)}
    for path, pair in (adapter.pairs if adapter else {}).items():
        name = official_talker_name(f"{path}.weight")
        tensors[name] = pair.merged(tensors[name].float(), scale).to(torch.bfloat16)
    return tensors


def custom_config(config: Mapping[str, Any], name: str, row: int) -> dict[str, Any]:
    """A custom_voice config.json with one more preset; names are lower case, as upstream looks them up."""
    talker = dict(config["talker_config"])
    talker["spk_id"] = {**(talker.get("spk_id") or {}), name: row}
    talker["spk_is_dialect"] = {**(talker.get("spk_is_dialect") or {}), name: False}
    kept = {key: value for key, value in config.items() if key != "speaker_encoder_config"}
    return {**kept, "tts_model_type": "custom_voice", "talker_config": talker}


def write_checkpoint(folder: Path, model: Model, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """A folder in the official format: given config and tensors, everything else as in the model's own folder."""
    if folder.exists() and not (folder / "config.json").is_file():
        raise Conflict(f"{folder} exists and is no checkpoint.", hint="Give another folder.", field="output")
    stored = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in tensors.items()}
    with _drafted(folder) as draft:
        save_file(stored, draft / "model.safetensors", metadata={"format": "pt"})
        _write_json(draft / "config.json", config)
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json", "generation_config.json"):
            if (model.folder / name).is_file():
                shutil.copyfile(model.folder / name, draft / name)
        shutil.copytree(model.folder / "speech_tokenizer", draft / "speech_tokenizer")


@contextmanager
def _drafted(folder: Path) -> Iterator[Path]:
    """A folder to fill that then takes the place of `folder`: whole or not there, also on a full disk."""
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with space(folder, "Free some space, or give another folder, and start the same command again."):
            draft.mkdir(parents=True)
            yield draft
            shutil.rmtree(folder, ignore_errors=True)
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def preset_name(given: str) -> str:
    """Lower case, as upstream looks presets up. Raises InvalidInput for a name that cannot be one."""
    name = given.lower()
    if not _NAME.fullmatch(name):
        hint = "Use letters, digits, - and _; `speaker` in run.yaml or the manifest, `--preset` for a merge."
        raise InvalidInput(f"{given!r} cannot be the name of a voice.", hint=hint, field="speaker")
    return name


def preset_row(talker: Mapping[str, Any], name: str) -> int:
    """The row of an existing preset of that name, or the highest free one: released presets grow downwards."""
    speakers = talker.get("spk_id") or {}
    if name in speakers:
        return int(speakers[name])
    taken = {*speakers.values(), *(talker.get("codec_language_id") or {}).values()}
    taken |= {value for key, value in talker.items() if key.startswith("codec_") and isinstance(value, int)}
    for row in range(talker["vocab_size"] - 1, talker["vocab_size"] - 1024, -1):
        if row not in taken:
            return row
    raise InvalidInput("The checkpoint has no free row for another preset.", field="preset")


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
