"""What a checkpoint is and needs, read from its config and the headers of its files without loading a weight."""

from __future__ import annotations

import json
import struct
from math import prod
from pathlib import Path
from typing import Any

from moksori.errors import InvalidInput

from .hub import Located, weight_files

_TABLES = ("text_embedding", "embed_tokens")
_CODEC_WORK_BYTES = 250_000_000  # decoder activations and caches beside the weights, measured on the released codec


def inspect(located: Located) -> dict[str, Any]:
    """Kind, voices, languages, size and predicted memory in GB for each precision; plain values for printing."""
    config = _json(located.path / "config.json")
    talker = config.get("talker_config", {})
    weights = _weights(located.path)
    codec = located.path / "speech_tokenizer" / "model.safetensors"
    about = {
        "name": located.name,
        "path": str(located.path),
        "revision": located.revision,
        "kind": config.get("tts_model_type", "unknown"),
        "parameters": sum(map(prod, weights.values())),
        "codec_parameters": sum(map(prod, tensors(codec).values())) if codec.exists() else 0,
        "layers": talker.get("num_hidden_layers"),
        "hidden_size": talker.get("hidden_size"),
        "codes_per_frame": talker.get("num_code_groups"),
        "voices": sorted(talker.get("spk_id", {})),
        "languages": sorted(talker.get("codec_language_id", {})),
    }
    return about | {f"memory_gb_{precision}": memory(located.path, precision) for precision in ("bf16", "int8", "fp32")}


def memory(folder: Path, precision: str) -> float:
    """Predicted peak resident GB: weights at the precision, tables as stored, codec in fp32, working space."""
    width = {"bf16": 2.0, "fp16": 2.0, "int8": 1.03, "fp32": 4.0}[precision]
    weights = _weights(folder)
    tables = sum(2 * prod(shape) for name, shape in weights.items() if any(table in name for table in _TABLES))
    layers = sum(width * prod(shape) for name, shape in weights.items() if not any(table in name for table in _TABLES))
    codec_file = folder / "speech_tokenizer" / "model.safetensors"
    codec = 4 * sum(map(prod, tensors(codec_file).values())) if codec_file.exists() else 0
    return round((tables + layers + codec + _CODEC_WORK_BYTES) / 1e9, 2)


def _weights(folder: Path) -> dict[str, tuple[int, ...]]:
    return {name: shape for file in weight_files(folder) for name, shape in tensors(file).items()}


def tensors(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a safetensors file, from its header alone."""
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            if size > path.stat().st_size:
                raise InvalidInput(f"{path} is cut off.", hint="Download it again: `moksori models pull`.")
            header = json.loads(file.read(size))
    except (OSError, struct.error, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{path} is not a safetensors file.", hint="Download it again: `moksori models pull`."
        ) from error
    return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def _json(path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{path} cannot be read as a checkpoint's config.", hint="Give a checkpoint's folder."
        ) from error
    return loaded
