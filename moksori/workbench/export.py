"""Takes as files for others: any format, a loudness, a chime, the label; made on demand, kept for a while. No HTTP.

The master is never altered. A file is named by what went into it, so the same download is made once, and ranges of it
stay stable as long as it is kept.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moksori import audio
from moksori.audio.formats import Format
from moksori.audio.pcm import Int16
from moksori.audio.tags import id3
from moksori.errors import InvalidInput
from moksori.store import Store
from moksori.store.takes import Take

from .chime import Chime, with_chime

KEPT_BYTES, KEPT_S = 1 << 29, 600.0
LOUDEST, QUIETEST = -9.0, -31.0


@dataclass(frozen=True)
class Options:
    """How a take leaves the house. loudness: LUFS, None as it was made; label: say that it is AI-generated."""

    format: str = "wav"
    loudness: float | None = None
    chime: Chime = "none"
    label: bool = True

    def __post_init__(self) -> None:
        audio.find(self.format)
        if self.loudness is not None and not QUIETEST <= self.loudness <= LOUDEST:
            raise InvalidInput(
                f"loudness is {self.loudness}, outside {QUIETEST:g} to {LOUDEST:g} LUFS.", field="loudness"
            )

    @property
    def target(self) -> Format:
        return audio.find(self.format)


class Exports:
    """Files for download, below one folder that may be emptied at any time."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.folder = store.exports

    def file(self, take: Take, options: Options) -> Path:
        """The take as a file. Raises NotFound if its sound is gone."""
        consent = self.store.takes.manifest(take.id)["voice"]["consent"]
        wanted = json.dumps([take.sound, take.text[:200], consent, asdict(options)], ensure_ascii=False)
        path = (
            self.folder
            / f"{hashlib.sha256(wanted.encode('utf-8', 'surrogatepass')).hexdigest()}{options.target.extension}"
        )
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            audio.write_bytes(path, self.encoded(take, options, consent))
            self._make_room()
        return path

    def encoded(self, take: Take, options: Options, consent: str) -> bytes:
        pcm, rate = self.store.blobs.sound(take.sound)
        title = take.text[:200]
        said = comment(options, consent)
        data = audio.encode(finished(pcm, rate, options), rate, options.format, title=title, comment=said)
        if options.format == "aac":  # a stream of bare frames: players skip an ID3 tag before them, and show it
            data = id3({"title": title, "comment": said} if said else {}) + data
        return data

    def _make_room(self) -> None:
        """Forget the oldest files beyond the limit; none that may still be being read."""
        files = sorted(((p.stat().st_mtime, p.stat().st_size, p) for p in self.folder.iterdir()), reverse=True)
        total = 0
        for at, size, path in files:
            total += size
            if total > KEPT_BYTES and time.time() - at > KEPT_S:
                path.unlink(missing_ok=True)


def finished(pcm: Int16, sample_rate: int, options: Options) -> Int16:
    """(n,) int16 at the loudness and with the chimes that are wanted; untouched if none are."""
    if options.loudness is None and options.chime == "none":
        return pcm
    sound = audio.to_float(pcm)
    if options.loudness is not None:
        sound, _ = audio.normalise(sound, sample_rate, options.loudness)
    return audio.to_int16(with_chime(sound, sample_rate, options.chime))


def comment(options: Options, consent: str) -> str:
    """What the file says about itself: the label, and whose voice it is on what ground."""
    return ". ".join(part for part in (audio.LABEL if options.label else "", consent) if part)[:1000]


def options_from(given: Mapping[str, Any], preferences: Mapping[str, Any]) -> Options:
    """What a client asks for over the preferences; the label is the preferences' alone."""
    asked = {name: value for name, value in given.items() if value is not None}
    return Options(label=preferences["label"], **asked)
