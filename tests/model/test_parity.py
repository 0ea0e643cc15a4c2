"""What the official package computed, kept in golden files, comes out of ours; and would not if any tensor were off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from moksori.model import Model, prompt
from moksori.model.checkpoint import official_tensors
from tests import checkpoints
from tests.parity import compare, golden
from tests.parity.cases import FRAMES, Case, Row, cases

Models = Callable[[str], Model]
Clips = dict[str, str]


def kept(kind: str) -> list[Case]:
    return [case for case in cases(kind) if case.name in golden.KEPT]


ALL = [(kind, case) for kind in checkpoints.KINDS for case in kept(kind)]


def theirs(kind: str, case: Case) -> dict[str, Tensor]:
    at = f"{case.name}/0/"
    return {name.removeprefix(at): t for name, t in golden.read(kind).items() if name.startswith(at)}


@pytest.mark.parametrize(("kind", "case"), ALL, ids=[f"{kind}-{case.name}" for kind, case in ALL])
def test_every_kind_mode_and_layout_equals_the_official_package(
    models: Models, clips: Clips, kind: str, case: Case
) -> None:
    official = theirs(kind, case)
    assert len(official["codes"]) == FRAMES >= 60
    results = list(compare.compare_row(models(kind), case, case.rows[0], official, clips, every=golden.EVERY))
    assert {result.name for result in results} >= {"text ids", "prompt", "text track", "codes", "leads", "waveform"}
    assert not [result for result in results if not result.holds]


@pytest.mark.parametrize("kind", ["0.6b-base", "1.7b-base"])
def test_perturbing_any_tensor_of_talker_or_predictor_is_noticed(models: Models, clips: Clips, kind: str) -> None:
    model = models(kind)
    case = next(case for case in cases(kind) if case.name == "in-context-short-streaming")
    voice = compare.conditioned(model, case.rows[0], clips)
    official = theirs(kind, case)
    check = lambda: agrees(model, case, voice, official, frames=3)  # noqa: E731
    assert check()
    unnoticed = [name for name in perturbed(tensors_of(model, "talker."), seed=1) if check()]
    assert not unnoticed


def agrees(model: Model, case: Case, voice: prompt.VoicePrompt, official: dict[str, Tensor], frames: int) -> bool:
    """The comparison of `compare_row` from the prompt on, over the first frames only."""
    ours = compare.built(model, case.rows[0], case.layout, voice)
    if not compare.near("prompt", ours.embeddings, official["embeddings"]).holds:
        return False
    return all(result.holds for result in compare.compare_speech(model, ours, official, frames))


@pytest.mark.parametrize("kind", ["0.6b-base", "1.7b-base"])
def test_perturbing_any_tensor_of_the_speaker_encoder_is_noticed(models: Models, clips: Clips, kind: str) -> None:
    model = models(kind)
    case = next(case for case in kept(kind) if case.name == "vector-whole")
    official = theirs(kind, case)["vector"]
    check = lambda: compare.near("vector", vector(model, case.rows[0], clips), official).holds  # noqa: E731
    assert check()
    unnoticed = [name for name in perturbed(tensors_of(model, "speaker_encoder."), seed=2) if check()]
    # Constant over time, it cancels in the softmax over time that follows: no number can depend on it.
    assert unnoticed == ["speaker_encoder.asp.conv.bias"]


def vector(model: Model, row: Row, clips: Clips) -> Tensor:
    return torch.from_numpy(compare.conditioned(model, row, clips).vector)


def tensors_of(model: Model, stem: str) -> dict[str, Tensor]:
    found = {name: tensor for name, tensor in official_tensors(model) if name.startswith(stem)}
    assert found
    return found


def perturbed(tensors: dict[str, Tensor], seed: int) -> Iterator[str]:
    """Each tensor in turn is 10 % off while its name is handed out."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in tensors.items():
        original = tensor.clone()
        tensor += 0.1 * tensor.std() * torch.randn(tensor.shape, generator=generator)
        yield name
        tensor.copy_(original)


def test_golden_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in Path(golden.FOLDER).iterdir()) < 1_000_000
