import threading
import time
from typing import Any

import pytest

from moksori.errors import NotFound, Unavailable
from moksori.serving.problems import Busy
from moksori.synthesizer import load
from moksori.workbench.models import Models, ModelSpec, known_models, known_spec

HOME, OTHER = ModelSpec(engine="espeak"), ModelSpec(engine="espeak", precision="none")
MISSING = ModelSpec(engine="no such engine")


@pytest.fixture
def states() -> list[Any]:
    return []


@pytest.fixture
def models(states: list[Any]) -> Models:
    return Models(HOME, watch=lambda status: states.append((status["state"], status["precision"])))


def test_a_model_is_loaded_once_and_told_of(models: Models, states: list[Any]) -> None:
    for _ in range(2):
        with models.use(HOME) as synthesizer:
            assert synthesizer.speak("하나", synthesizer.default_voice()).seconds > 0
    assert states == [("loading", "auto"), ("ready", "auto")]


def test_another_model_waits_until_nobody_is_inside_and_then_goes_before_later_ones(models: Models) -> None:
    order: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with models.use(HOME):
            inside.set()
            leave.wait(20)
            order.append("first left")

    def other() -> None:
        with models.use(OTHER):
            order.append("other")

    def late() -> None:
        with models.use(HOME):
            order.append("late")

    threads = [threading.Thread(target=work) for work in (first, other, late)]
    threads[0].start()
    inside.wait(20)
    for thread in threads[1:]:
        thread.start()
        time.sleep(0.1)
    assert order == []
    leave.set()
    for thread in threads:
        thread.join(30)
    assert order == ["first left", "other", "late"]


def test_a_model_that_cannot_be_loaded_says_why_and_the_next_one_works(models: Models) -> None:
    with pytest.raises(NotFound), models.use(MISSING):
        pass
    assert models.status()["state"] == "failed"
    assert "no such engine" in models.status()["message"]
    with models.use(HOME):
        assert models.state == "ready"


def test_others_get_the_chosen_model_or_are_told_to_wait(models: Models) -> None:
    with pytest.raises(Unavailable, match="No model"):
        models.provide()
    models.go_home()
    assert models.provide().description.name == "espeak"
    with models.use(OTHER), pytest.raises(Busy):
        models.provide()
    models.go_home()
    models.provide()
    models.unload()
    assert models.description is None


def test_two_at_once_make_the_same_sound_as_alone(models: Models) -> None:
    alone = load(engine="espeak")
    wanted = {text: alone.speak(text, alone.default_voice()).sha256 for text in ("하나 둘 셋. 넷.", "다섯 여섯. 일곱.")}
    alone.close()
    made: dict[str, str] = {}

    def speak(text: str) -> None:
        with models.use(HOME) as synthesizer:
            made[text] = synthesizer.speak(text, synthesizer.default_voice()).sha256

    threads = [threading.Thread(target=speak, args=(text,)) for text in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert made == wanted


def test_only_names_on_the_list_are_known() -> None:
    assert "espeak" in [row["name"] for row in known_models()]
    assert known_spec("espeak") == HOME
    for name in ("", "/", "..", "pocket/../x", "owner/name"):
        with pytest.raises(NotFound):
            known_spec(name)
