"""The rules of Korean reading, one file for what it reads. Each proposes candidates; none sees another's output.

`ALL` is the list the reader runs; its order means nothing, because candidates are arbitrated together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..candidate import Candidate
from ..policy import Policy
from ..view import View
from . import (
    address,
    clock,
    comparison,
    date,
    english,
    fixed,
    fraction,
    hanja,
    identifier,
    mathematics,
    money,
    network,
    ordinal,
    pair,
    phone,
    quantity,
    roman,
    score,
    symbol,
)

Rule = Callable[[View, Policy], Iterator[Candidate]]

ALL: tuple[Rule, ...] = (
    address.find, clock.find, comparison.find, date.find, english.find, fixed.find, fraction.find, hanja.find,
    identifier.find, mathematics.find, money.find, network.find, ordinal.find, pair.find, phone.find, quantity.find,
    roman.find, score.find, symbol.find,
)  # fmt: skip
