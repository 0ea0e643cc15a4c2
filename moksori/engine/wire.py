"""What crosses the border between a host and its worker: pickled frames whose arrays are bytes, dtype and shape.

The two sides may run different versions of numpy, whose own pickles do not understand each other. Both sides are
this package; nothing from outside ever reaches this pipe.
"""

from __future__ import annotations

import io
import pickle
from multiprocessing.connection import Connection
from typing import Any

import numpy as np


def send(connection: Connection, message: tuple[Any, ...]) -> None:
    connection.send_bytes(dumps(message))


def receive(connection: Connection) -> tuple[Any, ...]:
    """The next message; raises EOFError or OSError when the other side is gone."""
    message: tuple[Any, ...] = pickle.loads(connection.recv_bytes())
    return message


def dumps(message: object) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=5).dump(message)
    return buffer.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return _array, (np.ascontiguousarray(value).tobytes(), value.dtype.str, value.shape)
        if isinstance(value, np.generic):
            return _plain, (value.item(),)
        return NotImplemented


def _array(data: bytes, dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.frombuffer(data, dtype).reshape(shape).copy()


def _plain(value: Any) -> Any:
    return value
