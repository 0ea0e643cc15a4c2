"""Trials on tiny models: what is spoken is measured, told apart, and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from moksori.errors import InvalidInput
from moksori.evaluation import likeness, page, trial
from moksori.evaluation.speak import generate, speak
from moksori.model import Model, Sampling, VoicePrompt, build, load
from moksori.model.adapter import Adapter, trainable
from moksori.model.reference import generate as slowly
from moksori.runtime.runtime import Runtime
from moksori.training.pack import About, Pack
from tests import checkpoints
from tests.recordings import tone


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(checkpoints.tiny("0.6b-base", tmp_path_factory.mktemp("tiny") / "base", seed=4))


@pytest.fixture(scope="module")
def runtime(model: Model) -> Iterator[Runtime]:
    runtime = Runtime(model.folder, "fp32", threads=1)
    yield runtime
    runtime.close()


def vector() -> VoicePrompt:
    return VoicePrompt("vector", vector=np.random.default_rng(0).normal(size=64).astype(np.float32))


def adapter(model: Model) -> Adapter:
    paths = [n for n, m in model.talker.named_modules() if n.endswith("q_proj")]
    fresh = trainable(model.talker, paths, 2, 1.0, seed=0)
    for pair in fresh.pairs.values():
        pair.up.normal_(std=3.0)
    return fresh


@pytest.mark.parametrize("layout", ["whole", "streaming"])
def test_the_cached_generator_says_what_the_naive_one_says(model: Model, layout: str) -> None:
    prompt = build(model, "안녕하세요 voice", vector(), "korean", layout=layout)  # type: ignore[arg-type]
    slow = slowly(model, prompt, model.sampling.greedy, max_frames=12)
    fast, ended = generate(model, prompt, model.sampling.greedy, 0, 12)
    assert torch.equal(fast, slow.codes)
    assert ended == (slow.reason == "end")


def test_equal_seeds_speak_equally_and_others_do_not(model: Model) -> None:
    hot = Sampling(temperature=1.5, predictor_temperature=1.5, top_k=0, predictor_top_k=0)
    takes = [speak(model, "안녕하세요", vector(), sampling=hot, seed=seed) for seed in (1, 1, 2)]
    assert np.array_equal(takes[0].pcm, takes[1].pcm)
    assert not np.array_equal(takes[0].codes[:4], takes[2].codes[:4])


def test_scale_zero_is_the_base_and_the_adapter_is_gone_afterwards(runtime: Runtime, tmp_path: Path) -> None:
    pack = Pack(About("mina", "tiny", ""), np.zeros(64, np.float32), adapter(runtime.model))
    settings = [
        trial.Setting("plain", runtime, vector()),
        trial.Setting("off", runtime, vector(), pack, 0.0),
        trial.Setting("on", runtime, vector(), pack, 1.5),
        trial.Setting("plain again", runtime, vector()),
    ]
    done = trial.run(settings, ["안녕하세요"], [1], tmp_path, trial.Comparison())
    sounds = {take.setting: take.path.read_bytes() if take.path else b"" for take in done.takes}
    assert sounds["plain"] == sounds["off"] == sounds["plain again"]
    assert sounds["on"] != sounds["plain"]


def test_a_long_text_is_spoken_in_sentences_and_measured_whole(runtime: Runtime, tmp_path: Path) -> None:
    written = "안녕하세요. 오늘은 날씨가 좋습니다. " * 6
    alone = trial.run([trial.Setting("a", runtime, vector())], ["안녕하세요."], [1], tmp_path, trial.Comparison())
    done = trial.run([trial.Setting("b", runtime, vector())], [written], [1], tmp_path / "long", trial.Comparison())
    (take,) = done.takes
    assert take.path is not None
    assert take.figures["seconds"] > 6 * alone.takes[0].figures["seconds"]
    assert take.figures["run_away"] in (0.0, 1.0)


def test_takes_of_several_checkpoints_gather_in_one_trial(runtime: Runtime, tmp_path: Path) -> None:
    done = trial.run([trial.Setting("one", runtime, vector())], ["안녕하세요"], [1], tmp_path, trial.Comparison())
    trial.run([trial.Setting("two", runtime, vector())], ["안녕하세요"], [1], tmp_path, trial.Comparison(), into=done)
    assert [take.setting for take in done.takes] == ["one", "two"]
    assert len({take.path for take in done.takes}) == 2
    with pytest.raises(InvalidInput, match="same label"):
        trial.run(
            [trial.Setting("two", runtime, vector())], ["안녕하세요"], [1], tmp_path, trial.Comparison(), into=done
        )


def test_the_score_prefers_what_is_alike_ends_and_keeps_pace() -> None:
    good = {"timbre": 0.8, "run_away": 0.0, "cut_off": 0.0, "pace_ratio": 1.0}
    for worse in ({"timbre": 0.6}, {"run_away": 0.5}, {"cut_off": 0.5}, {"pace_ratio": 1.4}, {"pace_ratio": 0.7}):
        assert trial.score(good | worse) < trial.score(good)


def test_a_voice_is_more_like_its_own_recordings_than_another() -> None:
    low = likeness.of([tone(1.5, 130 + n, n) for n in range(5)], 24_000)
    own = low.measure(tone(1.5, 132, 30))["timbre"]
    other = low.measure(tone(1.5, 300, 31))["timbre"]
    assert own > 0.5 > other


def test_a_take_of_the_same_words_is_compared_with_the_recording_of_them() -> None:
    said = ["가나다.", "라마바!", "사아자"]
    voice = likeness.of([tone(1.5, 130 + n, n) for n in range(3)], 24_000, said=said)
    itself = voice.measure(tone(1.5, 131, 1), "라마바")["same_words_db"]
    near = voice.measure(tone(1.5, 132, 30), "라마바")["same_words_db"]
    far = voice.measure(tone(1.5, 300, 31), "라마바")["same_words_db"]
    assert itself == pytest.approx(0.0, abs=1e-9)
    assert 0 < near < far
    assert "same_words_db" not in voice.measure(tone(1.5, 131, 1), "다른 말")
    louder = voice.measure(2 * tone(1.5, 131, 1), "라마바")["same_words_db"]
    assert louder < 0.1, "level is no likeness"


def test_a_plugged_in_verifier_is_asked(model: Model) -> None:
    asked = []

    def verifier(pcm: np.ndarray, rate: int) -> np.ndarray:
        asked.append(rate)
        return np.array([float(np.abs(pcm).mean()), 1.0])

    found = likeness.of([tone(1.0, 150, 0)], 24_000, model=model, verifier=verifier).measure(tone(1.0, 150, 1))
    assert set(found) == {"timbre", "own_encoder", "verifier"}
    assert asked == [24_000, 24_000]
    with pytest.raises(InvalidInput, match="no verifier"):
        likeness.load_verifier("nothing:here")


def test_the_page_has_a_player_for_each_take_and_a_row_for_each_setting(runtime: Runtime, tmp_path: Path) -> None:
    comparison = trial.compare_with([(tone(1.5, 140, n), "안녕하세요") for n in range(3)], runtime)
    settings = [trial.Setting("scale <1>", runtime, vector()), trial.Setting("scale 2", runtime, vector())]
    done = trial.run(settings, ["안녕하세요", "오늘은 날씨가 좋습니다"], [1, 2], tmp_path, comparison)
    shown, data = page.write(done, tmp_path, "Sweep")
    written = shown.read_text(encoding="utf-8")
    assert written.count("<audio") == sum(take.path is not None for take in done.takes)
    assert "scale &lt;1&gt;" in written
    told = json.loads(data.read_text(encoding="utf-8"))
    assert set(told["settings"]) == {"scale <1>", "scale 2"}
    assert all((tmp_path / take["file"]).is_file() for take in told["takes"] if take["file"])
    assert {"timbre", "run_away", "cut_off", "pace_ratio"} <= set(told["settings"]["scale 2"])
    assert 0 < told["recordings"]["timbre"] <= 1
    assert "the recordings" in written


def test_the_error_rate_counts_characters_that_are_spoken() -> None:
    assert trial.error_rate("안녕하세요.", "안녕 하세요") == 0
    assert trial.error_rate("안녕하세요", "안녕하새요") == pytest.approx(0.2)
    assert trial.error_rate("가나", "") == 1


def test_two_settings_of_one_name_are_an_error(runtime: Runtime, tmp_path: Path) -> None:
    twice = [trial.Setting("a", runtime, vector()), trial.Setting("a", runtime, vector())]
    with pytest.raises(InvalidInput, match="same label"):
        trial.run(twice, ["안녕하세요"], [1], tmp_path, trial.Comparison())
