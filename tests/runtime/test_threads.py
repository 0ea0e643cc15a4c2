"""A team meets at every barrier, whatever its size; what it computes is not its concern."""

from __future__ import annotations

import numpy as np
import pytest

from moksori.runtime.barrier import meet
from moksori.runtime.compiled import compiled
from moksori.runtime.threads import MOST, PROBE, Pace, Team, default_members


@compiled
def _sum_in_rounds(sync, member, members, out, rounds):
    for turn in range(rounds):
        out[turn, member] = turn * (member + 1)
        meet(sync, members)
        total = 0
        for other in range(members):
            total += out[turn, other]
        out[turn, MOST + member] = total


@pytest.mark.parametrize("members", [1, 2, 3, 5])
def test_after_a_barrier_everyone_sees_what_everyone_wrote(members):
    team, rounds = Team(members), 300
    out = np.zeros((rounds, 2 * MOST), np.int64)
    team.run(_sum_in_rounds, out, rounds)
    expected = np.arange(rounds) * (members * (members + 1) // 2)
    for member in range(members):
        assert np.array_equal(out[:, MOST + member], expected)
    team.close()


def test_the_team_shrinks_while_others_use_the_machine_and_grows_again():
    pace, chosen = Pace(), []
    for seconds in [{True: 5.0, False: 1.0}] * 200 + [{True: 0.6, False: 1.0}] * 600:
        in_full = pace.in_full()
        chosen.append(in_full)
        pace.took(in_full, seconds[in_full])
    assert chosen[:2] == [True, False]
    assert [run for run in range(3, PROBE + 1) if chosen[run - 1]] == [4, 8, 16, 32]
    assert sum(chosen[PROBE:200]) <= 200 // PROBE
    assert sum(chosen[-200:]) >= 200 - 200 // PROBE - 1


def test_a_first_run_that_compiled_misleads_for_one_run_only():
    pace, chosen = Pace(), []
    for run in range(40):
        chosen.append(pace.in_full())
        pace.took(chosen[-1], 5.0 if run == 0 else 0.6 if chosen[-1] else 1.0)
    assert chosen[:5] == [True, False, False, True, True]
    assert chosen.count(False) == 5, "run 2 tries, run 3 is misled, runs 8, 16 and 32 try again"


def test_a_team_that_chooses_its_size_computes_the_same():
    team = Team(3)
    for _ in range(5):
        out = np.zeros((50, 2 * MOST), np.int64)
        team.run(_sum_in_rounds, out, 50, kind="sums")
        members = int((out[1, :MOST] > 0).sum())
        assert members in (1, 3)
        assert np.array_equal(out[:, MOST], np.arange(50) * (members * (members + 1) // 2))
    team.close()


def test_an_error_in_a_member_reaches_the_caller():
    team = Team(2)

    def fail(sync, member, members):
        if member == 1:
            raise ValueError("member failed")

    with pytest.raises(ValueError, match="member failed"):
        team.run(fail)
    team.close()


def test_the_default_team_is_no_larger_than_the_machine():
    assert 1 <= default_members() <= MOST
