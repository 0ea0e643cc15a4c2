"""Our codec against what the official package computed (`tests/parity/codec.py --golden`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from moksori.model.codec import Codec
from tests.model.codec import tiny

CASES = ["tiny", "other"]
TOLERANCE = 1e-5


def codes_agree(codec: Codec, case: str) -> bool:
    pcm, codes, _ = tiny.golden(case)
    return bool((codec.encode(pcm) == codes).all())


def sounds_agree(codec: Codec, case: str, frames: int = 8) -> bool:
    _, codes, sound = tiny.golden(case)
    made = codec.decode(codes[:frames])
    return float((made - sound[: len(made)]).abs().max()) <= TOLERANCE


def beginnings_agree(codec: Codec, case: str) -> bool:
    return sounds_agree(codec, case, frames=3)


@pytest.mark.parametrize("case", CASES)
def test_codes_are_those_of_the_official_package(case: str) -> None:
    assert codes_agree(tiny.codec(case), case)


@pytest.mark.parametrize("case", CASES)
def test_waveform_is_that_of_the_official_package(case: str) -> None:
    assert sounds_agree(tiny.codec(case), case)
    level = float(tiny.golden(case)[2].square().mean().sqrt())
    assert level >= 0.05, "a silent golden waveform would prove nothing"


def used(part: str) -> list[str]:
    return sorted(name for name in Codec(tiny.config()).state_dict() if name.startswith(part))


def changed(name: str) -> Codec:
    """The tiny codec with one tensor off: scaled and bent, as a wrong name or layout would leave it."""
    tensors = dict(tiny.tensors())
    noise = torch.randn(tensors[name].shape, generator=torch.Generator().manual_seed(3))
    spread = float(tensors[name].std()) if tensors[name].numel() > 1 else 0.3
    tensors[name] = tensors[name] * 1.2 + 0.3 * spread * noise
    return Codec.load(tiny.config(), tensors, parts=(name.split(".")[0],))


@pytest.mark.parametrize(("part", "agree"), [("encoder.", codes_agree), ("decoder.", beginnings_agree)])
def test_changing_any_single_tensor_breaks_the_agreement(part: str, agree: Callable[[Codec, str], bool]) -> None:
    unnoticed = [name for name in used(part) if agree(changed(name), "tiny")]
    assert not unnoticed


def test_every_tensor_of_the_random_checkpoint_is_random() -> None:
    still = [
        name
        for name, tensor in tiny.tensors().items()
        if tensor.numel() > 1 and not name.endswith("initialized") and float(tensor.std()) < 1e-3
    ]
    assert not still


def test_the_compared_path_uses_every_tensor_it_loads() -> None:
    flat: Tensor = torch.cat([t.flatten() for t in tiny.codec().state_dict().values()])
    assert torch.isfinite(flat).all()
    assert len(used("encoder.")) + len(used("decoder.")) == len(tiny.codec().state_dict())
