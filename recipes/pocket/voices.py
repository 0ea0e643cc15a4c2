"""More voices than espeak-ng brings: crossings of its variants, written as variant files of our own.

A clone of a voice that was never heard is as good as the voices that were heard are many: espeak-ng's own variants
are 85, of which some resemble each other. A crossing lies between two parents, formant by formant, and leaves both a
little. Held-out variants are nobody's parents. Knows the variant files and nothing of sound.
"""

from __future__ import annotations

import random
from pathlib import Path

import espeakng_loader

from .espeak import CROSSING, CROSSINGS

FORMANTS = range(9)
# How far a child leaves the place between its parents: deviations of the logarithm of frequency, height and width.
_STRAY = (0.05, 0.15, 0.15)
_LOWEST, _HIGHEST = 10, 400  # per cent; espeak-ng takes more, but nobody hears a voice in it
# Taken whole from one of the parents: what does not lie on a line between two values.
_INHERITED = (
    "pitch", "tone", "klatt", "roughness", "flutter", "echo", "breath", "breathw", "voicing", "consonants",
    "intonation", "stressAdd", "stressAmp", "stressLength",
)  # fmt: skip

Lines = dict[str, list[str]]


def crossings(folder: Path, parents: list[str], count: int, seed: int) -> list[str]:
    """Make `folder` espeak-ng's data with `count` more variants; their names."""
    own = Path(espeakng_loader.get_data_path())
    genes = {name: _read(own / "voices" / "!v" / name) for name in parents}
    # Not among the other variants: espeak-ng lists 349 voices and loses the languages behind them.
    nursery = folder / CROSSINGS
    nursery.mkdir(parents=True, exist_ok=True)
    for entry in own.iterdir():
        if not (folder / entry.name).exists():
            (folder / entry.name).symlink_to(entry)
    source = random.Random(seed)
    names = [f"{CROSSING}{number:04d}" for number in range(count)]
    for name in names:
        one, other = source.sample(parents, 2)
        child = _cross(source, genes[one], genes[other])
        text = "".join(f"{key} {' '.join(values)}\n" for key, values in child.items())
        (nursery / name).write_text(f"language variant\nname {name}\n{text}")
    return names


def _read(path: Path) -> Lines:
    """`formant 1 120 80 160` becomes "formant 1": [120, 80, 160]."""
    found: Lines = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split("//")[0].split()
        if words[:1] == ["formant"] and len(words) > 2:
            found[f"formant {words[1]}"] = words[2:]
        elif words and words[0] in _INHERITED:
            found[words[0]] = words[1:]
    return found


def _cross(source: random.Random, one: Lines, other: Lines) -> Lines:
    child: Lines = {}
    for key in _INHERITED:
        parent = source.choice((one, other))
        if key in parent:
            child[key] = parent[key]
    between = source.random()
    for number in FORMANTS:
        key = f"formant {number}"
        values = [
            between * a + (1 - between) * b for a, b in zip(_shape(one.get(key)), _shape(other.get(key)), strict=True)
        ]
        scaled = [value * 2.718 ** source.gauss(0, stray) for value, stray in zip(values[:3], _STRAY, strict=True)]
        # A formant that both parents lack stays away.
        child[key] = [str(round(min(max(v, _LOWEST), _HIGHEST)) if v >= 1 else 0) for v in scaled]
        child[key].append(str(round(values[3])))
    return child


def _shape(values: list[str] | None) -> list[float]:
    """Frequency, height, width in per cent and what is added to the frequency in hertz; absent ones are neutral."""
    given = [float(value) for value in values or [] if value.lstrip("-").isdigit()][:4]
    return given + [100.0, 100.0, 100.0, 0.0][len(given) :]
