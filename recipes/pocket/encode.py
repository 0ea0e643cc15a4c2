"""Encode the whole spoken corpus with a codec that will not change any more: `codes/codes.npy`.

One array (frames, books) of uint16 in the order of `speech/clips.jsonl`; a clip has ceil(samples / FRAME) frames, its
sound filled up with silence to whole frames. Beside it `codes/clips.jsonl`: each clip's line with `first_frame` and
`frames`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from moksori.model.codec import Codec, CodecConfig

from . import speak
from .sizes import BOOKS, FRAME

_BATCH_FRAMES = 600  # 48 s of sound at once

_codec: Codec | None = None


def load_codec(folder: Path) -> Codec:
    config = CodecConfig.from_dict(json.loads((folder / "config.json").read_text()))
    return Codec.load(config, load_file(folder / "model.safetensors"))


def _encode(tokenizer: Path, speech: Path, batch: list[tuple[int, int, int]]) -> list[tuple[int, np.ndarray]]:
    """(number, start, samples) of equally long clips -> (number, codes)."""
    global _codec
    torch.set_num_threads(1)
    _codec = _codec or load_codec(tokenizer)
    samples = np.memmap(speech / "speech.i16", dtype=np.int16, mode="r")
    frames = -(-batch[0][2] // FRAME)
    pcm = np.zeros((len(batch), frames * FRAME), np.float32)
    for row, (_, start, length) in zip(pcm, batch, strict=True):
        row[:length] = samples[start : start + length].astype(np.float32) / 32768
    codes = _codec.encode(pcm).numpy().astype(np.uint16)
    return [(number, one) for (number, _, _), one in zip(batch, codes, strict=True)]


def batches(clips: list[dict[str, object]]) -> Iterator[list[tuple[int, int, int]]]:
    """Clips of as many frames together, so that no clip's codes depend on its neighbours' padding."""
    placed = [(number, int(str(clip["start"])), int(str(clip["samples"]))) for number, clip in enumerate(clips)]
    placed.sort(key=lambda one: (-(-one[2] // FRAME), one[0]))
    for frames, group in groupby(placed, key=lambda one: -(-one[2] // FRAME)):
        rows, size = list(group), max(1, _BATCH_FRAMES // frames)
        yield from (rows[i : i + size] for i in range(0, len(rows), size))


def encode(folder: Path, tokenizer: Path, processes: int) -> None:
    clips = list(speak.read(folder / "speech" / "clips.jsonl"))
    frames = [-(-int(str(clip["samples"])) // FRAME) for clip in clips]
    first = np.concatenate(([0], np.cumsum(frames)))
    codes = np.zeros((int(first[-1]), BOOKS), np.uint16)
    with ProcessPoolExecutor(processes) as pool:
        for done in pool.map(partial(_encode, tokenizer, folder / "speech"), batches(clips)):
            for number, one in done:
                codes[first[number] : first[number + 1]] = one
    target = folder / "codes"
    target.mkdir(parents=True, exist_ok=True)
    np.save(target / "codes.part.npy", codes)
    with (target / "clips.jsonl").open("w", encoding="utf-8") as lines:
        for number, clip in enumerate(clips):
            row = {**clip, "first_frame": int(first[number]), "frames": frames[number]}
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    (target / "codes.part.npy").rename(target / "codes.npy")
    used = [len(np.unique(column)) for column in codes.T]
    print(f"{len(codes)} frames; entries in use: {used}")
