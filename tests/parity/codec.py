"""Compare the codec live with the official package on tiny random checkpoints; run it in the parity environment.

    python tests/parity/codec.py [--checkpoint DIR] [--golden FILE]

Without a checkpoint it draws several of its own (`tests/parity/codec_random.py`), in which every stored tensor is
random. With one (a `speech_tokenizer` folder, or a folder that contains it) it compares on that. It prints one line
per comparison and exits with 1 if any fails. `--golden` also writes what the official package computed, for the
tests that run without it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from codec_random import CASES, GOLDEN_SAMPLES, SEED, clip, write_checkpoint
from safetensors.torch import load_file, save_file

from moksori.model.codec import Codec, CodecConfig, leftovers

_TOLERANCE = 1e-5
LEAST_LEVEL = 0.05


def official(folder: Path) -> Any:
    from qwen_tts import Qwen3TTSTokenizer

    return Qwen3TTSTokenizer.from_pretrained(str(folder))


def ours(folder: Path) -> Codec:
    tensors = load_file(folder / "model.safetensors")
    config = CodecConfig.from_dict(json.loads((folder / "config.json").read_text()))
    assert not leftovers(config, list(tensors)), leftovers(config, list(tensors))
    return Codec.load(config, tensors)


class Report:
    """Prints comparisons and remembers whether one failed."""

    def __init__(self) -> None:
        self.failed = 0

    def line(self, name: str, holds: bool, figure: str) -> None:
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {name}: {figure}", flush=True)


def compare_encoding(
    name: str, theirs: Any, mine: Codec, clips: list[np.ndarray], report: Report
) -> list[torch.Tensor]:
    """Every clip alone, and then equal lengths as one batch in ours."""
    found = []
    for pcm in clips:
        expected = theirs.encode(pcm, sr=mine.sample_rate).audio_codes[0]
        got = mine.encode(pcm)
        same = got.shape == expected.shape and bool((got == expected).all())
        frames = f"{len(expected)} frames of {len(pcm)} samples"
        wrong = 0 if same else (got != expected).sum() if got.shape == expected.shape else "shape"
        report.line(f"{name} encode", same, f"{frames}, {wrong} codes differ")
        found.append(expected)
    return found


def compare_decoding(
    name: str, theirs: Any, mine: Codec, codes: torch.Tensor, report: Report, least: float
) -> torch.Tensor:
    with torch.inference_mode():
        expected = theirs.model.decoder(codes.T[None])[0, 0]
        whole = theirs.decode({"audio_codes": codes})[0][0] if len(codes) <= 300 else None
    got = mine.decode(codes)
    difference = float((got - expected).abs().max())
    level = float(expected.square().mean().sqrt())
    clipped = float((expected.abs() >= 1).float().mean())
    holds = difference <= _TOLERANCE and len(got) == len(codes) * mine.samples_per_frame and level >= least
    report.line(
        f"{name} decode", holds, f"{len(codes)} frames, max {difference:.1e}, RMS {level:.3f}, {clipped:.1%} clipped"
    )
    if whole is not None:
        difference = float(np.abs(whole - got.numpy()).max())
        report.line(f"{name} decode (public call)", difference <= _TOLERANCE, f"max {difference:.1e}")
    return expected


def compare(name: str, folder: Path, report: Report, spread: bool) -> dict[str, torch.Tensor]:
    theirs, mine = official(folder), ours(folder)
    frame, rate = mine.samples_per_frame, mine.sample_rate
    lengths = [1, frame - 1, frame, frame + 1, 5 * frame + 700, GOLDEN_SAMPLES, 24 * rate + 13]
    clips = [clip(seed, length, rate) for seed, length in enumerate(lengths)]
    codes = compare_encoding(name, theirs, mine, clips, report)
    everything = torch.cat(codes)
    used = [len(column.unique()) for column in everything.T]
    if spread:
        report.line(f"{name} spread", min(used) >= 50, f"{min(used)} to {max(used)} distinct codes in a book")
    least = LEAST_LEVEL if spread else 0.0  # silence agrees with anything; a real checkpoint may like silence
    generator = torch.Generator().manual_seed(5)
    size = mine.config.decoder.codebook_size
    drawn = torch.randint(0, size, (300, mine.config.valid_quantizers), generator=generator)
    sounds = [compare_decoding(name, theirs, mine, c, report, least) for c in (codes[3], codes[5], codes[6], drawn)]
    longer = torch.cat((drawn, drawn.flip(0), drawn))[:700]
    compare_decoding(name, theirs, mine, longer, report, least)
    return {"codes": codes[5].to(torch.int16), "sound": sounds[1]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--golden", type=Path, help="a folder for the results on clip 5 of each case")
    options = parser.parse_args()
    report = Report()
    if options.checkpoint:
        inner = options.checkpoint / "speech_tokenizer"
        compare(options.checkpoint.name, inner if inner.is_dir() else options.checkpoint, report, spread=False)
        return min(report.failed, 1)
    for name, sizes in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            write_checkpoint(Path(folder), sizes, SEED)
            seen = compare(name, Path(folder), report, spread=True)
            if options.golden:
                options.golden.mkdir(parents=True, exist_ok=True)
                save_file({k: v.clone().contiguous() for k, v in seen.items()}, options.golden / f"{name}.safetensors")
    return min(report.failed, 1)


if __name__ == "__main__":
    sys.exit(main())
