"""The ten languages of Qwen3-TTS by the one name that everything inside uses, and how else users write them."""

from __future__ import annotations

from moksori.errors import InvalidInput

CODES = {
    "korean": "ko",
    "english": "en",
    "chinese": "zh",
    "japanese": "ja",
    "german": "de",
    "french": "fr",
    "russian": "ru",
    "portuguese": "pt",
    "spanish": "es",
    "italian": "it",
}
_NAMES = {code: name for name, code in CODES.items()}


def language_name(given: str) -> str:
    """`ko`, `ko-KR`, `Korean` -> `korean`; `auto` stays. Raises InvalidInput with the list for anything else."""
    lowered = given.strip().lower()
    name = _NAMES.get(lowered.replace("_", "-").split("-")[0], lowered)
    if name not in CODES and name != "auto":
        known = ", ".join(f"{name} ({code})" for name, code in CODES.items())
        raise InvalidInput(
            f"Unknown language {given!r}.", hint=f"One of: {known}.", code="unknown_language", field="language"
        )
    return name
