"""Verify: make a take again from its manifest, and say whether it is the same sound, or what is not. No HTTP.

The request is rebuilt from the manifest alone, with the dictionary of that time, so the take's item, voice and preset
may all be gone.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from moksori.errors import Cancelled, MoksoriError
from moksori.manifest import differences, now
from moksori.store import Store
from moksori.store.takes import Take
from moksori.store.voices import FROZEN
from moksori.synthesizer import Speech, Synthesizer

from .speaking import Speaking, settings_from

RESULTS = ("pcm_sha256", "samples", "units", "warnings", "notes")


def verify(speaking: Speaking, take: Take, synthesizer: Synthesizer, cancel: threading.Event) -> Take:
    """Render the take again and record what came out; a sound that was lost is put back if it is the same."""
    store = speaking.store
    stored = store.takes.manifest(take.id)
    try:
        speech = _again(speaking, take, stored, synthesizer, cancel)
    except Cancelled:
        raise
    except MoksoriError as error:
        return impossible(store, take.id, error)
    if speech.manifest.pcm_sha256 == stored["pcm_sha256"]:
        if not store.blobs.sound_path(take.sound).exists():
            store.blobs.put_sound(speech.pcm, speech.sample_rate)
        return store.takes.set_verified(take.id, "same", _details("The same samples, made again.", None))
    found = first_difference(stored, speech.manifest.to_json())
    if found["name"].split(".")[0] in RESULTS:
        message = "Everything it depends on is equal, and yet it is another sound."
    else:
        message = f"It is another sound: {found['name']} is not what it was."
    return store.takes.set_verified(take.id, "different", _details(message, found))


def impossible(store: Store, take_id: int, error: MoksoriError) -> Take:
    """It could not be tried, for this reason."""
    return store.takes.set_verified(take_id, "impossible", _details(str(error), None))


def first_difference(stored: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    """The first thing it depends on that differs; a result only if no cause does."""
    found = [{"name": name, "stored": then, "now": here} for name, then, here in differences(stored, made)]
    causes = [d for d in found if d["name"].split(".")[0] not in RESULTS]
    return (causes or found)[0]


def frozen_voice(manifest: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The voice of a manifest in the form that requests and presets hold."""
    voice = {**manifest["voice"], "name": name, "reference_sha256": manifest["voice"]["reference_sha256"] or None}
    return {field: voice[field] for field in FROZEN}


def _again(
    speaking: Speaking, take: Take, stored: Mapping[str, Any], synthesizer: Synthesizer, cancel: threading.Event
) -> Speech:
    store = speaking.store
    voice = store.voices.thaw(frozen_voice(stored, take.voice_name))
    speaking.adopt_prompt(synthesizer, voice)
    return synthesizer.speak(
        stored["text"],
        voice,
        settings=settings_from(stored["settings"]),
        seed=stored["seed"],
        dictionary=store.dictionary.snapshot(take.dictionary_sha256),
        cancel=cancel,
    )


def _details(message: str, difference: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"at": now(), "message": message, "difference": difference}
