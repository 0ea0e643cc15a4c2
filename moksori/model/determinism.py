"""One order of sums: what is computed once and kept with a voice is computed on a single thread.

Knows nothing of models.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# The number is the whole process's: two callers at once would restore each other's.
_TURN = threading.RLock()


def one_thread(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Matrix products split their sums by the number of threads; inside `function` there is one."""

    @functools.wraps(function)
    def alone(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with _TURN:
            before = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                return function(*args, **kwargs)
            finally:
                torch.set_num_threads(before)

    return alone
