"""Speeches of the interfaces for other programs, kept as takes beside the workbench's own. Knows no HTTP."""

from __future__ import annotations

from typing import Any

from moksori.serving.takes import Finished
from moksori.store import Store
from moksori.store.takes import NewTake, insert_take
from moksori.text import Dictionary

from . import quality
from .models import Models
from .speaking import summary


class StoreArchive:
    """A `moksori.serving.takes.Archive` over the store. Such a take has no job; otherwise it is like every other."""

    def __init__(self, store: Store, models: Models) -> None:
        self.store = store
        self.models = models

    def dictionary(self) -> Dictionary:
        return self.store.dictionary.current()

    def keep(self, finished: Finished) -> None:
        speech, voice = finished.speech, finished.voice
        manifest = speech.manifest
        if voice.reference is not None:
            self.store.blobs.put_reference(voice.reference.pcm)
        plain = manifest.to_json()
        paces = self.store.takes.paces(voice.id, manifest.engine)
        measurements, marks = quality.examine(speech.pcm, manifest, paces)
        loaded, record = self.models.description, self.store.voices.find(voice.id)
        new = NewTake(
            key=manifest.key,
            sound=self.store.blobs.put_sound(speech.pcm, speech.sample_rate),
            sample_rate=speech.sample_rate,
            samples=len(speech.pcm),
            manifest=plain,
            summary=summary(plain),
            voice_name=voice.id if record is None else record.name,
            preset_id=None,
            attempt=0,
            model=self.models.home.model,
            draft=loaded is not None and loaded.draft,
            dictionary_sha256=None if finished.dictionary is None else self.store.dictionary.keep(finished.dictionary),
            measurements=measurements,
            marks=marks,
            first_audio_s=finished.first_audio_s,
            elapsed_s=finished.elapsed_s,
        )
        with self.store.database.write() as connection:
            insert_take(connection, new, job_id=None, item_id=None)

    def find(self, key: str) -> dict[str, Any] | None:
        take = self.store.takes.find_key(key)
        return None if take is None else self.store.takes.manifest(take.id)
