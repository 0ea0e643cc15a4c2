"""The compiled step against the plain one, and int8 against its oracle."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from moksori.errors import Unavailable
from moksori.model import Model, Sampling, load, reference
from moksori.model.prompt import build
from moksori.runtime.ending import EndingSettings
from moksori.runtime.packing import pack, unpack
from moksori.runtime.plain import PlainStep
from moksori.runtime.products import GROUP, ROUND_LIMIT
from moksori.runtime.step import CompiledStep, Draw
from tests.runtime.speaking import listen, utterance


@pytest.fixture(scope="module")
def steps(folder):
    compiled = CompiledStep(load(folder), "fp32", most=8, positions=256, threads=1)
    yield compiled, PlainStep(load(folder))
    compiled.close()


def begun(stepper, count: int = 3):
    """Sequences that have read prompts of different lengths, longer than what is read at once."""
    rng = np.random.default_rng(0)
    sequences = []
    for number in range(count):
        sequences.append(stepper.begin(120))
        stepper.read(sequences[-1], rng.normal(0, 1, (30 + 11 * number, 64)).astype(np.float32))
    return sequences


def test_reading_advancing_and_predicting_equal_the_plain_step(steps):
    sides = [(stepper, begun(stepper)) for stepper in steps]
    text = np.random.default_rng(1).normal(0, 1, (3, 64)).astype(np.float32)
    for frame in range(4):
        draws = [Draw(seed, frame, Sampling()) for seed in range(3)]
        found = [stepper.predict(sequences, [5, 6, 7], draws) for stepper, sequences in sides]
        assert np.array_equal(*found)
        for stepper, sequences in sides:
            stepper.advance(sequences, text)
        for a, b in zip(sides[0][1], sides[1][1], strict=True):
            np.testing.assert_allclose(a.logits, b.logits, atol=2e-4)
            np.testing.assert_allclose(a.hidden, b.hidden, atol=2e-5)
            np.testing.assert_allclose(a.total, b.total, atol=1e-5)


def test_a_sequence_may_join_and_leave_at_any_frame(steps):
    compiled, _ = steps
    text = np.zeros((1, 64), np.float32)

    def frames(companions):
        ours = begun(compiled, 1)
        others, codes = begun(compiled, 5), []
        for frame, count in enumerate(companions):
            batch = [*others[:count], *ours]
            draws = [*[Draw(99, 0, Sampling())] * count, Draw(3, frame, Sampling())]
            codes.append(compiled.predict(batch, [1] * count + [7], draws)[-1])
            compiled.advance(batch, np.repeat(text, len(batch), axis=0))
        return codes, ours[0].logits.copy()

    codes, logits = frames([0, 0, 0, 0])
    for companions in ([1, 2, 3, 0], [5, 0, 4, 4], [3, 3, 1, 5]):
        again, others = frames(companions)
        assert np.array_equal(codes, again)
        assert np.array_equal(logits, others)


def test_a_sequence_that_cannot_fit_is_refused_with_a_remedy(steps):
    with pytest.raises(Unavailable, match="Split the text"):
        steps[0].begin(257)


def round_as_int8(model: Model) -> None:
    """The oracle: weights as the packed form stands for them, activations rounded by groups of a row."""

    def rounding(module: nn.Module, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        parts = []
        for part in inputs[0].split(GROUP, dim=-1):
            top = part.abs().amax(-1, keepdim=True)
            factor = torch.where(top > 0, torch.tensor(ROUND_LIMIT) / top, torch.zeros(1))
            parts.append(torch.round(part * factor) * (top / ROUND_LIMIT))
        return (torch.cat(parts, dim=-1),)

    stacks = [model.talker.layers, model.predictor.layers, model.predictor.lm_head]
    singles = [model.talker.codec_head, model.predictor.small_to_mtp_projection]
    linears = [m for stack in stacks for m in stack.modules()] + singles
    for linear in linears:
        if isinstance(linear, nn.Linear):
            packed, scales = pack(linear.weight.detach())
            linear.weight.data = torch.from_numpy(unpack(packed, scales, linear.in_features))
            linear.register_forward_pre_hook(rounding)


@pytest.mark.parametrize("kind", ["folder", "wide_folder"])
def test_int8_speaks_what_its_oracle_speaks(kind, request):
    folder = request.getfixturevalue(kind)
    model, greedy = load(folder), Sampling().greedy
    round_as_int8(model)
    asked = utterance(1, sampling=greedy, ending=EndingSettings(ceiling=20, stationary=0))
    prompt = build(model, asked.text, asked.voice, "korean")
    expected = reference.generate(model, prompt, greedy, max_frames=20)
    stepper = CompiledStep(load(folder), "int8", most=2, positions=256, threads=1)
    sequence = stepper.begin(200)
    stepper.read(sequence, prompt.embeddings.numpy())
    with torch.inference_mode():
        logits = model.talker.logits(model.talker(prompt.embeddings[None])[0, -1])
    # A sum that differs in its last bit may round to the next of 32767 steps.
    np.testing.assert_allclose(sequence.logits, logits.numpy(), atol=2e-3)
    codes = expected.codes.numpy()
    for frame in range(len(codes)):
        found = stepper.predict([sequence], [codes[frame, 0]], [Draw(0, frame, greedy)])
        assert np.array_equal(found[0], codes[frame])
        stepper.advance([sequence], prompt.text_row(frame).numpy()[None])
    stepper.close()


@pytest.mark.parametrize("kind", ["folder", "wide_folder"])
def test_int8_is_close_to_the_weights_it_stands_for(kind, request):
    """Teacher-forced on the same codes: the direction of the scores hardly changes."""
    exact, rounded = (
        CompiledStep(load(request.getfixturevalue(kind)), precision, most=2, positions=256, threads=1)
        for precision in ("bf16", "int8")
    )
    rng = np.random.default_rng(2)
    rows = rng.normal(0, 1, (20, exact.config.talker.stack.hidden_size)).astype(np.float32)
    codes = rng.integers(0, 128, (6, exact.config.talker.num_code_groups))
    logits: list[list[np.ndarray]] = []
    for stepper in (exact, rounded):
        sequence, seen = stepper.begin(64), []
        stepper.read(sequence, rows)
        for frame in codes:
            seen += [sequence.logits.copy(), stepper.predict_given([sequence], frame[None]).ravel()]
            stepper.advance([sequence], np.zeros((1, rows.shape[1]), np.float32))
        logits.append(seen)
        stepper.close()
    for a, b in zip(*logits, strict=True):
        assert float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) > 0.999


def test_without_numba_the_plain_step_speaks_the_same(folder, runtimes, monkeypatch):
    from moksori.runtime import runtime, sampling

    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sampling, "compiled", None)
    slow = runtime.Runtime(folder, "fp32")
    assert isinstance(slow.scheduler._stepper, PlainStep)
    plain = [listen(slow.speak(utterance(n)).pieces())[1].codes for n in range(2)]
    with pytest.raises(Unavailable, match="int8 needs Numba"):
        runtime.Runtime(folder, "int8")
    slow.close()
    monkeypatch.undo()
    fast = [listen(runtimes("fp32").speak(utterance(n)).pieces())[1].codes for n in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(plain, fast, strict=True))
