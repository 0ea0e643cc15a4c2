"""Any engine in a process of its own, from this environment or another one: an `Engine` like every other.

A worker that dies is replaced and what it was doing is done again, once; because engines are deterministic, the
listener hears the rest as if nothing had happened. Knows nothing of the engines themselves.
"""

from __future__ import annotations

import itertools
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from moksori.errors import MoksoriError, Unavailable
from moksori.voice import Voice

from .protocol import Chunk, Description, Prompt, Request
from .wire import receive, send

POLL_S = 0.02  # how late a cancel may be seen: a quarter of a frame
CLOSE_S = 5.0


@dataclass(frozen=True)
class Command:
    """How a worker is started. `python` may belong to another environment in which moksori is installed.

    memory_limit  GiB of a GPU's memory that it may use; 0 for all of it.
    """

    engine: str
    model: str = ""
    device: str = "auto"
    precision: str = "auto"
    python: Path | str = sys.executable
    memory_limit: float = 0.0

    def line(self, number: int) -> list[str]:
        options = {"engine": self.engine, "model": self.model, "device": self.device, "precision": self.precision}
        given = [f"--{name}={value}" for name, value in options.items() if value]
        given += [f"--memory-limit={self.memory_limit}"] if self.memory_limit else []
        return [str(self.python), "-m", "moksori.engine.worker", f"--socket={number}", *given]


class HostedEngine:
    """An `Engine` in a process of its own.

    restarts  how often the process had to be replaced.  replays  how often something was asked again because of that.
    """

    def __init__(self, command: Command) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._worker: _Process | None = _Process(command)
        self._description = self._worker.description
        self.restarts = 0
        self.replays = 0

    def describe(self) -> Description:
        return self._description

    @property
    def process_id(self) -> int:
        return self._alive().process_id

    def prepare(self, voice: Voice) -> Prompt:
        for worker in self._attempts():
            try:
                with worker.ask("prepare", voice) as answers:
                    prompt: Prompt = answers.get()
                    return prompt
            except _Died:
                continue
        raise self._gave_up()

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Chunk]:
        """As the engine does; a replay after a death leaves out the samples that were heard already."""
        heard = 0
        for worker in self._attempts():
            try:
                with worker.ask("stream", request) as answers:
                    for chunk in _without(heard, _chunks(answers, cancel)):
                        heard += len(chunk.pcm)
                        yield chunk
                    return
            except _Died:
                continue
        raise self._gave_up()

    def close(self) -> None:
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _attempts(self) -> Iterator[_Process]:
        """The worker, and when that turns out to have died, a second one."""
        first = self._alive()
        yield first
        first.is_dead = True  # the listener may not have noticed yet
        with self._lock:
            self.replays += 1
        yield self._alive()

    def _alive(self) -> _Process:
        with self._lock:
            if self._worker is None:
                raise Unavailable(f"The engine {self._command.engine} is closed.", hint="Load it again.")
            if self._worker.is_dead:
                self._worker.close()
                self._worker = _Process(self._command)
                self.restarts += 1
                if self._worker.description != self._description:
                    raise Unavailable(
                        f"The engine {self._command.engine} is not the same after a restart.",
                        hint="Its packages or its model were changed; restart the server.",
                    )
            return self._worker

    def _gave_up(self) -> Unavailable:
        return Unavailable(
            f"The engine {self._command.engine} died twice over this request.",
            hint="Shorten the text, or see the log: it may have run out of memory.",
            code="engine_died",
        )


def _chunks(answers: _Answers, cancel: threading.Event) -> Iterator[Chunk]:
    """What the worker says, up to its finish. After a cancel, what was still under way is dropped."""
    while True:
        chunk: Chunk = answers.get(cancel)
        if cancel.is_set():
            while chunk.finish is None:
                chunk = answers.get(cancel)
            yield Chunk(chunk.pcm[:0], replace(chunk.finish, reason="cancelled"))
            return
        yield chunk
        if chunk.finish is not None:
            return


def _without(samples: int, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The stream without its first samples; chunks that become empty are left out, but for the last one."""
    for chunk in chunks:
        skipped = min(samples, len(chunk.pcm))
        samples -= skipped
        if skipped < len(chunk.pcm) or chunk.finish is not None:
            yield replace(chunk, pcm=chunk.pcm[skipped:])


class _Died(Exception):
    """The worker's process ended."""


class _Process:
    """One worker's process and the thread that listens to it."""

    def __init__(self, command: Command) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    command.line(theirs.fileno()), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
                )
            except OSError as error:
                ours.close()
                raise Unavailable(
                    f"{command.python} cannot be started: {error.strerror}.", hint="Name the environment's python."
                ) from error
        self._connection = Connection(ours.detach())
        self._sending = threading.Lock()
        self._numbers = itertools.count(1)
        self._answers: dict[int, queue.SimpleQueue[Any]] = {}
        self.is_dead = False
        self.description = self._await_ready(command)
        self._listener = threading.Thread(target=self._listen, name=f"worker {self.process_id}", daemon=True)
        self._listener.start()

    @property
    def process_id(self) -> int:
        return self._process.pid

    def ask(self, kind: str, value: object) -> _Answers:
        number = next(self._numbers)
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._answers[number] = answers
        if self.is_dead or not self.send(kind, number, value):
            answers.put(_Died())
        return _Answers(self, number, answers)

    def send(self, kind: str, number: int, value: object = None) -> bool:
        try:
            with self._sending:
                send(self._connection, (kind, number, value))
        except OSError:  # dead or closed: the listener tells everyone who waits
            return False
        return True

    def forget(self, number: int) -> None:
        self._answers.pop(number, None)

    def close(self) -> None:
        self.send("close", 0)
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(CLOSE_S)

    def _await_ready(self, command: Command) -> Description:
        try:
            kind, _, value = receive(self._connection)
        except (EOFError, OSError) as error:
            status = self._process.wait()
            self._connection.close()
            raise Unavailable(
                f"The worker of {command.engine} stopped while it started (status {status}).",
                hint=f"See the log, or try: {command.python} -c 'import moksori'",
            ) from error
        if kind == "error":
            self._process.wait()
            self._connection.close()
            raise value
        description: Description = value
        return description

    def _listen(self) -> None:
        try:
            while True:
                _, number, value = receive(self._connection)
                if number in self._answers:
                    self._answers[number].put(value)
        except (EOFError, OSError):
            self.is_dead = True
        for answers in list(self._answers.values()):
            answers.put(_Died())
        self._process.wait()
        with self._sending:
            self._connection.close()


class _Answers:
    """What the worker says to one request. Leaving it early cancels the request."""

    def __init__(self, worker: _Process, number: int, answers: queue.SimpleQueue[Any]) -> None:
        self._worker, self._number, self._answers = worker, number, answers
        self._is_cancelled = self._is_over = False

    def __enter__(self) -> _Answers:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_over:
            self._cancel()
        self._worker.forget(self._number)

    def get(self, cancel: threading.Event | None = None) -> Any:
        """The next answer; while waiting, a set `cancel` is passed on."""
        while True:
            if cancel is not None and cancel.is_set():
                self._cancel()
            try:
                answer = self._answers.get(timeout=POLL_S if cancel is not None else None)
            except queue.Empty:
                continue
            if isinstance(answer, _Died | MoksoriError):
                self._is_over = True
                raise answer
            self._is_over = not isinstance(answer, Chunk) or answer.finish is not None
            return answer

    def _cancel(self) -> None:
        if not self._is_cancelled:
            self._is_cancelled = True
            self._worker.send("cancel", self._number)
