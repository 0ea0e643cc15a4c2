"""Voice: who speaks. Preset, cloned from a reference, designed from words, or a trained pack.

A voice is data: it knows nothing of engines, prompts or storage. The checks on a reference clip live here, because
every way in (CLI, Python, HTTP, page) must give the same answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from moksori import audio, measure
from moksori.errors import InvalidInput

Kind = Literal["preset", "cloned", "designed", "pack"]

REFERENCE_RATE = 24_000
SHORTEST_S, SHORT_S, LONG_S, LONGEST_S = 1.0, 3.0, 15.0, 60.0


@dataclass(frozen=True)
class Reference:
    """The clip a voice is cloned from: mono float32 at 24 kHz, and what is said in it (None: not known)."""

    pcm: npt.NDArray[np.float32]
    transcript: str | None
    warnings: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of the samples as the engine sees them (float32, little-endian)."""
        return hashlib.sha256(self.pcm.astype("<f4").tobytes()).hexdigest()

    @property
    def seconds(self) -> float:
        return len(self.pcm) / REFERENCE_RATE


@dataclass(frozen=True)
class Voice:
    """Who speaks. Make one with `Voice.preset`, `.cloned`, `.designed` or `.pack`.

    id       the name that users see and manifests record.
    speaker  preset: the engine's speaker id.
    consent  whose voice this is and on what ground it may be used; carried into every manifest.
    """

    kind: Kind
    id: str
    speaker: str = ""
    reference: Reference | None = None
    description: str = ""
    path: Path | None = None
    scale: float = 1.0
    consent: str = ""

    @classmethod
    def preset(cls, speaker: str) -> Voice:
        return cls(kind="preset", id=speaker, speaker=speaker)

    @classmethod
    def cloned(
        cls, source: audio.Source, transcript: str | None = None, *, name: str = "clone", consent: str = ""
    ) -> Voice:
        """A voice from one clip (file path, bytes or open file, any common format).

        With a transcript the clone is in-context, without it the speaker vector alone is used.
        Raises InvalidInput for a clip that is unreadable, silent, under 1 s or over 60 s.
        """
        reference = check_reference(audio.read(source, sample_rate=REFERENCE_RATE), transcript)
        return cls(kind="cloned", id=name, reference=reference, consent=consent)

    @classmethod
    def designed(cls, description: str, *, name: str = "design") -> Voice:
        if not description.strip():
            raise InvalidInput(
                "The description of the voice is empty.", hint="Say who speaks, e.g. '차분한 중년 여성'."
            )
        return cls(kind="designed", id=name, description=description.strip())

    @classmethod
    def pack(cls, path: Path | str, *, scale: float = 1.0) -> Voice:
        """A trained voice pack (a folder) with the strength of its adapter, 0 to 1.5."""
        folder = Path(path)
        if not 0.0 <= scale <= 1.5:
            raise InvalidInput(f"scale is {scale}, outside 0 to 1.5.", field="scale")
        return cls(kind="pack", id=folder.name, path=folder, scale=scale)

    @property
    def fingerprint(self) -> str:
        """Equal for voices that sound equal: what prompts are cached by and manifests compare."""
        parts = [self.kind, self.speaker, self.description, f"{self.scale:.6f}", str(self.path or "")]
        if self.reference is not None:
            parts += [
                self.reference.sha256,
                "" if self.reference.transcript is None else self.reference.transcript,
            ]
        if self.path is not None and self.path.is_dir():  # a pack that was trained again is another voice
            parts += sorted(f"{f.name} {f.stat().st_size} {f.stat().st_mtime_ns}" for f in self.path.iterdir())
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def check_reference(clip: audio.Audio, transcript: str | None) -> Reference:
    """Refuse a clip that cannot work, warn about one that will work badly."""
    seconds = len(clip.pcm) / clip.sample_rate
    if seconds < SHORTEST_S:
        raise InvalidInput(
            f"The reference is {seconds:.1f} s long.",
            hint="Give 3 to 15 s of one person speaking.",
            field="reference",
        )
    if seconds > LONGEST_S:
        raise InvalidInput(
            f"The reference is {seconds:.0f} s long; the limit is {LONGEST_S:.0f} s.",
            hint="Cut out 3 to 15 s of one person speaking.",
            field="reference",
        )
    if measure.is_silent(clip.pcm, clip.sample_rate):
        raise InvalidInput("The reference is silent.", hint="Check the microphone or the file.", field="reference")
    warnings = []
    if seconds < SHORT_S:
        warnings.append(f"The reference is only {seconds:.1f} s long; 3 to 15 s clone better.")
    if seconds > LONG_S:
        warnings.append(f"The reference is {seconds:.0f} s long; 3 to 15 s clone better and start sooner.")
    clipped = measure.clipping(clip.pcm)
    if clipped > 0.001:
        warnings.append(f"{clipped:.1%} of the reference is clipped; record it at a lower level.")
    if transcript is not None and not transcript.strip():
        transcript = None
    return Reference(clip.pcm, transcript.strip() if transcript else None, tuple(warnings))
