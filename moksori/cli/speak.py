"""`moksori speak`: text in, a sound file out."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moksori.errors import InvalidInput

if TYPE_CHECKING:
    from moksori.synthesizer import Stream, Synthesizer
    from moksori.voice import Voice

QUIET_S = 2.0  # nothing shorter than this is worth a progress line


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("speak", help="speak a text into a file or to stdout")
    command.add_argument("text", metavar="TEXT|-", help="what to speak; - reads standard input")
    command.add_argument("-o", "--output", default="", metavar="FILE|-", help="default: speech.wav, never overwritten")
    command.add_argument("--format", help="wav, flac, mp3, opus, pcm, ulaw, alaw (default: by the file's ending)")
    command.add_argument("--voice", default="", help="a preset voice (see `moksori voices`)")
    command.add_argument("--reference", metavar="CLIP", help="clone the voice in this clip (3 to 15 s)")
    command.add_argument("--transcript", help="what is said in the clip; clones more closely")
    command.add_argument("--design", metavar="DESCRIPTION", help="design a voice from words")
    command.add_argument("--pack", metavar="DIR", help="a trained voice pack")
    command.add_argument("--scale", type=float, default=1.0, help="strength of the pack, 0 to 1.5 (default 1)")
    command.add_argument("--instruct", default="", help="how to speak, for models that take it")
    command.add_argument("--language", default="korean", help="default: korean")
    command.add_argument("--model", default="", help="checkpoint name or folder (default: the embedded one)")
    command.add_argument("--engine", default="", help="an installed engine by name")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ...")
    command.add_argument("--precision", default="auto", help="auto, bf16, int8, fp32, fp16")
    command.add_argument("--strict", action="store_true", help="refuse a checkpoint with tensors that nothing uses")
    command.add_argument("--seed", type=int, default=0, help="0 to 4294967295 (default 0); same seed, same bytes")
    command.add_argument("--pause", type=float, default=0.2, metavar="S", help="silence between sentences (0.2)")
    command.add_argument("--trailing", type=float, default=0.0, metavar="S", help="silence at the end (0)")
    command.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the engine; repeatable"
    )
    command.add_argument("--json", action="store_true", help="print the manifest when done")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from moksori.language import language_name
    from moksori.script import Settings
    from moksori.synthesizer import load

    settings = Settings(
        language=language_name(arguments.language),
        instruct=arguments.instruct,
        pause_s=arguments.pause,
        trailing_s=arguments.trailing,
        parameters=dict(map(_parameter, arguments.parameter)),
    )
    written = sys.stdin.read() if arguments.text == "-" else arguments.text
    voice = _voice(arguments)
    target = _target(arguments)
    synthesizer = load(
        arguments.model,
        engine=arguments.engine,
        device=arguments.device,
        precision=arguments.precision,
        strict=arguments.strict,
    )
    cancel = threading.Event()
    try:
        stream = synthesizer.stream(
            written,
            voice or _preset(synthesizer, arguments.voice),
            settings=settings,
            seed=arguments.seed,
            cancel=cancel,
            keep=target is not None,
        )
        # A handler that raised could do so inside a library's callback, which would swallow it.
        signal.signal(signal.SIGINT, lambda *_: cancel.set())
        _save(stream, target, arguments.format)
        _report(stream, target, as_json=arguments.json)
    finally:
        cancel.set()
        synthesizer.close()
    return 0


def _voice(arguments: argparse.Namespace) -> Voice | None:
    """The voice that the options describe; None for a preset, which only the loaded model knows."""
    from moksori.voice import Voice

    given = [name for name in ("voice", "reference", "design", "pack") if getattr(arguments, name)]
    if len(given) > 1:
        raise InvalidInput(f"--{given[0]} and --{given[1]} exclude each other.", hint="Give one voice.", field=given[1])
    if arguments.transcript and not arguments.reference:
        raise InvalidInput("--transcript belongs to --reference.", hint="Add --reference CLIP.", field="transcript")
    if arguments.reference:
        return Voice.cloned(Path(arguments.reference), arguments.transcript)
    if arguments.design:
        return Voice.designed(arguments.design)
    if arguments.pack:
        return Voice.pack(arguments.pack, scale=arguments.scale)
    return None


def _preset(synthesizer: Synthesizer, speaker: str) -> Voice:
    return synthesizer.preset_voice(speaker) if speaker else synthesizer.default_voice()


def _parameter(given: str) -> tuple[str, Any]:
    name, equals, value = given.partition("=")
    if not equals:
        raise InvalidInput(f"--parameter {given!r} has no value.", hint="Write NAME=VALUE.", field="parameter")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _target(arguments: argparse.Namespace) -> Path | None:
    """Where to write, checked before anything is computed; None is standard output."""
    from moksori import audio

    chosen = audio.find(arguments.format or "wav")
    if arguments.output == "-":
        return None
    if arguments.output:
        target = Path(arguments.output)
        if not arguments.format:
            audio.find_by_path(target)
    else:
        candidates = (
            Path(f"speech{number}{chosen.extension}") for number in ("", *(f"-{n}" for n in range(2, 10_000)))
        )
        target = next(path for path in candidates if not path.exists())
    audio.check_writable(target)
    return target


def _save(stream: Stream, target: Path | None, format: str | None) -> None:
    if target is not None:
        for _ in _with_progress(stream):
            pass
        stream.speech.save(target, format)
        return
    from moksori import audio

    encoder = audio.Encoder(format or "wav", stream.sample_rate)
    for chunk in _with_progress(stream):
        sys.stdout.buffer.write(encoder.write(chunk))
        sys.stdout.buffer.flush()
    sys.stdout.buffer.write(encoder.finish())
    sys.stdout.buffer.flush()


def _with_progress(stream: Stream) -> Iterator[Any]:
    """The chunks, with a line on stderr once the work takes longer than two seconds."""
    total, started, said = len(stream.script.units), time.monotonic(), 0.0
    samples = 0
    with _clean_line():
        for chunk in stream:
            samples += len(chunk)
            elapsed = time.monotonic() - started
            if elapsed > QUIET_S and elapsed - said > (0.2 if sys.stderr.isatty() else 5.0):
                said = elapsed
                end = "" if sys.stderr.isatty() else "\n"
                seconds = samples / stream.sample_rate
                line = f"\rspeaking: unit {stream.position + 1} of {total}, {seconds:.1f} s of audio in {elapsed:.0f} s"
                print(line, end=end, file=sys.stderr, flush=True)
            yield chunk


@contextmanager
def _clean_line() -> Iterator[None]:
    try:
        yield
    finally:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _report(stream: Stream, target: Path | None, *, as_json: bool) -> None:
    manifest = stream.manifest
    assert manifest is not None
    for warning in (*manifest.warnings, *(manifest.checkpoint or {}).get("warnings", ())):
        print(f"note: {warning}", file=sys.stderr)
    out = sys.stderr if target is None else sys.stdout
    if as_json:
        print(json.dumps(manifest.to_json(), ensure_ascii=False), file=out)
        return
    seconds = manifest.samples / manifest.sample_rate
    where = "standard output" if target is None else target
    print(f"{where}  {seconds:.1f} s, voice {manifest.voice['id']}, seed {manifest.seed}", file=out)
