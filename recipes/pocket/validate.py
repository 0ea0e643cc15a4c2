"""How well a codec, as it would be shipped, brings back clips that its training never saw.

python -m recipes.pocket.validate --folder runs/pocket --codec runs/pocket/codec/speech_tokenizer [--clips 100]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from moksori.model.codec import Codec, CodecConfig

from . import speak
from .mel import Error
from .sizes import CODEC

_CLIPS, _SECONDS = 20, 3


@torch.inference_mode()
def validate(tensors: Mapping[str, Tensor], folder: Path, clips: int = _CLIPS) -> dict[str, float]:
    """Mean log-mel error over whole clips: unseen texts (`valid`) and unseen variants (`unseen`), all quantized.

    `constant` is the level of the best constant spectrum for the same clips; `used` the share of all code entries
    that these clips use.
    """
    codec = Codec.load(CodecConfig.from_dict(CODEC), tensors)
    samples, every = speak.load(folder)
    error = Error()
    found: dict[str, float] = {}
    levels, codes = [], []
    for split in ("valid", "unseen"):
        chosen = [clip for clip in every if clip["split"] == split][:clips]
        errors = []
        for clip in chosen:
            start, length = int(str(clip["start"])), min(int(str(clip["samples"])), _SECONDS * codec.sample_rate)
            true = torch.from_numpy(samples[start : start + length].astype(np.float32) / 32768)
            codes.append(codec.encode(true))
            made = codec.decode(codes[-1])[:length]
            errors.append(error(made[None], true[None]))
            levels.append(error.constant_level(true[None]))
        found[split] = float(torch.stack(errors).mean())
    found["constant"] = float(torch.stack(levels).mean())
    together = torch.cat(codes)
    size = codec.config.decoder.codebook_size
    found["used"] = sum(len(column.unique()) for column in together.T) / (size * together.shape[1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.pocket.validate", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/pocket"))
    parser.add_argument("--codec", type=Path, required=True, help="a speech_tokenizer folder")
    parser.add_argument("--clips", type=int, default=100, help="of each split")
    options = parser.parse_args()
    print(
        json.dumps(validate(load_file(options.codec / "model.safetensors"), options.folder / "speech", options.clips))
    )


if __name__ == "__main__":
    main()
