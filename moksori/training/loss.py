"""The two losses, as the model computes at inference: first codes from the talker, the others from the predictor.

Every sum is over tokens and comes with its count, so that a whole accumulation window is one mean. Which position
predicts what is the layout's business; optimisers, data and files are others'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from moksori.model.predictor import Predictor, embed_codes
from moksori.model.talker import Talker

from .batch import Batch
from .layout import IGNORE

PREDICTOR_WEIGHT = 0.3


@dataclass(frozen=True)
class Losses:
    """Sums of cross-entropy and how many predictions each is over. Index 0 is the first codebook, ends included.

    books (G,), counts (G,); `end` and `end_count` are the part of books[0] at the ends of speech.
    """

    books: Tensor
    counts: Tensor
    end: Tensor
    end_count: Tensor

    @property
    def first(self) -> float:
        return float(self.books[0].detach() / self.counts[0].clamp(min=1))

    @property
    def others(self) -> float:
        return float(self.books[1:].detach().sum() / self.counts[1:].sum().clamp(min=1))

    @property
    def ends(self) -> float:
        """The part of `first` that is about where speech ends."""
        return float(self.end.detach() / self.end_count.clamp(min=1))

    def __add__(self, other: Losses) -> Losses:
        return Losses(
            self.books + other.books, self.counts + other.counts, self.end + other.end, self.end_count + other.end_count
        )

    def detach(self) -> Losses:
        return Losses(self.books.detach(), self.counts, self.end.detach(), self.end_count)

    def weighted(self, first_count: float, other_count: float) -> Tensor:
        """What is differentiated: this part's share of the window's mean losses, `L0 + 0.3 Lsub`."""
        total = self.books[0] / max(first_count, 1.0)
        if other_count:
            total = total + PREDICTOR_WEIGHT * self.books[1:].sum() / other_count
        return total


def add(parts: Sequence[Losses]) -> Losses:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole


class Objective(nn.Module):
    """Talker and predictor with one forward: what a data-parallel wrapper must wrap."""

    def __init__(self, talker: Talker, predictor: Predictor) -> None:
        super().__init__()
        self.talker = talker
        self.predictor = predictor

    def forward(self, batch: Batch, vectors: Tensor | None = None, chosen: Tensor | None = None) -> Losses:
        """vectors (B, hidden): speaker vectors for rows that have a slot.

        chosen  booleans over the batch's frames in reading order: those the predictor is trained on. None: all;
                an empty tensor: the predictor is skipped altogether.
        """
        hidden = self.talker(self.embed(batch, vectors))
        first, end, counts = self._first_codes(hidden, batch)
        others, other_count = self._other_codes(hidden, batch, chosen)
        return Losses(torch.cat([first[None], others]), torch.cat([counts[:1], other_count]), end, counts[1])

    def embed(self, batch: Batch, vectors: Tensor | None) -> Tensor:
        """Both tracks summed at each position, (B, L, hidden)."""
        text = batch.text >= 0
        rows = self.talker.embed_text(batch.text.clamp(min=0)) * text[..., None]
        rows = rows + self.talker.codec_embedding(batch.codec[..., 0].clamp(min=0)) * (batch.codec[..., :1] >= 0)
        frames = batch.codec[..., -1] >= 0
        tables = self.predictor.codec_embedding
        codes = batch.codec[frames]
        others = torch.stack([table(codes[:, k]) for k, table in enumerate(tables, start=1)]).sum(0)
        flat = rows.flatten(0, 1).index_add(0, frames.flatten().nonzero()[:, 0], others.to(rows.dtype))
        if bool((batch.speaker >= 0).any()):
            assert vectors is not None, "a layout with a speaker slot needs a vector"
            filled = (batch.speaker >= 0).nonzero()[:, 0]
            at = filled * batch.text.shape[1] + batch.speaker[filled]
            flat = flat.index_add(0, at, vectors[filled].to(rows.dtype))
        embedded: Tensor = flat.view_as(rows)
        return embedded

    def first_logits(self, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """(n, vocab) and the n first codes they should lead to."""
        asked = batch.target[..., 0] != IGNORE
        return self.talker.logits(hidden[asked]), batch.target[asked][:, 0]

    def other_logits(self, hidden: Tensor, batch: Batch, chosen: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(n, G - 1, vocab) and the (n, G) codes of those frames. The hidden state is the one *before* the frame."""
        frames = (batch.target[..., -1] != IGNORE).flatten().nonzero()[:, 0]
        if chosen is not None:
            frames = frames[chosen]
        codes = batch.target.flatten(0, 1)[frames]
        known = embed_codes(self.talker.codec_embedding, self.predictor, codes[:, :-1])
        inputs = torch.cat([hidden.flatten(0, 1)[frames, None], known.to(hidden.dtype)], dim=1)
        return self.predictor.logits(inputs), codes

    def _first_codes(self, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        logits, wanted = self.first_logits(hidden, batch)
        each = functional.cross_entropy(logits.float(), wanted, reduction="none")
        end = wanted == self.talker.config.eos_id
        counts = torch.tensor([len(wanted), int(end.sum())], device=each.device, dtype=torch.float32)
        return each.sum(), (each * end).sum(), counts

    def _other_codes(self, hidden: Tensor, batch: Batch, chosen: Tensor | None) -> tuple[Tensor, Tensor]:
        groups = batch.target.shape[-1]
        if chosen is not None and chosen.numel() == 0:
            nothing = torch.zeros(groups - 1, device=hidden.device)
            return nothing, nothing
        logits, codes = self.other_logits(hidden, batch, chosen)
        wanted = codes[:, 1:]
        each = functional.cross_entropy(logits.float().flatten(0, 1), wanted.flatten(), reduction="none")
        return each.view_as(wanted).sum(0), torch.full((groups - 1,), float(len(codes)), device=hidden.device)
