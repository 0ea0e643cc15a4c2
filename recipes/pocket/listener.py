"""Teach pocket's speaker encoder to tell the training voices apart, before the talker learns to use what it says.

Cheap beside the talker, and it gives the talker vectors that mean something from its first step on. Each clip is
heard at a random level and from a random moment. Knows nothing of text or codes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from moksori.training.state import commit

from . import shape
from .talker import Options, Run, part_of

SCALE, MARGIN = 16.0, 0.15


def teach(run: Run, steps: int, batch_size: int = 40, rate: float = 2e-3) -> None:
    """Additive-margin classification over the training voices; leaves `encoder.pt` beside the other runs."""
    encoder, voices = run.model.speaker_encoder, run.model.voices
    shape.wake(encoder, run.batch(run.training[:: len(run.training) // 200], 0)[1])
    learnt = [*encoder.parameters(), *voices.parameters()]
    optimizer = torch.optim.AdamW(learnt, lr=rate, weight_decay=0.02, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    clips = [i for i in run.training if run.corpus.clips[i].samples > 20_000]
    rng, began, right = np.random.default_rng(0), time.monotonic(), 0.0
    for step in range(1, steps + 1):
        chosen = rng.choice(clips, batch_size)
        rows = int(rng.integers(60, 112))
        mels = np.stack([part_of(run.corpus.mel(int(i)), rows, rng) + np.float32(rng.normal(0, 0.3)) for i in chosen])
        numbers = torch.tensor([run.voices[run.corpus.clips[i].voice] for i in chosen])
        vectors = encoder(torch.from_numpy(mels))
        likeness = functional.normalize(vectors, dim=-1) @ functional.normalize(voices.weight, dim=-1).T
        margin = MARGIN * functional.one_hot(numbers, len(run.voices))
        # The talker adds this vector to its input: its size must stay that of other rows.
        size = (vectors.pow(2).mean(-1).sqrt() - 0.3).pow(2).mean()
        loss = functional.cross_entropy(SCALE * (likeness - margin), numbers) + size
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learnt, 5.0)
        optimizer.step()
        schedule.step()
        right += float((likeness.argmax(-1) == numbers).float().mean())
        if step % 25 == 0:
            print(
                f"step {step} loss {loss.item():.3f} right {right / 25:.3f} {time.monotonic() - began:.0f} s",
                flush=True,
            )
            right = 0.0
        if step % 200 == 0 or step == steps:
            commit(run.options.folder / "talker" / "encoder.pt", {
                "speaker_encoder": encoder.state_dict(), "voices": voices.state_dict(), "step": step,
            })  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.pocket.listener", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--codes", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1500)
    given = parser.parse_args()
    torch.set_num_threads(1)
    teach(Run(Options(given.folder, given.codes, "listener", 1.0)), given.steps)


if __name__ == "__main__":
    main()
