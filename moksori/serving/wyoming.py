"""Wyoming, the protocol of Home Assistant: describe, synthesize, and synthesize while the text is being written.

It has no keys by design, so it listens only where the settings say. Sound is 16-bit mono PCM.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from contextlib import suppress
from typing import TypeVar, cast

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable, async_read_event
from wyoming.info import Attribution, Describe, Info, TtsProgram, TtsVoice
from wyoming.ping import Ping, Pong
from wyoming.server import AsyncEventHandler, AsyncServer
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from moksori import __version__
from moksori.errors import InvalidInput, MoksoriError, Unavailable
from moksori.language import CODES

from .log import speech_line
from .order import model_name, read_order, read_request
from .passages import Growing
from .speaking import Job, start
from .state import State

log = logging.getLogger("moksori.serving")
HOME = Attribution(name="moksori", url="")
E = TypeVar("E", bound=Eventable)


async def listen(uri: str, state: State) -> AsyncServer:
    """Start to listen; raises Unavailable if the place is taken. Stop it with `stop`."""
    try:
        server = AsyncServer.from_uri(uri)
        await server.start(lambda reader, writer: _Satellite(state, reader, writer))
    except (OSError, ValueError) as error:
        raise Unavailable(f"Wyoming cannot listen on {uri}: {error}.", hint="Choose another port.") from error
    log.info("wyoming listens", extra={"uri": uri})
    return server


class _Satellite(AsyncEventHandler):
    """One connection. Texts are spoken one after the other; leaving stops the work."""

    def __init__(self, state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._state = state
        self._id = f"req-{secrets.token_hex(8)}"
        self._growing: Growing | None = None
        self._sending: asyncio.Task[None] | None = None

    async def run(self) -> None:
        try:
            with suppress(ConnectionError):
                while (event := await self._read()) is not None:
                    await self.handle_event(event)
        finally:
            await self.disconnect()
            self.writer.close()

    async def _read(self) -> Event | None:
        """The next event; None when the satellite left, or sends what is no Wyoming."""
        try:
            return await async_read_event(self.reader)
        except (KeyError, AttributeError, TypeError, asyncio.IncompleteReadError):
            return None

    async def handle_event(self, event: Event) -> bool:
        try:
            await self._act(event)
        except MoksoriError as error:
            await self._stop()
            await self.write_event(Error(text=str(error), code=error.code).event())
        return True

    async def disconnect(self) -> None:
        await self._stop()

    async def _act(self, event: Event) -> None:
        if Describe.is_type(event.type):
            await self.write_event(await asyncio.to_thread(self._info))
        elif Ping.is_type(event.type):
            await self.write_event(Pong(text=_parsed(Ping, event).text).event())
        elif Synthesize.is_type(event.type) and self._growing is None:
            # While a text is streamed, this repeats it as a whole, for servers that do not stream.
            whole = _parsed(Synthesize, event)
            growing = await self._start(whole.voice)
            growing.add(whole.text)
            growing.end()
            await self._finish()
        elif SynthesizeStart.is_type(event.type):
            await self._stop()
            await self._start(_parsed(SynthesizeStart, event).voice)
        elif SynthesizeChunk.is_type(event.type) and self._growing is not None:
            self._growing.add(_parsed(SynthesizeChunk, event).text)
        elif SynthesizeStop.is_type(event.type) and self._growing is not None:
            self._growing.end()
            await self._finish()
            await self.write_event(SynthesizeStopped().event())

    async def _start(self, voice: SynthesizeVoice | None) -> Growing:
        try:
            return await self._open(voice)
        except MoksoriError as error:
            self._count(error.code)
            raise

    async def _open(self, voice: SynthesizeVoice | None) -> Growing:
        state = self._state
        synthesizer = state.provider()
        named = {"voice": voice.name, "language": voice.language} if voice else {}
        asked = read_request({"input": "", "response_format": "pcm", **named})
        order = await asyncio.to_thread(read_order, asked, state.config, synthesizer, state.shelf)
        config = state.config
        self._growing = Growing(order.settings.language, config.max_characters, config.patience_s, threading.Event())
        job = start(state, synthesizer, order, "wyoming", self._growing)
        self._sending = asyncio.create_task(self._send(job))
        return self._growing

    async def _send(self, job: Job) -> None:
        sound = {"rate": job.sample_rate, "width": 2, "channels": 1}
        outcome = "cancelled"
        try:
            await self.write_event(AudioStart(**sound).event())
            while (piece := await job.outbox.get()) is not None:
                if isinstance(piece, bytes):
                    chunk = AudioChunk(audio=piece, **sound).event()
                    await asyncio.wait_for(self.write_event(chunk), self._state.config.patience_s)
            outcome = job.outcome
        except MoksoriError as error:
            outcome = error.code
            if not job.cancel.is_set():
                await self.write_event(Error(text=str(error), code=error.code).event())
        except (ConnectionError, TimeoutError):
            self.writer.transport.abort()  # the satellite left, or listens no more
            return
        finally:
            job.cancel.set()
            self._count(outcome)
            with_text = self._state.config.log_text
            log.info("speech", extra=speech_line(job, self._id, "wyoming", outcome, with_text=with_text))
        await self.write_event(AudioStop().event())

    def _count(self, outcome: str) -> None:
        self._state.metrics.requests.labels("wyoming", outcome).inc()

    async def _finish(self) -> None:
        """Wait until everything is sent."""
        if self._sending is not None:
            await self._sending
        self._growing = self._sending = None

    async def _stop(self) -> None:
        if self._growing is not None:
            self._growing.cancel.set()
        if self._sending is not None:
            await asyncio.gather(self._sending, return_exceptions=True)
        self._growing = self._sending = None

    def _info(self) -> Event:
        about = self._state.provider().description
        codes = [CODES[language] for language in about.languages if language in CODES]
        named = [(speaker.id, speaker.name, speaker.languages) for speaker in about.speakers]
        named += [(kept.id, kept.name, ()) for kept in self._state.shelf.all() if kept.kind in about.kinds]
        voices = [
            TtsVoice(
                name=id,
                description=name,
                attribution=HOME,
                installed=True,
                version=__version__,
                languages=[CODES[language] for language in languages if language in CODES] or codes,
            )
            for id, name, languages in named
        ]
        program = TtsProgram(
            name=f"moksori {model_name(about)}",
            description=about.title,
            attribution=HOME,
            installed=True,
            version=__version__,
            voices=voices,
            supports_synthesize_streaming=True,
        )
        return Info(tts=[program]).event()


def _parsed(kind: type[E], event: Event) -> E:
    """An event's fields; raises InvalidInput if they are missing or no text."""
    try:
        found = cast(E, kind.from_event(event))
    except (KeyError, AssertionError, TypeError, AttributeError) as error:
        raise InvalidInput(f"The event {event.type} is not complete.") from error
    text = getattr(found, "text", "")
    if not isinstance(text, str) and not (text is None and kind is Ping):
        raise InvalidInput(f"The text of {event.type} is no text.", field="text")
    return found
