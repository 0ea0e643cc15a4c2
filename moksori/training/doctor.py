"""A folder or a manifest of recordings, looked at as a whole; and made ready for training, changing only what is asked.

Knows what each recording shows (`examine`) and what only many show: duplicates, other voices, too little. Reports
are drawn elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from moksori import audio, measure, text
from moksori.errors import InvalidInput, NotFound

from . import strangers
from .disk import space
from .examine import TAG, Clip, Finding, examine
from .manifest import Row, group_of, read, write
from .sound import RATE, end_with_silence

SOUNDS = {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aiff", ".aif", ".m4a", ".webm", ".mp4", ".aac"}
FIXES = ("resample", "tail", "trim", "level", "centre", "strip_tags", "read")
FEW_CLIPS, FEW_MINUTES = 20, 3.0
Seen = Callable[[int, int], None]
_AGAIN = "Free some space, or give another folder, and start the same command again."


@dataclass(frozen=True)
class Diagnosis:
    """Clips in order, and findings about them all."""

    clips: tuple[Clip, ...]
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> list[Clip]:
        return [clip for clip in self.clips if clip.usable]

    @property
    def seconds(self) -> float:
        return sum(clip.seconds for clip in self.usable)

    @property
    def counts(self) -> dict[str, int]:
        """How many clips have each finding."""
        return dict(Counter(f.code for clip in self.clips for f in clip.findings).most_common())


def find_rows(source: Path, speaker: str = "", language: str = "auto") -> list[Row]:
    """Rows of a manifest, or of a folder: every recording with `name.txt` beside it, or `metadata.csv` lines
    `name|text`. A recording without a transcript has an empty one, which the diagnosis names."""
    if source.is_file():
        return read(source)
    if not source.is_dir():
        raise NotFound(f"There is no {source}.", hint="Give a folder of recordings or a manifest.", field="source")
    sounds = sorted(path for path in source.rglob("*") if path.suffix.lower() in SOUNDS)
    if not sounds:
        raise InvalidInput(
            f"{source} holds no recordings.", hint=f"They end in {', '.join(sorted(SOUNDS))}.", field="source"
        )
    listed = _listed(source / "metadata.csv")
    return [
        Row(path.resolve(), _beside(path) or listed.get(path.stem, ""), speaker=speaker, language=language, line=number)
        for number, path in enumerate(sounds, start=1)
    ]


def ignored(source: Path) -> list[str]:
    """Names of files in a folder that are neither sounds nor their transcripts, so that nobody wonders about them."""
    if not source.is_dir():
        return []
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    sounds = {path.with_suffix("") for path in files if path.suffix.lower() in SOUNDS}
    known = {path for path in files if path.suffix.lower() in SOUNDS}
    known |= {path for path in files if path.suffix == ".txt" and path.with_suffix("") in sounds}
    return [str(path.relative_to(source)) for path in files if path not in known and path.name != "metadata.csv"]


def _beside(path: Path) -> str:
    transcript = path.with_suffix(".txt")
    return _text_of(transcript).strip() if transcript.is_file() else ""


def _listed(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (line.split("|") for line in _text_of(path).splitlines() if "|" in line)
    return {Path(parts[0].strip()).stem: parts[-1].strip() for parts in pairs}


def _text_of(path: Path) -> str:
    """UTF-8, or what Korean editors wrote before it."""
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput(f"{path} is neither UTF-8 nor CP949 text.", hint="Save it as UTF-8.", field=str(path))


def diagnose(rows: Sequence[Row], seen: Seen = lambda _done, _all: None) -> Diagnosis:
    clips = []
    for number, row in enumerate(rows, start=1):
        clips.append(examine(row))
        seen(number, len(rows))
    clips = _mark(clips, _duplicates(clips))
    clips = _mark(clips, _strangers(clips))
    return Diagnosis(tuple(clips), tuple(_overall(clips)))


def _mark(clips: Sequence[Clip], found: dict[int, Finding]) -> list[Clip]:
    return [
        replace(clip, findings=(*clip.findings, found[index])) if index in found else clip
        for index, clip in enumerate(clips)
    ]


def _duplicates(clips: Sequence[Clip]) -> dict[int, Finding]:
    sounds: dict[str, Clip] = {}
    texts: dict[str, Clip] = {}
    found: dict[int, Finding] = {}
    for index, clip in enumerate(clips):
        if clip.pcm_sha256:
            first = sounds.setdefault(clip.pcm_sha256, clip)
            if first is not clip:
                words = f"The same sound as {first.row.audio.name}."
                found[index] = Finding("duplicate_sound", "error", words)
                continue
        said = " ".join(clip.row.text.split())
        if said:
            earlier = texts.setdefault(f"{clip.row.speaker}|{said}", clip)
            if earlier is not clip:
                found[index] = Finding("duplicate_text", "note", f"The same words as {earlier.row.audio.name}.")
    return found


def _strangers(clips: Sequence[Clip]) -> dict[int, Finding]:
    """Clips that sound unlike the others of their speaker."""
    found: dict[int, Finding] = {}
    for speaker in {clip.row.speaker for clip in clips}:
        chosen = [i for i, c in enumerate(clips) if c.row.speaker == speaker and c.usable and len(c.timbre)]
        for one in strangers.find([clips[i].timbre for i in chosen]):
            words = f"It sounds {one.times:.1f} times as far from the others as they usually do"
            words += f", like {one.group - 1} more." if one.group > 1 else "."
            found[chosen[one.index]] = Finding("other_speaker", "warning", words + " Somebody else?")
    return found


def _overall(clips: Sequence[Clip]) -> list[Finding]:
    usable = [clip for clip in clips if clip.usable]
    minutes = sum(clip.seconds for clip in usable) / 60
    findings = []
    if not usable:
        return [Finding("nothing_usable", "error", "No clip can be used.")]
    if len(usable) < FEW_CLIPS or minutes < FEW_MINUTES:
        words = f"{len(usable)} usable clips, {minutes:.1f} minutes: enough to try, 50 clips and 9 minutes to be good."
        findings.append(Finding("little_data", "warning", words))
    others = sum(f.code == "other_speaker" for clip in usable for f in clip.findings)
    if others > 0.08 * len(usable):
        words = (
            f"{others} of {len(usable)} clips sound like somebody else. One voice for one speaker name: put them into "
            "a folder of their own, or name both in a manifest; `data prepare` leaves them out."
        )
        findings.append(Finding("mixed_speakers", "error", words))
    if len({clip.row.language for clip in usable}) > 1:
        findings.append(Finding("several_languages", "note", "The clips are of several languages."))
    return findings


def check_fixes(fixes: Iterable[str]) -> set[str]:
    """Raises InvalidInput for one that there is not."""
    wanted = set(fixes)
    unknown = sorted(wanted - set(FIXES))
    if unknown:
        raise InvalidInput(f"There is no fix {unknown[0]!r}.", hint=f"Fixes: {', '.join(FIXES)}.", field="fix")
    return wanted


def prepare(
    diagnosis: Diagnosis,
    target: Path,
    *,
    fixes: Iterable[str] = ("resample", "tail"),
    tail_s: float = 0.5,
    keep_others: bool = False,
    seen: Seen = lambda _done, _all: None,
) -> tuple[list[Row], list[tuple[str, str]]]:
    """Write usable clips to `target`/clips at 24 kHz mono and `target`/manifest.jsonl. Originals are never touched; of
    the fixes only those named are made. Returns the rows, and (name, reason) of clips that were left out: unusable
    ones and, unless `keep_others`, those of somebody else. Raises Unavailable when the disk is full."""
    wanted = check_fixes(fixes)
    with space(target, _AGAIN):
        (target / "clips").mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    left_out: list[tuple[str, str]] = []
    for number, clip in enumerate(diagnosis.clips):
        reason = _reason(clip, keep_others)
        if reason:
            left_out.append((clip.row.audio.name, reason))
            continue
        sound = audio.read(clip.row.audio, sample_rate=RATE)
        path = (target / "clips" / f"{number:05d}_{clip.row.audio.stem}.wav").resolve()
        pcm = _fixed(sound.pcm, wanted, tail_s)
        with space(path, _AGAIN):
            # No comment: these are the user's own recordings, not synthetic speech.
            audio.write(path, audio.to_int16(pcm), RATE, comment="")
        group = clip.row.group or Path(group_of(clip.row)).name
        rows.append(replace(clip.row, audio=path, text=_fixed_text(clip.row.text, wanted), group=group))
        seen(number + 1, len(diagnosis.clips))
    if not rows:
        raise InvalidInput("No clip can be used.", hint="`moksori data check` says why.", field="source")
    with space(target, _AGAIN):
        write(target / "manifest.jsonl", rows)
    return rows, left_out


def _reason(clip: Clip, keep_others: bool) -> str:
    """Why a clip is not used, or nothing."""
    for finding in clip.findings:
        if finding.severity == "error" or (finding.code == "other_speaker" and not keep_others):
            return finding.words
    return ""


def _fixed(pcm: np.ndarray, wanted: set[str], tail_s: float) -> np.ndarray:
    sound = pcm.astype(np.float32)
    if "centre" in wanted:
        sound = sound - np.float32(sound.mean(dtype=np.float64))
    if "trim" in wanted:
        start = max(0.0, measure.activity(sound, RATE).leading_s - 0.1)
        sound = sound[round(start * RATE) :]
    if "level" in wanted:
        peak = float(np.abs(sound).max())
        sound = sound * np.float32(0.7 / peak) if peak else sound
    return end_with_silence(sound, tail_s) if "tail" in wanted else sound


def _fixed_text(written: str, wanted: set[str]) -> str:
    said = " ".join(TAG.sub(" ", written).split()) if "strip_tags" in wanted else written
    return text.read(said).spoken if "read" in wanted else said
