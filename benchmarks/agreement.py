"""How near int8 weights come to bf16 ones: the same frames given to both, and their scores compared.

    python -m benchmarks.agreement CHECKPOINT [FRAMES]

CHECKPOINT is a folder or a name (`pocket-custom-voice`). The frames are what bf16 weights speak by themselves. Prints
one line of JSON: cosines of all scores of a frame and codebook, and how often both put the same code first. Random
weights say how large rounding is; only trained ones say what it changes.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from moksori.model import Model, VoicePrompt, load
from moksori.runtime.ending import EndingSettings
from moksori.runtime.request import Finished, Request
from moksori.runtime.runtime import Runtime, Utterance
from moksori.runtime.step import CompiledStep

Floats = npt.NDArray[np.float32]
TEXTS = ("안녕하세요, 오늘은 날씨가 좋습니다.", "잠시 후 열차가 출발합니다.", "the voice")


def spoken(name: str, frames: int) -> list[tuple[Request, Finished]]:
    runtime = Runtime(name, "bf16")
    speaker = sorted(runtime.model.config.talker.speakers)[0]
    ending = EndingSettings(ceiling=frames, minimum=frames, stationary=0)
    found = []
    for seed, text in enumerate(TEXTS):
        request = runtime.request(Utterance(text, VoicePrompt.preset(speaker), 12, "korean", seed=seed, ending=ending))
        *_, last = runtime.scheduler.submit(request).pieces()
        assert last.finished is not None
        found.append((request, last.finished))
    runtime.close()
    return found


def scores(model: Model, precision: Any, units: list[tuple[Request, Finished]]) -> list[Floats]:
    """For each frame and codebook what it was chosen from."""
    stepper = CompiledStep(model, precision, positions=1024)
    seen: list[Floats] = []
    for request, finished in units:
        sequence = stepper.begin(len(request.rows) + len(finished.codes) + 1)
        stepper.read(sequence, request.rows)
        for frame, codes in enumerate(finished.codes):
            seen.append(sequence.logits.copy())
            seen += list(stepper.predict_given([sequence], codes[None])[:, 0])
            text = request.text.row(frame)
            assert text is not None
            stepper.advance([sequence], text[None])
    stepper.close()
    return seen


def main() -> None:
    name, frames = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 25
    torch.set_num_threads(1)
    units = spoken(name, frames)
    exact, rounded = (scores(load(name, dtype=torch.bfloat16), precision, units) for precision in ("bf16", "int8"))
    pairs = list(zip(exact, rounded, strict=True))
    cosines = [float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in pairs]
    same = [int(a.argmax()) == int(b.argmax()) for a, b in pairs]
    groups = len(pairs) // sum(len(finished.codes) for _, finished in units)
    found = {"cosine": float(np.mean(cosines)), "lowest_cosine": min(cosines), "same_first": float(np.mean(same))}
    firsts = {"cosine_talker": float(np.mean(cosines[::groups])), "same_first_talker": float(np.mean(same[::groups]))}
    print(json.dumps({**found, **firsts, "compared": len(pairs)}))


if __name__ == "__main__":
    main()
