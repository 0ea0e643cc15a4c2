"""What can speak: the one contract between the synthesizer and any engine.

An engine turns one unit (a sentence, already read aloud in writing) into PCM. It knows nothing of text rules, jobs,
files or HTTP. The rules that every engine obeys, and that `tests/engine/test_contract.py` holds for each of them:

- the same `Request` gives the same PCM, bit for bit; another seed may give another;
- an unknown parameter, language, kind of voice or speaker is an error, never ignored;
- a set `cancel` ends the stream within two chunks and leaves the engine usable;
- exactly the last chunk carries a `Finish`; an engine that cannot stream says so and yields one chunk;
- everything here crosses a process border by pickle, so nothing holds a handle.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from moksori.voice import Kind, Voice

Pcm = npt.NDArray[np.float32]
Priority = Literal["interactive", "batch"]
Reason = Literal["end", "ceiling", "stationary", "cancelled"]

MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class Speaker:
    """A preset voice that an engine or its checkpoint brings along."""

    id: str
    name: str
    languages: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class CheckpointIdentity:
    """Which weights speak: the name as loaded, the pinned revision, the SHA-256 of the weights."""

    name: str
    revision: str
    sha256: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Description:
    """What an engine is and takes. Everything that a take's bits depend on besides the request is named here.

    parameters  a JSON Schema (2020-12) of type object: every property has a default, and a range or an enum.
    numerics    our numerics version and the library's (`moksori 1, torch 2.13.0`): equal strings, equal bits.
    draft       true for an engine that is named a draft voice wherever it appears.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    sample_rate: int
    kinds: tuple[Kind, ...]
    streams: bool
    parameters: Mapping[str, Any]
    licence: str
    speakers: tuple[Speaker, ...] = ()
    checkpoint: CheckpointIdentity | None = None
    precision: str = "none"
    device_class: str = "cpu"
    numerics: str = ""
    instruct: bool = False
    draft: bool = False


@dataclass(frozen=True)
class Prompt:
    """A voice made ready for one engine: computed once, single-threaded, and stored with the voice.

    data      opaque to everyone but the engine that made it.
    warnings  what the user should know about the reference, in full sentences.
    folder    where a pack lies; no part of the prompt's identity.
    """

    engine: str
    voice: str
    data: bytes
    warnings: tuple[str, ...] = ()
    folder: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Request:
    """One unit to speak.

    unit        the spoken text, one sentence or phrase.
    syllables   how many syllables it is spoken in: what a frame ceiling is derived from.
    parameters  given values only; the engine fills in its defaults and refuses what it does not know.
    seed        0 .. 2**32 - 1; every random draw of this unit is a function of it.
    """

    unit: str
    prompt: Prompt
    syllables: int
    language: str = "korean"
    instruct: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    priority: Priority = "interactive"


@dataclass(frozen=True)
class Finish:
    """How a unit ended.

    frames  generated frames of 80 ms (0 for engines without frames).
    trace   a small JSON-able summary of what the ending decision saw and did, kept in the manifest.
    """

    reason: Reason
    frames: int = 0
    trace: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chunk:
    """PCM on its way out: float32 mono in [-1, 1] at the engine's sample rate; `finish` on the last one only."""

    pcm: Pcm
    finish: Finish | None = None


@runtime_checkable
class Engine(Protocol):
    """Anything that can speak. Entry-point group `moksori.engines`: a callable `(model, *, device, precision)`."""

    def describe(self) -> Description: ...

    def prepare(self, voice: Voice) -> Prompt:
        """Make a voice ready; raises `InvalidInput` for a kind or speaker that this engine does not have."""
        ...

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Chunk]: ...

    def close(self) -> None:
        """Free everything; idempotent."""
        ...
