"""The promise again with trained weights, which end by themselves: the embedded checkpoint, nothing random in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from moksori.model import VoicePrompt, hub
from moksori.runtime.runtime import Runtime, Utterance
from tests.runtime.speaking import digest, elsewhere, listen

NAME = hub.POCKET["preset"]
TEXTS = ["네.", "안녕하세요.", "문이 닫힙니다.", "잠시 후 출발합니다.", "감사합니다.", "다음 역은 시청입니다."]
COUNT = 10


def line(speakers: list[str], number: int) -> Utterance:
    text = TEXTS[number % len(TEXTS)]
    voice = VoicePrompt.preset(speakers[number % len(speakers)])
    return Utterance(text, voice, syllables=len(text) - 1, language="korean", seed=1000 + number)


def spoken(runtime: Runtime, number: int) -> str:
    speakers = sorted(runtime.model.config.talker.speakers)
    return digest(listen(runtime.speak(line(speakers, number)).pieces())[0])


@pytest.fixture(scope="module")
def pockets() -> Iterator[Callable[[str, int], Runtime]]:
    loaded: dict[tuple[str, int], Runtime] = {}

    def get(precision: str, threads: int) -> Runtime:
        if (precision, threads) not in loaded:
            loaded[precision, threads] = Runtime(NAME, precision, threads=threads)
        return loaded[precision, threads]

    yield get
    for runtime in loaded.values():
        runtime.close()


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_pocket_says_the_same_in_any_company_on_any_threads_and_after_a_restart(pockets, precision):
    runtime = pockets(precision, 1)
    speakers = sorted(runtime.model.config.talker.speakers)
    expected = [spoken(runtime, number) for number in range(COUNT)]
    assert len(set(expected)) == COUNT
    for size in (2, 5, 8):
        order = sorted(range(COUNT), key=lambda n: n * size % 11)
        found = {}
        for start in range(0, COUNT, size):
            tickets = {n: runtime.speak(line(speakers, n)) for n in order[start : start + size]}
            found |= {n: digest(listen(ticket.pieces())[0]) for n, ticket in tickets.items()}
        assert [found[n] for n in range(COUNT)] == expected, f"batches of {size}"
    assert [spoken(pockets(precision, 2), number) for number in range(4)] == expected[:4], "two threads"
    again = Runtime(NAME, precision, threads=1)
    try:
        assert [spoken(again, number) for number in range(3)] == expected[:3], "loaded again"
    finally:
        again.close()


@pytest.mark.timeout(900)  # a busy machine may have to compile first
def test_pocket_says_the_same_in_two_other_processes(pockets):
    precisions = ["bf16", "int8"]
    here = {precision: [spoken(pockets(precision, 1), number) for number in range(3)] for precision in precisions}
    program = (
        "import sys, json\n"
        "from moksori.runtime.runtime import Runtime\n"
        "from tests.runtime.test_pocket import NAME, spoken\n"
        "runtimes = {precision: Runtime(NAME, precision) for precision in sys.argv[1:]}\n"
        "print(json.dumps({p: [spoken(runtime, n) for n in range(3)] for p, runtime in runtimes.items()}))\n"
    )
    assert elsewhere(program, *precisions) == [here, here]
