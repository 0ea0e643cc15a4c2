"""The desk where wishes become requests: voice, preset, settings and seed resolved, checked and frozen. Knows no HTTP.

What an item holds afterwards depends on nothing that can still change. Whatever can be refused is refused here, by
the name of its field, before anything is queued.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from moksori import text as reader
from moksori.engine.parameters import resolve
from moksori.engine.protocol import MAX_SEED, Description
from moksori.errors import InvalidInput, NotFound
from moksori.language import language_name
from moksori.script import Settings, write
from moksori.store import Store
from moksori.store.presets import SETTINGS, Preset
from moksori.store.voices import frozen_speaker
from moksori.text import Dictionary

from .models import PRECISIONS, Models, ModelSpec, known_spec
from .preferences import Preferences
from .speaking import settings_from


@dataclass(frozen=True)
class Wanted:
    """A wish: None and {} mean that the preset's or the default is wanted."""

    text: str
    voice: str | None = None
    preset: str | None = None
    settings: Mapping[str, Any] | None = None
    seed: int | None = None
    quality: Mapping[str, Any] | None = None
    model: str | None = None
    precision: str | None = None


@dataclass(frozen=True)
class Request:
    """What an item holds, and how much there is to say."""

    frozen: dict[str, Any]
    syllables: int


class Desk:
    def __init__(self, store: Store, models: Models, preferences: Preferences) -> None:
        self.store = store
        self.models = models
        self.preferences = preferences

    def request(self, wanted: Wanted) -> Request:
        """One wish, made ready."""
        return self.session().request(wanted)

    def session(self) -> Session:
        """For many wishes at once: looks up each voice, preset and text once."""
        return Session(self)

    def voice(self, id: str) -> dict[str, Any]:
        """The voice of that id, frozen: a stored one, else a speaker that the loaded model brings along."""
        stored = self.store.voices.find(id)
        if stored is not None:
            return stored.frozen()
        loaded = self.models.description
        speakers = {speaker.id: speaker.name for speaker in loaded.speakers} if loaded else {}
        if id not in speakers:
            known = ", ".join([*speakers][:10]) or "none, no model is loaded"
            raise NotFound(
                f"There is no voice {id!r}.",
                hint=f"Speakers of the model: {known}.",
                code="unknown_voice",
                field="voice",
            )
        return frozen_speaker(id, speakers[id])

    def default_voice(self) -> str:
        """The voice of the settings, else the first that the loaded model can speak with."""
        chosen = self.preferences.all()["default_voice"]
        if chosen is not None:
            return str(chosen)
        loaded = self.models.description
        for record in self.store.voices.all():
            if loaded is None or not unusable(record.frozen(), loaded):
                return record.id
        if loaded is not None and loaded.speakers:
            return loaded.speakers[0].id
        raise InvalidInput("There is no voice to speak with.", hint="Add one on the Voices page.", field="voice")

    def model(self, wanted: Wanted, preset: Preset | None) -> ModelSpec:
        """Which model: the one asked for, else the preset's, else the present one."""
        now = self.models.home
        precision = wanted.precision or "auto"
        if precision not in PRECISIONS:
            raise InvalidInput(
                f"precision is {precision!r}.", hint=f"One of: {', '.join(PRECISIONS)}.", field="precision"
            )
        if wanted.model is not None:
            if wanted.model == now.model and wanted.precision in (None, now.precision):
                return now
            return known_spec(wanted.model, precision)
        if wanted.precision is not None:
            return ModelSpec(now.model, now.engine, precision)
        return now if preset is None else self._model_of(preset, now)

    def dictionary(self, preset: Preset | None) -> Dictionary:
        """The dictionary; with a preset its own entries win, so that what it said it says again."""
        current = self.store.dictionary.current()
        if preset is None or preset.frozen.dictionary is None:
            return current
        snapshot = self.store.dictionary.snapshot(preset.frozen.dictionary)
        merged = current
        for entry in snapshot or ():
            merged = merged.with_entry(entry)
        return merged

    def _model_of(self, preset: Preset, now: ModelSpec) -> ModelSpec:
        was, loaded = preset.frozen.model, self.models.description
        if not was or (was.get("engine"), was.get("model")) == (loaded.name if loaded else now.engine, now.model):
            return now
        if was.get("model"):
            return known_spec(was["model"])
        return now if loaded is not None and was.get("engine") == loaded.name else known_spec(str(was.get("engine")))


class Session:
    """One answer to many wishes."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._voices: dict[str, dict[str, Any]] = {}
        self._presets: dict[str, Preset] = {}
        self._dictionaries: dict[str | None, tuple[Dictionary, str | None]] = {}
        self._syllables: dict[tuple[str, str], int] = {}
        self._preferences = desk.preferences.all()

    def request(self, wanted: Wanted, *, count: bool = True) -> Request:
        """`count`: read the text now, which tells its syllables and refuses what cannot be spoken."""
        preset = None if wanted.preset is None else self._preset(wanted.preset)
        voice = self._voice(wanted, preset)
        spec = self.desk.model(wanted, preset)
        settings = self._settings(wanted, preset)
        loaded = self.desk.models.description
        if loaded is not None and spec == self.desk.models.spec:
            _check(voice, settings, loaded)
        dictionary, dictionary_name = self._dictionary(preset)
        seed = wanted.seed if wanted.seed is not None else preset.frozen.seed if preset else random_seed()
        quality = wanted.quality or (preset.frozen.quality if preset else self._preferences["quality"])
        frozen = {
            "text": wanted.text,
            "voice": voice,
            "preset": None if preset is None else preset.id,
            "settings": settings,
            "seed": seed,
            "quality": dict(quality),
            "dictionary": dictionary_name,
            **spec.to_json(),
        }
        return Request(frozen, self._count(wanted.text, settings, dictionary) if count else len(wanted.text))

    def again(self, was: Mapping[str, Any], wanted: Wanted) -> Request:
        """An earlier request with whatever is wanted otherwise; what is frozen in it stays so."""
        if wanted.preset is not None:
            return self.request(replace(wanted, quality=was["quality"]))
        settings = {**was["settings"], **(wanted.settings or {})}
        if wanted.text != was["text"] and "overrides" not in (wanted.settings or {}):
            settings["overrides"] = []
        voice = was["voice"] if wanted.voice is None else self.desk.voice(wanted.voice)
        settings = written_out(settings)
        frozen = {**was, "text": wanted.text, "voice": voice, "settings": settings, "seed": wanted.seed}
        dictionary = self.desk.store.dictionary.snapshot(was["dictionary"]) or Dictionary()
        return Request(frozen, self._count(wanted.text, settings, dictionary))

    def _preset(self, id: str) -> Preset:
        if id not in self._presets:
            self._presets[id] = self.desk.store.presets.get(id)
        return self._presets[id]

    def _voice(self, wanted: Wanted, preset: Preset | None) -> dict[str, Any]:
        if wanted.voice is None and preset is not None:
            return dict(preset.frozen.voice)
        id = wanted.voice if wanted.voice is not None else self.desk.default_voice()
        if id not in self._voices:
            self._voices[id] = self.desk.voice(id)
        return self._voices[id]

    def _settings(self, wanted: Wanted, preset: Preset | None) -> dict[str, Any]:
        start = dict(preset.frozen.settings) if preset else {"policy": self._preferences["reading_policy"]}
        if preset is not None and wanted.text != preset.frozen.text:
            start["overrides"] = []  # they name places in another text
        return written_out({**start, **(wanted.settings or {})})

    def _dictionary(self, preset: Preset | None) -> tuple[Dictionary, str | None]:
        key = None if preset is None else preset.id
        if key not in self._dictionaries:
            dictionary = self.desk.dictionary(preset)
            self._dictionaries[key] = (dictionary, self.desk.store.dictionary.keep(dictionary))
        return self._dictionaries[key]

    def _count(self, text: str, settings: Mapping[str, Any], dictionary: Dictionary) -> int:
        key = (text, repr(sorted(settings.items())))
        if key not in self._syllables:
            script = write(text, settings=settings_from(settings), dictionary=dictionary)
            self._syllables[key] = sum(unit.syllables for unit in script.units)
        return self._syllables[key]


def written_out(given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings as plain data, checked; raises InvalidInput naming what is wrong."""
    if "language" in given:
        given = {**given, "language": language_name(given["language"])}
    settings = settings_from(given)
    reader.Policy.from_mapping(settings.policy)
    for override in settings.overrides:
        reader.Override.from_mapping(override)
    plain = {field.name: getattr(settings, field.name) for field in fields(Settings) if field.name in SETTINGS}
    return plain | {"overrides": [dict(override) for override in settings.overrides]}


def unusable(voice: Mapping[str, Any], loaded: Description) -> str:
    """Why the loaded model cannot speak with a voice; empty if it can."""
    if voice["kind"] not in loaded.kinds:
        return f"{loaded.title} has no {voice['kind']} voices, only {', '.join(loaded.kinds)}."
    if voice["kind"] == "preset" and voice["speaker"] not in [speaker.id for speaker in loaded.speakers]:
        return f"{loaded.title} has no speaker {voice['speaker']!r}."
    return ""


def random_seed() -> int:
    """Drawn before anything runs, and written down."""
    return secrets.randbelow(MAX_SEED + 1)


def _check(voice: Mapping[str, Any], settings: Mapping[str, Any], loaded: Description) -> None:
    why = unusable(voice, loaded)
    if why:
        raise InvalidInput(
            why, hint="Choose another voice, or load another model.", code="unusable_voice", field="voice"
        )
    if settings["language"] not in loaded.languages:
        known = ", ".join(loaded.languages)
        raise InvalidInput(
            f"{loaded.title} does not speak {settings['language']!r}.", hint=f"Languages: {known}.", field="language"
        )
    if settings["instruct"] and not loaded.instruct:
        raise InvalidInput(f"{loaded.title} takes no instruct.", hint="Leave it empty.", field="instruct")
    resolve(loaded.parameters, settings["parameters"])
