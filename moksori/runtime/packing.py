"""A checkpoint's matrices as the kernels read them: as they are where bf16 or float32, packed where int8.

bf16 weights are copied into huge pages where there is room for that, and else stay in the mapped file, which all
processes share. int8 weights are rounded by groups of a row (largest value to 127) and interleaved by four rows. While
either is done the file's pages are given back as it goes. Knows nothing of layers.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from moksori.errors import InvalidInput

from . import memory, vectors
from .arena import Arena, is_worth_a_copy
from .compiled import compiled
from .products import BFLOAT16, FLOAT32, GROUP, INT8, Matrix

SHARED = "MOKSORI_SHARED_WEIGHTS"  # "1": bf16 weights stay in the mapped file, one copy for all processes

Precision = Literal["fp32", "bf16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8")
PAIR, BLOCK = 32, 4

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.int8]


@compiled
def _pack(weights: int, size: int, k: int, packed: Bytes, scales: Floats) -> None:
    """(rows, k) weights of `size` bytes at an address -> packed (rows / 4, k / 32, 4, 32) and scales (rows / 4, groups,
    4)."""
    wide = np.empty(k, np.float32)
    for row in range(BLOCK * len(packed)):
        block, r = row // BLOCK, row % BLOCK
        for at in range(k):
            wide[at] = vectors.number_at(weights + size * row * k, at, size)
        for group in range(scales.shape[1]):
            start, end = group * GROUP, min(k, (group + 1) * GROUP)
            top = np.float32(0.0)
            for at in range(start, end):
                top = max(top, abs(wide[at]))
            scale = top / np.float32(127.0)
            scales[block, group, r] = scale
            inverse = np.float32(127.0) / top if top > 0 else np.float32(0.0)
            for at in range(start, end):
                packed[block, at // PAIR, r, at % PAIR] = np.int8(np.rint(wide[at] * inverse))


def pack(weights: Tensor, arena: Arena | None = None) -> tuple[Bytes, Floats]:
    """(rows, k), rows a multiple of 4, bf16 or float32 -> int8 values and their scales, in the kernels' order."""
    rows, k = weights.shape
    assert rows % BLOCK == 0, "int8 rows are interleaved by four"
    arena = arena or Arena()
    packed = arena.take((rows // BLOCK, -(-k // PAIR), BLOCK, PAIR), np.int8)
    scales = arena.take((rows // BLOCK, -(-packed.shape[1] * PAIR // GROUP), BLOCK), np.float32)
    held = weights.contiguous() if weights.dtype == torch.bfloat16 else weights.float().contiguous()
    _pack(held.data_ptr(), held.element_size(), k, packed, scales)
    return packed, scales


def unpack(packed: Bytes, scales: Floats, k: int) -> Floats:
    """The weights that the int8 kernels compute with, (rows, k)."""
    wide = packed.transpose(0, 2, 1, 3).reshape(len(packed) * BLOCK, -1)[:, :k].astype(np.float32)
    per_row = scales.transpose(0, 2, 1).reshape(len(packed) * BLOCK, -1)
    return wide * np.repeat(per_row, GROUP, axis=1)[:, :k]


@dataclass
class Packer:
    """Gives addresses for tensors, and keeps alive what they point to."""

    precision: Precision
    exact_kind: int
    copies: bool = False
    alive: list[Any] = field(default_factory=list)
    arena: Arena = field(default_factory=lambda: Arena())

    @classmethod
    def for_tensors(cls, precision: Precision, tensors: list[Tensor]) -> Packer:
        """fp32 means the values as stored: where all of them are bf16 they are read as such, which is the same."""
        stored = all(t.dtype == torch.bfloat16 for t in tensors)
        copies = os.environ.get(SHARED) != "1" and is_worth_a_copy(sum(t.nbytes for t in tensors))
        if copies or precision == "int8":  # of the file itself little is read again
            for tensor in tensors:
                memory.look_up(tensor)
        return cls(precision, BFLOAT16 if stored or precision == "bf16" else FLOAT32, copies)

    @property
    def kind(self) -> int:
        return INT8 if self.precision == "int8" else self.exact_kind

    def matrix(self, tensor: Tensor) -> Matrix:
        """A weight that is multiplied, (rows, k)."""
        rows, k = tensor.shape
        if self.precision != "int8":
            address = self._copied(tensor) if self.copies and memory.is_mapped(tensor) else self.table(tensor)
            return Matrix(self.exact_kind, address, 0, k)
        if rows % BLOCK:
            raise InvalidInput(f"A matrix of {rows} rows cannot be held as int8.", hint="Use bf16.", field="precision")
        packed, scales = pack(tensor.detach(), self.arena)
        memory.drop(tensor)
        return Matrix(INT8, self.keep(packed), self.keep(scales), k)

    def _copied(self, tensor: Tensor) -> int:
        dtype, kind = (torch.int16, np.int16) if self.exact_kind == BFLOAT16 else (torch.float32, np.float32)
        stored = tensor.detach().to(torch.bfloat16 if self.exact_kind == BFLOAT16 else torch.float32).contiguous()
        target = self.arena.take(tuple(tensor.shape), kind)
        target[:] = stored.view(dtype).numpy()
        memory.drop(tensor)
        return self.keep(target)

    def keep(self, array: npt.NDArray[Any]) -> int:
        """The address of an array that lives as long as this."""
        self.alive.append(np.ascontiguousarray(array))
        return int(self.alive[-1].ctypes.data)

    def table(self, tensor: Tensor) -> int:
        """A weight that is looked up or multiplied as it is stored; its address."""
        kept = tensor.detach().to(torch.bfloat16 if self.exact_kind == BFLOAT16 else torch.float32).contiguous()
        self.alive.append(kept)
        return kept.data_ptr()
