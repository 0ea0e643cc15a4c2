"""Recordings to codes, once: batches bounded by seconds, a cache addressed by content, restartable at any clip.

Only the codec's encoder is loaded, once for each device. A clip's codes do not depend on its batch: every clip is
silence-padded to whole frames, and what is causal never sees the padding after it. Knows nothing of transcripts,
talkers or losses, nor of how a file becomes sound.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from moksori.errors import MoksoriError
from moksori.model.codec import Codec

from .disk import space
from .memory import is_shortage
from .sound import Floats, duration_s, load

# The encoder's convolutions run in pieces of 8 s and hold about 25 MB for each second of each row (released sizes):
# 40 s side by side stay under 1.2 GiB.
PIECE_S, BUDGET_S = 8.0, 40.0
Codes = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Progress:
    """`remaining_s` is estimated from the seconds of sound still to come; None before anything is known."""

    done: int
    total: int
    cached: int
    failed: tuple[tuple[Path, str], ...]
    remaining_s: float | None


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class _Waiting:
    source: Path
    target: Path
    seconds: float


@dataclass
class _Work:
    """What all devices take from and add to, one at a time."""

    total: int
    waiting: deque[_Waiting]
    found: dict[Path, Path]
    failed: list[tuple[Path, str]]
    cached: int
    left_s: float
    spoken_s: float = 0.0
    began: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def progress(self) -> Progress:
        pace = (time.monotonic() - self.began) / self.spoken_s if self.spoken_s else None
        remaining = None if pace is None else pace * max(0.0, self.left_s - self.spoken_s)
        return Progress(len(self.found), self.total, self.cached, tuple(self.failed), remaining)


class Encoding:
    """Codes of files by one encoder, kept under `cache`. The key is the file's bytes, the encoder and the tail.

    codecs  the same encoder once on each device that takes part.
    """

    def __init__(
        self, codec: Codec | Sequence[Codec], cache: Path, *, encoder_sha256: str, tail_silence_s: float = 0.5
    ) -> None:
        self.codecs = [codec] if isinstance(codec, Codec) else list(codec)
        assert self.codecs
        assert all(one.encoder is not None for one in self.codecs)
        self.cache = cache
        self.tail_silence_s = tail_silence_s
        self.budget_s = BUDGET_S
        books = self.codecs[0].config.valid_quantizers
        self._salt = f"codes 1 {encoder_sha256} {tail_silence_s:.3f} {books}".encode()

    def path(self, source: Path) -> Path:
        """Where the codes of this file are, or will be."""
        key = hashlib.sha256(self._salt)
        with source.open("rb") as file:
            key.update(hashlib.file_digest(file, "sha256").digest())
        name = key.hexdigest()
        return self.cache / name[:2] / f"{name}.npy"

    def run(self, sources: Sequence[Path], report: Report = lambda _progress: None) -> dict[Path, Path]:
        """File -> codes file, for all that can be read; what cannot is named in the progress, with the reason.

        Raises Unavailable when the disk is full; what was encoded until then is kept and not encoded again.
        """
        work = self._look_up(sources)
        report(work.progress())
        if len(self.codecs) == 1:
            self._serve(self.codecs[0], work, report)
        else:
            with ThreadPoolExecutor(len(self.codecs)) as pool:
                for done in [pool.submit(self._serve, codec, work, report) for codec in self.codecs]:
                    done.result()
        return work.found

    def _look_up(self, sources: Sequence[Path]) -> _Work:
        found: dict[Path, Path] = {}
        waiting: list[_Waiting] = []
        failed: list[tuple[Path, str]] = []
        chosen = list(dict.fromkeys(sources))
        for source in chosen:
            try:
                target = self.path(source)
                if target.is_file():
                    found[source] = target
                else:
                    waiting.append(_Waiting(source, target, duration_s(source)))
            except (OSError, MoksoriError) as error:
                failed.append((source, error.message if isinstance(error, MoksoriError) else str(error)))
        waiting.sort(key=lambda one: one.seconds)
        left_s = sum(one.seconds for one in waiting)
        return _Work(len(chosen), deque(waiting), found, failed, len(found), left_s)

    def _serve(self, codec: Codec, work: _Work, report: Report) -> None:
        """One device: batch after batch until nothing waits."""
        while True:
            with work.lock:
                batch = self._take(work.waiting)
            if not batch:
                return
            sounds: list[tuple[_Waiting, Floats]] = []
            for one in batch:
                try:
                    sounds.append((one, load(one.source, self.tail_silence_s, codec.samples_per_frame)))
                except MoksoriError as error:
                    work.failed.append((one.source, error.message))
            for (one, _), codes in zip(sounds, self._encode(codec, [pcm for _, pcm in sounds]), strict=True):
                if codes is None:
                    work.failed.append((one.source, "There is not enough memory to encode it; cut it into pieces."))
                    continue
                _keep(one.target, codes)
                work.found[one.source] = one.target
            with work.lock:
                work.spoken_s += sum(one.seconds for one in batch)
                report(work.progress())

    def _take(self, waiting: deque[_Waiting]) -> list[_Waiting]:
        """Neighbours in length, as many as fit into the budget; of a long clip only a piece is in memory at a time."""
        batch: list[_Waiting] = []
        while waiting:
            seconds = waiting[0].seconds
            # Rows are padded to the longest, whose transformer part grows with its length.
            if batch and (len(batch) + 1) * min(seconds, PIECE_S) + seconds / 8 * len(batch) > self.budget_s:
                break
            batch.append(waiting.popleft())
        return batch

    def _encode(self, codec: Codec, sounds: Sequence[Floats]) -> list[Codes | None]:
        """Out of memory: half of the batch at a time, here and from now on; None for a clip that alone does not fit."""
        if not sounds:
            return []
        rows = np.zeros((len(sounds), max(len(sound) for sound in sounds)), np.float32)
        for row, sound in zip(rows, sounds, strict=True):
            row[: len(sound)] = sound
        try:
            codes = codec.encode(torch.from_numpy(rows)).cpu().numpy().astype(np.uint16)
        except (RuntimeError, MemoryError) as error:
            if not is_shortage(error):
                raise
            torch.cuda.empty_cache()
        else:
            frame = codec.samples_per_frame
            return [row[: len(sound) // frame] for row, sound in zip(codes, sounds, strict=True)]
        # Outside the except block: the error's traceback holds what was computed so far.
        if len(sounds) == 1:
            return [None]
        half = len(sounds) // 2
        self.budget_s = max(1.0, self.budget_s / 2)
        return self._encode(codec, sounds[:half]) + self._encode(codec, sounds[half:])


def _keep(target: Path, codes: Codes) -> None:
    draft = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
    with space(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("wb") as file:
                np.save(file, codes)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
