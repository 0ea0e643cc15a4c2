"""The workbench's own settings: their names, defaults and limits. Kept in the store; knows no HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moksori import audio
from moksori.errors import InvalidInput
from moksori.store.presets import QUALITY
from moksori.store.settings import StoredSettings
from moksori.text import Policy

from . import names

DEFAULTS: dict[str, Any] = {
    "label": True,
    "bin_days": 30,
    "loudness": None,
    "format": "wav",
    "template": names.DEFAULT,
    "chime": "none",
    "quality": QUALITY,
    "reading_policy": {},
    "default_voice": None,
    "interface": {},
}
MAX_INTERFACE = 16_384


class Preferences:
    """All settings with their defaults written out."""

    def __init__(self, stored: StoredSettings) -> None:
        self.stored = stored

    def all(self) -> dict[str, Any]:
        kept = self.stored.all()
        return {name: kept.get(name, default) for name, default in DEFAULTS.items()}

    def change(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All of what is given, or nothing. Raises InvalidInput naming the field."""
        if "format" in given:
            audio.find(given["format"])
        if "template" in given:
            names.check(given["template"])
        if "reading_policy" in given:
            Policy.from_mapping(given["reading_policy"])
        if len(json.dumps(given.get("interface", {}))) > MAX_INTERFACE:
            raise InvalidInput("interface is larger than 16 KB.", field="interface")
        self.stored.put(given)
        return self.all()
