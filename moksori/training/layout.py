"""How one training sample is laid out: which text and codec ids meet at each position, and what each predicts.

A layout is a table of integers, one row per position of the talker's input, for every mode there is: whole text in
front, text streamed with the speech, in-context, with or without a language tag, an instruction, a speaker vector or
a preset row. It knows nothing of tensors on devices, embeddings or losses; positions are those of the generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Delivery = Literal["whole", "streaming"]

NONE = -1
"""No id on this track at this position: the track adds nothing there."""
IGNORE = -100
"""No prediction is asked for at this position."""


@dataclass(frozen=True)
class Control:
    """The ids that steer, from a checkpoint's config.json (never from memory)."""

    tts_bos: int
    tts_eos: int
    tts_pad: int
    codec_bos: int
    codec_eos: int
    codec_pad: int
    think: int
    nothink: int
    think_bos: int
    think_eos: int


@dataclass(frozen=True)
class Sample:
    """What is laid out. Text ids are content only, `role` the three ids in front; codes are (frames, groups).

    language   id of the language's codec row, or None for `auto`.
    preset     id of a preset speaker's codec row; or
    vector     true: the slot is filled with a speaker vector when the batch is embedded. Neither: no slot.
    reference_text, reference_codes   given together: in-context.
    """

    role: Sequence[int]
    text: Sequence[int]
    codes: Ids
    delivery: Delivery = "whole"
    language: int | None = None
    preset: int | None = None
    vector: bool = False
    instruct: Sequence[int] = ()
    reference_text: Sequence[int] = ()
    reference_codes: Ids | None = None


@dataclass(frozen=True)
class Layout:
    """text (L,): id or NONE. codec (L, G): id of each codebook's row or NONE. speaker: position of the vector or NONE.
    target (L, G): what the hidden state at this position must lead to; column 0 may be the end of speech."""

    text: Ids
    codec: Ids
    target: Ids
    speaker: int = NONE

    def __len__(self) -> int:
        return len(self.text)


@dataclass
class _Table:
    groups: int
    text: list[int] = field(default_factory=list)
    codec: list[list[int]] = field(default_factory=list)

    def add(self, text: int = NONE, codec: int | Sequence[int] = NONE) -> None:
        rows = [codec, *[NONE] * (self.groups - 1)] if isinstance(codec, int) else [int(c) for c in codec]
        self.text.append(int(text))
        self.codec.append(rows)

    def __len__(self) -> int:
        return len(self.text)


def lay_out(sample: Sample, control: Control) -> Layout:
    """The rows of one sample, in the generator's order; the end-of-speech prediction is the last row."""
    assert (sample.reference_codes is None) == (len(sample.reference_text) == 0)
    assert sample.preset is None or not sample.vector
    frames, groups = sample.codes.shape
    table = _Table(groups)
    speaker = _prefix(table, sample, control)
    reference = sample.reference_codes if sample.reference_codes is not None else np.zeros((0, groups), np.int64)
    words = [*sample.reference_text, *sample.text, control.tts_eos]
    sounds: list[int | Sequence[int]] = [control.codec_bos, *reference, *sample.codes]
    if sample.delivery == "whole":
        for word in words:
            table.add(word, control.codec_pad)
        words = []
    for index, sound in enumerate(sounds):
        table.add(words[index] if index < len(words) else control.tts_pad, sound)
    target = np.full((len(table), groups), IGNORE, np.int64)
    target[len(table) - 1 - frames : -1] = sample.codes
    target[-1, 0] = control.codec_eos
    return Layout(np.array(table.text, np.int64), np.array(table.codec, np.int64), target, speaker)


def _prefix(table: _Table, sample: Sample, control: Control) -> int:
    """Instruction, role, language and speaker; returns the position of the speaker vector or NONE."""
    for word in (*sample.instruct, *sample.role):
        table.add(word)
    if sample.language is None:
        steering = [control.nothink, control.think_bos, control.think_eos]
    else:
        steering = [control.think, control.think_bos, sample.language, control.think_eos]
    for row in steering:
        table.add(control.tts_pad, row)
    speaker = NONE
    if sample.vector:
        speaker = len(table)
        table.add(control.tts_pad)
    elif sample.preset is not None:
        table.add(control.tts_pad, sample.preset)
    table.add(control.tts_bos, control.codec_pad)
    return speaker
