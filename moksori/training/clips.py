"""The clips of a run as batches: who speaks, how each is presented this time, what stands in the speaker slot.

Everything drawn is a function of (seed, epoch, clip), so that a resumed run sees what it would have seen. Knows
nothing of learning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from moksori import audio
from moksori.errors import InvalidInput
from moksori.model import Model

from .batch import Batch, collate, epoch_order
from .layout import Layout, lay_out
from .manifest import Row
from .sample import Mixture, Speech, Utterance, control, language_id, prepare
from .settings import Settings

# A speaker's vector is the mean over this many clips, in float32.
CLIPS_FOR_VECTOR = 16
RATE = 24_000


@dataclass(frozen=True)
class Micro:
    """One backward pass."""

    batch: Batch
    vectors: Tensor | None

    def vectors_on(self, device: torch.device | str) -> Tensor | None:
        return None if self.vectors is None else self.vectors.to(device)


class Clips:
    """`rows` with their codes, ready to be drawn from."""

    def __init__(self, model: Model, rows: Sequence[Row], codes: Mapping[Path, Path], settings: Settings) -> None:
        self.model = model
        self.settings = settings
        self.control = control(model.config)
        limit = settings.longest_s * model.codec.sample_rate / model.codec.samples_per_frame
        self.utterances: list[Utterance] = []
        self.rows: list[Row] = []
        self.too_long = 0
        for row in rows:
            if row.audio not in codes:
                continue
            found = self._load(row, codes[row.audio])
            if len(found) > limit:
                self.too_long += 1
                continue
            language = settings.language.name if settings.language.name and row.language == "auto" else row.language
            self.utterances.append(Utterance(row.text, found, language, row.instruct, row.speaker))
            self.rows.append(row)
        if not self.rows:
            words = f"No clip is left to train on; {self.too_long} are longer than {settings.longest_s:g} s."
            raise InvalidInput(words, hint="`moksori data check` says what is wrong with each.", field="data")
        self.kind = model.config.kind
        self.by_speaker: dict[str, list[int]] = {}
        for index, row in enumerate(self.rows):
            self.by_speaker.setdefault(row.speaker, []).append(index)
        self.vectors = self._vectors() if self.kind == "base" else {}
        shares = settings.layouts
        self.mixture = Mixture(shares.streaming, shares.in_context, shares.language_tag)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def notes(self) -> list[str]:
        """What of the data this run has no use for, in words."""
        found = []
        if self.too_long:
            found.append(f"{self.too_long} clips are longer than {self.settings.longest_s:g} s (longest_s): left out.")
        instructed = sum(bool(row.instruct) for row in self.rows)
        if instructed and not self.model.config.takes_instruct:
            found.append(f"{instructed} clips have an instruction, which this checkpoint does not follow: not used.")
        if self.kind != "base" and any(row.ref_audio for row in self.rows):
            found.append("ref_audio is not used: only a Base checkpoint hears references.")
        return found

    def _load(self, row: Row, path: Path) -> npt.NDArray[np.integer]:
        """Raises InvalidInput with the manifest's line for codes or a language that the model does not have."""
        where = f"line {row.line}: "
        try:
            language_id(self.model.config, row.language)
        except InvalidInput as error:
            raise InvalidInput(where + error.message, hint=error.hint, field="language") from error
        try:
            codes = np.load(path)
        except (OSError, ValueError, EOFError) as error:
            hint = "Leave `codes` out of the manifest, or run `moksori data encode` again."
            raise InvalidInput(f"{where}{path} cannot be read: {error}.", hint=hint, field="codes") from error
        groups, size = self.model.config.talker.num_code_groups, self.model.config.predictor.vocab_size
        whole = codes.ndim == 2 and codes.shape[1] == groups and len(codes) > 0 and codes.dtype.kind in "ui"
        if not whole or int(codes.max()) >= size or int(codes.min()) < 0:
            raise InvalidInput(
                f"{where}the codes of {row.audio.name} have shape {codes.shape}; the model takes (frames, {groups}).",
                hint="They are of another codec; run `moksori data encode` with this model.",
                field="codes",
            )
        found: npt.NDArray[np.integer] = codes
        return found

    def _vectors(self) -> dict[str, Tensor]:
        encoder = self.model.speaker_encoder
        assert encoder is not None
        found = {}
        for speaker, indices in self.by_speaker.items():
            given = [self.rows[i].ref_audio for i in indices if self.rows[i].ref_audio]
            step = max(1, len(indices) // CLIPS_FOR_VECTOR)
            sources = list(dict.fromkeys(given)) or [self.rows[i].audio for i in indices[::step]]
            sounds = [audio.read(source, sample_rate=RATE).pcm for source in sources[:CLIPS_FOR_VECTOR] if source]
            embedded = [encoder.embed(torch.from_numpy(pcm)) for pcm in sounds if len(pcm) > RATE // 2]
            if not embedded:
                raise InvalidInput(
                    f"No clip of speaker {speaker or '(unnamed)'!r} is longer than half a second.", field="data"
                )
            found[speaker] = torch.stack(embedded).mean(0).clone()
        return found

    def order(self, epoch: int) -> list[list[int]]:
        """Batches of an epoch; with several speakers the small ones are drawn more often than their share."""
        weights = None
        if len(self.by_speaker) > 1:
            weights = [len(self.by_speaker[row.speaker]) ** -0.5 for row in self.rows]
        lengths = [len(utterance.codes) + len(utterance.text) for utterance in self.utterances]
        return epoch_order(lengths, self.settings.batch_size, seed=self.settings.seed, epoch=epoch, weights=weights)

    def micro(self, indices: Sequence[int], epoch: int) -> Micro:
        layouts = [self._layout(index, epoch) for index in indices]
        vectors = torch.stack([self.vectors[self.rows[i].speaker] for i in indices]) if self.vectors else None
        return Micro(collate(layouts), vectors)

    def plain(self, indices: Sequence[int], text: str | None = None) -> Micro:
        """Whole text, no reference, tag as stated: what validation and the gate look at. `text` in place of theirs."""
        speech = Speech(vector=self.kind == "base")
        shown = [self._shown(i) if text is None else replace(self._shown(i), text=text) for i in indices]
        layouts = [lay_out(prepare(self.model, utterance, speech), self.control) for utterance in shown]
        vectors = torch.stack([self.vectors[self.rows[i].speaker] for i in indices]) if self.vectors else None
        return Micro(collate(layouts), vectors)

    def _shown(self, index: int) -> Utterance:
        """Without what this kind of checkpoint has no place for."""
        utterance = self.utterances[index]
        instruct = utterance.instruct if self.model.config.takes_instruct else ""
        return replace(utterance, instruct=instruct, speaker=utterance.speaker if self.kind == "custom_voice" else "")

    def _layout(self, index: int, epoch: int) -> Layout:
        rng = np.random.default_rng([self.settings.seed, epoch, index, 3])
        utterance, speech = self._shown(index), self.mixture.draw(rng)
        if rng.random() >= self.settings.layouts.instruct:
            utterance = replace(utterance, instruct="")
        others = [i for i in self.by_speaker[self.rows[index].speaker] if i != index]
        reference = None
        if speech.reference and others and self.kind == "base":
            reference = self.utterances[others[int(rng.integers(len(others)))]]
        speech = replace(speech, vector=self.kind == "base")
        return lay_out(prepare(self.model, utterance, speech, reference), self.control)

    def largest(self) -> tuple[int, int]:
        """(positions, frames) of the largest batch there can be: equal clips of the longest kind, with a reference as
        long as the longest where references are drawn."""
        lengths = sorted((len(u.codes), len(u.text)) for u in self.utterances)
        longest = len(self.plain([max(range(len(self)), key=lambda i: len(self.utterances[i].codes))]).batch.mask[0])
        reference = lengths[-1][0] if self.mixture.in_context and self.kind == "base" and len(self) > 1 else 0
        rows = min(self.settings.batch_size, len(self))
        return rows * (longest + reference), sum(frames for frames, _ in lengths[-rows:])

    def text_ids(self) -> list[int]:
        """Ids that occur in the transcripts."""
        return sorted({i for u in self.utterances for i in self.model.tokenizer.plain(u.text)})
