"""Trials: the same texts by several settings of a voice (packs at scales, checkpoints, seeds), measured and compared.

Spoken by the runtime, unit by unit, as the product speaks: long texts in sentences, one batch for all takes of a
setting. Pages are drawn elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from moksori import audio, measure, text
from moksori.errors import InvalidInput
from moksori.model import VoicePrompt
from moksori.runtime.lora import Addition
from moksori.runtime.runtime import Runtime, Utterance
from moksori.script import Script, Unit, write
from moksori.script import Settings as Manner
from moksori.training.disk import space
from moksori.training.pack import Pack

from . import likeness

RATE = 24_000
Floats = npt.NDArray[np.float32]
Recogniser = Callable[[Floats, int], str]
TEXTS = (
    "안녕하세요. 만나서 반갑습니다.",
    "네.",
    "오늘은 날씨가 맑고 바람이 시원합니다.",
    "지금 들어오는 열차는 서울역으로 가는 열차입니다.",
    "주문하신 음료가 준비되었으니 접수창구로 와 주시기 바랍니다. 영수증을 꼭 보여 주십시오.",
    "시설 점검으로 인해 오늘 오후에는 엘리베이터를 이용하실 수 없습니다. 불편을 드려 죄송하며, 빠른 시간 안에 점검을 "
    "마치고 다시 안내해 드리겠습니다. 급한 일이 있으신 분은 안내 데스크로 문의해 주시기 바랍니다.",
    "어제저녁 늦게까지 내린 비로 강물이 불어나 다리 아래 산책길이 물에 잠겼으나 오늘 아침부터 물이 빠지기 시작하여 "
    "오후에는 평소처럼 걸어서 지나갈 수 있을 것으로 보이니 조금만 기다려 주시면 감사하겠습니다.",
)


@dataclass(frozen=True)
class Setting:
    """One way of speaking: `label` is what the table calls it."""

    label: str
    runtime: Runtime
    voice: VoicePrompt
    pack: Pack | None = None
    scale: float = 1.0
    language: str = "korean"


@dataclass(frozen=True)
class Take:
    """One text, spoken once. `figures` are the measures by name; `marks` what was found wrong."""

    setting: str
    text: str
    seed: int
    path: Path | None
    figures: dict[str, float]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """What takes are compared with. `pace`: syllables a second of the recordings; `own`: what the recordings
    themselves measure, so the best that can be hoped for."""

    likeness: likeness.Likeness | None = None
    pace: float = 0.0
    recogniser: Recogniser | None = None
    own: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Trial:
    """Takes so far; `summary` is a row for each setting, `recordings` what the real voice measures."""

    takes: list[Take] = field(default_factory=list)
    recordings: Mapping[str, float] = field(default_factory=dict)

    @property
    def summary(self) -> dict[str, dict[str, float]]:
        """Means by setting; rates are shares of takes."""
        found: dict[str, dict[str, float]] = {}
        for label in dict.fromkeys(take.setting for take in self.takes):
            mine = [take for take in self.takes if take.setting == label]
            names = dict.fromkeys(name for take in mine for name in take.figures)
            means = {n: float(np.mean([take.figures[n] for take in mine if n in take.figures])) for n in names}
            found[label] = means | ({"score": score(means)} if "timbre" in means else {})
        return found

    @property
    def best(self) -> str:
        """The setting with the highest score; empty where nothing was compared."""
        scored = {label: row["score"] for label, row in self.summary.items() if "score" in row}
        return max(scored, key=lambda label: scored[label]) if scored else ""


def score(figures: dict[str, float]) -> float:
    """One number to choose by: likeness, less what runs away, is chopped off, or is of another pace than the data."""
    whole = 1.0 - figures.get("run_away", 0.0) - 0.5 * figures.get("cut_off", 0.0)
    return figures.get("timbre", 0.0) * whole - abs(log(max(figures.get("pace_ratio", 1.0), 0.05)))


def compare_with(
    recordings: Sequence[tuple[Floats, str]],
    runtime: Runtime,
    verifier: likeness.Verifier | None = None,
    recogniser: Recogniser | None = None,
) -> Comparison:
    """From recordings at 24 kHz and their transcripts. They are compared as the codec gives them back, so that its
    colour is on both sides and no take is blamed for it."""
    if not recordings:
        return Comparison(recogniser=recogniser)
    paces = [measure.pace(pcm, RATE, text.syllables(text.read(said).spoken)) for pcm, said in recordings if said]
    sounds = [_through_codec(runtime, pcm) for pcm, _ in recordings]
    said = [text.read(words).spoken if words else "" for _, words in recordings]
    alike = likeness.of(sounds, RATE, said=said, model=runtime.model, verifier=verifier)
    each = [alike.measure(pcm) for pcm in sounds]
    own = {name: float(np.mean([one[name] for one in each if name in one])) for name in each[0]}
    return Comparison(alike, float(np.median(paces)) if paces else 0.0, recogniser, own)


def _through_codec(runtime: Runtime, pcm: Floats) -> Floats:
    codes = runtime.model.codec.encode(torch.from_numpy(pcm)).cpu().numpy()
    stream = runtime.vocoder.begin(codes[:0])
    return np.concatenate([*stream.feed(codes), stream.finish()])


def run(
    settings: Sequence[Setting],
    texts: Sequence[str],
    seeds: Sequence[int],
    folder: Path,
    comparison: Comparison,
    seen: Callable[[int], None] = lambda _done: None,
    into: Trial | None = None,
) -> Trial:
    """Speak every text by every setting and seed; sounds go to `folder`/takes, takes to `into` where it is given.

    Raises InvalidInput before anything is spoken for a text that cannot be, and for a label that is there already.
    """
    trial = into or Trial()
    labels = [*trial.summary, *(setting.label for setting in settings)]
    if len(set(labels)) < len(labels):
        raise InvalidInput("Two settings have the same label.", field="scale")
    with space(folder):
        (folder / "takes").mkdir(parents=True, exist_ok=True)
    trial.recordings = comparison.own
    before = len(trial.summary)
    for index, setting in enumerate(settings, start=before):
        scripts = [(t, s, write(t, settings=Manner(language=setting.language), seed=s)) for t in texts for s in seeds]
        for number, (written, seed, script, said) in enumerate(_spoken(setting, scripts)):
            path = folder / "takes" / f"{index:02d}-{number // len(seeds):02d}-{seed}.wav"
            take = _take(setting.label, script, said, path, comparison)
            trial.takes.append(Take(setting.label, written, seed, *take))
            seen(len(trial.takes))
    return trial


@dataclass(frozen=True)
class _Said:
    """float32 at RATE; `ended`: every unit stopped by itself."""

    pcm: Floats
    ended: bool


def _spoken(setting: Setting, scripts: Sequence[tuple[str, int, Script]]) -> Iterator[tuple[str, int, Script, _Said]]:
    """All units are queued at once, so that the runtime speaks them in batches."""
    adapter = setting.pack.adapter if setting.pack else None
    lora = setting.runtime.lora(adapter) if adapter else None
    addition = Addition.of(lora, setting.scale)
    tickets = [
        [
            setting.runtime.speak(
                Utterance(
                    unit.spoken, setting.voice, unit.syllables, setting.language, seed=unit.seed, addition=addition
                )
            )
            for unit in script.units
        ]
        for _, _, script in scripts
    ]
    for (written, seed, script), mine in zip(scripts, tickets, strict=True):
        parts, ended = [], True
        for unit, ticket in zip(script.units, mine, strict=True):
            pieces = list(ticket.pieces())
            finished = pieces[-1].finished
            ended = ended and finished is not None and finished.reason == "end"
            parts += _placed(unit, np.concatenate([piece.pcm for piece in pieces]))
        yield written, seed, script, _Said(np.concatenate(parts), ended)


def _placed(unit: Unit, pcm: Floats) -> list[Floats]:
    """One unit with its silences, as often as it is spoken."""
    lead, pause, after = (
        np.zeros(round(s * RATE), np.float32) for s in (unit.lead_s, unit.pause_s, unit.pause_after_s)
    )
    return [lead, pcm, *[pause, pcm] * (unit.count - 1), after]


def _take(
    label: str, script: Script, said: _Said, path: Path, comparison: Comparison
) -> tuple[Path | None, dict[str, float], tuple[str, ...]]:
    """Where its sound is, its figures, and what was found wrong."""
    ended = {"run_away": float(not said.ended)}
    if measure.is_silent(said.pcm, RATE):
        return None, ended, ("empty",)
    with space(path):
        audio.write(path, audio.to_int16(said.pcm), RATE)
    spoken = script.reading.spoken
    report = measure.report(said.pcm, RATE, syllables=text.syllables(spoken))
    return path, ended | _figures(said.pcm, spoken, report, comparison), tuple(mark.code for mark in report.marks)


def _figures(pcm: Floats, spoken: str, report: measure.Report, comparison: Comparison) -> dict[str, float]:
    figures = {"cut_off": float(report.ending.cut_off)}
    if report.pace is not None:
        figures["pace"] = report.pace
        if comparison.pace:
            figures["pace_ratio"] = report.pace / comparison.pace
    if comparison.likeness is not None:
        figures |= comparison.likeness.measure(pcm, spoken)
    if comparison.recogniser is not None:
        figures["error_rate"] = error_rate(spoken, comparison.recogniser(pcm, RATE))
    return figures | {"seconds": report.seconds}


def error_rate(wanted: str, heard: str) -> float:
    """Characters inserted, lost or replaced, over those wanted; spaces and punctuation do not count."""
    a = [character for character in wanted if character.isalnum()]
    b = [character for character in heard if character.isalnum()]
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, right in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1] / max(1, len(a))
