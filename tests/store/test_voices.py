import numpy as np
import pytest

from moksori.audio import Audio
from moksori.engine.protocol import Prompt
from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.store import Store
from moksori.store.voices import frozen_speaker, new_id
from moksori.voice import REFERENCE_RATE, Reference, Voice, check_reference

from .making import kept, queued


def reference(seed: int = 0) -> Reference:
    pcm = np.random.default_rng(seed).normal(0, 0.1, REFERENCE_RATE * 4).astype(np.float32)
    return check_reference(Audio(pcm, REFERENCE_RATE), "안녕하세요")


def test_a_stored_voice_thaws_into_the_voice_it_was(store: Store) -> None:
    record = store.voices.add_cloned("서연", reference(), consent="직접 녹음")
    voice = store.voices.thaw(record.frozen())
    assert voice.reference is not None
    assert np.array_equal(voice.reference.pcm, reference().pcm)
    direct = Voice(kind="cloned", id=record.id, reference=reference(), consent="직접 녹음")
    assert voice.fingerprint == direct.fingerprint
    assert (voice.id, voice.consent) == (record.id, "직접 녹음")


def test_what_was_frozen_outlives_the_voice(store: Store) -> None:
    record = store.voices.add_cloned("지울 목소리", reference())
    frozen = record.frozen()
    store.voices.remove(record.id, record.version)
    assert store.voices.thaw(frozen).reference is not None
    with pytest.raises(NotFound):
        store.voices.get(record.id)


def test_two_editors_cannot_overwrite_each_other(store: Store) -> None:
    record = store.voices.add("이름", "designed", description="차분한 여성")
    assert store.voices.change(record.id, 1, note="먼저").version == 2
    with pytest.raises(Conflict, match="somebody else"):
        store.voices.change(record.id, 1, note="나중")
    with pytest.raises(Conflict):
        store.voices.remove(record.id, 1)
    assert store.voices.get(record.id).note == "먼저"


def test_dependents_are_counted(store: Store) -> None:
    kept(store, "하나", voice="f1")
    queued(store, "기다리는 것")
    assert store.voices.dependents("f1") == {"presets": [], "takes": 1, "jobs": 1}


def test_a_prompt_is_found_again_for_the_same_voice_and_engine_only(store: Store) -> None:
    record = store.voices.add_cloned("서연", reference())
    voice = store.voices.thaw(record.frozen())
    store.voices.keep_prompt(voice, "engine 1", Prompt("qwen3", voice.id, b"\0\1", ("짧음",)))
    assert store.voices.prompt(voice, "engine 1") == Prompt("qwen3", voice.id, b"\0\1", ("짧음",))
    assert store.voices.prompt(voice, "engine 2") is None
    other = store.voices.thaw(store.voices.add_cloned("서연", reference(1)).frozen())
    assert store.voices.prompt(other, "engine 1") is None


@pytest.mark.parametrize("name", ["", "   ", "\u200b\n", "x" * 121])
def test_a_name_without_anything_to_see_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidInput):
        store.voices.add(name, "designed", description="x")


def test_ids_are_readable_unique_and_safe_in_a_url() -> None:
    assert new_id("서연 (차분)").startswith("서연-차분-")
    assert len({new_id("a") for _ in range(100)}) == 100
    assert "/" not in new_id("../../etc")
    assert frozen_speaker("f1", "여자")["kind"] == "preset"
