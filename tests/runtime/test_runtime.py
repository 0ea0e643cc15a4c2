"""The promise: a unit's sound depends on its request and its checkpoint, and on nothing else."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from moksori.errors import InvalidInput
from moksori.model import Sampling, VoicePrompt, build, load, reference
from moksori.runtime.ending import EndingSettings
from moksori.runtime.runtime import Runtime, _words
from tests.runtime.speaking import digest, elsewhere, listen, utterance

COUNT = 30


def alone(runtime: Runtime) -> list[str]:
    return [digest(listen(runtime.speak(utterance(n)).pieces())[0]) for n in range(COUNT)]


@pytest.mark.parametrize("precision", ["bf16", "int8"])
class TestTheSameBits:
    def test_in_any_company(self, runtimes, precision):
        runtime = runtimes(precision)
        expected = alone(runtime)
        assert len(set(expected)) == COUNT
        for size in (2, 5, 8):
            # Requests end at different frames, so others join: neighbours change all the time.
            order = sorted(range(COUNT), key=lambda n: n * size % 31)
            found = {}
            for start in range(0, COUNT, size):
                tickets = {n: runtime.speak(utterance(n)) for n in order[start : start + size]}
                found |= {n: digest(listen(ticket.pieces())[0]) for n, ticket in tickets.items()}
            assert [found[n] for n in range(COUNT)] == expected, f"batches of {size}"
        tickets = [runtime.speak(utterance(n)) for n in range(COUNT)]
        assert [digest(listen(t.pieces())[0]) for t in tickets] == expected, "all at once"

    def test_with_another_number_of_threads(self, runtimes, precision):
        alone = [digest(listen(runtimes(precision, 1).speak(utterance(n)).pieces())[0]) for n in range(8)]
        for threads in (2, 3):
            runtime = runtimes(precision, threads)
            assert [digest(listen(runtime.speak(utterance(n)).pieces())[0]) for n in range(8)] == alone


@pytest.mark.timeout(900)  # a busy machine may have to compile first
def test_the_same_bits_in_two_other_processes(runtimes, folder):
    precisions = ["bf16", "int8"]
    here = {
        precision: [digest(listen(runtimes(precision).speak(utterance(n)).pieces())[0]) for n in range(4)]
        for precision in precisions
    }
    program = (
        "import sys, json\n"
        "from moksori.runtime.runtime import Runtime\n"
        "from tests.runtime.speaking import digest, listen, utterance\n"
        "found = {}\n"
        "for precision in sys.argv[2:]:\n"
        "    runtime = Runtime(sys.argv[1], precision, threads=1)\n"
        "    found[precision] = [digest(listen(runtime.speak(utterance(n)).pieces())[0]) for n in range(4)]\n"
        "    runtime.close()\n"
        "print(json.dumps(found))\n"
    )
    assert elsewhere(program, str(folder), *precisions) == [here, here]


def test_another_seed_gives_other_sound(runtimes):
    runtime = runtimes("bf16")
    first, second = (listen(runtime.speak(utterance(3, seed=seed)).pieces())[0] for seed in (1, 2))
    assert digest(first) != digest(second)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_greedy_codes_equal_the_naive_generator(folder, runtimes, precision):
    model = load(folder)
    if precision == "bf16":
        for module in (model.talker, model.predictor):
            module.to(torch.bfloat16).float()
    greedy = Sampling().greedy
    for number in range(3):
        asked = utterance(number, sampling=greedy, ending=EndingSettings(ceiling=25, stationary=0))
        prompt = build(model, asked.text, asked.voice, "korean")
        expected = reference.generate(model, prompt, greedy, max_frames=25)
        _, finished = listen(runtimes(precision).speak(asked).pieces())
        assert np.array_equal(finished.codes, expected.codes.numpy())
        assert finished.reason == expected.reason


def test_a_predictor_behind_a_projection_speaks_as_the_naive_generator_does(wide_folder):
    model, greedy = load(wide_folder), Sampling().greedy
    asked = utterance(1, sampling=greedy, ending=EndingSettings(ceiling=15, stationary=0))
    expected = reference.generate(model, build(model, asked.text, asked.voice, "korean"), greedy, max_frames=15)
    runtime = Runtime(wide_folder, "fp32", threads=1)
    try:
        _, finished = listen(runtime.speak(asked).pieces())
    finally:
        runtime.close()
    assert np.array_equal(finished.codes, expected.codes.numpy())


def test_pieces_are_joined_without_a_seam(folder, runtimes):
    """What streams out piece by piece is what the decoder makes of all codes at once."""
    pcm, finished = listen(runtimes("fp32").speak(utterance(9, ending=EndingSettings(ceiling=40))).pieces())
    with torch.inference_mode():
        whole = load(folder).codec.decoder(torch.from_numpy(finished.codes)[None])[0].numpy()
    assert len(pcm) == len(whole)
    assert np.abs(pcm - whole).max() < 1e-5


def test_text_while_it_is_written_sounds_as_if_it_had_been_there(runtimes):
    runtime = runtimes("bf16")
    text = "안녕하세요 오늘은 날씨가 좋습니다"
    whole, _ = listen(runtime.speak(utterance(4, text=text, layout="streaming")).pieces())
    for cuts in ((6, 9, 12), (1, 2, 3), (13,)):
        pieces = [text[a:b] for a, b in zip((0, *cuts), (*cuts, len(text)), strict=True)]
        grown, _ = listen(runtime.speak_while_written(utterance(4, text=pieces[0]), pieces[1:]))
        assert digest(grown) == digest(whole)


def test_waiting_for_text_stops_nobody_else(runtimes):
    runtime, go = runtimes("bf16"), threading.Event()

    def slow():
        yield " 오늘은"
        assert go.wait(240)
        yield " 좋습니다"

    heard = []
    ending = EndingSettings(ceiling=60, stationary=0)
    writer = threading.Thread(
        target=lambda: heard.append(
            listen(runtime.speak_while_written(utterance(4, text="안녕하세요", ending=ending), slow()))
        )
    )
    writer.start()
    listen(runtime.speak(utterance(5)).pieces())
    assert not heard
    go.set()
    writer.join(240)
    assert heard


def test_an_error_in_the_text_reaches_the_listener(runtimes):
    def broken():
        yield " 오늘은"
        raise ValueError("the writer failed")

    with pytest.raises(ValueError, match="the writer failed"):
        listen(runtimes("bf16").speak_while_written(utterance(4, text="안녕하세요"), broken()))


def test_words_are_cut_before_spaces_and_nothing_is_lost():
    pieces = ["", " 오", "늘은  날", "씨가", " ", "좋", "다 "]
    words = list(_words("안녕 하", iter(pieces)))
    assert "".join(words) == "안녕 하" + "".join(pieces)
    assert all(word.strip() for word in words)


def test_a_seed_out_of_range_is_refused(runtimes):
    with pytest.raises(InvalidInput, match="seed"):
        runtimes("bf16").speak(utterance(0, seed=-1))


def test_an_unknown_precision_is_refused(folder):
    with pytest.raises(InvalidInput, match="int4"):
        Runtime(folder, "int4")


def test_a_voice_with_a_transcript_needs_the_whole_text(runtimes):
    voice = VoicePrompt("in_context", vector=np.zeros(64, np.float32), codes=np.zeros((3, 4), np.int64), transcript="a")
    with pytest.raises(InvalidInput, match="whole text"):
        next(runtimes("bf16").speak_while_written(utterance(0, voice=voice), []))
