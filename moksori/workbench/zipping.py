"""A ZIP of takes, streamed: one file after the other, never whole in memory or on disk. Knows no HTTP.

Sound is stored, not compressed again. The last member, `manifest.json`, says of every file which take it is, its
hash, its manifest and its consent note, and which takes could not be included.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from moksori.errors import NotFound
from moksori.store.takes import Take

from .export import Exports, Options


@dataclass(frozen=True)
class Member:
    """A take under its name in the ZIP."""

    name: str
    take: Take


class _Sink(io.RawIOBase):
    """Where zipfile writes; `drain` takes what has come."""

    def __init__(self) -> None:
        self._new = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._new += data
        return len(data)

    def drain(self) -> bytes:
        new = bytes(self._new)
        self._new.clear()
        return new


def stream(exports: Exports, members: Sequence[Member], options: Options) -> Iterator[bytes]:
    """The bytes of the ZIP, as they are made."""
    sink = _Sink()
    missing: list[dict[str, Any]] = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as whole:
        for member in members:
            try:
                consent = exports.store.takes.manifest(member.take.id)["voice"]["consent"]
                data = exports.encoded(member.take, options, consent)
            except NotFound as error:  # removed meanwhile: the rest is still wanted
                missing.append({"file": member.name, "take": member.take.id, "reason": str(error)})
                continue
            whole.writestr(zipfile.ZipInfo(member.name, _date(member.take)), data)
            yield sink.drain()
        gone = {entry["file"] for entry in missing}
        yield from _manifest(exports, whole, sink, [m for m in members if m.name not in gone], options, missing)
    yield sink.drain()


def _manifest(
    exports: Exports,
    whole: zipfile.ZipFile,
    sink: _Sink,
    members: Sequence[Member],
    options: Options,
    missing: list[dict[str, Any]],
) -> Iterator[bytes]:
    head = {"made": datetime.now(UTC).isoformat(timespec="seconds"), "options": asdict(options), "missing": missing}
    info = zipfile.ZipInfo("manifest.json", datetime.now(UTC).timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    with whole.open(info, "w", force_zip64=True) as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "files": [\n')
        for n, member in enumerate(members):
            manifest = exports.store.takes.manifest(member.take.id)
            entry = {
                "file": member.name,
                "take": member.take.id,
                "pcm_sha256": manifest["pcm_sha256"],
                "consent": manifest["voice"]["consent"],
                "manifest": manifest,
            }
            file.write((b",\n" if n else b"") + json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace"))
            yield sink.drain()
        file.write(b"\n]}\n")


def _date(take: Take) -> tuple[int, int, int, int, int, int]:
    made = datetime.fromtimestamp(max(take.created, 315_619_200), UTC)  # ZIP knows no time before 1980
    return made.year, made.month, made.day, made.hour, made.minute, made.second
