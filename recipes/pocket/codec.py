"""Train pocket's codec: encoder, books and decoder first, then the decoder alone on frozen codes.

Processes share the work by averaging gradients; the schedule follows the time spent in steps, so the run ends when it
is asked to, and time in which it was stopped does not count.
    progress 0 .. JOIN           the encoder learns from the mel heads alone, at a fraction of the cost
             JOIN .. QUANTISE    the decoder joins; the latent goes through unquantized
             QUANTISE .. FREEZE  six rows of ten are quantized, the books follow
             FREEZE .. 1         encoder and books stand still; the decoder learns the sound of whole clips' codes
Progress, losses and validation go to CSV files; a checkpoint is written every few minutes and continued from.
"""

from __future__ import annotations

import csv
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from . import speak
from .mel import Error, LogMel
from .network import PIECE, Network, head_loss
from .sizes import FRAME
from .validate import validate

JOIN, QUANTISE, FREEZE = 0.05, 0.20, 0.48
# How many rows of how many frames the encoder sees at once: the same amount of sound, with more or less context.
_SHAPES = ((5, 12), (5, 12), (2, 30), (3, 20), (1, 60))
_FRAMES = 60
_SAVE_SECONDS, _EXPORT_SECONDS, _VALIDATE_SECONDS = 150, 600, 600
# What one turn counts at most: one that took longer was stopped, or was the freeze.
LONGEST_TURN_S = 20.0


@dataclass(frozen=True)
class Settings:
    folder: Path
    minutes: float
    rate: float = 1e-3
    seed: int = 7


class Pieces:
    """Random pieces of the training clips; what comes is a function of the seed, the step and the process."""

    def __init__(self, folder: Path, seed: int, rank: int) -> None:
        self.samples, clips = speak.load(folder)
        clips = [clip for clip in clips if clip["split"] == "train"]
        self.starts = np.array([clip["start"] for clip in clips])
        self.lengths = np.array([clip["samples"] for clip in clips])
        self.chances = self.lengths / self.lengths.sum()
        self.seed, self.rank = seed, rank

    def draw(self, step: int, shape: tuple[int, int]) -> Tensor:
        """(rows, frames * FRAME) float32: clips behind each other, each at a level of its own, no padding."""
        source = np.random.default_rng((self.seed, step, self.rank))
        rows, frames = shape
        made = np.zeros((rows, frames * FRAME), np.float32)
        for row in made:
            filled = 0
            while filled < len(row):
                clip = source.choice(len(self.starts), p=self.chances)
                length, need = int(self.lengths[clip]), len(row) - filled
                low = int(source.integers(0, max(1, length - need + 1)))
                piece = self.samples[self.starts[clip] + low : self.starts[clip] + min(length, low + need)]
                level = 10 ** (source.uniform(-4, 2) / 20) / 32768
                row[filled : filled + len(piece)] = piece.astype(np.float32) * level
                filled += len(piece)
        return torch.from_numpy(made.clip(-1, 1))


class Training:
    """One process's part of the run."""

    def __init__(self, settings: Settings, rank: int, world: int) -> None:
        self.settings, self.rank, self.world = settings, rank, world
        torch.manual_seed(settings.seed)
        self.network = Network()
        self.error, self.mel = Error(), LogMel(1024, FRAME // 8, 80)
        self.pieces = Pieces(settings.folder / "speech", settings.seed, rank)
        some = self.pieces.draw(0, (8, 24))
        self.network.calibrate(some, self.mel(some))
        slow = [p for n, p in self.network.named_parameters() if not n.startswith("decoder.")]
        fast = [p for n, p in self.network.named_parameters() if n.startswith("decoder.")]
        self.optimizer = torch.optim.AdamW([{"params": slow}, {"params": fast}], betas=(0.9, 0.98), weight_decay=0.0)
        self.step, self.elapsed, self.frozen = 0, 0.0, False
        self.path = settings.folder / "codec" / "training.pt"
        if self.path.exists():
            self._resume()
        if world > 1:
            for tensor in self.network.state_dict().values():
                dist.broadcast(tensor, 0)

    def _resume(self) -> None:
        saved = torch.load(self.path, weights_only=True)
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step, self.elapsed, self.frozen = saved["step"], saved["elapsed"], saved["frozen"]

    def save(self) -> None:
        part = self.path.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        state: dict[str, Any] = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save(state | {"step": self.step, "elapsed": self.elapsed, "frozen": self.frozen}, part)
        part.rename(self.path)

    def agree(self, value: float) -> float:
        """The first process's value, for all: everybody must be in the same stage."""
        shared = torch.tensor(value, dtype=torch.float64)
        if self.world > 1:
            dist.broadcast(shared, 0)
        return float(shared)

    def run(self) -> None:
        log = Log(self.settings.folder / "codec", self.rank)
        last = time.monotonic()
        while True:
            now = time.monotonic()
            self.elapsed, last = self.agree(self.elapsed + min(now - last, LONGEST_TURN_S)), now
            progress = self.elapsed / (60 * self.settings.minutes)
            if progress >= 1:
                break
            if progress >= FREEZE and not self.frozen:
                self.freeze()
            self._set_rates(progress)
            losses = self._advance(progress)
            self.step += 1
            log.losses(self.step, self.elapsed, losses)
            if self.rank == 0:
                self._write(log)
        if self.rank == 0:
            self.save()
            self.network.export(self.settings.folder / "codec" / "speech_tokenizer")
            log.validation(self.step, self.elapsed, validate(self.network.tensors(), self.settings.folder / "speech"))

    def _write(self, log: Log) -> None:
        if log.due("save", _SAVE_SECONDS):
            self.save()
        if log.due("export", _EXPORT_SECONDS):
            self.network.export(self.settings.folder / "codec" / "speech_tokenizer")
        if log.due("validate", _VALIDATE_SECONDS) and bool(self.network.books.started):
            log.validation(self.step, self.elapsed, validate(self.network.tensors(), self.settings.folder / "speech"))

    def _set_rates(self, progress: float) -> None:
        """Half a cosine for the encoder, down to the freeze, and for the decoder; that then goes straight to zero."""
        warm = min(1.0, (self.step + 1) / 200)
        falling = 0.02 + 0.49 * (1 + math.cos(math.pi * min(1.0, progress / FREEZE)))
        joint = 0.5 + 0.25 * (1 + math.cos(math.pi * min(1.0, progress / FREEZE)))
        alone = 0.5 * (1 - progress) / (1 - FREEZE)
        for group, share in zip(self.optimizer.param_groups, (falling, alone if self.frozen else joint), strict=True):
            group["lr"] = warm * self.settings.rate * share

    def _advance(self, progress: float) -> dict[str, float]:
        shapes = _SHAPES[2:] if self.frozen else _SHAPES
        pcm = self.pieces.draw(self.step, shapes[self.step % len(shapes)])
        loss, losses = self._decoder_loss(pcm) if self.frozen else self._loss(pcm, progress)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        losses["norm"] = self._share_gradients()
        self.optimizer.step()
        return losses

    def _share_gradients(self) -> float:
        """Average over the processes; clip each half on its own, for the decoder's gradient is far larger at first."""
        trained = [p for p in self.network.parameters() if p.grad is not None]
        flat = torch.cat([p.grad.reshape(-1) for p in trained if p.grad is not None])
        if self.world > 1:
            dist.all_reduce(flat)
            flat /= self.world
        for parameter, piece in zip(trained, flat.split([p.numel() for p in trained]), strict=True):
            parameter.grad = piece.view_as(parameter)
        norm = float(flat.norm())
        for group in self.optimizer.param_groups:
            torch.nn.utils.clip_grad_norm_(group["params"], 1.0)
        return norm

    def _gather(self, given: Tensor) -> Tensor:
        """All processes' rows, (N, width) -> (world * N, width)."""
        if self.world == 1:
            return given
        parts = [torch.empty_like(given) for _ in range(self.world)]
        dist.all_gather(parts, given.contiguous())
        return torch.cat(parts)

    def _loss(self, pcm: Tensor, progress: float) -> tuple[Tensor, dict[str, float]]:
        network = self.network
        first, rest = network.project(pcm)
        flat_first, flat_rest = first.flatten(0, 1), rest.flatten(0, 1)
        commitment = torch.zeros(())
        every_first, every_rest = self._gather(flat_first.detach()), self._gather(flat_rest.detach())
        network.books.remember(every_first, every_rest)
        used_first, used_rest = first, rest
        if progress >= QUANTISE:
            if not bool(network.books.started):
                torch.manual_seed(self.step)
                network.books.fit(network.books.recent[0], network.books.recent[1], rounds=8, start=True)
            torch.manual_seed(self.step)  # dead entries are replaced alike everywhere
            codes = network.books.codes(every_first, every_rest, learn=True)
            mine = codes[self.rank * len(flat_first) : (self.rank + 1) * len(flat_first)]
            near_first, near_rest = network.books.look_up(mine)
            commitment = (flat_first - near_first).square().mean() + (flat_rest - near_rest).square().mean()
            used_first, used_rest = self._straight_through(first, near_first), self._straight_through(rest, near_rest)
            keep = torch.rand(
                _FRAMES // PIECE, 1, 1, generator=torch.Generator().manual_seed(self.step * 8 + self.rank)
            )
            free = (keep < 0.4).expand(-1, PIECE, 1).reshape(*first.shape[:2], 1)
            used_first, used_rest = torch.where(free, first, used_first), torch.where(free, rest, used_rest)
        mels = self.mel(pcm)
        head = head_loss(network.mel_head(torch.cat((used_first, used_rest), dim=-1)), mels)
        head_first = head_loss(network.first_head(used_first), mels)
        both = torch.cat((flat_first, flat_rest), dim=-1)
        steady = both.mean(0).square().mean() + (both.std(0) - 1).square().mean()
        loss = 0.3 * head + 0.2 * head_first + 0.1 * commitment + 0.1 * steady
        parts = {"head": head, "first": head_first, "commitment": commitment, "steady": steady}
        if progress >= JOIN:
            parts["sound"] = self._sound(used_first, used_rest, pcm)
            loss = loss + parts["sound"]
        return loss, {name: float(value.detach()) for name, value in parts.items()}

    def _sound(self, first: Tensor, rest: Tensor, pcm: Tensor) -> Tensor:
        made = self.network.synthesise(
            first.reshape(-1, PIECE, first.shape[-1]), rest.reshape(-1, PIECE, rest.shape[-1])
        )
        error: Tensor = self.error(made, pcm.reshape(-1, PIECE * FRAME))
        return error

    @staticmethod
    def _straight_through(given: Tensor, near: Tensor) -> Tensor:
        return given + (near.view_as(given) - given).detach()

    def _decoder_loss(self, pcm: Tensor) -> tuple[Tensor, dict[str, float]]:
        with torch.no_grad():
            first, rest = (part.flatten(0, 1) for part in self.network.project(pcm))
            first, rest = self.network.books.look_up(self.network.books.codes(first, rest))
        sound = self._sound(first, rest, pcm)
        return sound, {"sound": float(sound.detach())}

    @torch.no_grad()
    def freeze(self) -> None:
        """Fit the books once more to very many latents, then let go of the encoder."""
        rows = [self.network.project(self.pieces.draw(10_000_000 + k, (4, 60))) for k in range(100)]
        first = self._gather(torch.cat([one.flatten(0, 1) for one, _ in rows]))
        rest = self._gather(torch.cat([two.flatten(0, 1) for _, two in rows]))
        torch.manual_seed(self.settings.seed)
        left = self.network.books.fit(first, rest, rounds=10, start=False)
        self.network.settle()
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name.startswith("decoder."))
            parameter.grad = None
        self.frozen = True
        if self.rank == 0:
            print("frozen; each book leaves", [round(x, 3) for x in left], flush=True)
            self.network.export(self.settings.folder / "codec" / "frozen")
            self.save()


class Log:
    """`losses.csv` (means over 20 steps) and `valid.csv`, written by the first process."""

    def __init__(self, folder: Path, rank: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.rank = folder, rank
        self.gathered: list[dict[str, float]] = []
        self.last: dict[str, float] = {}

    def due(self, name: str, seconds: float) -> bool:
        now = time.monotonic()
        if now - self.last.setdefault(name, now) < seconds:
            return False
        self.last[name] = now
        return True

    def losses(self, step: int, elapsed: float, losses: dict[str, float]) -> None:
        self.gathered.append(losses)
        if self.rank or step % 20:
            return
        names = ("sound", "head", "first", "commitment", "steady", "norm")
        means = [sum(one.get(name, 0.0) for one in self.gathered) / len(self.gathered) for name in names]
        self._row("losses.csv", ("step", "seconds", *names), [step, round(elapsed), *(round(m, 4) for m in means)])
        self.gathered = []

    def validation(self, step: int, elapsed: float, found: dict[str, float]) -> None:
        self._row(
            "valid.csv", ("step", "seconds", *found), [step, round(elapsed), *(round(v, 4) for v in found.values())]
        )

    def _row(self, name: str, header: tuple[str, ...], row: list[float]) -> None:
        path = self.folder / name
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(header)
            writer.writerow(row)


def _process(rank: int, world: int, settings: Settings) -> None:
    torch.set_num_threads(1)
    if world > 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        os.environ.setdefault("MASTER_PORT", "29571")
        dist.init_process_group("gloo", rank=rank, world_size=world)
    Training(settings, rank, world).run()
    if world > 1:
        dist.destroy_process_group()


def train(settings: Settings, processes: int) -> None:
    """Train, or continue, until `settings.minutes` of training are done."""
    if processes == 1:
        _process(0, 1, settings)
    else:
        torch.multiprocessing.spawn(_process, (processes, settings), nprocs=processes)  # type: ignore[no-untyped-call]
