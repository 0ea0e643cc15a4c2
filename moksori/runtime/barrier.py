"""The barrier inside a compiled function that several threads run together: two atomic instructions and patience.

Knows nothing of threads' owners or of what is computed.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compiled import compiled

_SPINS = 4000  # some tens of microseconds before a waiting member offers its core to others
_YIELD = "sched_yield" if llvmlite.binding.address_of_symbol("sched_yield") else ""

_I64 = ir.IntType(64)


@intrinsic  # type: ignore[untyped-decorator]
def _atomic_add(typing_context: Any, address: Any, value: Any) -> Any:
    """The value before; sequentially consistent."""

    def generate(context: Any, b: Any, sig: Any, args: Any) -> Any:
        return b.atomic_rmw("add", b.inttoptr(args[0], _I64.as_pointer()), args[1], "seq_cst")

    return types.int64(types.uint64, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _atomic_load(typing_context: Any, address: Any) -> Any:
    def generate(context: Any, b: Any, sig: Any, args: Any) -> Any:
        return b.load_atomic(b.inttoptr(args[0], _I64.as_pointer()), "seq_cst", 8)

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _atomic_store(typing_context: Any, address: Any, value: Any) -> Any:
    def generate(context: Any, b: Any, sig: Any, args: Any) -> Any:
        b.store_atomic(args[1], b.inttoptr(args[0], _I64.as_pointer()), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.uint64, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _pause(typing_context: Any) -> Any:
    """Tells the core that this is a waiting loop, so that its other half runs faster."""
    triple = llvmlite.binding.get_default_triple()

    def generate(context: Any, b: Any, sig: Any, args: Any) -> Any:
        if triple.startswith(("x86_64", "i686")):
            kind = ir.FunctionType(ir.VoidType(), [])
            b.call(cgutils.get_or_insert_function(b.module, kind, "llvm.x86.sse2.pause"), [])
        elif triple.startswith(("aarch64", "arm64")):
            kind = ir.FunctionType(ir.VoidType(), [ir.IntType(32)])
            b.call(cgutils.get_or_insert_function(b.module, kind, "llvm.aarch64.hint"), [ir.IntType(32)(1)])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic  # type: ignore[untyped-decorator]
def _yield(typing_context: Any) -> Any:
    """Lets another thread have this core, where the system has a call for it."""

    def generate(context: Any, b: Any, sig: Any, args: Any) -> Any:
        if _YIELD:
            b.call(cgutils.get_or_insert_function(b.module, ir.FunctionType(ir.IntType(32), []), _YIELD), [])
        return context.get_dummy_value()

    return types.void(), generate


@compiled
def meet(sync: npt.NDArray[np.int64], members: int) -> None:
    """Returns when all members have come here. `sync` holds how many have, and how often all have."""
    if members == 1:
        return
    arrived = sync.ctypes.data
    turns = arrived + np.uint64(64)  # a cache line of its own
    turn = _atomic_load(turns)
    if _atomic_add(arrived, 1) == members - 1:
        _atomic_store(arrived, 0)
        _atomic_store(turns, turn + 1)
        return
    waited = 0
    while _atomic_load(turns) == turn:
        waited += 1
        if waited < _SPINS:
            _pause()
        else:
            _yield()
