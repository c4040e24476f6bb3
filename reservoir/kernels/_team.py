"""Threads that walk in step through one kernel: each does its share of a step, then they meet.

For steps that are long enough to be shared but far too short to hand out. Whoever arrives first
spins, and after a while lets others use its core.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from reservoir.kernels._jit import jit
from reservoir.kernels._threads import n_threads

APART = 16  # int64 between the counters of two members: two lines of a cache
PATIENCE = 2000  # looks before the core is given away
CAN_YIELD = hasattr(os, "sched_yield")
MOST = 8

if CAN_YIELD:
    _give_way = types.ExternalFunction("sched_yield", types.int32())
else:

    @jit
    def _give_way():  # type: ignore[no-untyped-def]
        return 0


def team_size(n_shares: int) -> int:
    """Return how many threads to use for steps that can be split into so many shares."""
    return max(1, min(n_shares, n_threads(), MOST)) if CAN_YIELD else 1


def counters_of(n_members: int) -> NDArray[np.int64]:
    """Return what `meet` counts in: how often each member has arrived."""
    return np.zeros((n_members, APART), np.int64)


def run_team(run: Callable[[int], Any], n_members: int) -> None:
    """Call ``run(member)`` for all members at once, each in a thread of its own.

    None begins before all have their thread, and `run` must be compiled: it is not to fail.
    """
    if n_members == 1:
        run(0)
        return
    together = Barrier(n_members)

    def member(number: int) -> None:
        together.wait()
        run(number)

    with ThreadPoolExecutor(n_members) as pool:
        try:
            members = [pool.submit(member, number) for number in range(n_members)]
        except BaseException:
            together.abort()
            raise
        for one in members:
            one.result()


@intrinsic
def _publish(typingctx, counters, member, value):  # type: ignore[no-untyped-def]
    """Store a counter; what was written before is seen by whoever sees it."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store_atomic(
            arguments[2], _place(context, builder, signature, arguments), "release", 8
        )
        return context.get_dummy_value()

    return types.void(counters, types.int64, types.int64), codegen


@intrinsic
def _look(typingctx, counters, member):  # type: ignore[no-untyped-def]
    """Load a counter, before anything that is read later."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_place(context, builder, signature, arguments), "acquire", 8)

    return types.int64(counters, types.int64), codegen


def _place(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    kind = signature.args[0]
    array = context.make_array(kind)(context, builder, arguments[0])
    zero = context.get_constant(types.int64, 0)
    return cgutils.get_item_pointer(context, builder, kind, array, [arguments[1], zero])


@jit
def meet(counters, member, times):  # type: ignore[no-untyped-def]
    """Wait until all members have arrived this many times, and see what they have written."""
    if counters.shape[0] == 1:
        return
    _publish(counters, member, times)
    for other in range(counters.shape[0]):
        looks = 0
        while _look(counters, other) < times:
            looks += 1
            if looks > PATIENCE:
                _give_way()
