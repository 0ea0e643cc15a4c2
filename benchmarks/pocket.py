"""How well pocket speaks, measured without a recogniser: `python -m benchmarks.pocket --checkpoints FOLDER`.

Each generated clip is compared by dynamic time warping over cepstra with espeak-ng's rendering of its own sentence
and of 49 others of similar length; a clone with renderings by 20 variants. Sentences and, for cloning, variants were
never heard in training. Writes one JSON with the figures and every single outcome.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
import torch

from moksori import text as words
from moksori.model import VoicePrompt
from moksori.model.conditioning import clone
from moksori.runtime.runtime import Runtime, Utterance
from recipes.pocket import speak, texts
from recipes.pocket.espeak import Speaker, Synthesis, variants
from recipes.pocket.speak import NAMED, UNSEEN

RATE, HOP, WINDOW, BANDS, CEPSTRA = 24_000, 480, 1024, 40, 13
Floats = npt.NDArray[np.float32]
Rows = list[dict[str, object]]
KINDS = ("sentence", "announcement", "number", "syllables")


@dataclass(frozen=True)
class Heard:
    """One generated clip and how it ended."""

    pcm: Floats
    ended: bool


def unseen_sentences(count: int, seed: int, corpus: Path | None) -> list[str]:
    """Korean texts of the recipe's generators, of another seed, that the corpus does not hold."""
    known = {json.loads(line)["text"] for line in corpus.read_text("utf-8").splitlines()} if corpus else set()
    drawn = (one for one in texts.draw(seed, count * 12) if one.language == "ko" and one.kind in KINDS)
    fresh = dict.fromkeys(one.text for one in drawn if one.text not in known and 7 <= words.syllables(one.text) <= 22)
    return list(fresh)[:count]


def render(synthesis: Synthesis, sentence: str, voice: Speaker) -> Floats:
    return synthesis.speak(sentence, "ko", voice)


def generate(runtime: Runtime, sentences: list[str], voices: list[VoicePrompt], seed: int) -> list[Heard]:
    """Sentence by sentence with its voice, eight at a time."""
    tickets = [
        runtime.speak(Utterance(sentence, voice, words.syllables(sentence), "korean", seed=seed + number))
        for number, (sentence, voice) in enumerate(zip(sentences, voices, strict=True))
    ]
    heard = []
    for ticket in tickets:
        pieces = list(ticket.pieces())
        last = pieces[-1].finished
        heard.append(Heard(np.concatenate([p.pcm for p in pieces]), last is not None and last.reason == "end"))
    return heard


def log_mels(pcm: Floats) -> Floats:
    """(frames, BANDS) of the sounding part; what lies 20 dB below the loudest bands is noise of the codec to the ear
    that compares, and is levelled."""
    loud = np.flatnonzero(np.abs(pcm) > 0.02)
    sound = pcm[loud[0] : loud[-1] + 1] if len(loud) else pcm
    sound = np.pad(sound, (0, max(0, WINDOW - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ _triangles()
    return np.log(power + 0.01 * np.percentile(power, 99) + 1e-9).astype(np.float32)


def cepstra(pcm: Floats) -> Floats:
    """(frames, CEPSTRA) less their mean: the words, not the voice's colour."""
    mels = log_mels(pcm)
    turn = np.cos(np.pi / BANDS * np.outer(np.arange(CEPSTRA), np.arange(BANDS) + 0.5)) / BANDS**0.5
    found = (mels @ turn.T).astype(np.float32)
    centred: Floats = found - found.mean(0)
    return centred


def _triangles() -> npt.NDArray[np.float64]:
    top = 2595 * np.log10(1 + 8000 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1) / (RATE / 2) * (WINDOW // 2)
    at = np.arange(WINDOW // 2 + 1)[:, None]
    rise, fall = (at - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - at) / np.diff(edges)[1:]
    return np.maximum(0.0, np.minimum(rise, fall))


def warped(a: Floats, b: Floats) -> float:
    """Mean distance along the cheapest path that aligns the two."""
    apart = np.sqrt(np.maximum(0, (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T))
    return float(_path(apart.astype(np.float64)))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _path(apart: npt.NDArray[np.float64]) -> float:
    rows, columns = apart.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(rows):
        for j in range(columns):
            # A step along both counts twice, so that a diagonal path is no cheaper than its two sides.
            straight = total[i, j] + 2 * apart[i, j]
            side = min(total[i, j + 1], total[i + 1, j]) + apart[i, j]
            total[i + 1, j + 1] = min(straight, side)
    return total[rows, columns] / (rows + columns)


def intelligibility(runtime: Runtime, synthesis: Synthesis, sentences: list[str], names: list[str], seed: int) -> Rows:
    """For each sentence and voice: is its own rendering the nearest of 50?"""
    rows: Rows = []
    for name in names:
        voice = NAMED[name]
        rendered = [render(synthesis, sentence, voice) for sentence in sentences]
        features = [cepstra(pcm) for pcm in rendered]
        heard = generate(runtime, sentences, [VoicePrompt.preset(name)] * len(sentences), seed)
        for number, one in enumerate(heard):
            others = sorted(range(len(sentences)), key=lambda i: abs(len(features[i]) - len(features[number])))[:50]
            mine = cepstra(one.pcm) if len(one.pcm) else np.zeros((1, CEPSTRA), np.float32)
            distances = {i: warped(mine, features[i]) for i in others}
            ratio = len(mine) / len(features[number])
            rank = sorted(distances.values()).index(distances[number]) + 1
            rows.append({"voice": name, "text": sentences[number], "rank": rank, "distance": distances[number],
                         "median": float(np.median(list(distances.values()))), "ended": one.ended,
                         "duration_ratio": ratio, "of": len(others)})  # fmt: skip
    return rows


def cloning(runtime: Runtime, synthesis: Synthesis, sentences: list[str], in_context: bool, seed: int) -> Rows:
    """For each unseen variant: which of 20 variants, at the same pitch and speed, does its clone sound like?

    The 20 are heard through the codec too, so that its colour is on both sides. `nearest` compares mean and deviation
    of the log-mels; `nearest_own` asks the model's own speaker encoder, which is no independent judge.
    """
    source = random.Random(seed)
    rows: Rows = []
    others = [variant for variant in variants() if variant not in UNSEEN]
    said = "오늘은 날씨가 맑고 바람이 시원합니다. 잠시 후 회의를 시작합니다."
    for number, variant in enumerate(UNSEEN):
        for sentence in sentences:
            voice = Speaker(variant, source.randint(25, 75), source.randint(30, 70), source.randint(150, 195))
            prompt = clone(runtime.model, render(synthesis, said, voice), said if in_context else None)
            one = generate(runtime, [sentence], [prompt], seed + number)[0]
            candidates = [*UNSEEN, *source.sample(others, 20 - len(UNSEEN))]
            heard = {v: _coded(runtime, render(synthesis, sentence, replace(voice, variant=v))) for v in candidates}
            apart = {v: float(np.linalg.norm(_colour(one.pcm) - _colour(pcm))) for v, pcm in heard.items()}
            own = {v: -_cosine(_vector(runtime, one.pcm), _vector(runtime, pcm)) for v, pcm in heard.items()}
            rows.append({"variant": variant, "right": min(apart, key=lambda v: apart[v]) == variant,
                         "right_own": min(own, key=lambda v: own[v]) == variant, "ended": one.ended,
                         "rank": sorted(apart.values()).index(apart[variant]) + 1})  # fmt: skip
    return rows


def _coded(runtime: Runtime, pcm: Floats) -> Floats:
    codec = runtime.model.codec
    found: Floats = codec.decode(codec.encode(torch.from_numpy(pcm))).float().numpy()
    return found


def _colour(pcm: Floats) -> Floats:
    mels = log_mels(pcm)
    return np.append(mels.mean(0), mels.std(0))


def _vector(runtime: Runtime, pcm: Floats) -> Floats:
    encoder = runtime.model.speaker_encoder
    assert encoder is not None
    found: Floats = encoder.embed(torch.from_numpy(np.ascontiguousarray(pcm))).numpy()
    return found


def _cosine(a: Floats, b: Floats) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def summary(spoken: Rows, vector: Rows, icl: Rows) -> dict[str, float]:
    def share(rows: Rows, holds: str) -> float:
        return float(np.mean([bool(row[holds]) for row in rows])) if rows else float("nan")

    ratios = np.array([row["duration_ratio"] for row in spoken], np.float64)
    return {
        "nearest_own_sentence": float(np.mean([row["rank"] == 1 for row in spoken])),
        "ended": share(spoken, "ended"),
        "duration_within_15": float(np.mean(np.abs(ratios - 1) <= 0.15)),
        "clone_vector_right": share(vector, "right"),
        "clone_in_context_right": share(icl, "right"),
        "clone_vector_right_by_own_encoder": share(vector, "right_own"),
        "clone_in_context_right_by_own_encoder": share(icl, "right_own"),
        "clips": float(len(spoken)),
        "clones": float(len(vector) + len(icl)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pocket", description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=Path("moksori/checkpoints"))
    parser.add_argument("--corpus", type=Path, help="clips.jsonl of the training, whose texts are left out")
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--voices", type=int, default=5)
    parser.add_argument("--clone-sentences", type=int, default=5)
    parser.add_argument("--seed", type=int, default=90_001)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--output", type=Path, default=Path("pocket-quality.json"))
    given = parser.parse_args()
    began = time.monotonic()
    sentences = unseen_sentences(given.sentences, given.seed, given.corpus)
    presets = Runtime(given.checkpoints / "pocket-custom-voice", given.precision)
    synthesis = Synthesis()  # one in a process: the library is one
    spoken = intelligibility(presets, synthesis, sentences, list(speak.NAMED)[: given.voices], given.seed)
    presets.close()
    print(json.dumps(summary(spoken, [], []), indent=2), flush=True)
    cloner = Runtime(given.checkpoints / "pocket-base", given.precision)
    some = sentences[: given.clone_sentences]
    vector, icl = (cloning(cloner, synthesis, some, in_context, given.seed) for in_context in (False, True))
    cloner.close()
    figures = summary(spoken, vector, icl) | {"seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(figures, indent=2))
    found = {"figures": figures, "spoken": spoken, "clones_vector": vector, "clones_in_context": icl}
    given.output.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
