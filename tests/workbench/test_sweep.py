from itertools import pairwise

from moksori.workbench.sweep import cells


def test_a_grid_has_every_combination_once() -> None:
    found = cells({"seed": [1, 2], "parameters.x": {"from": 0.0, "to": 1.0, "steps": 5}}, "grid", None, 0)
    assert len(found) == 10
    assert len({(cell["seed"], cell["parameters.x"]) for cell in found}) == 10
    assert sorted({cell["parameters.x"] for cell in found}) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_models_change_as_seldom_as_possible() -> None:
    found = cells({"seed": [1, 2, 3], "model": ["a", "b"], "precision": ["fp32", "bf16"]}, "grid", None, 0)
    pairs = [(cell["model"], cell["precision"]) for cell in found]
    assert sum(one != two for one, two in pairwise(pairs)) == 3


def test_a_random_sample_is_seeded_and_without_repetition() -> None:
    axes = {"seed": {"count": 20}, "parameters.x": {"from": 0, "to": 99, "steps": 100}}
    one = cells(axes, "random", 50, 1)
    assert one == cells(axes, "random", 50, 1)
    assert one != cells(axes, "random", 50, 2)
    assert len({str(cell) for cell in one}) == 50


def test_a_sample_larger_than_the_grid_is_the_grid() -> None:
    assert len(cells({"seed": [1, 2, 3]}, "random", 900, 0)) == 3


def test_whole_ends_with_whole_steps_stay_whole() -> None:
    values = [c["parameters.k"] for c in cells({"parameters.k": {"from": 10, "to": 50, "steps": 5}}, "grid", None, 0)]
    assert values == [10, 20, 30, 40, 50]
    assert all(type(value) is int for value in values)
