"""Arbitration: the best choice there is, against trying every one."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from moksori.text.candidate import GENERIC, LEXICON, STRUCTURE, USER, Candidate, arbitrate

spans = st.tuples(
    st.integers(0, 9), st.integers(1, 5), st.sampled_from([GENERIC, LEXICON, STRUCTURE]), st.sampled_from([0.5, 0.9])
)


def candidate(start: int, length: int, tier: float, confidence: float = 0.9) -> Candidate:
    return Candidate(start, start + length, "가", "test", "test", confidence, tier=tier)


def apart(chosen: tuple[Candidate, ...]) -> bool:
    ordered = sorted(chosen, key=lambda c: c.start)
    return all(left.end <= right.start for left, right in pairwise(ordered))


@given(st.lists(spans, max_size=8))
def test_the_choice_is_the_best_of_all_choices(found: list[tuple[int, int, float, float]]) -> None:
    pool = [candidate(*span) for span in found]
    best = max(
        sum(c.weight for c in subset)
        for size in range(len(pool) + 1)
        for subset in combinations(pool, size)
        if apart(subset)
    )
    chosen = arbitrate(pool)
    assert apart(tuple(chosen))
    assert abs(sum(c.weight for c in chosen) - best) < 1e-6


@given(st.lists(spans, max_size=8), st.randoms())
def test_the_order_of_proposals_does_not_matter(found: list[tuple[int, int, float, float]], random: object) -> None:
    pool = [candidate(*span) for span in found]
    shuffled = list(pool)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert arbitrate(pool) == arbitrate(shuffled)


def test_a_user_outweighs_any_structure_and_one_span_two_halves() -> None:
    user, structure = candidate(0, 1, USER), candidate(0, 100, STRUCTURE)
    assert arbitrate([structure, user]) == [user]
    whole, halves = candidate(0, 4, STRUCTURE), [candidate(0, 2, STRUCTURE), candidate(2, 2, STRUCTURE)]
    assert arbitrate([whole, *halves]) == [whole]
