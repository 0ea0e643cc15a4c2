"""One item, spoken: planned, looked up by its key, rendered if it is new, measured, kept. Knows no threads, no HTTP.

The order makes it safe to be killed anywhere: the sound is on disk before the take's row, the row before the item is
finished, and an item that is run again finds its take by the key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from moksori.engine.protocol import Description, Priority
from moksori.manifest import Manifest
from moksori.script import Settings
from moksori.store import Store
from moksori.store.jobs import INTERACTIVE, Item
from moksori.store.takes import NewTake, Take
from moksori.synthesizer import Stream, Synthesizer
from moksori.text import Dictionary
from moksori.voice import Voice

from . import quality
from .live import Live, Stage

TELL_EVERY_S = 0.2
Tell = Callable[[Item, int, int, float], None]


@dataclass(frozen=True)
class Order:
    """A request made ready: everything `Synthesizer.stream` takes but the seed."""

    text: str
    voice: Voice
    settings: Settings
    dictionary: Dictionary | None


@dataclass(frozen=True)
class Spoken:
    take: Take
    key: str
    reused: bool


class Speaking:
    """Speaks items. `tell` hears how far one is: item, unit, units, seconds."""

    def __init__(self, store: Store, stage: Stage, tell: Tell) -> None:
        self.store = store
        self.stage = stage
        self.tell = tell

    def speak(self, item: Item, synthesizer: Synthesizer, cancel: threading.Event) -> Spoken:
        """All tries that the item's quality policy asks for; the chosen one is returned, all are kept.

        Raises Cancelled, and what the engine and the store raise.
        """
        order = self.order(item.request, "interactive" if item.priority == INTERACTIVE else "batch")
        self.adopt_prompt(synthesizer, order.voice)
        policy = item.request["quality"]
        tries: list[Spoken] = []
        for attempt in range(policy["tries"] if policy["action"] == "retry" else 1):
            spoken = self._attempt(item, synthesizer, order, attempt, cancel)
            tries.append(spoken)
            if not quality.is_faulty(spoken.take.marks):
                return spoken
        return min(tries, key=lambda spoken: quality.badness(spoken.take.marks))

    def order(self, request: Mapping[str, Any], priority: Priority = "interactive") -> Order:
        return Order(
            text=request["text"],
            voice=self.store.voices.thaw(request["voice"]),
            settings=replace(settings_from(request["settings"]), priority=priority),
            dictionary=self.store.dictionary.snapshot(request["dictionary"]),
        )

    def adopt_prompt(self, synthesizer: Synthesizer, voice: Voice) -> None:
        """A voice's prompt is computed once, and stored."""
        identity = prompt_identity(synthesizer.description)
        stored = self.store.voices.prompt(voice, identity)
        if stored is not None:
            synthesizer.adopt(voice, stored)
        else:
            self.store.voices.keep_prompt(voice, identity, synthesizer.prepare(voice))

    def _attempt(
        self, item: Item, synthesizer: Synthesizer, order: Order, attempt: int, cancel: threading.Event
    ) -> Spoken:
        seed = quality.try_seed(item.request["seed"], attempt)
        script = synthesizer.script(order.text, settings=order.settings, seed=seed, dictionary=order.dictionary)
        key = synthesizer.plan(script, order.voice).key
        found = self.store.takes.find_key(key)
        if found is not None and self.store.blobs.sound_path(found.sound).exists():
            self.store.takes.set_deleted([found.id], False)
            self.store.queue.note_try(item, found.id)
            return Spoken(self.store.takes.get(found.id), key, reused=found.item_id != item.id)
        take_id = self._render(item, synthesizer, order, attempt, cancel)
        return Spoken(self.store.takes.get(take_id), key, reused=False)

    def _render(self, item: Item, synthesizer: Synthesizer, order: Order, attempt: int, cancel: threading.Event) -> int:
        started = time.perf_counter()
        stream = synthesizer.stream(
            order.text,
            order.voice,
            settings=order.settings,
            seed=quality.try_seed(item.request["seed"], attempt),
            dictionary=order.dictionary,
            cancel=cancel,
            keep=False,
        )
        # Who listens hears the first try; a further one replaces the take, not the sound under way.
        place = item.id if attempt == 0 else -item.id
        live = self.stage.open(place, stream.sample_rate)
        try:
            first_audio_s = self._listen(item, stream, live, started)
            live.end(whole=True)
            elapsed_s = time.perf_counter() - started
            assert stream.manifest is not None, "the stream was read to its end"
            new = self._examined(item, stream.manifest, live, synthesizer.description)
            return self.store.queue.keep(item, new(attempt, first_audio_s, elapsed_s))
        finally:
            stream.close()  # now, not when nobody looks at the traceback any more: it may hold the engine's turn
            if not live.is_over:
                live.end(whole=False)
            self.stage.close(place)

    def _listen(self, item: Item, stream: Stream, live: Live, started: float) -> float | None:
        """Write the chunks where listeners hear them; returns when the first one came."""
        first_audio_s, told = None, 0.0
        units = len(stream.script.units)
        for chunk in stream:
            now = time.perf_counter()
            if first_audio_s is None:
                first_audio_s = now - started
            live.write(chunk)
            if now - told >= TELL_EVERY_S:
                told = now
                self.tell(item, stream.position, units, live.written / 2 / stream.sample_rate)
        return first_audio_s

    def _examined(
        self, item: Item, manifest: Manifest, live: Live, about: Description
    ) -> Callable[[int, float | None, float], NewTake]:
        """Measure and keep the sound; returns what makes the row, given attempt, first audio and elapsed time."""
        request, pcm, plain = item.request, live.pcm(), manifest.to_json()
        paces = self.store.takes.paces(request["voice"]["id"], about.name)
        measurements, marks = quality.examine(pcm, manifest, paces)
        sound = self.store.blobs.put_sound(pcm, manifest.sample_rate)
        assert sound.startswith(manifest.pcm_sha256), "what was streamed is what was hashed"

        def row(attempt: int, first_audio_s: float | None, elapsed_s: float) -> NewTake:
            return NewTake(
                key=manifest.key,
                sound=sound,
                sample_rate=manifest.sample_rate,
                samples=len(pcm),
                manifest=plain,
                summary=summary(plain),
                voice_name=request["voice"]["name"],
                preset_id=request["preset"],
                attempt=attempt,
                model=request["model"],
                draft=about.draft,
                dictionary_sha256=request["dictionary"],
                measurements=measurements,
                marks=marks,
                first_audio_s=first_audio_s,
                elapsed_s=elapsed_s,
            )

        return row


def settings_from(plain: Mapping[str, Any]) -> Settings:
    """The settings of a request or a manifest; raises TypeError for unknown names, InvalidInput for bad values."""
    return Settings(**{**plain, "overrides": tuple(plain.get("overrides", ()))})


def summary(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What lists show of a manifest: the settings, and where each sentence begins and ends."""
    rate = manifest["sample_rate"]
    sentences = [
        {
            "start_s": unit["start"] / rate,
            "end_s": (unit["start"] + unit["samples"]) / rate,
            "spoken": unit["spoken"],
            "source": unit["source"],
        }
        for unit in manifest["units"]
    ]
    return {"settings": manifest["settings"], "sentences": sentences}


def prompt_identity(about: Description) -> str:
    """What a stored prompt depends on besides the voice."""
    weights = about.checkpoint.sha256 if about.checkpoint else ""
    return "\0".join((about.name, weights, about.precision, about.device_class, about.numerics))
