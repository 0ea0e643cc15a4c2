"""The spoken corpus as the talker's training sees it: texts, codes, and the mels its speaker encoder listens to.

Reads `speech/` and `codes/` of the recipe's folder. `stand_in` makes codes from the spectrum alone, so that the talker
can begin to learn how text becomes sound before the codec is ready. Knows nothing of models.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from moksori.model.codec import Codec, CodecConfig
from moksori.model.config import SpeakerConfig
from moksori.model.speaker import log_mels, mel_filters
from moksori.model.weights import Tensors

FRAME, RATE = 1920, 24000
MEL_ROWS = 160  # at most 1.7 s is what the speaker encoder hears of a reference while it is trained
LANGUAGES = {
    "ko": "korean", "en": "english", "zh": "chinese", "ja": "japanese", "de": "german", "fr": "french",
    "ru": "russian", "pt": "portuguese", "es": "spanish", "it": "italian",
}  # fmt: skip


@dataclass(frozen=True)
class Clip:
    text: str
    language: str
    voice: str
    variant: str
    split: str
    start: int
    samples: int

    @property
    def frames(self) -> int:
        return -(-self.samples // FRAME)


class Corpus:
    """clips, their codes (one array, `offsets` into it) and their mels."""

    def __init__(self, folder: Path, codes: Path) -> None:
        self.sound = np.memmap(folder / "speech" / "speech.i16", dtype=np.int16, mode="r")
        self.clips = read_clips(folder / "speech" / "clips.jsonl")
        self.offsets = np.concatenate([[0], np.cumsum([clip.frames for clip in self.clips])])
        self.all_codes = np.load(codes, mmap_mode="r")
        if len(self.all_codes) != self.offsets[-1]:
            raise SystemExit(f"{codes} has {len(self.all_codes)} frames; the clips have {self.offsets[-1]}.")
        self.mels = np.load(_mels(folder, self.sound, self.clips), mmap_mode="r")
        self.by_voice: dict[str, list[int]] = {}
        for index, clip in enumerate(self.clips):
            self.by_voice.setdefault(clip.voice, []).append(index)

    def codes(self, index: int) -> np.ndarray:
        return np.asarray(self.all_codes[self.offsets[index] : self.offsets[index + 1]], np.int64)

    def pcm(self, index: int) -> np.ndarray:
        clip = self.clips[index]
        return self.sound[clip.start : clip.start + clip.samples].astype(np.float32) / 32768

    def mel(self, index: int) -> np.ndarray:
        """(rows, 128) float32 from the clip's beginning, at most MEL_ROWS."""
        rows = min(MEL_ROWS, self.clips[index].samples // 256)
        return np.asarray(self.mels[index, :rows], np.float32)

    def select(self, split: str, longest: int) -> list[int]:
        return [i for i, clip in enumerate(self.clips) if clip.split == split and clip.frames <= longest]


def read_clips(path: Path) -> list[Clip]:
    clips = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        speaker = row["speaker"]
        clips.append(
            Clip(
                row["text"],
                LANGUAGES[row["language"]],
                speaker["name"],
                speaker["variant"],
                row["split"],
                int(row["start"]),
                int(row["samples"]),
            )
        )
    return clips


def _mels(folder: Path, sound: np.ndarray, clips: list[Clip]) -> Path:
    """Once: (clips, MEL_ROWS, 128) float16 on disk."""
    path = folder / "talker" / "mels.npy"
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    config = SpeakerConfig(128, 1, (1,), (1,), (1,), 1, 1, 1, RATE)
    draft = path.with_suffix(".part")
    table = np.lib.format.open_memmap(draft, mode="w+", dtype=np.float16, shape=(len(clips), MEL_ROWS, 128))
    for index, clip in enumerate(clips):
        piece = sound[clip.start : clip.start + min(clip.samples, MEL_ROWS * 256 + 1024)]
        rows = log_mels(torch.from_numpy(piece.astype(np.float32) / 32768), config)[:MEL_ROWS]
        table[index, : len(rows)] = rows.numpy()
    table.flush()
    draft.rename(path)
    return path


def tails(spoken: Corpus, codec_folder: Path, count: int = 96, frames: int = 7) -> np.ndarray:
    """(count, frames, groups) codes of the silence behind clips: espeak-ng stops with the last sound, people and
    prompts do not, and how speech ends should be heard."""
    codec = Codec.load(
        CodecConfig.from_dict(json.loads((codec_folder / "config.json").read_text(encoding="utf-8"))),
        Tensors(codec_folder), parts=("encoder",),
    )  # fmt: skip
    chosen = [i for i, clip in enumerate(spoken.clips) if clip.split == "train" and 15 < clip.frames < 40]
    found = []
    for index in chosen[:: len(chosen) // count][:count]:
        clip = spoken.clips[index]
        quiet = np.zeros((clip.frames + frames) * FRAME - clip.samples, np.float32)
        codes = codec.encode(np.concatenate([spoken.pcm(index), quiet])).numpy()
        found.append(codes[clip.frames : clip.frames + frames])
    return np.stack(found).astype(np.int64)


def stand_in(folder: Path, groups: int = 8, size: int = 512, seed: int = 0) -> Path:
    """Codes of the log spectrum by residual k-means: (frames, groups) uint16 in `talker/stand-in.npy`."""
    path = folder / "talker" / "stand-in.npy"
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    sound = np.memmap(folder / "speech" / "speech.i16", dtype=np.int16, mode="r")
    clips = read_clips(folder / "speech" / "clips.jsonl")
    filters, window = torch.from_numpy(mel_filters(RATE, 48)), torch.hann_window(1024)
    features = torch.cat([_spectrum(sound[c.start : c.start + c.samples], filters, window) for c in clips])
    some = features[torch.randperm(len(features))[:40000]].float()
    mean = some.mean(0)
    axes = torch.pca_lowrank(some - mean, 40, center=False)[2]
    rest = torch.cat([(part.float() - mean) @ axes for part in features.split(50000)])
    books = []
    for _ in range(groups):
        centres = _centres(rest[torch.randperm(len(rest))[:40000]], size)
        codes = torch.cat([torch.cdist(part, centres).argmin(1) for part in rest.split(20000)])
        rest = rest - centres[codes]
        books.append(codes)
    np.save(path, torch.stack(books, 1).numpy().astype(np.uint16))
    return path


def _spectrum(sound: np.ndarray, filters: Tensor, window: Tensor) -> Tensor:
    """(frames, 8 * 48) log-mels, float16: eight rows to a frame."""
    frames = -(-len(sound) // FRAME)
    pcm = torch.zeros(frames * FRAME + 1024 - 240)
    pcm[: len(sound)] = torch.from_numpy(sound.astype(np.float32) / 32768)
    power = torch.stft(pcm, 1024, 240, window=window, center=False, return_complex=True).abs()
    return torch.log(filters @ power + 1e-2)[:, : frames * 8].T.reshape(frames, -1).half()


def _centres(points: Tensor, size: int, rounds: int = 10) -> Tensor:
    centres = points[torch.randperm(len(points))[:size]].clone()
    for _ in range(rounds):
        nearest = torch.cdist(points, centres).argmin(1)
        count = torch.bincount(nearest, minlength=size).float()
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        fresh = points[torch.randint(len(points), (size,))]
        centres = torch.where(count[:, None] > 0, sums / count.clamp(min=1)[:, None], fresh)
    return centres
