"""A process that owns one engine: `python -m moksori.engine.worker`. Started by `host`, in this or another environment.

Reads requests from an inherited socket, answers with chunks, and ends when the socket ends. It knows nothing of
replay: running out of memory ends the process, because an allocator that failed once cannot be trusted again.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any

from moksori.errors import MoksoriError

from . import registry
from .protocol import Engine, Request
from .wire import receive, send

OUT_OF_MEMORY = 75  # exit status


class Worker:
    """Serves one engine. Each request runs in a thread of its own, so that `cancel` is heard while it runs."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine = engine
        self._connection = connection
        self._sending = threading.Lock()
        self._cancels: dict[int, threading.Event] = {}

    def run(self) -> None:
        try:
            while True:
                kind, number, *rest = receive(self._connection)
                if kind == "cancel":
                    if event := self._cancels.get(number):
                        event.set()
                elif kind == "close":
                    return
                else:
                    self._start(kind, number, rest)
        except (EOFError, OSError):  # the host is gone, and with it everyone who could hear
            pass
        finally:
            for event in list(self._cancels.values()):
                event.set()

    def _start(self, kind: str, number: int, rest: list[Any]) -> None:
        self._cancels[number] = threading.Event()
        threading.Thread(target=self._answer, args=(kind, number, rest), daemon=True).start()

    def _answer(self, kind: str, number: int, rest: list[Any]) -> None:
        try:
            if kind == "prepare":
                self._send("result", number, self._engine.prepare(rest[0]))
            else:
                self._speak(number, rest[0])
        except (BrokenPipeError, ConnectionError):
            pass
        except Exception as error:  # noqa: BLE001  the edge of a process: every failure must reach the host
            self._send("error", number, explained(error))
        finally:
            self._cancels.pop(number, None)

    def _speak(self, number: int, request: Request) -> None:
        for chunk in self._engine.stream(request, self._cancels[number]):
            self._send("chunk", number, chunk)

    def _send(self, kind: str, number: int, value: object) -> None:
        with self._sending:
            send(self._connection, (kind, number, value))


def explained(error: Exception) -> MoksoriError:
    """What the host raises in its turn: our errors as they are, others with their name; the traceback is logged."""
    if isinstance(error, MoksoriError):
        return error
    traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        sys.stderr.flush()
        os._exit(OUT_OF_MEMORY)
    return MoksoriError(
        f"The engine failed: {type(error).__name__}: {error}", hint="Its traceback is in the log.", code="engine_failed"
    )


def limit_memory(gib: float) -> None:
    """Make PyTorch give up at so much of each GPU's memory, instead of at all of it; the display needs the rest."""
    import torch

    for number in range(torch.cuda.device_count()):
        total = torch.cuda.get_device_properties(number).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, gib * 2**30 / total), number)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m moksori.engine.worker", description=__doc__)
    parser.add_argument("--socket", type=int, required=True, help="number of the inherited socket")
    parser.add_argument("--engine", required=True)
    parser.add_argument("--model", default="")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--memory-limit", type=float, default=0.0, help="GiB of a GPU's memory; 0 for all of it")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's to handle; it then closes the socket
    os.dup2(2, 1)  # libraries that print must not print into a user's pipe
    connection = Connection(given.socket)
    try:
        if given.memory_limit:
            limit_memory(given.memory_limit)
        engine = registry.open(given.engine, given.model, device=given.device, precision=given.precision)
        send(connection, ("ready", 0, engine.describe()))
    except Exception as error:  # noqa: BLE001  the edge of a process: every failure must reach the host
        send(connection, ("error", 0, explained(error)))
        return
    Worker(engine, connection).run()
    engine.close()


if __name__ == "__main__":
    main()
