"""pocket: one engine over two checkpoints; real weights, so that what is heard by default is what is tested."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from moksori.engine.pocket import PocketEngine
from moksori.engine.protocol import Chunk, Request
from moksori.errors import InvalidInput
from moksori.voice import Reference, Voice


@pytest.fixture(scope="module")
def engine() -> Iterator[PocketEngine]:
    pocket = PocketEngine()
    yield pocket
    pocket.close()


def speak(engine: PocketEngine, voice: Voice, seed: int = 1) -> list[Chunk]:
    request = Request(unit="안녕하세요.", prompt=engine.prepare(voice), syllables=5, seed=seed)
    return list(engine.stream(request, threading.Event()))


def joined(chunks: list[Chunk]) -> np.ndarray:
    return np.concatenate([chunk.pcm for chunk in chunks])


def test_a_preset_voice_speaks_and_ends_by_itself(engine: PocketEngine) -> None:
    chunks = speak(engine, Voice.preset(engine.describe().speakers[0].id))
    pcm = joined(chunks)
    assert chunks[-1].finish is not None
    assert chunks[-1].finish.reason == "end"
    assert 0.3 < len(pcm) / 24_000 < 4.0
    assert np.sqrt(np.mean(pcm**2)) > 0.01


def test_a_clone_speaks_from_what_a_preset_said(engine: PocketEngine) -> None:
    heard = joined(speak(engine, Voice.preset(engine.describe().speakers[0].id)))
    for transcript in (None, "안녕하세요."):
        voice = Voice(kind="cloned", id="me", reference=Reference(np.tile(heard, 2), transcript))
        chunks = speak(engine, voice)
        assert len(joined(chunks)) > 2_400
        assert chunks[-1].finish is not None
        made = chunks[-1].finish.trace.get("voice", {})
        assert made == ({} if transcript is None else {"tail_silence_s": 0.5, "encoder_attention": "full"})


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(engine: PocketEngine) -> None:
    voice = Voice.preset(engine.describe().speakers[1].id)
    one, again, other = (joined(speak(engine, voice, seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_designed_voices_are_refused_with_the_way_to_get_them(engine: PocketEngine) -> None:
    with pytest.raises(InvalidInput, match="moksori models list"):
        engine.prepare(Voice.designed("차분한 목소리"))
