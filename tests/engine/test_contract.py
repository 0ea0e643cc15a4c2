"""What every engine promises, held against each: the same request gives the same sound, and nothing is ignored."""

from __future__ import annotations

import dataclasses
import json
import pickle
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from moksori import audio
from moksori.engine.parameters import resolve
from moksori.engine.protocol import Chunk, Engine, Request
from moksori.errors import InvalidInput, MoksoriError
from moksori.language import CODES
from moksori.voice import Voice
from tests.measure.sounds import babble

from .engines import ENGINES
from .speaking import sound, together

TEXT, SYLLABLES = "안녕하세요, 오늘은 이만 마치겠습니다.", 15


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, tmp_path_factory) -> Iterator[Engine]:
    opened = ENGINES[request.param](tmp_path_factory.mktemp("engine"))
    yield opened
    opened.close()


@pytest.fixture
def voice(engine) -> Voice:
    about = engine.describe()
    if "preset" in about.kinds:
        return Voice.preset(about.speakers[0].id)
    if "cloned" in about.kinds:
        return Voice.cloned(audio.encode(audio.to_int16(babble(18)), 24_000, "wav"), "안녕하세요")
    return Voice.designed("차분한 중년 여성")


def ask(engine: Engine, voice: Voice, **changes) -> Request:
    """A request that is soon spoken: engines that can be told so stop after a second."""
    brief = {"max_frames": 12} if "max_frames" in engine.describe().parameters["properties"] else {}
    request = Request(TEXT, engine.prepare(voice), SYLLABLES, parameters=brief, seed=5)
    return dataclasses.replace(request, **changes)


def chunks(engine: Engine, request: Request, cancel: threading.Event | None = None) -> list[Chunk]:
    return list(engine.stream(request, cancel or threading.Event()))


def test_it_describes_itself_completely(engine):
    about = engine.describe()
    assert about.name
    assert about.title
    assert about.licence
    assert about.numerics
    assert about.kinds
    assert set(about.languages) <= set(CODES) | {"auto"}
    assert "korean" in about.languages
    assert len({speaker.id for speaker in about.speakers}) == len(about.speakers)
    assert about.speakers or "preset" not in about.kinds
    assert pickle.loads(pickle.dumps(about)) == about


def test_its_parameters_are_a_schema_whose_defaults_are_valid(engine):
    schema = engine.describe().parameters
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    for name, spec in schema["properties"].items():
        assert {"default", "title", "type"} <= spec.keys(), name
        assert "enum" in spec or spec["type"] in ("boolean", "string") or {"minimum", "maximum"} <= spec.keys(), name
    Draft202012Validator(schema).validate(resolve(schema, {}))


def test_chunks_are_float32_mono_in_range_and_only_the_last_is_finished(engine, voice):
    heard = chunks(engine, ask(engine, voice))
    assert all(chunk.pcm.dtype == np.float32 and chunk.pcm.ndim == 1 for chunk in heard)
    assert all(np.abs(chunk.pcm).max(initial=0) <= 1.0 for chunk in heard)
    assert [chunk.finish is not None for chunk in heard] == [False] * (len(heard) - 1) + [True]
    assert sum(len(chunk.pcm) for chunk in heard) > engine.describe().sample_rate * 0.1
    if not engine.describe().streams:
        assert len(heard) == 1


def test_the_finish_is_plain_data(engine, voice):
    finish = chunks(engine, ask(engine, voice))[-1].finish
    assert finish.reason in ("end", "ceiling", "stationary")
    json.dumps(dict(finish.trace), allow_nan=False)
    assert pickle.loads(pickle.dumps(finish)) == finish


def test_the_same_request_gives_the_same_sound(engine, voice):
    request = ask(engine, voice)
    first = sound(engine, request)
    sound(engine, ask(engine, voice, unit="다른 말을 하고 나서도", seed=99))
    assert sound(engine, request) == first
    assert sound(engine, ask(engine, voice)) == first, "a prompt prepared again is the same prompt"


def test_two_requests_at_once_do_not_disturb_each_other(engine, voice):
    requests = [ask(engine, voice, seed=seed) for seed in (1, 2)]
    alone = [sound(engine, request) for request in requests]
    assert together(engine, requests) == alone


def test_two_streams_read_in_turns_are_what_they_are_alone(engine, voice):
    requests = [ask(engine, voice, seed=seed) for seed in (1, 2)]
    alone = [sound(engine, request) for request in requests]
    streams = [engine.stream(request, threading.Event()) for request in requests]
    heard: list[list[bytes]] = [[], []]
    while any(s is not None for s in streams):
        for i, stream in enumerate(streams):
            chunk = next(stream, None) if stream is not None else None
            if chunk is None:
                streams[i] = None
            else:
                heard[i].append(chunk.pcm.tobytes())
    assert [b"".join(parts) for parts in heard] == alone


def test_the_text_is_what_is_heard(engine, voice):
    assert sound(engine, ask(engine, voice)) != sound(engine, ask(engine, voice, unit="전혀 다른 문장이다."))


def test_seeds_at_both_ends_of_the_range_work(engine, voice):
    for seed in (0, 2**32 - 1):
        assert sound(engine, ask(engine, voice, seed=seed))


def test_each_parameter_is_accepted_at_its_limits_and_refused_beyond(engine, voice):
    for name, spec in engine.describe().parameters["properties"].items():
        if spec["type"] in ("number", "integer"):
            for beyond in (spec["minimum"] - 1, spec["maximum"] + 1):
                with pytest.raises(InvalidInput) as caught:
                    chunks(engine, ask(engine, voice, parameters={name: beyond}))
                assert caught.value.field == name


def test_an_unknown_parameter_is_an_error_naming_the_known_ones(engine, voice):
    with pytest.raises(InvalidInput, match="unheard_of") as caught:
        chunks(engine, ask(engine, voice, parameters={"unheard_of": 1}))
    assert caught.value.code == "unknown_parameter"
    assert next(iter(engine.describe().parameters["properties"])) in caught.value.hint


def test_an_unknown_language_is_an_error(engine, voice):
    with pytest.raises(InvalidInput) as caught:
        chunks(engine, ask(engine, voice, language="klingon"))
    assert caught.value.field == "language"


def test_an_instruct_is_followed_or_refused(engine, voice):
    request = ask(engine, voice, instruct="밝게")
    if engine.describe().instruct:
        assert sound(engine, request)
    else:
        with pytest.raises(InvalidInput):
            chunks(engine, request)


def test_a_kind_of_voice_that_it_does_not_have_is_refused(engine):
    kinds = {
        "preset": Voice.preset("nobody-of-this-name"),
        "cloned": Voice.cloned(audio.encode(audio.to_int16(babble(18)), 24_000, "wav")),
        "designed": Voice.designed("차분한 목소리"),
    }
    for kind, voice in kinds.items():
        if kind == "preset" or kind not in engine.describe().kinds:
            with pytest.raises(MoksoriError) as caught:
                engine.prepare(voice)
            assert caught.value.hint, "the error says what to do instead"


def test_a_prompt_of_another_engine_is_refused(engine, voice):
    stranger = dataclasses.replace(engine.prepare(voice), engine="another")
    with pytest.raises(MoksoriError):
        chunks(engine, ask(engine, voice, prompt=stranger))


def test_a_cancel_ends_the_stream_within_two_chunks_and_leaves_the_engine_usable(engine, voice):
    request = ask(engine, voice, unit=TEXT * 4, syllables=SYLLABLES * 4)
    cancel = threading.Event()
    stream = engine.stream(request, cancel)
    next(stream)
    cancel.set()
    rest = list(stream)
    assert 1 <= len(rest) <= 2
    assert rest[-1].finish is not None
    assert sound(engine, ask(engine, voice)) == sound(engine, ask(engine, voice))


def test_leaving_a_stream_early_leaves_the_engine_usable(engine, voice):
    whole = sound(engine, ask(engine, voice))
    stream = engine.stream(ask(engine, voice), threading.Event())
    next(stream)
    stream.close()
    assert sound(engine, ask(engine, voice)) == whole


def test_a_cancel_before_the_start_makes_no_sound(engine, voice):
    cancel = threading.Event()
    cancel.set()
    heard = chunks(engine, ask(engine, voice), cancel)
    assert sum(len(chunk.pcm) for chunk in heard) <= engine.describe().sample_rate * 0.4
    assert heard[-1].finish.reason == "cancelled"
