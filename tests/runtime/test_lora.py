"""Packs in the step: added per sequence, for as long as it lives, at a scale of its own, and nobody else hears it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from moksori.errors import InvalidInput, Unavailable
from moksori.model import Sampling, VoicePrompt, build, load, reference
from moksori.model.adapter import Adapter, Pair, attach
from moksori.runtime.ending import EndingSettings
from moksori.runtime.graphs import GraphedStep
from moksori.runtime.lora import MAX_RANK, NAMES, Addition, Lora
from moksori.runtime.plain import PlainStep
from moksori.runtime.step import CompiledStep, Draw
from tests.runtime.speaking import digest, listen, utterance
from tests.runtime.test_step import round_as_int8

OUTSIDE = ("codec_head", "text_projection.linear_fc1", "text_projection.linear_fc2")


def random_adapter(model, rank: int = 5, seed: int = 0, names=NAMES, outside=OUTSIDE) -> Adapter:
    """Large enough to be heard; one layer is left as it is."""
    generator = torch.Generator().manual_seed(seed)
    paths = [f"layers.{k}.{name}" for k in range(len(model.talker.layers) - 1) for name in names]
    pairs = {}
    for path in [*paths, *outside]:
        linear = model.talker.get_submodule(path)
        down = torch.randn(rank, linear.in_features, generator=generator) * linear.in_features**-0.5
        up = torch.randn(linear.out_features, rank, generator=generator) * 0.3
        pairs[path] = Pair(down, up, 0.75)
    return Adapter(pairs)


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory):
    from tests import checkpoints

    return checkpoints.tiny("0.6b-base", tmp_path_factory.mktemp("packs") / "base")


@pytest.fixture(scope="module")
def adapters(folder) -> list[Adapter]:
    model = load(folder)
    return [random_adapter(model), random_adapter(model, rank=17, seed=1, names=NAMES[:4], outside=())]


def oracle(folder, adapter: Adapter, scale: float, rounded: bool = False):
    """The naive generator with the adapter on."""
    model = load(folder)
    if rounded:
        round_as_int8(model)
    attach(model.talker, adapter, scale)
    return model


@pytest.mark.parametrize("scale", [0.35, 1.5])
@pytest.mark.parametrize("kind", ["folder", "wide_folder"])
def test_greedy_codes_equal_the_naive_generator_with_the_adapter_on(kind, scale, request):
    from moksori.runtime.runtime import Runtime

    folder, greedy = request.getfixturevalue(kind), Sampling().greedy
    adapter = random_adapter(load(folder))
    model = oracle(folder, adapter, scale)
    runtime = Runtime(folder, "fp32", threads=1)
    try:
        for layout in ("whole", "streaming"):
            asked = utterance(
                1, layout=layout, sampling=greedy, ending=EndingSettings(ceiling=20, stationary=0),
                addition=Addition.of(runtime.lora(adapter), scale),
            )  # fmt: skip
            prompt = build(model, asked.text, asked.voice, "korean", layout=layout)
            expected = reference.generate(model, prompt, greedy, max_frames=20)
            _, finished = listen(runtime.speak(asked).pieces())
            assert np.array_equal(finished.codes, expected.codes.numpy())
    finally:
        runtime.close()


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_prompts_scores_are_its_oracles(folder, adapters, precision):
    """Longer than what is read at once, by weights as they are held."""
    adapter, scale = adapters[0], 0.8
    model = oracle(folder, adapter, scale, rounded=precision == "int8")
    stepper = CompiledStep(load(folder), precision, most=2, positions=256, threads=1)
    if precision == "bf16":
        for path, module in model.talker.named_modules():
            if isinstance(module, torch.nn.Linear) and not path.startswith("text_projection"):
                module.weight.data = module.weight.data.bfloat16().float()
    rows = torch.randn(70, 64, generator=torch.Generator().manual_seed(4))
    with torch.inference_mode():
        expected = model.talker.logits(model.talker(rows[None])[0, -1]).numpy()
    sequence = stepper.begin(100, Addition.of(Lora(adapter, stepper.config.talker), scale))
    stepper.read(sequence, rows.numpy())
    np.testing.assert_allclose(sequence.logits, expected, atol=2e-3)
    stepper.close()


def test_the_plain_step_adds_the_same(folder, adapters):
    rows = np.random.default_rng(0).normal(0, 1, (40, 64)).astype(np.float32)
    found = []
    for stepper in (CompiledStep(load(folder), "fp32", positions=256, threads=2), PlainStep(load(folder))):
        sequence = stepper.begin(100, Addition.of(Lora(adapters[0], stepper.config.talker), 1.2))
        stepper.read(sequence, rows)
        codes = stepper.predict([sequence], [3], [Draw(1, 0, Sampling())])
        stepper.advance([sequence], rows[:1])
        found.append((sequence.logits, codes))
        other = stepper.begin(100)
        stepper.read(other, rows)
        assert not np.allclose(other.logits, sequence.logits, atol=0.1), "the adapter is heard, and only where it is on"
        stepper.close()
    np.testing.assert_allclose(found[0][0], found[1][0], atol=3e-4)
    assert np.array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("precision", ["bf16", "int8"])
class TestTheSameBits:
    def asked(self, runtime, adapters, number: int):
        """Two packs at three scales, and none."""
        loras = [runtime.lora(adapter) for adapter in adapters]
        worn = [None, (0, 0.3), (1, 1.0), (0, 1.5), (0, 0.0)][number % 5]
        addition = None if worn is None else Addition.of(loras[worn[0]], worn[1])
        return utterance(number, addition=addition)

    def test_in_any_company(self, runtimes, adapters, precision):
        runtime = runtimes(precision)
        requests = [self.asked(runtime, adapters, number) for number in range(15)]
        expected = [digest(listen(runtime.speak(one).pieces())[0]) for one in requests]
        assert len(set(expected)) == 15
        for size in (2, 5, 8):
            order = sorted(range(15), key=lambda n: n * size % 17)
            found = {}
            for start in range(0, 15, size):
                tickets = {n: runtime.speak(requests[n]) for n in order[start : start + size]}
                found |= {n: digest(listen(ticket.pieces())[0]) for n, ticket in tickets.items()}
            assert [found[n] for n in range(15)] == expected, f"batches of {size}"
        more_threads = runtimes(precision, 2)
        assert [digest(listen(more_threads.speak(one).pieces())[0]) for one in requests[:5]] == expected[:5]

    def test_at_scale_0_it_is_the_base(self, runtimes, adapters, precision):
        runtime = runtimes(precision)
        plain = digest(listen(runtime.speak(utterance(2)).pieces())[0])
        lora = runtime.lora(adapters[0])
        heard = {
            scale: digest(listen(runtime.speak(utterance(2, addition=Addition.of(lora, scale))).pieces())[0])
            for scale in (0.0, 0.5, 1.5)
        }
        assert heard[0.0] == plain
        assert len({plain, heard[0.5], heard[1.5]}) == 3


def test_text_while_it_is_written_is_projected_as_the_pack_asks(runtimes, adapters):
    runtime = runtimes("bf16")
    given = {"layout": "streaming", "addition": Addition.of(runtime.lora(adapters[0]), 0.7)}
    whole, _ = listen(runtime.speak(utterance(4, text="안녕하세요 오늘은 날씨가", **given)).pieces())
    grown, _ = listen(runtime.speak_while_written(utterance(4, text="안녕", **given), ["하세요 오늘", "은 날씨가"]))
    assert digest(grown) == digest(whole)


def test_what_does_not_fit_is_refused_by_name(folder, wide_folder):
    small, wide = load(folder), load(wide_folder)
    with pytest.raises(InvalidInput, match="another size"):
        Lora(random_adapter(wide), small.config.talker)
    pair = Pair(torch.zeros(2, 64), torch.zeros(64, 2), 1.0)
    with pytest.raises(InvalidInput, match="does not have"):
        Lora(Adapter({"layers.9.self_attn.q_proj": pair}), small.config.talker)
    wide_pair = Pair(torch.zeros(MAX_RANK + 1, 64), torch.zeros(64, MAX_RANK + 1), 1.0)
    with pytest.raises(InvalidInput, match="rank"):
        Lora(Adapter({"layers.0.self_attn.q_proj": wide_pair}), small.config.talker)
    lora = Lora(random_adapter(small), small.config.talker)
    for scale in (-0.1, 1.6, float("nan")):
        with pytest.raises(InvalidInput, match="scale"):
            Addition.of(lora, scale)


def test_a_card_refuses_a_pack_with_a_way_out(folder, adapters):
    stepper = GraphedStep(load(folder), most=1, positions=64)
    with pytest.raises(Unavailable, match="graphics card"):
        stepper.begin(32, Addition.of(Lora(adapters[0], stepper.config.talker), 1.0))


def test_a_clones_prompt_carries_the_packs_vector(base_folder):
    """The speaker vector stands where a clone's does, whatever the adapter."""
    model = load(base_folder)
    vectors = np.random.default_rng(0).normal(0, 1, (2, 64)).astype(np.float32)
    prompts = [build(model, "안녕하세요", VoicePrompt("vector", vector=v), "korean").embeddings for v in vectors]
    assert not torch.equal(*prompts)
