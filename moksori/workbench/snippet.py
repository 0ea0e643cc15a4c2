"""A take as something to paste: a command, a request, a script. Whatever one of them cannot carry is said. No HTTP.

The script makes the very same sound, with the manifest's settings, overrides and dictionary; command and request
read the text with the rules alone.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from moksori.script import Settings
from moksori.text import Dictionary, Policy

from . import names

DEFAULT = Settings()


def snippets(stored: Mapping[str, Any], model: str, dictionary: Dictionary | None, address: str) -> dict[str, Any]:
    """`stored` is the manifest, `address` where this server is reached."""
    file = names.clean(stored["text"][:24]) + ".wav"
    return {
        "curl": _curl(stored, model, address, file),
        "cli": _cli(stored, model, file),
        "python": _python(stored, model, dictionary, file),
        "notes": _notes(stored, dictionary),
    }


def _curl(stored: Mapping[str, Any], model: str, address: str, file: str) -> str:
    settings = stored["settings"]
    body = {"input": stored["text"], "voice": stored["voice"]["id"], "seed": stored["seed"]}
    body |= {"language": settings["language"], "response_format": "wav"}
    body |= {"model": model} if model else {}
    body |= {"instructions": settings["instruct"]} if settings["instruct"] else {}
    body |= {name: settings[name] for name in ("pause_s", "trailing_s") if settings[name] != getattr(DEFAULT, name)}
    body |= settings["parameters"]
    url = f"{address}/v1/audio/speech"
    words = [
        "curl",
        url,
        "-H",
        "Content-Type: application/json",
        "-d",
        json.dumps(body, ensure_ascii=False),
        "-o",
        file,
    ]
    return shlex.join(words)


def _cli(stored: Mapping[str, Any], model: str, file: str) -> str:
    settings, voice = stored["settings"], stored["voice"]
    words = ["moksori", "speak", stored["text"], "--seed", str(stored["seed"]), "--language", settings["language"]]
    words += {
        "preset": ["--voice", voice["speaker"]],
        "designed": ["--design", voice["description"]],
        "pack": ["--pack", voice["pack"], "--scale", str(voice["scale"])],
        "cloned": ["--reference", "reference.wav"],
    }[voice["kind"]]
    words += ["--transcript", voice["transcript"]] if voice["transcript"] else []
    words += ["--model", model] if model else ["--engine", stored["engine"]]
    words += ["--instruct", settings["instruct"]] if settings["instruct"] else []
    words += ["--pause", str(settings["pause_s"]), "--trailing", str(settings["trailing_s"])]
    for name, value in settings["parameters"].items():
        words += ["--parameter", f"{name}={value}"]
    return shlex.join([*words, "-o", file])


def _python(stored: Mapping[str, Any], model: str, dictionary: Dictionary | None, file: str) -> str:
    settings, voice = stored["settings"], stored["voice"]
    source = f"{model!r}" if model else f"engine={stored['engine']!r}"
    who = {
        "preset": f"moksori.Voice.preset({voice['speaker']!r})",
        "designed": f"moksori.Voice.designed({voice['description']!r})",
        "pack": f"moksori.Voice.pack({voice['pack']!r}, scale={voice['scale']!r})",
        "cloned": f"moksori.Voice.cloned('reference.wav', {voice['transcript']!r})  # from the Voices page",
    }[voice["kind"]]
    given = {**settings, "overrides": tuple(settings["overrides"])}
    lines = ["import moksori", "from moksori.script import Settings"]
    lines += ["from moksori.text import Dictionary"] if dictionary else []
    lines += ["", f"synthesizer = moksori.load({source})", f"voice = {who}", "settings = Settings("]
    lines += [f"    {name}={value!r}," for name, value in given.items()] + [")"]
    lines += [f"dictionary = Dictionary.from_json({dictionary.to_json()!r})"] if dictionary else []
    extra = ", dictionary=dictionary" if dictionary else ""
    lines += [f"speech = synthesizer.speak({stored['text']!r}, voice, settings=settings, seed={stored['seed']}{extra})"]
    return "\n".join([*lines, f"speech.save({file!r})", ""])


def _notes(stored: Mapping[str, Any], dictionary: Dictionary | None) -> list[str]:
    """What only the script carries."""
    settings = stored["settings"]
    found = []
    if dictionary:
        found.append("The dictionary is not in the command and the request.")
    if settings["overrides"]:
        found.append("The chosen readings are not in the command and the request.")
    if Policy.from_mapping(settings["policy"]) != Policy():
        found.append("The reading policy is not in the command and the request.")
    if stored["voice"]["kind"] == "cloned":
        found.append("Download the reference from the Voices page first, as reference.wav.")
    return found
