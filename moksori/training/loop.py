"""The steps of a run: windows of batches, token-weighted losses, listening, checkpoints by rename, exact resumption.

`accelerate` brings device, precision and several processes; what one process decides by ear, all follow. Knows nothing
of where clips come from or of what becomes of the weights.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch

from moksori.errors import InvalidInput

from .clips import Micro
from .disk import space
from .journal import Journal
from .loss import Losses, Objective, add
from .plot import curves
from .run import Moment, Observer, Run, Standing, Tell, adopt
from .schedule import rate
from .state import commit, restore
from .trainable import lost_share

# Held-out clips that are listened to by loss.
_VALID_CLIPS = 64


def train(run: Run, observe: Observer | None = None, tell: Tell = lambda _event, _figures: None) -> Run:
    """Learn until the last step or until listening says stop. Interrupted at any moment, it goes on from the last
    checkpoint when called again with an equal `Run`, with the losses it would have had."""
    return _Loop(run, observe, tell).go()


class _Loop:
    def __init__(self, run: Run, observe: Observer | None, tell: Tell) -> None:
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        # One process may hold several runs, one after another; accelerate keeps the first one's precision for all.
        AcceleratorState._reset_state()
        self.run, self.settings = run, run.settings
        self.observe, self.tell = observe, tell
        half = run.settings.precision == "bfloat16"
        self.accelerator = Accelerator(mixed_precision="bf16" if half else "no", cpu=run.model.device.type == "cpu")
        self.journal = Journal(run.folder, writes=self.accelerator.is_main_process)
        groups = [
            {"params": list(group.parameters), "weight_decay": self.settings.weight_decay if group.decays else 0.0}
            for group in run.learning.groups
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.settings.peak_rate, betas=(0.9, 0.95), fused=True)
        objective = Objective(run.model.talker, run.model.predictor)
        self.objective, self.optimizer = self.accelerator.prepare(objective, optimizer)

    def go(self) -> Run:
        self._resume()
        run, standing = self.run, self.run.standing
        began = time.monotonic() - standing.spent_s
        while standing.step < run.steps and not standing.stopped:
            figures = self._step()
            standing.spent_s = time.monotonic() - began
            figures["remaining_s"] = standing.spent_s / standing.step * (run.steps - standing.step)
            self._record(figures)
            last = standing.step == run.steps
            every = self.settings.watch.every
            if self.observe and every and (standing.step % every == 0 or last):
                self._listen()
            if standing.step % self.settings.save_every == 0 or last or standing.stopped:
                self._save()
        return run

    # One step

    def _step(self) -> dict[str, float]:
        standing = self.run.standing
        self.run.model.talker.train()
        self.run.model.predictor.train()
        micros, choices = self._window()
        first, others = self._counts(micros, choices)
        now = rate(standing.step, self.run.steps, self.settings.peak_rate, self.settings.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = now
        parts = []
        for index, (micro, chosen) in enumerate(zip(micros, choices, strict=True)):
            # Gradients cross between processes once, at the end of the window.
            last = index == len(micros) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.objective):
                losses: Losses = self.objective(micro.batch, micro.vectors, chosen)
                share = losses.weighted(first, others) * self.accelerator.num_processes
                self.accelerator.backward(share)
            parts.append(losses.detach())
        norm = self.accelerator.clip_grad_norm_(self.run.learning.parameters, self.settings.clip or float("inf"))
        before = self._sample() if standing.step % 20 == 0 else None
        self.optimizer.step()
        self.optimizer.zero_grad()
        standing.step += 1
        if before is not None:
            standing.rounding_lost = lost_share(before, self._sample())
        whole = self._everywhere(add(parts))
        figures = {"loss": whole.first, "others": whole.others, "end": whole.ends, "norm": float(norm), "rate": now}
        return figures | {"rounding_lost": standing.rounding_lost} | _by_book(whole)

    def _window(self) -> tuple[list[Micro], list[torch.Tensor | None]]:
        """The micro-batches of one step, and which frames the predictor sees in each (none where it is frozen)."""
        micros, choices = [], []
        for _ in range(self.settings.accumulate * self.accelerator.num_processes):
            standing = self.run.standing
            order = self.run.train.order(standing.epoch)
            if standing.place >= len(order):
                standing.epoch, standing.place = standing.epoch + 1, 0
                order = self.run.train.order(standing.epoch)
            micro = self.run.train.micro(order[standing.place], standing.epoch)
            micros.append(micro)
            choices.append(self._frames(micro, standing.place))
            standing.place += 1
        mine = slice(self.accelerator.process_index, None, self.accelerator.num_processes)
        device = self.accelerator.device
        return [Micro(m.batch.to(device), m.vectors_on(device)) for m in micros[mine]], choices[mine]

    def _frames(self, micro: Micro, place: int) -> torch.Tensor | None:
        if not self.run.learning.predictor:
            return torch.zeros(0, dtype=torch.bool)
        seed = (self.settings.seed * 1_000_003 + self.run.standing.epoch) * 1_000_003 + place
        drawn = torch.rand(micro.batch.num_frames, generator=torch.Generator().manual_seed(seed))
        chosen = drawn < self.settings.frame_share
        chosen[int(drawn.argmin())] = True
        return chosen

    def _counts(self, micros: Sequence[Micro], choices: Sequence[torch.Tensor | None]) -> tuple[float, float]:
        """Predictions in the whole window, over all processes."""
        groups = self.run.model.config.talker.num_code_groups
        first = sum(micro.batch.num_first_codes for micro in micros)
        others = sum(int(chosen.sum()) * (groups - 1) for chosen in choices if chosen is not None)
        counts = torch.tensor([float(first), float(others)], device=self.accelerator.device)
        total = self.accelerator.reduce(counts, "sum")
        return float(total[0]), float(total[1])

    def _sample(self) -> list[torch.Tensor]:
        """Some of what learns, spread over all of it, to see how far a step moves it."""
        flat = (p.detach().flatten() for p in self.run.learning.parameters)
        return [values[:: max(1, len(values) // 2048)].clone() for values in flat]

    def _everywhere(self, losses: Losses) -> Losses:
        """The sums over all processes."""
        if self.accelerator.num_processes == 1:
            return losses
        parts = (losses.books, losses.counts, losses.end, losses.end_count)
        return Losses(*(self.accelerator.reduce(part.contiguous(), "sum") for part in parts))

    # Listening

    def _listen(self) -> None:
        """The first process listens; what it heard decides for all."""
        run, standing = self.run, self.run.standing
        figures = self._shared(self._heard() if self.accelerator.is_main_process else {})
        self.tell("listened", {"step": standing.step, **figures})
        self.journal.add("listening.csv", {"step": standing.step, **figures})
        name = self.settings.watch.metric.removeprefix("-")
        if name not in figures:
            raise InvalidInput(
                f"watch.metric is {name!r}, which listening does not measure.",
                hint=f"It measures: {', '.join(sorted(figures))}.",
                field="watch.metric",
            )
        value = -figures[name] if self.settings.watch.metric.startswith("-") else figures[name]
        if value > standing.best:
            standing.best, standing.best_step, standing.since_best = value, standing.step, 0
            if self.accelerator.is_main_process:
                commit(run.folder / "best.pt", {"weights": self._weights(), "step": standing.step})
        else:
            standing.since_best += 1
        patience = self.settings.watch.patience
        standing.stopped = bool(patience) and standing.since_best >= patience

    @torch.no_grad()
    def _heard(self) -> dict[str, float]:
        run = self.run
        run.model.talker.eval()
        run.model.predictor.eval()
        assert self.observe is not None
        with space(run.folder / "samples"):
            heard = self.observe(Moment(run.model, run.learning, run.train, run.standing.step, run.folder))
        return {**self._validate(), **{name: float(value) for name, value in heard.items()}}

    @torch.no_grad()
    def _validate(self) -> dict[str, float]:
        """Losses of held-out clips, every codebook of them, also those that a frozen predictor leaves out above."""
        if self.run.valid is None:
            return {}
        self.run.model.talker.eval()
        self.run.model.predictor.eval()
        objective = Objective(self.run.model.talker, self.run.model.predictor)
        clips, device = self.run.valid, self.accelerator.device
        micros = (clips.plain([index]) for index in range(min(_VALID_CLIPS, len(clips))))
        with self.accelerator.autocast():
            whole = add([objective(m.batch.to(device), m.vectors_on(device)) for m in micros])
        figures = {"valid_loss": whole.first, "valid_others": whole.others, "valid_end": whole.ends}
        return figures | {f"valid_{name}": value for name, value in _by_book(whole).items()}

    def _shared(self, figures: dict[str, float]) -> dict[str, float]:
        if self.accelerator.num_processes == 1:
            return figures
        from accelerate.utils import broadcast_object_list

        return dict(broadcast_object_list([figures])[0])

    # Keeping

    def _weights(self) -> list[torch.Tensor]:
        return [parameter.detach().cpu() for parameter in self.run.learning.parameters]

    def _save(self) -> None:
        if not self.accelerator.is_main_process:
            return
        step = self.run.standing.step
        payload = {
            "weights": self._weights(),
            "optimizer": self.optimizer.state_dict(),
            "standing": vars(self.run.standing),
            "rng": torch.get_rng_state(),
            "device_rng": _device_rng(self.accelerator.device),
            "data_sha256": self.run.data_sha256,
            "steps": self.run.steps,
        }
        commit(self.run.folder / "state.pt", payload)
        figures = self._validate()
        if figures:
            self.journal.add("held_out.csv", {"step": step, **figures})
        with space(self.run.folder / "curves.svg"):
            (self.run.folder / "curves.svg").write_text(curves(self.run.folder), encoding="utf-8")
        self.tell("saved", {"step": step, **figures})

    def _resume(self) -> None:
        state = restore(self.run.folder / "state.pt")
        self.journal.forget_after(state["standing"]["step"] if state else 0)
        if state is None:
            return
        if state["data_sha256"] != self.run.data_sha256 or state["steps"] != self.run.steps:
            raise InvalidInput(
                f"{self.run.folder} holds a run on other data or of another length.",
                hint="Give another output, or delete the folder to start again.",
                code="other_run",
                field="output",
            )
        adopt(self.run.learning, state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.run.standing = Standing(**state["standing"])
        torch.set_rng_state(state["rng"])
        if state["device_rng"] is not None and self.accelerator.device.type == "cuda":
            torch.cuda.set_rng_state(state["device_rng"], self.accelerator.device)
        self.tell("resumed", {"step": self.run.standing.step})

    def _record(self, figures: Mapping[str, float]) -> None:
        row = {"step": float(self.run.standing.step), **figures}
        self.run.history.append(row)
        self.journal.add("log.csv", row)
        self.tell("step", row)


def _device_rng(device: torch.device) -> Any:
    """A card draws its dropout from a state of its own."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _by_book(losses: Losses) -> dict[str, float]:
    pairs: Sequence[tuple[float, float]] = list(zip(losses.books.tolist(), losses.counts.tolist(), strict=True))
    return {f"book_{book}": total / count for book, (total, count) in enumerate(pairs) if count}
