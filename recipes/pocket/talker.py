"""Train pocket's talker, predictor and speaker encoder together, for a given time, resumable at any moment.

The layouts and losses are those of `moksori.training`; the speaker encoder learns through the talker's loss and by
telling the training voices apart. The learning rate is a cosine over the time that the run is given.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from moksori.model.config import ModelConfig
from moksori.model.tokenizer import TextTokenizer
from moksori.training.batch import Batch, collate, epoch_order
from moksori.training.layout import lay_out
from moksori.training.loss import Losses, Objective
from moksori.training.sample import Mixture, Utterance, control, prepare
from moksori.training.state import commit, restore

from . import corpus, shape
from .codec import LONGEST_TURN_S
from .vocabulary import Vocabulary

LONGEST_REFERENCE = 66
# How many rows of 10.7 ms of a voice the speaker encoder hears: one number for a batch.
MEL_ROWS = (72, 144)
# Frames of silence behind a clip that is learnt, and behind a reference (0.5 s, as cloning appends them).
TAIL, REFERENCE_TAIL = 3, 6


@dataclass(frozen=True)
class Options:
    folder: Path
    codes: Path
    name: str
    minutes: float
    steps: int = 1_000_000
    batch_size: int = 24
    rate: float = 1.2e-3
    final_rate: float = 2e-5
    warm_up: int = 150
    decay: float = 0.01
    frame_share: float = 0.3
    voice_weight: float = 0.2
    others_weight: float = 0.6
    corruption: float = 0.08
    longest: int = 75
    constant: bool = False
    start_from: Path | None = None
    codec: Path | None = None
    seed: int = 1
    threads: int = 2
    half: bool = False


@dataclass(frozen=True)
class _Words:
    """What `prepare` asks of a model."""

    config: ModelConfig
    tokenizer: TextTokenizer


class Run:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.home = options.folder / "talker" / options.name
        self.home.mkdir(parents=True, exist_ok=True)
        self.corpus = corpus.Corpus(options.folder, options.codes)
        self.tails = corpus.tails(self.corpus, options.codec) if options.codec else None
        self.training = self.corpus.select("train", options.longest)
        held = self.corpus.select("valid", options.longest)
        self.held = held[:: max(1, len(held) // 192)][:192]
        unheard = self.corpus.select("unseen", options.longest)
        self.unheard = unheard[:: max(1, len(unheard) // 96)][:96]
        names = sorted({self.corpus.clips[i].voice for i in self.training})
        self.voices = {name: number for number, name in enumerate(names)}
        self.vocabulary = Vocabulary(extra="".join(clip.text for clip in self.corpus.clips))
        self.vocabulary.write(self.home)
        torch.manual_seed(options.seed)
        self.model = shape.Pocket(self.vocabulary, len(self.voices))
        self.words = _Words(self.model.config, TextTokenizer.load(self.home, self.model.config))
        self.control = control(self.model.config)
        self.objective = Objective(self.model.talker, self.model.predictor)
        self.optimizers = _optimizers(self.model, options)
        self.step, self.epoch, self.place, self.spent_s = 0, 0, 0, 0.0
        self.mixture = Mixture(streaming=0.15, in_context=0.2, language_tag=0.7)

    # Data

    def batches(self) -> Iterator[list[int]]:
        lengths = [self.corpus.clips[i].frames for i in self.training]
        while True:
            order = epoch_order(lengths, self.options.batch_size, seed=self.options.seed, epoch=self.epoch)
            while self.place < len(order):
                self.place += 1
                yield [self.training[i] for i in order[self.place - 1]]
            self.epoch, self.place = self.epoch + 1, 0

    def batch(self, indices: list[int], epoch: int) -> tuple[Batch, Tensor, Tensor]:
        """The laid-out clips, a mel of each one's voice (B, rows, 128), and the number of the voice."""
        layouts, mels = [], []
        # A batch is in-context as a whole: beside rows twice as long the others would be mostly padding.
        in_context = self.mixture.draw(np.random.default_rng([self.options.seed, epoch, indices[0], 2])).reference
        rows = int(np.random.default_rng([self.options.seed, epoch, indices[0], 3]).integers(*MEL_ROWS))
        for index in indices:
            rng = np.random.default_rng([self.options.seed, epoch, index])
            clip, other = self.corpus.clips[index], self._another(index, rng)
            speech = replace(self.mixture.draw(rng), reference=in_context and other != index)
            reference = self._utterance(other, rng, REFERENCE_TAIL) if speech.reference else None
            if reference is not None and len(reference.codes) > LONGEST_REFERENCE:
                reference = None
            layouts.append(
                lay_out(prepare(self.words, self._utterance(index, rng, TAIL), speech, reference), self.control)
            )
            mels.append(part_of(self.corpus.mel(other), rows, rng))
            assert clip.voice == self.corpus.clips[other].voice
        numbers = [self.voices.get(self.corpus.clips[i].voice, 0) for i in indices]
        return collate(layouts), torch.from_numpy(np.stack(mels)), torch.tensor(numbers)

    def _another(self, index: int, rng: np.random.Generator) -> int:
        same = self.corpus.by_voice[self.corpus.clips[index].voice]
        choices = [i for i in same if i != index and self.corpus.clips[i].samples > 16000]
        return int(choices[rng.integers(len(choices))]) if choices else index

    def _utterance(self, index: int, rng: np.random.Generator, tail: int) -> Utterance:
        clip, codes = self.corpus.clips[index], self.corpus.codes(index)
        if self.tails is not None:
            codes = np.concatenate([codes, self.tails[int(rng.integers(len(self.tails)))][:tail]])
        return Utterance(clip.text, codes, clip.language)

    # Learning

    def losses(self, indices: list[int], epoch: int, chosen: float) -> tuple[Losses, Tensor, float]:
        batch, mels, numbers = self.batch(indices, epoch)
        picked = None
        if chosen < 1:
            rng = torch.Generator().manual_seed(self.options.seed * 1_000_003 + self.step)
            picked = torch.rand(batch.num_frames, generator=rng) < chosen
            batch = _corrupt(batch, self.options.corruption, rng)
        # Of short sequences the fused attention takes twice as long in bfloat16 as its plain formula.
        attention = sdpa_kernel(SDPBackend.MATH if self.options.half else SDPBackend.FLASH_ATTENTION)
        with attention, torch.autocast("cpu", torch.bfloat16, enabled=self.options.half):
            vectors = self.model.speaker_encoder(mels)
            found = self.objective(batch, vectors, picked)
        vectors = vectors.float()
        likeness = 12 * functional.normalize(vectors, dim=-1) @ functional.normalize(self.model.voices.weight, dim=-1).T
        told = functional.cross_entropy(likeness, numbers)
        right = float((likeness.argmax(-1) == numbers).float().mean())
        return found, told, right

    def learn(self, indices: list[int]) -> dict[str, float]:
        rate = self.rate()
        for optimizer, factor in self.optimizers:
            optimizer.param_groups[0]["lr"] = rate * factor
        losses, told, right = self.losses(indices, self.epoch, self.options.frame_share)
        total = losses.books[0] / losses.counts[0]
        total = total + self.options.others_weight * losses.books[1:].sum() / losses.counts[1:].sum().clamp(min=1)
        (total + self.options.voice_weight * told).backward()  # type: ignore[no-untyped-call]
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0))
        for optimizer, _ in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return {
            "first": losses.first, "others": losses.others, "end": losses.ends,
            "voice": float(told.detach()), "voice_right": right, "norm": norm, "rate": rate,
        }  # fmt: skip

    def rate(self) -> float:
        warm = min(1.0, (self.step + 1) / self.options.warm_up)
        if self.options.constant:
            return self.options.rate * warm
        done = min(1.0, max(self.spent_s / (self.options.minutes * 60), self.step / self.options.steps))
        low = self.options.final_rate
        return warm * (low + (self.options.rate - low) * 0.5 * (1 + math.cos(math.pi * done)))

    def validate(self) -> dict[str, float]:
        """Unseen texts by voices that are learnt, and (`unheard`) by variants that are not."""
        whole, unheard = self._held_losses(self.held), self._held_losses(self.unheard)
        found = {"valid_first": whole.first, "valid_others": whole.others, "valid_end": whole.ends}
        for book, (total, count) in enumerate(zip(whole.books, whole.counts, strict=True)):
            found[f"valid_{book}"] = float(total / count)
        return found | {"unheard_first": unheard.first, "unheard_others": unheard.others}

    @torch.no_grad()
    def _held_losses(self, held: list[int]) -> Losses:
        self.model.eval()
        parts = [self.losses(held[i : i + 24], 0, 1.0)[0] for i in range(0, len(held), 24)]
        self.model.train()
        whole = parts[0]
        for part in parts[1:]:
            whole = whole + part
        return whole

    # Keeping

    def save(self) -> None:
        commit(self.home / "state.pt", {
            "model": self.model.state_dict(), "optimizers": [o.state_dict() for o, _ in self.optimizers],
            "step": self.step, "epoch": self.epoch, "place": self.place, "spent_s": self.spent_s, "rng": torch.get_rng_state(),  # noqa: E501
        })  # fmt: skip

    def resume(self) -> bool:
        state = restore(self.home / "state.pt")
        if state is None:
            return False
        self.model.load_state_dict(state["model"])
        for (optimizer, _), kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.step, self.epoch, self.place = state["step"], state["epoch"], state["place"]
        self.spent_s = state["spent_s"]
        torch.set_rng_state(state["rng"])
        return True

    def hear(self) -> None:
        """The speaker encoder as `listener` taught it, or awake at least."""
        taught = restore(self.options.folder / "talker" / "encoder.pt")
        if taught is None:
            shape.wake(self.model.speaker_encoder, self.batch(self.training[:: len(self.training) // 200], 0)[1])
        else:
            self.model.speaker_encoder.load_state_dict(taught["speaker_encoder"])
            self.model.voices.load_state_dict(taught["voices"])

    def begin_from(self, folder: Path, old_codes: Path) -> None:
        """Weights of a run on other codes: what is learnt of text, timing and voices stays; the tables and heads of
        codes become mixtures of the old ones, by how often an old and a new code were the same frame."""
        state = restore(folder / "state.pt")
        assert state is not None
        known = self.model.state_dict()
        kept = {
            name: value for name, value in state["model"].items() if name in known and value.shape == known[name].shape
        }
        self.model.load_state_dict({**known, **kept})
        if "voices.weight" not in kept:
            self._place_voices()
        if old_codes == self.options.codes:
            return
        before, after = np.load(old_codes, mmap_mode="r"), self.corpus.all_codes
        talker, predictor = self.model.talker, self.model.predictor
        with torch.no_grad():
            for book in range(shape.GROUPS):
                share = _co_occurrence(before[:, book], after[:, book])
                table = talker.codec_embedding if book == 0 else predictor.codec_embedding[book - 1]
                head = talker.codec_head if book == 0 else predictor.lm_head[book - 1]
                for weight in (table.weight, head.weight):
                    weight[: shape.CODES] = share @ weight[: shape.CODES]

    @torch.no_grad()
    def _place_voices(self, clips: int = 3) -> None:
        """Other voices than the weights know: each begins where the encoder hears some of its clips."""
        rng, rows = np.random.default_rng(0), MEL_ROWS[1]
        for name, number in self.voices.items():
            mels = [part_of(self.corpus.mel(i), rows, rng) for i in self.corpus.by_voice[name][:clips]]
            vectors = self.model.speaker_encoder(torch.from_numpy(np.stack(mels)))
            self.model.voices.weight[number] = functional.normalize(vectors, dim=-1).mean(0)


def part_of(mel: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    """`rows` rows from a random place; of a clip that is shorter, all, again and again."""
    start = int(rng.integers(0, max(1, len(mel) - rows + 1)))
    part = mel[start : start + rows]
    return part if len(part) == rows else np.resize(part, (rows, mel.shape[1]))


def _corrupt(batch: Batch, share: float, rng: torch.Generator) -> Batch:
    """That share of the frames that are heard are other frames of the batch: what the model said itself will not be
    perfect either, and a voice that is only in what was said so far would fade."""
    codec = batch.codec.clone()
    frames = (codec[..., -1] >= 0).nonzero()
    wrong = frames[torch.rand(len(frames), generator=rng) < share]
    other = frames[torch.randint(len(frames), (len(wrong),), generator=rng)]
    codec[wrong[:, 0], wrong[:, 1]] = batch.codec[other[:, 0], other[:, 1]]
    return replace(batch, codec=codec)


def _optimizers(model: shape.Pocket, options: Options) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices inside the layers, AdamW for tables, heads, norms and the encoder; each with what the
    learning rate is multiplied by for it."""
    inside = {name for name, value in model.named_parameters() if ".layers." in name and value.dim() == 2}
    matrices = [value for name, value in model.named_parameters() if name in inside]
    others = [value for name, value in model.named_parameters() if name not in inside]
    muon = torch.optim.Muon(matrices, weight_decay=options.decay, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=options.decay, fused=True)
    return [(muon, 1.6), (adamw, 1.0)]


def _co_occurrence(before: np.ndarray, after: np.ndarray) -> Tensor:
    """(new codes, old codes), rows sum to one."""
    pairs = np.bincount(after.astype(np.int64) * shape.CODES + before, minlength=shape.CODES**2)
    counts = torch.from_numpy(pairs.reshape(shape.CODES, shape.CODES)).float() + 1e-3
    return counts / counts.sum(1, keepdim=True)


def train(options: Options, old_codes: Path | None = None) -> None:
    torch.set_num_threads(options.threads)
    run = Run(options)
    if not run.resume():
        if options.start_from is not None:
            run.begin_from(options.start_from, old_codes or options.codes)
            _log(run.home / "log.csv", {"step": 0, "seconds": 0.0, **run.validate()})
        else:
            run.hear()
    values = sum(p.numel() for p in run.model.parameters())
    print(
        f"{len(run.training)} clips, {len(run.voices)} voices, {len(run.vocabulary)} tokens, {values:,} values",
        flush=True,
    )
    log, last, saved = run.home / "log.csv", time.monotonic(), time.monotonic()
    for indices in run.batches():
        figures = run.learn(indices)
        now = time.monotonic()
        took, last = now - last, now
        run.spent_s += min(took, LONGEST_TURN_S)
        done = run.spent_s >= options.minutes * 60 or run.step >= options.steps
        if run.step % 250 == 0 or done:
            figures |= run.validate()
        if run.step % 10 == 0 or done:
            _log(log, {"step": run.step, "seconds": run.spent_s, "took": took, **figures})
        if now - saved > 120 or done:
            run.save()
            saved = now
        if done:
            break


def _log(path: Path, row: dict[str, float]) -> None:
    names = ["step", "seconds", "took", "first", "others", "end", "voice", "voice_right", "norm", "rate",
             "valid_first", "valid_others", "valid_end", *(f"valid_{b}" for b in range(shape.GROUPS)),
             "unheard_first", "unheard_others"]  # fmt: skip
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, names)
        if fresh:
            writer.writeheader()
        writer.writerow({name: f"{value:.5g}" for name, value in row.items()})
    print(" ".join(f"{name} {value:.4g}" for name, value in row.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.pocket.talker", description=__doc__)
    for field in fields(Options):
        flag = f"--{field.name.replace('_', '-')}"
        if field.name in ("constant", "half"):
            parser.add_argument(flag, action="store_true")
        elif field.name in ("folder", "codes", "start_from", "codec"):
            parser.add_argument(flag, type=Path, required=field.name in ("folder", "codes"))
        elif field.name in ("name", "minutes"):
            parser.add_argument(flag, type=float if field.name == "minutes" else str, required=True)
        else:
            parser.add_argument(flag, type=type(field.default), default=field.default)
    parser.add_argument("--old-codes", type=Path)
    given = vars(parser.parse_args())
    old = given.pop("old_codes")
    train(Options(**given), old)


if __name__ == "__main__":
    main()
