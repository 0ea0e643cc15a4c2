"""Our side of the comparison: every row of every case once more, one by one, against what the official side wrote.

Used live (`python -m tests.parity`) and on the small golden files that are committed (`tests/model/test_parity.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from moksori import audio
from moksori.model import Model, Prompt, VoicePrompt, prompt, reference
from moksori.model.conditioning import clone
from moksori.model.predictor import embed_codes
from moksori.model.sampling import first_code_scores
from tests.parity.cases import RATE, Case, Row

TOLERANCE = 1e-5
# Two scores nearer than this may come out in either order; anything else that differs counts.
UNDECIDED = 1e-5
# Scores are some tens in size, after dozens of layers and frames.
LEAD_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Result:
    """One comparison. `figure` is what was measured, for the table."""

    name: str
    holds: bool
    figure: str


def conditioned(model: Model, row: Row, clips: Mapping[str, str]) -> VoicePrompt:
    """The row's voice, without the silence that is ours alone."""
    if row.reference:
        pcm = audio.read(clips[row.reference], sample_rate=RATE).pcm
        return clone(model, pcm, row.transcript or None, tail_silence_s=0.0)
    return VoicePrompt.preset(row.speaker) if row.speaker else VoicePrompt.design(row.instruct)


def built(model: Model, row: Row, layout: str, voice: VoicePrompt) -> Prompt:
    instruct = "" if voice.mode == "design" else row.instruct
    return prompt.build(model, row.text, voice, row.language, instruct, layout)  # type: ignore[arg-type]


def compare_case(
    model: Model, case: Case, official: Mapping[str, Tensor], clips: Mapping[str, str], *, forced: bool = False
) -> Iterator[Result]:
    """`forced` checks each decision after upstream's earlier ones instead of generating: equal throughout means equal
    when generated, at a fraction of the time."""
    for index, row in enumerate(case.rows):
        at = f"{case.name}/{index}"
        theirs = {name.removeprefix(f"{at}/"): t for name, t in official.items() if name.startswith(f"{at}/")}
        for result in compare_row(model, case, row, theirs, clips, forced):
            yield Result(f"{at} {result.name}", result.holds, result.figure)


def compare_row(
    model: Model,
    case: Case,
    row: Row,
    theirs: Mapping[str, Tensor],
    clips: Mapping[str, str],
    forced: bool = False,
    every: int = 1,
) -> Iterator[Result]:
    voice = conditioned(model, row, clips)
    if "vector" in theirs:
        yield near("speaker vector", torch.from_numpy(voice.vector), theirs["vector"])
    if "reference" in theirs:
        yield equal("reference codes", torch.from_numpy(voice.codes), theirs["reference"])
    ours = built(model, row, case.layout, voice)
    yield equal("text ids", whole_ids(model, row), theirs["ids"])
    yield near("prompt", ours.embeddings, theirs["embeddings"])
    trailing = torch.stack([ours.text_row(k) for k in range(len(theirs["trailing"]))])
    yield near("text track", trailing, theirs["trailing"])
    if forced:
        yield equal_codes(decided(model, ours, theirs["codes"]), theirs["codes"], theirs["clearness"])
    else:
        yield from compare_speech(model, ours, theirs, case.frames)
    yield compare_wave(model, theirs, every)


def compare_speech(model: Model, ours: Prompt, theirs: Mapping[str, Tensor], frames: int) -> Iterator[Result]:
    """The codes of a greedy run, and by how much each was chosen: the latter notices what decisions hide."""
    leads: list[float] = []

    def observe(frame: int, codebook: int, scores: Tensor) -> None:
        first, second = scores.topk(2).values.tolist()
        leads.append(first - second)

    codes = reference.generate(model, ours, model.sampling.greedy, max_frames=frames, observe=observe).codes
    yield equal_codes(codes, theirs["codes"][:frames], theirs["clearness"][:frames])
    if codes.equal(theirs["codes"][:frames]):
        clearness = theirs["clearness"][:frames].flatten()
        difference = float((torch.tensor(leads)[: len(clearness)] - clearness).abs().max())
        yield Result("leads", difference <= LEAD_TOLERANCE, f"max {difference:.1e}")


@torch.inference_mode()
def decided(model: Model, ours: Prompt, codes: Tensor) -> Tensor:
    """The code we would choose at each place if all before it were `codes`: one pass over the whole sequence."""
    talker, count = model.talker, len(codes)
    embedded = embed_codes(talker.codec_embedding, model.predictor, codes)
    following = embedded.sum(1) + torch.stack([ours.text_row(k) for k in range(count)])
    hidden = talker(torch.cat([ours.embeddings, following])[None])[0, len(ours.embeddings) - 1 : -1]
    first = [
        first_code_scores(talker.logits(hidden[k]), codes[:k, 0].tolist(), model.sampling, model.config.talker).argmax()
        for k in range(count)
    ]
    others = model.predictor.logits(torch.cat([hidden[:, None], embedded[:, :-1]], dim=1)).argmax(-1)
    return torch.cat([torch.stack(first)[:, None], others], dim=1)


def whole_ids(model: Model, row: Row) -> Tensor:
    framed = model.tokenizer.spoken(row.text)
    config = model.config
    closing = (
        config.im_end_id,
        *model.tokenizer.plain("\n"),
        config.im_start_id,
        *model.tokenizer.plain("assistant\n"),
    )
    return torch.tensor([*framed.role, *framed.body, *closing])


def compare_wave(model: Model, theirs: Mapping[str, Tensor], every: int = 1) -> Result:
    """Upstream cuts the reference's sound off at a rounded fraction, up to one sample late; so is ours, here only.
    `every` is how a golden waveform was thinned."""
    frames, wave = theirs["frames"], theirs["wave"]
    sound = model.codec.decode(frames)
    spoken = len(theirs["codes"]) * model.codec.samples_per_frame
    cut = int((len(frames) - len(theirs["codes"])) / len(frames) * len(sound))
    ours = sound[cut::every]
    if len(sound) - cut - spoken not in (0, 1) or ours.shape != wave.shape:
        return Result("waveform", False, f"{len(ours)} samples, not {len(wave)}")
    difference = float((ours - wave).abs().max())
    level = float(wave.square().mean().sqrt())
    return Result("waveform", difference <= TOLERANCE, f"max {difference:.1e}, RMS {level:.3f}")


def near(name: str, ours: Tensor, theirs: Tensor) -> Result:
    if ours.shape != theirs.shape:
        return Result(name, False, f"shape {tuple(ours.shape)}, not {tuple(theirs.shape)}")
    difference = float((ours - theirs).abs().max()) if ours.numel() else 0.0
    return Result(name, difference <= TOLERANCE, f"max {difference:.1e}")


def equal(name: str, ours: Tensor, theirs: Tensor) -> Result:
    same = ours.shape == theirs.shape and bool((ours == theirs).all())
    return Result(name, same, f"{tuple(theirs.shape)} equal" if same else f"{ours.tolist()} not {theirs.tolist()}")


def equal_codes(ours: Tensor, theirs: Tensor, clearness: Tensor) -> Result:
    """Equal in all codebooks, or equal up to a decision that upstream itself made by less than UNDECIDED."""
    length = min(len(ours), len(theirs))
    differs = (ours[:length] != theirs[:length]).flatten().nonzero()
    if len(ours) == len(theirs) and not len(differs):
        return Result("codes", True, f"{len(ours)} frames, nearest decision {float(clearness.min()):.1e}")
    if not len(differs):
        return Result("codes", False, f"{len(ours)} frames, not {len(theirs)}")
    first = int(differs[0])
    where = divmod(first, ours.shape[1])
    lead = float(clearness.flatten()[first])
    return Result("codes", lead < UNDECIDED, f"differ at frame, codebook {where}; upstream decided by {lead:.1e}")
