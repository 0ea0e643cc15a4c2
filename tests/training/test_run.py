"""A run learns, stops, resumes and leaves what it says it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from moksori.errors import InvalidInput, MoksoriError
from moksori.model import Model, VoicePrompt, build, load
from moksori.model.reference import generate
from moksori.training import journal
from moksori.training.clips import Clips
from moksori.training.codes import Encoding
from moksori.training.loop import train
from moksori.training.manifest import read
from moksori.training.memory import Memory
from moksori.training.outcome import finish
from moksori.training.pack import Pack
from moksori.training.run import Moment, Run, prepare
from moksori.training.settings import Freeze, Language, Lora, Settings, Watch
from moksori.training.trainable import add_language

SETTINGS = Settings(
    model="tiny", data="clips.jsonl", output="out", speaker="mina", gate=False, steps=6, batch_size=2, accumulate=2,
    rate=5e-3, save_every=2, lora=Lora(rank=4, alpha=8), seed=7,
)  # fmt: skip


def make(
    base: Path, recordings: Path, folder: Path, settings: Settings = SETTINGS, dtype: torch.dtype = torch.float32
) -> Run:
    torch.manual_seed(0)
    model = load(base, dtype=dtype)
    rows = read(recordings)
    encoding = Encoding(model.codec, recordings.parent / "codes", encoder_sha256="tiny")
    codes = encoding.run([row.audio for row in rows])
    folder.mkdir(parents=True, exist_ok=True)
    clips = Clips(model, rows, codes, settings)
    return prepare(settings, folder, model, clips, None)


def losses(run: Run) -> list[float]:
    return [round(row["loss"], 6) for row in run.history]


def parameters(run: Run) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in run.learning.parameters]


def test_an_adapter_learns_and_nothing_else_moves(base: Path, recordings: Path, tmp_path: Path) -> None:
    run = make(base, recordings, tmp_path / "run", replace(SETTINGS, steps=40))
    before = {n: p.clone() for n, p in run.model.talker.named_parameters() if not n.endswith((".down", ".up"))}
    train(run)
    values = [row["loss"] for row in run.history]
    assert np.mean(values[-8:]) < np.mean(values[:8]) - 0.1
    assert all(torch.equal(p, before[n]) for n, p in run.model.talker.named_parameters() if n in before)
    assert all(row["others"] == 0 for row in run.history), "a frozen predictor's loss is skipped"


class Killed(Exception):
    """Stands for the process being killed between two steps."""


@pytest.mark.parametrize("learn", ["lora", "full"])
def test_a_run_killed_in_the_middle_goes_on_with_equal_losses(
    learn: str, base: Path, recordings: Path, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, learn=learn, freeze=Freeze(predictor=False), rate=1e-3)  # type: ignore[arg-type]
    whole = train(make(base, recordings, tmp_path / "whole", settings))

    def kill(event: str, figures: Mapping[str, float]) -> None:
        if event == "step" and figures["step"] == 5:
            raise Killed

    first = make(base, recordings, tmp_path / "cut", settings)
    with pytest.raises(Killed):
        train(first, tell=kill)
    second = train(make(base, recordings, tmp_path / "cut", settings))
    assert second.history[0]["step"] == 5, "the last checkpoint was at step 4"
    assert losses(second) == losses(whole)[4:]
    assert all(torch.equal(a, b) for a, b in zip(parameters(second), parameters(whole), strict=True))


@pytest.mark.parametrize(("learn", "dtype"), [("lora", torch.bfloat16), ("full", torch.float32)])
def test_half_precision_computes_in_half_and_learns_in_float32(
    learn: str, dtype: torch.dtype, base: Path, recordings: Path, tmp_path: Path
) -> None:
    """An adapter leaves its base in bfloat16; full training keeps float32 masters."""
    settings = replace(SETTINGS, learn=learn, steps=3, rate=1e-4)  # type: ignore[arg-type]
    whole = train(make(base, recordings, tmp_path / "whole", settings))
    half = train(make(base, recordings, tmp_path / "half", replace(settings, precision="bfloat16"), dtype))
    assert {p.dtype for p in half.learning.parameters} == {torch.float32}
    assert losses(half) == pytest.approx(losses(whole), rel=0.03)
    assert losses(half) != losses(whole)
    report = finish(half, "tiny", Memory(0, 0, 0))
    assert all(Path(made).is_dir() for made in report["made"])


def test_an_adapter_for_a_checkpoint_that_no_pack_speaks_on_is_refused_before_it_learns(
    custom: Path, recordings: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="Base checkpoint"):
        make(custom, recordings, tmp_path / "run")


def test_held_out_clips_are_measured_in_every_codebook_at_each_checkpoint(
    base: Path, recordings: Path, tmp_path: Path
) -> None:
    run = make(base, recordings, tmp_path / "run", replace(SETTINGS, steps=4))
    run.valid = run.train
    told: list[str] = []
    train(run, tell=lambda event, _figures: told.append(event))
    found = journal.rows(tmp_path / "run" / "held_out.csv")
    assert [row["step"] for row in found] == [2, 4]
    groups = run.model.config.talker.num_code_groups
    assert {f"valid_book_{k}" for k in range(groups)} <= set(found[0])
    assert "held out 1" in (tmp_path / "run" / "curves.svg").read_text()
    assert told.count("saved") == 2


def test_a_run_does_not_go_on_with_other_data(base: Path, recordings: Path, tmp_path: Path) -> None:
    train(make(base, recordings, tmp_path / "run", replace(SETTINGS, steps=2)))
    other = make(base, recordings, tmp_path / "run", replace(SETTINGS, steps=2))
    other.data_sha256 = "different"
    with pytest.raises(InvalidInput, match="other data"):
        train(other)


def test_one_window_is_one_mean_however_it_is_cut(base: Path, recordings: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, learn="full", steps=1, lora=Lora(dropout=0))
    together = make(base, recordings, tmp_path / "a", replace(settings, batch_size=6, accumulate=1))
    apart = make(base, recordings, tmp_path / "b", replace(settings, batch_size=2, accumulate=3))
    train(together)
    train(apart)
    assert together.history[0]["norm"] == pytest.approx(apart.history[0]["norm"], rel=1e-3)
    assert together.history[0]["loss"] == pytest.approx(apart.history[0]["loss"], rel=1e-5)


def test_the_gate_refuses_a_model_that_cannot_know_the_clips_and_says_which_loss(
    base: Path, recordings: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="loss on the first codebook") as error:
        make(base, recordings, tmp_path / "run", replace(SETTINGS, gate=True))
    assert error.value.code == "wiring_gate"


def test_full_training_moves_what_is_thawed_and_only_that(base: Path, recordings: Path, tmp_path: Path) -> None:
    run = make(base, recordings, tmp_path / "run", replace(SETTINGS, learn="full", steps=2, rate=1e-2))
    talker = {n: p.clone() for n, p in run.model.talker.named_parameters()}
    predictor = {n: p.clone() for n, p in run.model.predictor.named_parameters()}
    train(run)
    moved = {n for n, p in run.model.talker.named_parameters() if not torch.equal(p, talker[n])}
    assert any(name.startswith("layers.") for name in moved)
    assert not moved & {"text_embedding.weight", "codec_embedding.weight"}
    assert all(torch.equal(p, predictor[n]) for n, p in run.model.predictor.named_parameters())


def test_the_predictors_loss_is_on_some_frames_when_it_learns(base: Path, recordings: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, learn="full", freeze=Freeze(predictor=False), steps=1, frame_share=0.2)
    run = train(make(base, recordings, tmp_path / "run", settings))
    assert run.history[0]["others"] > 0


def test_text_rows_that_do_not_occur_stay(base: Path, recordings: Path, tmp_path: Path) -> None:
    run = make(base, recordings, tmp_path / "run", replace(SETTINGS, learn="text_embedding", steps=3))
    before = run.model.talker.text_embedding.weight.detach().clone()
    assert run.learning.num_values == len(run.train.text_ids()) * before.shape[1], "the other rows cost nothing"
    train(run)
    finish(run, "tiny", Memory(0, 0, 0))
    moved = (run.model.talker.text_embedding.weight != before).any(1).nonzero()[:, 0].tolist()
    assert moved
    assert set(moved) <= set(run.train.text_ids())


def test_a_new_language_gets_a_free_row_that_training_and_export_share(
    base: Path, recordings: Path, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, learn="projection", steps=3, language=Language("klingon", ("korean", "japanese")))
    with pytest.raises(MoksoriError, match="Unknown language"):
        build(load(base), "voice", VoicePrompt("vector", vector=np.zeros(64, np.float32)), "klingon")
    rows = [replace(row, language="auto") for row in read(recordings)]
    model = load(base)
    codes = Encoding(model.codec, recordings.parent / "codes", encoder_sha256="tiny").run([r.audio for r in rows])
    (tmp_path / "run").mkdir()
    taken = set(model.config.talker.languages.values())
    before = model.talker.codec_embedding.weight.detach().clone()
    add_language(model, settings.language)
    run = prepare(settings, tmp_path / "run", model, Clips(model, rows, codes, settings), None)
    row = model.config.talker.languages["klingon"]
    assert row not in taken
    train(run)
    moved = (model.talker.codec_embedding.weight != before).any(1).nonzero()[:, 0].tolist()
    assert moved == [row]
    report = finish(run, "tiny", Memory(0, 0, 0))
    again = load(report["made"][0])
    assert again.config.talker.languages["klingon"] == row
    build(again, "voice", VoicePrompt("vector", vector=np.zeros(64, np.float32)), "klingon")


def test_listening_picks_the_best_and_stops_early(base: Path, recordings: Path, tmp_path: Path) -> None:
    heard = iter([0.1, 0.9, 0.5, 0.4, 0.3, 0.2])

    def observe(moment: Moment) -> dict[str, float]:
        assert not moment.model.talker.training
        return {"score": next(heard)}

    settings = replace(SETTINGS, steps=6, watch=Watch(every=1, patience=2))
    run = train(make(base, recordings, tmp_path / "run", settings), observe)
    assert run.standing.stopped
    assert (run.standing.best_step, run.standing.step) == (2, 4)
    report = finish(run, "tiny", Memory(0, 0, 0))
    assert report["best_step"] == 2
    assert [row["score"] for row in report["listened"]] == [0.1, 0.9, 0.5, 0.4]


def test_a_finished_adapter_is_a_pack_that_loads_and_changes_what_is_said(
    base: Path, recordings: Path, tmp_path: Path
) -> None:
    from moksori.model.adapter import attach

    settings = replace(SETTINGS, steps=30, consent="my own voice")
    report = finish(train(make(base, recordings, tmp_path / "run", settings)), "tiny", Memory(0, 0, 0))
    pack = Pack.load(Path(report["made"][0]))
    assert pack.about.consent == "my own voice"
    assert pack.about.name == "mina"
    model = load(base)
    assert pack.check(model) == []
    speak = _speaker(model, pack)
    plain = speak()
    assert pack.adapter is not None
    attached = attach(model.talker, pack.adapter)
    assert not torch.equal(speak(), plain)
    attached.scale = 0.0
    assert torch.equal(speak(), plain), "scale 0 is the base"
    assert (tmp_path / "run" / "curves.svg").read_text().startswith("<svg")


def _speaker(model: Model, pack: Pack) -> Callable[[], torch.Tensor]:
    def speak() -> torch.Tensor:
        prompt = build(model, "안녕하세요 voice", VoicePrompt("vector", vector=pack.vector))
        return generate(model, prompt, model.sampling.greedy, max_frames=8).codes

    return speak
