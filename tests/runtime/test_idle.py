"""What nobody uses is let go, and comes back for who does."""

from __future__ import annotations

import time

import pytest

from moksori.runtime.idle import OnDemand


class Thing:
    made = 0

    def __init__(self) -> None:
        Thing.made += 1
        self.closed = False

    def close(self) -> None:
        self.closed = True


def wait_until(condition) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def test_it_is_closed_after_silence_and_loaded_again_when_asked_for():
    held, before = OnDemand(Thing, after_s=0.1), Thing.made
    with held.use() as first:
        time.sleep(0.3)
        assert not first.closed, "somebody is inside"
    wait_until(lambda: first.closed and not held.is_loaded)
    with held.use() as second:
        assert not second.closed
    assert Thing.made == before + 2
    held.close()


def test_without_a_time_it_stays():
    held = OnDemand(Thing, after_s=0)
    with held.use() as first:
        pass
    time.sleep(0.2)
    with held.use() as second:
        assert second is first
    held.close()
    held.close()
    assert first.closed


def test_an_error_while_loading_is_raised_and_the_next_one_may_try():
    attempts = []

    def load():
        attempts.append(1)
        if len(attempts) == 1:
            raise MemoryError
        return Thing()

    held = OnDemand(load, after_s=0)
    with pytest.raises(MemoryError), held.use():
        pass
    with held.use() as thing:
        assert isinstance(thing, Thing)
