"""Only the encoder of a checkpoint's codec, on the devices with room for it: 225 MB of the released codec's 682.

Knows where its weights lie; nothing of clips or caches.
"""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path

import torch

from moksori.errors import InvalidInput
from moksori.model.codec import Codec, CodecConfig
from moksori.model.hub import locate
from moksori.model.weights import Tensors

from .codes import Encoding

# Free bytes that a card needs to be chosen: the encoder, and 40 s of its activations.
ROOM = 3 * 1024**3


def open_encoding(model: str, cache: Path, tail_silence_s: float = 0.5, device: str = "auto") -> Encoding:
    """`model` is a checkpoint's name or folder, or a `speech_tokenizer` folder itself."""
    folder = locate(model, None).path if not _is_codec(Path(model)) else Path(model)
    tokenizer = folder if _is_codec(folder) else folder / "speech_tokenizer"
    config = CodecConfig.from_dict(_read(tokenizer / "config.json"))
    tensors = Tensors(tokenizer)
    codec = Codec.load(config, tensors, parts=("encoder",))
    digest = hashlib.sha256()
    for name, value in sorted(codec.state_dict().items()):
        digest.update(name.encode() + value.float().numpy().tobytes())
    devices = pick_devices(device)
    codecs = [codec, *(copy.deepcopy(codec) for _ in devices[1:])]
    placed = [one.to(place) for one, place in zip(codecs, devices, strict=True)]
    return Encoding(placed, cache, encoder_sha256=digest.hexdigest(), tail_silence_s=tail_silence_s)


def pick_devices(wanted: str) -> list[torch.device]:
    """`cpu`, `cuda:1`, several with commas; or `auto`: every card with room, the one with most free memory first."""
    if wanted != "auto":
        return [_device(name.strip()) for name in wanted.split(",")]
    free = {index: torch.cuda.mem_get_info(index)[0] for index in range(torch.cuda.device_count())}
    roomy = sorted((index for index in free if free[index] > ROOM), key=lambda index: -free[index])
    return [torch.device("cuda", index) for index in roomy] or [torch.device("cpu")]


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InvalidInput(f"There is no device {name!r}.", hint="Use auto, cpu or cuda:0.", field="device") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InvalidInput(
            f"{name} is not there.", hint=f"This machine has {torch.cuda.device_count()} cards.", field="device"
        )
    return device


def _is_codec(folder: Path) -> bool:
    path = folder / "config.json"
    return path.is_file() and _read(path).get("model_type") == "qwen3_tts_tokenizer_12hz"


def _read(path: Path) -> dict[str, object]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", field=path.name) from error
    return dict(data)
