"""`moksori data check | prepare | manifest | encode`: recordings examined, made ready, listed, turned into codes."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moksori.training.codes import Encoding, Progress
    from moksori.training.doctor import Diagnosis

# What `data prepare` changes only when asked; rate and tail it always brings into order.
ASKED = ("trim", "level", "centre", "strip_tags", "read")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("data", help="check and prepare recordings for training")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="say what is wrong with a folder of recordings or a manifest")
    _source(check)
    check.add_argument("--report", type=Path, help="folder for report.html and report.json")
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    check.set_defaults(run=_check)
    prepare = actions.add_parser("prepare", help="write clean 24 kHz clips and a manifest; originals stay as they are")
    _source(prepare)
    prepare.add_argument("output", type=Path, help="folder to write into")
    prepare.add_argument("--fix", action="append", default=[], metavar="FIX", help=f"also fix: {', '.join(ASKED)}")
    prepare.add_argument("--keep-others", action="store_true", help="keep clips that sound like somebody else")
    prepare.add_argument("--tail", type=float, default=0.5, help="seconds of silence that each clip ends with")
    prepare.set_defaults(run=_prepare)
    manifest = actions.add_parser("manifest", help="check a manifest's lines and show how it would be split")
    manifest.add_argument("source", type=Path)
    manifest.add_argument("--held-out", type=float, default=0.05)
    manifest.set_defaults(run=_manifest)
    encode = actions.add_parser("encode", help="turn the clips of a manifest into codes, once")
    encode.add_argument("source", type=Path, help="the manifest")
    encode.add_argument("--model", required=True, help="checkpoint whose codec encodes")
    encode.add_argument("--cache", type=Path, help="folder of the codes (default: codes beside the manifest)")
    encode.add_argument(
        "--tail", type=float, default=0.5, help="seconds of silence at the end (tail_silence_s of a run)"
    )
    encode.add_argument("--device", default="auto", help="auto (every card with room), cpu, or cuda:0,cuda:1")
    encode.set_defaults(run=_encode)


def _source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, help="a folder of recordings, or a manifest (JSON lines)")
    parser.add_argument("--speaker", default="", help="name of the voice, for a folder")
    parser.add_argument("--language", default="auto")


def _check(given: argparse.Namespace) -> int:
    from moksori.training import checkup, doctor

    diagnosis = doctor.diagnose(doctor.find_rows(given.source, given.speaker, given.language), Meter("heard").count)
    if given.json:
        print(json.dumps(checkup.to_json(diagnosis), ensure_ascii=False, indent=1))
    else:
        _print(diagnosis)
        _tell_ignored(given.source)
    if given.report:
        page, data = checkup.write(diagnosis, given.report)
        print(f"{page}\n{data}", file=sys.stderr if given.json else sys.stdout)
    elif not given.json:
        print(f"Next: moksori data prepare {given.source} READY (or --report FOLDER here, for a page with pictures)")
    return 0 if diagnosis.usable else 2


def _print(diagnosis: Diagnosis) -> None:
    usable, total = len(diagnosis.usable), len(diagnosis.clips)
    print(f"{usable} of {total} clips can be used, {diagnosis.seconds / 60:.1f} minutes.")
    for finding in diagnosis.findings:
        print(f"{finding.severity}: {finding.words}")
    for clip in diagnosis.clips:
        for finding in (f for f in clip.findings if f.severity != "note"):
            fix = f" (data prepare --fix {finding.fix})" if finding.fix in ASKED else ""
            print(f"  {clip.row.audio.name}: {finding.severity}: {finding.words}{fix}")


def _tell_ignored(source: Path) -> None:
    from moksori.training import doctor

    names = doctor.ignored(source)
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        print(f"Not looked at, no recording or transcript of one: {', '.join(names[:5])}{more}")


def _prepare(given: argparse.Namespace) -> int:
    from moksori.training import checkup, doctor

    doctor.check_fixes(given.fix)
    diagnosis = doctor.diagnose(doctor.find_rows(given.source, given.speaker, given.language), Meter("heard").count)
    page, _ = checkup.write(diagnosis, given.output)
    rows, left_out = doctor.prepare(
        diagnosis, given.output, fixes=("resample", "tail", *given.fix), tail_s=given.tail,
        keep_others=given.keep_others, seen=Meter("written").count,
    )  # fmt: skip
    _tell_ignored(given.source)
    for name, reason in left_out:
        print(f"left out: {name}: {reason}")
    for finding in diagnosis.findings:
        print(f"{finding.severity}: {finding.words}")
    unfixed = sorted({f.fix for clip in diagnosis.usable for f in clip.findings if f.fix in ASKED} - set(given.fix))
    if unfixed:
        print(f"Not changed, because nobody asked: {', '.join(unfixed)} (--fix {' --fix '.join(unfixed)}).")
    print(f"{len(rows)} of {len(diagnosis.clips)} clips -> {given.output / 'manifest.jsonl'}; the report: {page}")
    print(f"Next: moksori data encode {given.output / 'manifest.jsonl'} --model CHECKPOINT")
    return 0


def _manifest(given: argparse.Namespace) -> int:
    from moksori.training import manifest

    rows = manifest.read(given.source)
    missing = [row for row in rows if not row.audio.is_file()]
    for row in missing[:20]:
        print(f"line {row.line}: there is no {row.audio}")
    train, valid = manifest.split(rows, given.held_out)
    print(f"{len(rows)} clips: {len(train)} to learn from, {len(valid)} held out; {len(missing)} files are missing.")
    return 2 if missing else 0


def _encode(given: argparse.Namespace) -> int:
    from moksori.training import encoder, manifest

    rows = manifest.read(given.source)
    cache = given.cache or given.source.parent / "codes"
    encoding = encoder.open_encoding(given.model, cache, given.tail, given.device)
    found = encode(encoding, [row.audio for row in rows])
    print(f"{len(found)} of {len(rows)} clips have codes in {encoding.cache}.")
    return 0 if found else 2


def encode(encoding: Encoding, sources: Sequence[Path], *, quiet: bool = False) -> dict[Path, Path]:
    """With progress, and a line for each clip that cannot be encoded."""
    meter = Meter("")
    failed: dict[Path, str] = {}

    def report(progress: Progress) -> None:
        failed.update(progress.failed)
        left = "" if progress.remaining_s is None else f", about {progress.remaining_s:.0f} s left"
        if not quiet:
            known = f" ({progress.cached} known)" if progress.cached else ""
            ended = progress.done + len(progress.failed) == progress.total
            meter.show(f"codes of {progress.done} of {progress.total} clips{known}{left}", last=ended)

    found = encoding.run(sources, report)
    if not quiet:
        for path, reason in failed.items():
            print(f"left out: {path.name}: {reason}", file=sys.stderr)
    return found


class Meter:
    """One line that is written over where somebody watches; elsewhere a line every 15 seconds."""

    def __init__(self, verb: str) -> None:
        self.verb, self.shown, self.live = verb, time.monotonic(), sys.stderr.isatty()

    def count(self, done: int, total: int) -> None:
        self.show(f"{self.verb} {done} of {total} clips", last=done == total)

    def show(self, words: str, *, last: bool) -> None:
        if self.live:
            print(f"\r{words}   ", end="\n" if last else "", file=sys.stderr, flush=True)
        elif time.monotonic() - self.shown > 15:
            self.shown = time.monotonic()
            print(words, file=sys.stderr, flush=True)
