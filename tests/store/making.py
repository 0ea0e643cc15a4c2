"""Takes for tests: real manifests and real sound, kept as the dispatcher keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np

from moksori.manifest import Manifest, UnitRecord
from moksori.store import Store
from moksori.store.jobs import BATCH, Item, NewItem
from moksori.store.takes import NewTake
from moksori.store.voices import frozen_speaker


def manifest(text: str, *, seed: int = 0, voice: str = "f1", samples: int = 2400) -> Manifest:
    """What the synthesizer would write down, without the cost of speaking."""
    frozen = {k: v for k, v in frozen_speaker(voice, voice).items() if k != "name"} | {"reference_sha256": ""}
    unit = UnitRecord(text, (0, len(text)), seed, len(text), 1, 0.2, 0, samples, 0, "end")
    return Manifest(
        text=text, reading={"spoken": text}, script=(), seed=seed, settings={"language": "korean"}, voice=frozen,
        prompt_sha256="0" * 64, engine="espeak", checkpoint=None, precision="none", device_class="cpu",
        numerics="test", sample_rate=24_000, licence="", units=(unit,), samples=samples,
    )  # fmt: skip


def new_take(store: Store, text: str, *, marks: tuple[str, ...] = (), sound: str = "", **of: Any) -> NewTake:
    made = manifest(text, **of)
    pcm = np.arange(made.samples, dtype=np.int16) % 200 - 100 + made.seed % 100
    return NewTake(
        key=made.key, sound=sound or store.blobs.put_sound(pcm.astype(np.int16), 24_000), sample_rate=24_000,
        samples=made.samples, manifest=made.to_json(), summary={"settings": {}, "sentences": []},
        voice_name=f"voice {made.voice['id']}", preset_id=None, attempt=0, model="", draft=True,
        dictionary_sha256=None, measurements={"pace": 5.0},
        marks=[{"code": code, "severity": "warning", "at_s": 0.0, "reason": code} for code in marks],
    )  # fmt: skip


def request(text: str, seed: int = 1, voice: str = "f1", **more: Any) -> dict[str, Any]:
    """What an item holds."""
    frozen = {"text": text, "voice": frozen_speaker(voice, voice), "preset": None, "settings": {}, "seed": seed}
    model = {"model": "", "engine": "espeak", "precision": "auto"}
    return {**frozen, "quality": {"action": "flag", "tries": 3}, "dictionary": None, **model, **more}


def queued(store: Store, *texts: str, priority: int = BATCH) -> list[Item]:
    """A job with one item for each text."""
    new = [NewItem(request(text), {}, len(text)) for text in texts]
    job = store.jobs.submit("batch", "test", new, priority=priority)
    return store.jobs.items(job.id, limit=len(texts))


def kept(store: Store, text: str, **of: Any) -> int:
    """A take in the store; returns its id."""
    queued(store, text)
    claimed = store.queue.claim()
    assert claimed is not None
    take_id = store.queue.keep(claimed, new_take(store, text, **of))
    store.queue.finish(claimed, take_id, key="k", reused=False, elapsed_s=0.1)
    return take_id
