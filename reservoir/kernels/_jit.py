"""The one way this package compiles a function."""

from collections.abc import Callable
from typing import Any

import numba

# Named flags, never True: "nnan" and "ninf" would let a diverging network pass unseen.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
# Where the order of operations carries the meaning.
EXACT = {"contract", "nsz"}


def jit(function: Any = None, *, fastmath: set[str] = FASTMATH) -> Any:
    """Compile a kernel when first called, cached on disk where the disk allows it.

    The interpreter's lock is released while the kernel runs. Where no cache folder can be
    written the kernel is compiled anew in each process instead.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        options: dict[str, Any] = {"fastmath": fastmath, "error_model": "numpy", "nogil": True}
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no folder that it may write to
            return numba.njit(**options)(function)

    return compiled if function is None else compiled(function)
