"""Voice packs as prompts, and their adapters as the runtime adds them: read on first use, a few of them kept.

A prompt names the adapter by the hash of its files, never by where they lie: the same pack in another folder is the
same voice. Knows nothing of how frames are computed.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from moksori.errors import Conflict, NotFound
from moksori.model import VoicePrompt
from moksori.model.adapter import CONFIG, WEIGHTS, Adapter
from moksori.runtime.lora import Addition, Lora
from moksori.runtime.runtime import Runtime
from moksori.training.pack import Pack
from moksori.voice import Voice

from . import protocol

KEPT = 4  # packs; one of the 0.6B model's takes some 40 MB
_ADAPTER, _SCALE = "adapter_sha256", "pack_scale"


def prepare(runtime: Runtime, voice: Voice) -> tuple[VoicePrompt, tuple[str, ...]]:
    """The prompt of a pack, and what the user should know. Raises for a pack that is broken or of another model."""
    assert voice.path is not None, "a pack is a folder"
    pack = Pack.load(voice.path)
    warnings = tuple(pack.check(runtime.model))
    facts: dict[str, object] = {"pack": pack.about.name}
    if pack.adapter is not None:
        runtime.lora(pack.adapter)  # what does not fit is refused now
        facts |= {_ADAPTER: _hash(voice.path), _SCALE: voice.scale}
    return VoicePrompt("vector", vector=pack.vector, facts=facts), warnings


class Packs:
    """The adapters that were spoken with last."""

    def __init__(self) -> None:
        self._held: dict[str, Lora] = {}
        self._lock = threading.Lock()

    def addition(self, runtime: Runtime, prompt: protocol.Prompt, voice: VoicePrompt) -> Addition | None:
        """What this prompt adds to the weights. Raises NotFound or Conflict if its pack is gone or is another now."""
        if _ADAPTER not in voice.facts or voice.facts[_SCALE] == 0:
            return None
        wanted = voice.facts[_ADAPTER]
        with self._lock:
            lora = self._held.pop(wanted, None) or _read(runtime, prompt, wanted)
            self._held[wanted] = lora  # the last one used comes last
            for name in list(self._held)[:-KEPT]:
                del self._held[name]
        return Addition.of(lora, voice.facts[_SCALE])

    def clear(self) -> None:
        with self._lock:
            self._held.clear()


def _read(runtime: Runtime, prompt: protocol.Prompt, wanted: str) -> Lora:
    folder = Path(prompt.folder)
    if not prompt.folder or not (folder / WEIGHTS).is_file():
        raise NotFound(
            f"The voice pack {prompt.voice} is not where it was ({prompt.folder or 'nobody says where'}).",
            hint="Put its folder back, or prepare the voice again.",
            code="pack_gone",
            field="voice",
        )
    if _hash(folder) != wanted:
        raise Conflict(
            f"The voice pack {prompt.voice} has changed since it was prepared.",
            hint="Prepare the voice again.",
            code="pack_changed",
            field="voice",
        )
    return runtime.lora(Adapter.load(folder))


def _hash(folder: Path) -> str:
    """Of the two files that decide what is added; the speaker vector is in the prompt itself."""
    total = hashlib.sha256()
    for name in (CONFIG, WEIGHTS):
        with (folder / name).open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
