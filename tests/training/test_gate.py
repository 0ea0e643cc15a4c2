"""The wiring gate on real clips and trained weights: right wiring passes, each wrong one is refused with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from moksori.errors import InvalidInput
from moksori.model import Model, load
from moksori.model.hub import EMBEDDED
from moksori.training.clips import Clips
from moksori.training.codes import Encoding
from moksori.training.gate import Verdict, enforce, judge
from moksori.training.loss import Objective
from moksori.training.manifest import Row
from moksori.training.sample import Utterance
from moksori.training.settings import parse
from moksori.training.trainable import add_language
from tests.training.test_loss import CodebookShift, DoubleShift, HiddenLeak, WithoutTextProjection

pytestmark = pytest.mark.skipif(not (EMBEDDED / "pocket-base").is_dir(), reason="pocket is not there")

SAID = (
    "오늘은 날씨가 맑고 바람이 시원합니다",
    "다음 역에서 내려 주시기 바랍니다",
    "주문하신 음료가 준비되었습니다",
    "회의는 오후 세 시에 시작합니다",
    "안내 방송을 잘 들어 주십시오",
    "문이 열리면 천천히 나가세요",
)


@pytest.fixture(scope="module")
def model() -> Model:
    return load(EMBEDDED / "pocket-base")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    from recipes.pocket.espeak import Speaker, Synthesis

    folder = tmp_path_factory.mktemp("said")
    synthesis, voice = Synthesis(), Speaker("f5", 52, 45, 165)
    for number, text in enumerate(SAID):
        soundfile.write(folder / f"{number}.wav", synthesis.speak(text, "ko", voice), 24_000)
    return [Row(folder / f"{n}.wav", text, speaker="mina", language="korean") for n, text in enumerate(SAID)]


@pytest.fixture
def clips(model: Model, rows: list[Row]) -> Clips:
    cache = rows[0].audio.parent / "codes"
    codes = Encoding(model.codec, cache, encoder_sha256="pocket").run([row.audio for row in rows])
    return Clips(model, rows, codes, parse({"model": "m", "data": "d", "output": "o", "speaker": "s"}))


def test_right_wiring_passes_by_a_margin(model: Model, clips: Clips) -> None:
    verdict = judge(model, clips)
    assert verdict.problem == ""
    enforce(verdict)
    assert verdict.first < 0.85 * verdict.first_limit
    assert verdict.others < 0.85 * verdict.others_limit
    assert verdict.exchanged is not None
    assert verdict.exchanged > verdict.first + 0.5


@pytest.mark.parametrize(
    ("bug", "words"),
    [
        (WithoutTextProjection, "loss on the first codebook"),
        (DoubleShift, "loss on the first codebook"),
        (CodebookShift, "loss on the other codebooks"),
        (HiddenLeak, "from the position"),
    ],
)
def test_wiring_like_upstreams_bugs_is_refused(bug: type[Objective], words: str, model: Model, clips: Clips) -> None:
    verdict = judge(model, clips, bug(model.talker, model.predictor))
    with pytest.raises(InvalidInput, match=words) as error:
        enforce(verdict)
    assert error.value.code == "wiring_gate"


WRONG: dict[str, Callable[[list[Utterance]], list[Utterance]]] = {
    "transcripts of other clips": lambda all: [
        replace(a, text=b.text) for a, b in zip(all, all[2:] + all[:2], strict=True)
    ],
    "codes in another order": lambda all: [replace(a, codes=np.roll(a.codes, 1, axis=1)) for a in all],
    "codes played backwards": lambda all: [replace(a, codes=a.codes[::-1]) for a in all],
    "codes of another codec": lambda all: [
        replace(a, codes=np.random.default_rng(n).permutation(512)[a.codes % 512]) for n, a in enumerate(all)
    ],
}


@pytest.mark.parametrize("name", WRONG)
def test_data_that_does_not_belong_together_is_refused(name: str, model: Model, clips: Clips) -> None:
    clips.utterances = WRONG[name](clips.utterances)
    assert judge(model, clips).problem


def test_a_base_whose_losses_are_low_is_refused_where_the_text_explains_nothing() -> None:
    fine = Verdict(first=2.0, others=4.0, first_limit=5.0, others_limit=7.0, exchanged=3.0)
    assert fine.problem == ""
    assert "transcripts say nothing" in replace(fine, exchanged=2.05).problem
    assert replace(fine, exchanged=None).problem == "", "one text alone cannot be exchanged"
    assert "position before" in replace(fine, earlier=(1.9, 5.0)).problem
    assert "finite" in replace(fine, first=float("nan")).problem


def test_a_new_language_passes_with_the_row_it_starts_from(model: Model, rows: list[Row], clips: Clips) -> None:
    """The gate measures the start of `learn: projection`: a tag that no base was ever trained with."""
    said = {"learn": "projection", "language": {"name": "saturi", "related": ["korean"]}}
    settings = parse({"model": "m", "data": "d", "output": "o", "speaker": "s", **said})
    add_language(model, settings.language)
    codes = Encoding(model.codec, rows[0].audio.parent / "codes", encoder_sha256="pocket")
    tagged = [replace(row, language="saturi") for row in rows]
    found = codes.run([row.audio for row in rows])
    assert judge(model, Clips(model, tagged, found, settings)).problem == ""
