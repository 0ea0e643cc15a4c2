"""Title and comment of a sound file: the words that mark it as made by a machine, and ID3 for MP3.

Korea's AI Basic Act (in force since 2026-01-22) asks operators to label generated sound; the label travels in the
file's comment wherever the format has one (wav, flac, mp3, opus, webm).
"""

from __future__ import annotations

LABEL = "AI-generated speech (moksori)"


def id3(tags: dict[str, str]) -> bytes:
    """An ID3v2.4 header with UTF-8 text, or nothing."""
    frames = b""
    if "title" in tags:
        frames += _frame(b"TIT2", b"\x03" + tags["title"].encode("utf-8", "replace"))
    if "comment" in tags:
        frames += _frame(b"COMM", b"\x03eng\x00" + tags["comment"].encode("utf-8", "replace"))
    return b"ID3\x04\x00\x00" + _syncsafe(len(frames)) + frames if frames else b""


def _frame(name: bytes, body: bytes) -> bytes:
    return name + _syncsafe(len(body)) + b"\0\0" + body


def _syncsafe(size: int) -> bytes:
    """28 bits in four bytes of seven, so that no size looks like the start of an MPEG frame."""
    assert size < 1 << 28
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
