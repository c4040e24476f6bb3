"""The one way this package compiles a function."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

# Named flags, never True: "nnan" and "ninf" would let a diverging network pass unseen.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}


def jit(function: Function) -> Function:
    """Compile a kernel when first called, cached on disk where the disk allows it.

    The interpreter's lock is released while the kernel runs. Where no cache folder can be
    written the kernel is compiled anew in each process instead.
    """
    options: dict[str, Any] = {"fastmath": FASTMATH, "error_model": "numpy", "nogil": True}
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no folder that it may write to
        compiled = numba.njit(**options)(function)
    return compiled
