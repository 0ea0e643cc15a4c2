"""pocket: our own small checkpoints as one engine, so that what speaks by default has presets and clones.

The official format keeps preset voices and cloning in checkpoints of two kinds; each is a `Qwen3Engine`, opened when
the first voice of its kind is used. Which one spoke is written at the front of a prompt. Knows nothing of models.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace

from moksori.errors import InvalidInput
from moksori.model import hub
from moksori.voice import Kind, Voice

from .protocol import CheckpointIdentity, Chunk, Description, Engine, Prompt, Request
from .qwen3 import Qwen3Engine

NAME = "pocket"
_MARKS: dict[Kind, bytes] = {"preset": b"P", "cloned": b"C", "pack": b"C"}


class PocketEngine:
    """An `Engine` over two checkpoints that share their codec, their sizes and their vocabulary."""

    def __init__(self, model: str = NAME, *, device: str = "auto", precision: str = "auto") -> None:
        if model not in ("", NAME):
            raise InvalidInput(
                f"The engine {NAME} has no model {model!r}.", hint="Leave the engine out.", field="model"
            )
        self._options = {"device": device, "precision": precision}
        self._lock = threading.Lock()
        self._engines: dict[Kind, Engine] = {}
        self._description = self._describe(self._engine("preset").describe())

    def describe(self) -> Description:
        return self._description

    def prepare(self, voice: Voice) -> Prompt:
        prepared = self._engine(voice.kind).prepare(voice)
        return replace(prepared, engine=NAME, data=_MARKS[voice.kind] + prepared.data)

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Chunk]:
        prompt = request.prompt
        if prompt.engine != NAME:
            raise InvalidInput(
                f"The voice {prompt.voice!r} was prepared for {prompt.engine}.",
                hint="Prepare it with this engine.",
                field="voice",
            )
        kind: Kind = "preset" if prompt.data[:1] == _MARKS["preset"] else "cloned"
        inner = replace(prompt, engine="qwen3", data=prompt.data[1:])
        return self._engine(kind).stream(replace(request, prompt=inner), cancel)

    def close(self) -> None:
        with self._lock:
            for engine in self._engines.values():
                engine.close()
            self._engines.clear()

    def _engine(self, kind: Kind) -> Engine:
        if kind not in _MARKS:
            raise InvalidInput(
                f"{NAME} has preset and cloned voices and takes packs; it has no {kind} ones.",
                hint="Load a released checkpoint for them: moksori models list.",
                code="unsupported_voice",
                field="voice",
            )
        kind = "cloned" if kind == "pack" else kind  # a pack is trained on what clones
        with self._lock:
            if kind not in self._engines:
                self._engines[kind] = Qwen3Engine(hub.POCKET[kind], **self._options)
            return self._engines[kind]

    def _describe(self, presets: Description) -> Description:
        """Both as one: equal bits need both files equal, so the identity covers both."""
        weights = hashlib.sha256()
        for name in hub.POCKET.values():
            for file in hub.weight_files(hub.locate(name).path):
                weights.update(file.read_bytes())
        warnings = presets.checkpoint.warnings if presets.checkpoint else ()
        return replace(
            presets,
            name=NAME,
            title="pocket (demonstration voices)",
            kinds=tuple(_MARKS),
            licence="moksori's own demonstration checkpoint, Apache-2.0, trained on synthetic speech only.",
            checkpoint=CheckpointIdentity(NAME, "embedded", weights.hexdigest(), warnings),
        )
