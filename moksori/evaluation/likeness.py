"""How much a voice sounds like its recordings, by measures that are named for what they are.

`timbre`: mean cepstrum and pitch against the recordings' own spread, numpy only. `same_words_db`: mel levels against
a recording of the same words, the steadier of the two, because what is said weighs on both sides alike.
`own_encoder`: the model's speaker encoder, which is nearly blind between people and no independent judge. A
verification model may be plugged in as `verifier`. None of them hears words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from moksori.errors import InvalidInput
from moksori.model import Model
from moksori.training.examine import colour, timbre

Floats = npt.NDArray[np.float32]
Verifier = Callable[[Floats, int], npt.NDArray[np.floating]]


@dataclass(frozen=True)
class Likeness:
    """Of one voice's recordings. `centre` and `usual` of the timbres; mean vectors of the encoders; `same`: colours of
    the recordings by what is said in them."""

    centre: npt.NDArray[np.float64]
    usual: float
    model: Model | None
    own: npt.NDArray[np.floating] | None
    verifier: Verifier | None
    verified: npt.NDArray[np.floating] | None
    sample_rate: int
    same: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)

    def measure(self, pcm: Floats, said: str = "") -> dict[str, float]:
        """`timbre` is 1 where it is as near to the recordings' centre as they are themselves, less further away.
        `same_words_db` is there where a recording says the same words: how far the colours lie apart, 0 for itself."""
        apart = float(np.linalg.norm(_weighted(timbre(pcm, self.sample_rate)) - self.centre))
        found = {"timbre": min(1.0, self.usual / max(apart, 1e-9))}
        twin = self.same.get(key(said))
        if twin is not None:
            apart_db = colour(pcm, self.sample_rate) - twin
            found["same_words_db"] = float(np.sqrt(np.mean(apart_db**2)))
        if self.model is not None and self.own is not None and len(pcm) > self.sample_rate // 2:
            found["own_encoder"] = _cosine(_own(self.model, pcm), self.own)
        if self.verifier is not None and self.verified is not None:
            found["verifier"] = _cosine(self.verifier(pcm, self.sample_rate), self.verified)
        return found


def key(said: str) -> str:
    """Two texts with the same key are the same words."""
    return "".join(character for character in said if character.isalnum())


def of(
    recordings: Sequence[Floats],
    sample_rate: int,
    *,
    said: Sequence[str] = (),
    model: Model | None = None,
    verifier: Verifier | None = None,
) -> Likeness:
    """From recordings of one person at `sample_rate` (24 kHz where the model's encoder is to listen), and what is
    `said` in them."""
    if not recordings:
        raise InvalidInput("There is no recording to compare with.", field="reference")
    points = np.stack([_weighted(timbre(pcm, sample_rate)) for pcm in recordings])
    centre = np.median(points, axis=0)
    usual = float(np.median(np.linalg.norm(points - centre, axis=1))) if len(points) > 2 else 0.3
    hears = model is not None and model.speaker_encoder is not None
    long = [pcm for pcm in recordings if len(pcm) > sample_rate // 2]
    own = np.mean([_own(model, pcm) for pcm in long], axis=0) if model is not None and hears and long else None
    verified = np.mean([verifier(pcm, sample_rate) for pcm in recordings], axis=0) if verifier else None
    same = {key(text): colour(pcm, sample_rate) for text, pcm in zip(said, recordings, strict=True)} if said else {}
    return Likeness(centre, max(usual, 0.15), model if hears else None, own, verifier, verified, sample_rate, same)


def load_verifier(name: str) -> Verifier:
    """`package.module:function`, called with (pcm float32, sample rate), returning a vector."""
    return load_function(name, "verifier")


def load_function(name: str, field: str) -> Callable[..., Any]:
    """What a user plugs in, by `package.module:function`."""
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidInput(
            f"There is no {field} {name!r}: {error}.", hint="Write module:function.", field=field
        ) from error
    if not callable(found):
        raise InvalidInput(f"{name} is no function.", field=field)
    function: Callable[..., Any] = found
    return function


def _own(model: Model, pcm: Floats) -> npt.NDArray[np.floating]:
    assert model.speaker_encoder is not None
    vector: npt.NDArray[np.floating] = model.speaker_encoder.embed(torch.from_numpy(pcm)).cpu().numpy()
    return vector


def _weighted(point: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.append(point[:-1], 3.0 * point[-1])


def _cosine(a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> float:
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
