from pathlib import Path

import pytest

from benchmarks.kill import kill


def test_a_batch_survives_being_killed_with_nothing_lost_and_nothing_twice(tmp_path: Path) -> None:
    outcome = kill(tmp_path / "data", items=12, kills=2, seed=3)
    assert outcome.is_right, outcome


@pytest.mark.slow
def test_fifty_kills_leave_two_hundred_takes(tmp_path: Path) -> None:
    outcome = kill(tmp_path / "data", items=200, kills=50, seed=1)
    assert outcome.is_right, outcome
