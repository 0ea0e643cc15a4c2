"""Arrays cross as bytes, whatever numpy is on the other side."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from moksori.engine.protocol import Chunk, Finish
from moksori.engine.wire import dumps


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int64, bool])
def test_arrays_arrive_as_they_were(dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)[:, ::2]
    back = pickle.loads(dumps({"a": array}))["a"]
    assert back.dtype == array.dtype
    assert (back == array).all()
    back.flat[0] = 1  # writable


def test_nothing_of_numpys_own_pickles_is_in_a_frame():
    chunk = Chunk(np.zeros(5, np.float32), Finish("end", trace={"x": np.float64(1.5), "n": np.int64(3)}))
    frame = dumps(chunk)
    assert b"numpy" not in frame
    trace = pickle.loads(frame).finish.trace
    assert trace == {"x": 1.5, "n": 3}
    assert type(trace["x"]) is float
