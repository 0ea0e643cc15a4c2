"""A policy is strict: what it does not know it refuses, and it names what it knows."""

import pytest

from moksori.errors import InvalidInput
from moksori.text import Policy


@pytest.mark.parametrize(
    "values",
    [
        {"englsh": "keep"},
        {"english": "loud"},
        {"native_limit": "many"},
        {"native_limit": 100},
        {"native_limit": True},
        {"approximate": 1},
        {"max_syllables": 3},
        {"paragraph_pause": -1},
        {"paragraph_pause": "long"},
    ],
)
def test_unknown_keys_and_values_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Policy.from_mapping(values)
    assert caught.value.field == next(iter(values))


def test_a_policy_round_trips() -> None:
    policy = Policy(english="keep", paragraph_pause=1.5, approximate=True)
    assert Policy.from_mapping(policy.to_json()) == policy


def test_command_line_words_are_parsed() -> None:
    words = ["english=keep", "native_limit=20", "approximate=true", "paragraph_pause=0.5"]
    assert Policy.from_words(words) == Policy(english="keep", native_limit=20, approximate=True, paragraph_pause=0.5)
    with pytest.raises(InvalidInput):
        Policy.from_words(["english"])
