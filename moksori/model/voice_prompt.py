"""What a voice gives the talker: a preset's name, a speaker vector, a reference's codes, or a description.

Everything that costs time or depends on a reference's sound is in here, computed once, as plain arrays that can be
saved with the voice. Knows nothing of the text to be spoken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from moksori.errors import InvalidInput

Mode = Literal["preset", "vector", "in_context", "design"]


@dataclass(frozen=True)
class VoicePrompt:
    """One mode and what it needs.

    mode        preset: `speaker`. vector: `vector`. in_context: `vector`, `codes`, `transcript`. design: `description`.
    vector      (hidden,) float32, as the speaker encoder gave it, not normalised.
    codes       (R, num_code_groups) int64 frames of the reference.
    facts       how it was made (silence appended, attention of the codec's encoder): for the manifest.
    """

    mode: Mode
    speaker: str = ""
    description: str = ""
    transcript: str = ""
    vector: npt.NDArray[np.float32] | None = None
    codes: npt.NDArray[np.int64] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def preset(cls, speaker: str) -> VoicePrompt:
        return cls("preset", speaker=speaker)

    @classmethod
    def design(cls, description: str) -> VoicePrompt:
        return cls("design", description=description)

    def to_bytes(self) -> bytes:
        """For storing with the voice: a line of JSON, then its arrays as safetensors. Equal prompts, equal bytes."""
        head = {name: getattr(self, name) for name in ("mode", "speaker", "description", "transcript")}
        line = json.dumps({**head, "facts": dict(self.facts)}, ensure_ascii=False, sort_keys=True)
        found = {"vector": self.vector, "codes": self.codes}
        return line.encode() + b"\n" + save({name: array for name, array in found.items() if array is not None})

    @classmethod
    def from_bytes(cls, data: bytes) -> VoicePrompt:
        """The inverse of `to_bytes`. Raises InvalidInput for anything else."""
        line, _, arrays = data.partition(b"\n")
        try:
            return cls(**{**json.loads(line), **load(arrays)})
        except (ValueError, TypeError, SafetensorError) as error:
            raise InvalidInput(
                f"A stored voice cannot be read: {error}.", hint="Prepare the voice again.", field="voice"
            ) from error
