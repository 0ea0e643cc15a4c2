"""What is trained is what is generated: teacher-forced scores against the naive generator's, in every layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from moksori.model import Model, VoicePrompt, build, load
from moksori.model.reference import generate
from moksori.model.sampling import Sampling, seeded
from moksori.training.batch import Batch, collate
from moksori.training.layout import IGNORE, Layout, Sample, lay_out
from moksori.training.loss import Objective
from moksori.training.sample import Speech, Utterance, control, prepare
from tests import checkpoints

TEXT = "안녕하세요 오늘은 voice"
REFERENCE = "날씨가 좋습니다"
SAMPLING = Sampling(
    temperature=1.0, top_k=0, top_p=1.0, repetition_penalty=1.0, predictor_temperature=1.0, predictor_top_k=0
)
TOLERANCE = 1e-4
FRAMES = 12

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "whole text, speaker vector": ("0.6b-base", {"mode": "vector"}),
    "whole text, language tag": ("1.7b-base", {"mode": "vector", "language": "korean"}),
    "streamed text": ("0.6b-base", {"mode": "vector", "delivery": "streaming"}),
    "in-context": ("0.6b-base", {"mode": "in_context"}),
    "in-context, long reference, streamed text": (
        "1.7b-base", {"mode": "in_context", "delivery": "streaming", "reference_frames": 30},
    ),
    "in-context, short reference, streamed text": (
        "0.6b-base", {"mode": "in_context", "delivery": "streaming", "reference_frames": 3},
    ),
    "preset row": ("0.6b-custom-voice", {"mode": "preset", "language": "korean"}),
    "instruction, preset row": ("1.7b-custom-voice", {"mode": "preset", "instruct": "천천히"}),
    "instruction alone": ("1.7b-voice-design", {"mode": "design", "instruct": "천천히", "language": "english"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    root: Path = tmp_path_factory.mktemp("tiny")
    return {kind: load(checkpoints.tiny(kind, root / kind)) for kind in checkpoints.KINDS}


class Case:
    """A sequence sampled by the generator, the scores it was sampled from, and the same sequence laid out."""

    def __init__(self, model: Model, mode: str, language: str = "auto", delivery: str = "whole",
                 instruct: str = "", reference_frames: int = 8) -> None:  # fmt: skip
        rng = np.random.default_rng(5)
        groups, size = model.config.talker.num_code_groups, model.config.predictor.vocab_size
        vector = rng.normal(size=model.config.talker.stack.hidden_size).astype(np.float32)
        reference = rng.integers(0, size, (reference_frames, groups))
        voice = {
            "vector": VoicePrompt("vector", vector=vector),
            "in_context": VoicePrompt("in_context", vector=vector, codes=reference, transcript=REFERENCE),
            "preset": VoicePrompt.preset("sohee"),
            "design": VoicePrompt.design(instruct),
        }[mode]
        prompt = build(model, TEXT, voice, language, "" if mode == "design" else instruct, delivery)  # type: ignore[arg-type]
        self.scores: dict[tuple[int, int], Tensor] = {}
        # One frame more than is laid out: its scores of the first codebook are those that the end is chosen from.
        made = generate(model, prompt, SAMPLING, seeded(3), max_frames=FRAMES + 1, observe=self._observe)
        self.codes = made.codes[:FRAMES]
        utterance = Utterance(
            text=TEXT, codes=self.codes.numpy(), language=language, instruct=instruct,
            speaker="sohee" if mode == "preset" else "",
        )  # fmt: skip
        self.sample: Sample = prepare(
            model, utterance,
            speech=Speech(delivery=delivery, vector=mode in ("vector", "in_context")),  # type: ignore[arg-type]
            reference=Utterance(text=REFERENCE, codes=reference) if mode == "in_context" else None,
        )  # fmt: skip
        self.layout = lay_out(self.sample, control(model.config))
        self.batch = collate([self.layout])
        self.vectors = torch.from_numpy(vector)[None] if mode in ("vector", "in_context") else None
        self.objective = Objective(model.talker, model.predictor)
        self.model = model

    def _observe(self, frame: int, codebook: int, scores: Tensor) -> None:
        self.scores[frame, codebook] = scores.clone()

    @torch.inference_mode()
    def teacher_forced(self) -> tuple[Tensor, Tensor]:
        hidden = self.model.talker(self.objective.embed(self.batch, self.vectors))
        return self.objective.first_logits(hidden, self.batch)[0], self.objective.other_logits(hidden, self.batch)[0]

    def largest_difference(self) -> float:
        """Over every codebook of every frame and the first of the end, where the generator's scores are finite."""
        first, others = self.teacher_forced()
        frames, groups = self.codes.shape
        assert (len(first), len(others)) == (frames + 1, frames)
        worst = 0.0
        for frame, book in [*((f, b) for f in range(frames) for b in range(groups)), (frames, 0)]:
            theirs = self.scores[frame, book]
            ours = first[frame] if book == 0 else others[frame, book - 1]
            seen = theirs.isfinite()
            assert int(seen.sum()) >= 128
            worst = max(worst, float((theirs[seen] - ours[seen]).abs().max()))
        return worst

    @torch.inference_mode()
    def true_losses(self) -> tuple[float, float]:
        """What right losses are: the surprise of the generator's own scores at its own codes, and at the end."""
        frames, groups = self.codes.shape
        hidden = self.model.talker(Objective.embed(self.objective, self.batch, self.vectors))
        whole = self.model.talker.logits(hidden[0, -1 - frames :])
        eos = self.model.config.talker.eos_id
        wanted = [*self.codes[:, 0].tolist(), eos]
        zero = [self._surprise(t, 0, wanted[t], whole[t]) for t in range(frames + 1)]
        others = [self._surprise(t, k, int(self.codes[t, k]), None) for t in range(frames) for k in range(1, groups)]
        return sum(zero) / len(zero), sum(others) / len(others)

    def _surprise(self, frame: int, book: int, wanted: int, whole: Tensor | None) -> float:
        theirs = self.scores[frame, book]
        if whole is not None:  # the generator hides control ids; the loss is over all of them
            theirs = torch.where(theirs.isfinite(), theirs, whole)
        return -float(theirs.log_softmax(-1)[wanted])

    def shortcomings(self, objective: Objective) -> list[str]:
        """Empty where `objective` computes what the generator computes: the proof."""
        self.objective = objective
        found = []
        if self.largest_difference() > TOLERANCE:
            found.append("scores")
        losses = objective(self.batch, self.vectors)
        first, others = self.true_losses()
        if abs(losses.first - first) > TOLERANCE:
            found.append("first loss")
        if abs(losses.others - others) > TOLERANCE:
            found.append("other losses")
        return found


@pytest.mark.parametrize("name", CASES)
def test_teacher_forced_scores_and_losses_are_the_generators_for_every_codebook(
    name: str, models: dict[str, Model]
) -> None:
    kind, settings = CASES[name]
    case = Case(models[kind], **settings)
    assert len(case.codes) >= 3
    assert case.shortcomings(Objective(case.model.talker, case.model.predictor)) == []


class WithoutTextProjection(Objective):
    """Bug 1: raw text embeddings reach the talker."""

    def embed(self, batch: Batch, vectors: Tensor | None) -> Tensor:
        class Raw(torch.nn.Module):
            def __init__(self, talker: Any) -> None:
                super().__init__()
                self.width = talker.config.stack.hidden_size

            def forward(self, x: Tensor) -> Tensor:
                return torch.nn.functional.pad(x, (0, self.width - x.shape[-1]))

        projection, self.talker.text_projection = self.talker.text_projection, Raw(self.talker)  # type: ignore[assignment]
        try:
            return super().embed(batch, vectors)
        finally:
            self.talker.text_projection = projection


class DoubleShift(Objective):
    """Bug 2: labels shifted once by hand and once more by the loss."""

    def _first_codes(self, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        late = torch.full_like(batch.target, IGNORE)
        late[:, :-1] = batch.target[:, 1:]
        return super()._first_codes(hidden, Batch(batch.text, batch.codec, late, batch.speaker, batch.mask))


class CodebookShift(Objective):
    """Bug 3: head k is asked for codebook k + 1, and the last head for nothing."""

    def _other_codes(self, hidden: Tensor, batch: Batch, chosen: Tensor | None) -> tuple[Tensor, Tensor]:
        logits, codes = self.other_logits(hidden, batch, chosen)
        each = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), codes[:, 2:].flatten(), reduction="none")
        sums = each.view(len(codes), -1).sum(0)
        counts = torch.full_like(sums, float(len(codes)))
        return torch.cat([sums, sums.new_zeros(1)]), torch.cat([counts, counts.new_zeros(1)])


class HiddenLeak(Objective):
    """Bug 4: the predictor gets the hidden state that has already read the frame."""

    def other_logits(self, hidden: Tensor, batch: Batch, chosen: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return super().other_logits(hidden.roll(-1, dims=1), batch, chosen)


BUGS = {
    WithoutTextProjection: {"scores", "first loss", "other losses"},
    DoubleShift: {"first loss"},
    CodebookShift: {"other losses"},
    HiddenLeak: {"scores", "other losses"},
}


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize("name", CASES)
def test_the_proof_fails_with_each_upstream_bug_in_each_layout(
    bug: type[Objective], name: str, models: dict[str, Model]
) -> None:
    kind, settings = CASES[name]
    case = Case(models[kind], **settings)
    assert set(case.shortcomings(bug(models[kind].talker, models[kind].predictor))) == BUGS[bug]


def test_padding_and_neighbours_change_nothing(models: dict[str, Model]) -> None:
    model = models["0.6b-base"]
    short, long = Case(model, "vector"), Case(model, "in_context", reference_frames=20)
    together = collate([short.layout, long.layout], multiple=16)
    assert short.vectors is not None
    assert long.vectors is not None
    objective = short.objective
    both = objective(together, torch.cat([short.vectors, long.vectors]))
    apart = objective(short.batch, short.vectors) + objective(long.batch, long.vectors)
    torch.testing.assert_close(both.books, apart.books, atol=1e-3, rtol=1e-5)
    assert torch.equal(both.counts, apart.counts)


def test_a_subset_of_frames_counts_only_those_frames_and_an_empty_one_skips_the_predictor(
    models: dict[str, Model],
) -> None:
    case = Case(models["0.6b-base"], "vector")
    chosen = torch.zeros(case.batch.num_frames, dtype=torch.bool)
    chosen[1] = True
    every = case.objective(case.batch, case.vectors)
    some = case.objective(case.batch, case.vectors, chosen)
    none = case.objective(case.batch, case.vectors, torch.zeros(0, dtype=torch.bool))
    assert some.counts.tolist() == [every.counts[0]] + [1.0] * (len(every.counts) - 1)
    assert torch.equal(some.books[0], every.books[0])
    assert none.books[1:].abs().sum() == 0
    assert none.counts[1:].sum() == 0


def test_the_mean_over_a_window_does_not_depend_on_how_it_is_cut(models: dict[str, Model]) -> None:
    model = models["0.6b-base"]
    cases = [Case(model, "vector"), Case(model, "in_context"), Case(model, "vector", delivery="streaming")]
    parts = [case.objective(case.batch, case.vectors) for case in cases]
    whole = parts[0] + parts[1] + parts[2]
    first, others = float(whole.counts[0]), float(whole.counts[1:].sum())
    assert sum(float(p.weighted(first, others)) for p in parts) == pytest.approx(float(whole.weighted(first, others)))


def test_the_last_row_of_every_layout_asks_for_the_end_and_nothing_else(models: dict[str, Model]) -> None:
    for name, (kind, settings) in CASES.items():
        layout: Layout = Case(models[kind], **settings).layout
        end = models[kind].config.talker.eos_id
        assert layout.target[-1].tolist() == [end] + [IGNORE] * (layout.target.shape[1] - 1), name
