"""A checkpoint as released, on disk, to a model that can speak; and back to the released names.

Built on `meta` and filled by name; nothing is initialised, nothing is guessed. Knows nothing of prompts or audio.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from moksori.errors import InvalidInput

from .codec import Codec, CodecConfig, leftovers
from .config import ModelConfig
from .hub import locate
from .predictor import Predictor
from .sampling import Sampling
from .speaker import SpeakerEncoder
from .talker import Talker
from .tokenizer import TextTokenizer
from .weights import Tensors, fill, shorten

# Tensors that some released or saved checkpoints hold and no computation reads.
KNOWN_UNUSED = re.compile(r".*\.rotary_emb\.inv_freq")
# The files that decide what is computed.
FILES = (
    "config.json", "generation_config.json", "model*.safetensors", "model.safetensors.index.json", "vocab.json",
    "merges.txt", "tokenizer_config.json", "speech_tokenizer/config.json", "speech_tokenizer/model.safetensors",
)  # fmt: skip
# A Base checkpoint saved as another kind may keep its encoder; only Base has a use for it.
_SPEAKER = "speaker_encoder."


@dataclass(eq=False)
class Model:
    """Everything in one checkpoint.

    talker and predictor are in `dtype`; speaker encoder and codec always compute in float32, the former on the CPU,
    so that a voice's prompt does not depend on precision or device.
    """

    config: ModelConfig
    talker: Talker
    predictor: Predictor
    speaker_encoder: SpeakerEncoder | None
    codec: Codec
    tokenizer: TextTokenizer
    name: str
    folder: Path
    revision: str
    dtype: torch.dtype
    device: torch.device
    sampling: Sampling = field(default_factory=Sampling)
    max_frames: int = 2047
    warnings: tuple[str, ...] = ()

    @functools.cached_property
    def sha256(self) -> str:
        """Hash of all files that decide what is computed; read on first use (seconds for a released checkpoint)."""
        total = hashlib.sha256()
        for path in sorted({path for pattern in FILES for path in self.folder.glob(pattern)}):
            with path.open("rb") as file:
                inner = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.relative_to(self.folder).as_posix()} {inner}\n".encode())
        return total.hexdigest()


def load(
    name: str | Path,
    *,
    revision: str | None = None,
    strict: bool = False,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
) -> Model:
    """A folder, or the name of a release or hub repository in the local cache, to a model in eval mode without
    gradients; `hub.locate` says what a name may be.

    With `strict`, tensors that nothing uses are an error; otherwise `Model.warnings` names them. Raises InvalidInput
    for files that are broken, incomplete or of another model, NotFound and Unavailable when there is nothing to load.
    """
    source = locate(str(name), revision)
    config = ModelConfig.from_json(_read_json(source.path / "config.json"))
    tokenizer = TextTokenizer.load(source.path, config)
    tensors = Tensors(source.path)
    target = torch.device(device)
    with torch.device("meta"):
        talker = Talker(config.talker)
        predictor = Predictor(config.predictor, config.talker.stack.hidden_size)
        speaker = SpeakerEncoder(config.speaker) if config.speaker else None
    used = fill(talker, tensors, official_talker_name, dtype=dtype, device=target)
    used |= fill(predictor, tensors, official_predictor_name, dtype=dtype, device=target)
    if speaker:
        used |= fill(speaker, tensors, _SPEAKER.__add__, dtype=torch.float32, device=torch.device("cpu"))
    codec, codec_unused = _load_codec(source.path / "speech_tokenizer", config)
    unused = [n for n in tensors if n not in used and not _known_unused(n, config)] + codec_unused
    if unused and strict:
        raise InvalidInput(
            f"Nothing uses {len(unused)} tensors of the checkpoint: {shorten(unused)}.",
            hint="Load it without `strict` to go on with a warning.",
            code="unused_tensor",
            field=unused[0],
        )
    sampling, max_frames = _generation_defaults(source.path / "generation_config.json")
    return Model(
        config, talker, predictor, speaker, codec.to(target), tokenizer, source.name, source.path, source.revision,
        dtype, target, sampling, max_frames, tuple(f"Unused tensor: {n}" for n in sorted(unused)),
    )  # fmt: skip


def official_talker_name(name: str) -> str:
    """`layers.0.mlp.up_proj.weight` -> `talker.model.layers.0.mlp.up_proj.weight`; head and projection sit higher."""
    outside = name.startswith(("codec_head.", "text_projection."))
    return f"talker.{name}" if outside else f"talker.model.{name}"


def official_predictor_name(name: str) -> str:
    outside = name.startswith(("lm_head.", "small_to_mtp_projection."))
    return f"talker.code_predictor.{name}" if outside else f"talker.code_predictor.model.{name}"


def official_tensors(model: Model) -> Iterator[tuple[str, Tensor]]:
    """What `model.safetensors` holds, by its released names; the codec has its own file."""
    for name, tensor in model.talker.state_dict().items():
        yield official_talker_name(name), tensor
    for name, tensor in model.predictor.state_dict().items():
        yield official_predictor_name(name), tensor
    if model.speaker_encoder is not None:
        for name, tensor in model.speaker_encoder.state_dict().items():
            yield _SPEAKER + name, tensor


def _known_unused(name: str, config: ModelConfig) -> bool:
    return bool(KNOWN_UNUSED.fullmatch(name)) or (config.kind != "base" and name.startswith(_SPEAKER))


def _load_codec(folder: Path, config: ModelConfig) -> tuple[Codec, list[str]]:
    codec_config = CodecConfig.from_dict(_read_json(folder / "config.json"))
    groups, books = config.talker.num_code_groups, codec_config.valid_quantizers
    if groups != books:
        raise InvalidInput(
            f"The talker speaks {groups} codes a frame and the codec in {folder} takes {books}.",
            hint="speech_tokenizer/ belongs to another model.",
            field="speech_tokenizer",
        )
    if codec_config.decoder.codebook_size < config.predictor.vocab_size:
        raise InvalidInput(
            f"The predictor knows {config.predictor.vocab_size} codes, the codec {codec_config.decoder.codebook_size}.",
            hint="speech_tokenizer/ belongs to another model.",
            field="speech_tokenizer",
        )
    tensors = Tensors(folder)
    unused = [f"speech_tokenizer/{name}" for name in leftovers(codec_config, list(tensors))]
    return Codec.load(codec_config, tensors), unused


def _generation_defaults(path: Path) -> tuple[Sampling, int]:
    data = _read_json(path) if path.is_file() else {}
    tokens = data.get("max_new_tokens", 2048)
    if type(tokens) is not int or tokens < 2:
        raise InvalidInput(f"{path}: max_new_tokens is {tokens!r}.", field="max_new_tokens")
    # The last token upstream draws is never spoken.
    return Sampling.from_generation_config(data), tokens - 1


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInput(
            f"{path.name} is missing from {path.parent}.",
            hint="Give the folder of a complete Qwen3-TTS checkpoint.",
            field=path.name,
        ) from None
    except ValueError as error:
        raise InvalidInput(f"{path} is not JSON: {error}.", field=path.name) from error
