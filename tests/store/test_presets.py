from dataclasses import replace

import pytest

from moksori.engine.protocol import CheckpointIdentity, Description
from moksori.errors import Conflict, InvalidInput
from moksori.store import Store
from moksori.store.presets import SETTINGS, Frozen, changes, model_identity
from moksori.store.voices import frozen_speaker
from moksori.workbench.speaking import settings_from

LOADED = Description(
    name="qwen3", title="Q", languages=("korean",), sample_rate=24_000, kinds=("cloned",), streams=True, parameters={},
    licence="", checkpoint=CheckpointIdentity("0.6b-base", "abc", "f" * 64), precision="bfloat16", numerics="1",
)  # fmt: skip


def frozen(**more: object) -> Frozen:
    settings = {name: getattr(settings_from({}), name) for name in SETTINGS}
    plain = {**settings, "overrides": []}
    return replace(Frozen(frozen_speaker("f1", "여자"), plain, 7, model_identity(LOADED, "0.6b-base")), **more)  # type: ignore[arg-type]


def test_what_is_frozen_comes_back_equal(store: Store) -> None:
    preset = store.presets.add("안내 방송", frozen(), note="매일 아침")
    assert store.presets.get(preset.id).frozen == frozen()
    assert Frozen.from_json(frozen().to_json()) == frozen()


def test_the_second_of_two_tabs_is_told(store: Store) -> None:
    preset = store.presets.add("이름", frozen())
    store.presets.change(preset.id, 1, name="새 이름")
    with pytest.raises(Conflict):
        store.presets.change(preset.id, 1, name="다른 이름")
    with pytest.raises(Conflict):
        store.presets.remove(preset.id, 1)
    assert store.presets.get(preset.id).name == "새 이름"
    store.presets.remove(preset.id, 2)
    assert store.presets.all() == []


def test_a_preset_says_what_changed(store: Store) -> None:
    assert changes(frozen(), None, LOADED) == []
    assert (
        "weights"
        in changes(frozen(), None, replace(LOADED, checkpoint=CheckpointIdentity("0.6b-base", "b", "0" * 64)))[0]
    )
    assert "float32" in changes(frozen(), None, replace(LOADED, precision="float32"))[0]
    assert "loaded is espeak" in changes(frozen(), None, replace(LOADED, name="espeak", checkpoint=None))[0]
    record = store.voices.add("서연", "designed", description="차분한")
    preset = frozen(voice=record.frozen())
    assert changes(preset, record, None) == []
    assert "edited" in changes(preset, replace(record, description="밝은"), None)[0]
    assert "reference" in changes(preset, replace(record, reference_sha256="1" * 64), None)[0]
    assert "deleted" in changes(preset, None, None)[0]


@pytest.mark.parametrize(
    "damage",
    [
        {"seed": -1}, {"seed": 2**32}, {"seed": "7"}, {"seed": True}, {"voice": {}}, {"voice": None}, {"extra": 1},
        {"settings": {"language": "korean"}}, {"quality": {"action": "explode"}}, {"quality": {"tries": 99}},
        {"text": 5},
    ],
)  # fmt: skip
def test_a_damaged_preset_is_refused_by_name(damage: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Frozen.from_json({**frozen().to_json(), **damage})
