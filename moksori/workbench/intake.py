"""Uploads on their way to becoming references: size, decoding in a process of its own, trimming. Knows no HTTP."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from moksori.audio import Audio
from moksori.errors import InvalidInput
from moksori.voice import REFERENCE_RATE

from .decoding import CPU_S, REFUSED

MAX_BYTES = 20 << 20
MAX_SECONDS = 300.0


def decode(data: bytes, start_s: float = 0.0, end_s: float | None = None) -> Audio:
    """The part of an uploaded clip between two moments, mono at 24 kHz. Raises InvalidInput for what is no sound."""
    if len(data) > MAX_BYTES:
        raise InvalidInput("The clip is larger than 20 MB.", hint="Cut it first.", code="too_large", field="file")
    command = [sys.executable, "-m", "moksori.workbench.decoding", str(MAX_SECONDS)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=2 * CPU_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise _broken() from error
    if done.returncode == REFUSED:
        said = json.loads(done.stderr)
        raise InvalidInput(said["message"], hint=said["hint"], field="file")
    if done.returncode != 0:
        raise _broken()
    pcm = np.frombuffer(done.stdout, dtype="<f4").astype(np.float32)
    return Audio(_trimmed(pcm, start_s, end_s), REFERENCE_RATE)


def _trimmed(
    pcm: np.ndarray[tuple[int], np.dtype[np.float32]], start_s: float, end_s: float | None
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    first = round(start_s * REFERENCE_RATE)
    last = len(pcm) if end_s is None else round(end_s * REFERENCE_RATE)
    if not 0 <= first < last <= len(pcm) + REFERENCE_RATE // 10:
        seconds = len(pcm) / REFERENCE_RATE
        raise InvalidInput(
            "The part that was chosen is not in the clip.", hint=f"It is {seconds:.2f} s long.", field="end_s"
        )
    return pcm[first:last]


def _broken() -> InvalidInput:
    return InvalidInput("The file could not be decoded.", hint="Save it again as WAV.", field="file")
