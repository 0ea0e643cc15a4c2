"""A team of threads that runs one compiled function together, and the barrier inside it.

Every member runs the whole function and works on its share of the rows; what is shared is written by one member and
read after a barrier. Numba's own `prange` would fork and join at every product (some 500 times a frame) through a
threading layer that differs between machines; this needs only threads and two atomic instructions. Shares never
change a result, so neither does the number of members. Knows nothing of what is computed.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MOST = 8  # more members than this never made a product faster: memory is the limit


def default_members() -> int:
    """One per core that this process may use, up to MOST."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return max(1, min(cores, MOST))


PROBE = 32  # every so many runs the other size of team is tried; at first more often, for a first run may compile


@dataclass
class Pace:
    """How long one kind of run takes alone and in full, and which is better now.

    On a machine that others use too, members wait for each other's turn at every barrier, and one alone is faster.
    """

    runs: int = 0
    seconds: dict[bool, float] = field(default_factory=dict)

    def in_full(self) -> bool:
        """Whether the coming run should have all members."""
        self.runs += 1
        if len(self.seconds) < 2:
            return not self.seconds
        better = self.seconds[True] <= self.seconds[False]
        early = self.runs < PROBE and self.runs.bit_count() == 1
        return not better if early or self.runs % PROBE == 0 else better

    def took(self, in_full: bool, seconds: float) -> None:
        before = self.seconds.get(in_full, seconds)
        # A slow run may have been compiling, or somebody else's moment: believe it little by little.
        self.seconds[in_full] = min(seconds, before + 0.25 * (seconds - before))


class Team:
    """`run(function, *args)` calls `function(sync, member, members, *args)` on all members at once and returns when
    all are done. The caller is member 0. One run at a time. With a `kind`, as many members take part as make runs of
    that kind fastest."""

    def __init__(self, members: int | None = None) -> None:
        self.members = members or default_members()
        self.sync = np.zeros(16, np.int64)
        self._paces: dict[object, Pace] = {}
        self._lock = threading.Lock()
        self._jobs: list[queue.SimpleQueue[Callable[[], None] | None]] = []
        self._done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        for index in range(1, self.members):
            jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
            self._jobs.append(jobs)
            threading.Thread(target=self._serve, args=(jobs,), name=f"moksori-team-{index}", daemon=True).start()

    def run(self, function: Callable[..., None], *args: Any, kind: object = None) -> None:
        with self._lock:
            if kind is None or self.members == 1:
                self._run(function, args, self.members)
                return
            pace = self._paces.setdefault(kind, Pace())
            in_full = pace.in_full()
            start = time.perf_counter()
            self._run(function, args, self.members if in_full else 1)
            pace.took(in_full, time.perf_counter() - start)

    def _run(self, function: Callable[..., None], args: tuple[Any, ...], count: int) -> None:
        for member in range(1, count):
            self._jobs[member - 1].put(lambda member=member: function(self.sync, member, count, *args))  # type: ignore[misc]
        function(self.sync, 0, count, *args)
        for _ in range(1, count):
            error = self._done.get()
            if error is not None:
                raise error

    def close(self) -> None:
        for jobs in self._jobs:
            jobs.put(None)
        self._jobs = []
        self.members = 1

    def _serve(self, jobs: queue.SimpleQueue[Callable[[], None] | None]) -> None:
        while (job := jobs.get()) is not None:
            try:
                job()
            except BaseException as error:  # noqa: BLE001  a thread's edge: the caller raises it
                self._done.put(error)
            else:
                self._done.put(None)
