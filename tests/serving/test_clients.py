"""The clients that people really use: OpenAI's package and Wyoming's."""

from __future__ import annotations

import asyncio
import io
import socket

import numpy as np
import openai
import pytest
import soundfile
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.info import Describe, Info
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from moksori.engine.espeak import EspeakEngine
from moksori.synthesizer import Synthesizer

from .running import running

TEXT = "안녕하세요. 모두 반갑습니다."


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    synthesizer = Synthesizer(EspeakEngine())
    return synthesizer.speak(TEXT, synthesizer.preset_voice("f2")).pcm


@pytest.fixture
def client(server) -> openai.OpenAI:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as made:
        yield made


def test_openai_speaks(client, expected):
    answer = client.audio.speech.create(model="tts-1", voice="f2", input=TEXT, response_format="pcm")
    assert (np.frombuffer(answer.content, "<i2") == expected).all()


def test_openai_with_all_its_options(client):
    answer = client.audio.speech.create(
        model="gpt-4o-mini-tts",
        voice="coral",
        input=TEXT,
        instructions="차분하게",
        response_format="flac",
        speed=1.25,
        extra_body={"seed": 5, "language": "ko"},
    )
    assert answer.response.headers["x-seed"] == "5"
    assert answer.response.headers["x-ignored-fields"] == "instructions"
    _, rate = soundfile.read(io.BytesIO(answer.content))
    assert rate == 24_000


def test_openai_streams_to_a_file(client, expected, tmp_path):
    path = tmp_path / "speech.wav"
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="f2", input=TEXT, response_format="wav"
    ) as answer:
        answer.stream_to_file(path)
    pcm, _ = soundfile.read(path, dtype="int16")
    assert (pcm == expected).all()


def test_openai_async_streams(server, expected):
    async def speak() -> bytes:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
            sound = b""
            async with client.audio.speech.with_streaming_response.create(
                model="tts-1", voice="f2", input=TEXT, response_format="pcm"
            ) as answer:
                async for chunk in answer.iter_bytes(1024):
                    sound += chunk
            return sound

    assert (np.frombuffer(asyncio.run(speak()), "<i2") == expected).all()


def test_openai_lists_models(client):
    assert [model.id for model in client.models.list()][:2] == ["espeak", "tts-1"]
    assert client.models.retrieve("tts-1").owned_by == "moksori"


def test_openai_raises_its_own_errors_with_our_words(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.audio.speech.create(model="tts-1", voice="nobody", input=TEXT)
    assert caught.value.code == "unknown_voice"
    assert caught.value.param == "voice"
    with pytest.raises(openai.BadRequestError):
        client.audio.speech.create(model="tts-1", voice="f2", input="")


def test_openai_raises_its_own_error_for_a_key(tmp_path):
    from moksori.serving.keys import Key

    with running(tmp_path, keys=(Key.of("k", "right"),)) as server:
        for key, error in (("wrong", openai.AuthenticationError), ("right", None)):
            with openai.OpenAI(base_url=f"{server.url}/v1", api_key=key) as client:
                if error:
                    with pytest.raises(error):
                        client.models.list()
                else:
                    assert client.models.list().data


@pytest.fixture(scope="module")
def satellite_port(tmp_path_factory) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running(tmp_path_factory.mktemp("data"), wyoming=f"tcp://127.0.0.1:{port}"):
        yield port


def converse(port: int, *events) -> list:
    """Send events, and collect what comes until the speech has stopped or failed."""

    async def run() -> list:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            for event in events:
                await client.write_event(event.event())
            last = SynthesizeStopped if any(isinstance(e, SynthesizeStop) for e in events) else AudioStop
            if isinstance(events[0], Describe):
                last = Info
            heard = []
            while (event := await asyncio.wait_for(client.read_event(), 20)) is not None:
                heard.append(event)
                if last.is_type(event.type) or (Error.is_type(event.type) and last is not SynthesizeStopped):
                    return heard
            return heard

    return asyncio.run(run())


def sound(events: list) -> np.ndarray:
    start = next(AudioStart.from_event(e) for e in events if AudioStart.is_type(e.type))
    assert (start.rate, start.width, start.channels) == (24_000, 2, 1)
    chunks = [AudioChunk.from_event(e).audio for e in events if AudioChunk.is_type(e.type)]
    return np.frombuffer(b"".join(chunks), "<i2")


def test_wyoming_describes_its_voices(satellite_port):
    (event,) = converse(satellite_port, Describe())
    (program,) = Info.from_event(event).tts
    assert program.supports_synthesize_streaming
    assert "f2" in [voice.name for voice in program.voices]
    assert "ko" in program.voices[0].languages


def test_wyoming_speaks(satellite_port, expected):
    heard = converse(satellite_port, Synthesize(text=TEXT, voice=SynthesizeVoice(name="f2")))
    assert (sound(heard) == expected).all()


def test_wyoming_speaks_while_the_text_is_written(satellite_port, expected):
    """As Home Assistant does it: pieces, and in between the whole text once more for servers that do not stream."""
    pieces = [SynthesizeChunk(text=TEXT[at : at + 3]) for at in range(0, len(TEXT), 3)]
    voice = SynthesizeVoice(name="f2")
    heard = converse(
        satellite_port, SynthesizeStart(voice=voice), *pieces, Synthesize(text=TEXT, voice=voice), SynthesizeStop()
    )
    assert (sound(heard) == expected).all()
    assert sum(AudioStart.is_type(event.type) for event in heard) == 1


def test_wyoming_says_what_is_wrong(satellite_port):
    heard = converse(satellite_port, Synthesize(text=TEXT, voice=SynthesizeVoice(name="nobody")))
    assert "There is no voice 'nobody'" in Error.from_event(heard[-1]).text
    english = converse(satellite_port, Synthesize(text="Good morning.", voice=SynthesizeVoice(language="en-US")))
    assert len(sound(english)) > 12_000
