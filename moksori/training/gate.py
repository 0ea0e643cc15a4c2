"""The wiring gate: before anything is learnt, the base's own losses on the user's clips must look like speech.

A mismatched text track, labels off by one, a predictor that is shown the frame it predicts, or codes of another codec
all show here: as losses near chance, or as a neighbouring alignment that fits better than the one that is trained.
Knows nothing of what will be trained.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch

from moksori.errors import InvalidInput
from moksori.model import Model

from .batch import Batch
from .clips import Clips, Micro
from .layout import IGNORE
from .loss import Losses, Objective, add

# Shares of ln(codes). The released models with 2,048 codes stand at 1.1 to 3.2 and 4.7; broken pipelines were seen
# at 8 and more, and from 7.2 up: 5.0 and 7.3 of 7.62.
FIRST_SHARE, OTHERS_SHARE = 0.66, 0.957
# Clips with each other's transcripts must be less likely by at least this much.
TEXT_GAIN = 0.1
CLIPS = 20


@dataclass(frozen=True)
class Verdict:
    """The base's losses, and the values from which on the run is refused.

    exchanged        first loss with the transcripts exchanged between clips; None where there are not two texts.
    earlier, later   (first, others) if each prediction came from the position before or after.
    """

    first: float
    others: float
    first_limit: float
    others_limit: float
    exchanged: float | None = None
    earlier: tuple[float, float] = (math.inf, math.inf)
    later: tuple[float, float] = (math.inf, math.inf)

    @property
    def problem(self) -> str:
        """Which loss and why; empty where all is well."""
        if not math.isfinite(self.first + self.others):
            return "The base model's losses are not finite numbers."
        if self.first > self.first_limit:
            return (
                f"The base model's loss on the first codebook is {self.first:.2f}, above {self.first_limit:.2f}: "
                "text and sound do not belong together, or the codes are of another codec."
            )
        if self.others >= self.others_limit:
            return (
                f"The base model's loss on the other codebooks is {self.others:.2f}, chance is about "
                f"{self.others_limit / OTHERS_SHARE:.2f}: the codes are of another codec or their order is wrong."
            )
        return self._misplaced() or self._unrelated()

    def _misplaced(self) -> str:
        for name, (first, others) in (("before", self.earlier), ("after", self.later)):
            for book, here, there in (("first codebook", self.first, first), ("other codebooks", self.others, others)):
                if there < here:
                    return (
                        f"The base model predicts the {book} better from the position {name} ({there:.2f}) than from "
                        f"where it is trained ({here:.2f}): labels and states are misaligned."
                    )
        return ""

    def _unrelated(self) -> str:
        if self.exchanged is None or self.exchanged - self.first >= TEXT_GAIN:
            return ""
        return (
            f"The base model's loss on the first codebook is {self.first:.2f}, and {self.exchanged:.2f} with the "
            "transcripts exchanged between clips: the transcripts say nothing about the sound."
        )


@torch.no_grad()
def judge(model: Model, clips: Clips, objective: Objective | None = None) -> Verdict:
    """Up to 20 clips spread over the data, as the model is; `objective` is what will be trained."""
    asked = objective or Objective(model.talker, model.predictor)
    device = model.talker.codec_head.weight.device
    chosen = list(range(len(clips)))[:: max(1, len(clips) // CLIPS)][:CLIPS]
    micros = [clips.plain([index]) for index in chosen]
    right = _losses(asked, micros, device)
    moved = [_losses(asked, (_moved(m, by) for m in micros), device) for by in (-1, 1)]
    return Verdict(
        first=right.first,
        others=right.others,
        first_limit=FIRST_SHARE * math.log(model.config.talker.num_first_codes),
        others_limit=OTHERS_SHARE * math.log(model.config.predictor.vocab_size),
        exchanged=_exchanged(asked, clips, chosen, device),
        earlier=(moved[0].first, moved[0].others),
        later=(moved[1].first, moved[1].others),
    )


def enforce(verdict: Verdict) -> None:
    """Raises InvalidInput where the verdict has a problem."""
    if verdict.problem:
        raise InvalidInput(
            verdict.problem,
            hint="Check that transcripts match their clips and run `moksori data check`; `gate: false` trains anyway.",
            code="wiring_gate",
            field="gate",
        )


def _losses(objective: Objective, micros: Iterable[Micro], device: torch.device) -> Losses:
    return add([objective(m.batch.to(device), m.vectors_on(device)) for m in micros])


def _exchanged(objective: Objective, clips: Clips, chosen: list[int], device: torch.device) -> float | None:
    texts = [clips.utterances[index].text for index in chosen]
    if len(set(texts)) < 2:
        return None
    others = texts[1:] + texts[:1]
    return _losses(
        objective, (clips.plain([i], text=said) for i, said in zip(chosen, others, strict=True)), device
    ).first


def _moved(micro: Micro, by: int) -> Micro:
    """Every prediction asked of the position `by` further on."""
    target = torch.full_like(micro.batch.target, IGNORE)
    if by > 0:
        target[:, by:] = micro.batch.target[:, :-by]
    else:
        target[:, :by] = micro.batch.target[:, -by:]
    batch: Batch = replace(micro.batch, target=target)
    return replace(micro, batch=batch)
