"""The one way this package compiles a function."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba

try:
    from reservoir.kernels._cache import KernelCache
except (ImportError, OSError):  # numba is not as it was, or there are no sources
    KernelCache = None  # type: ignore[assignment,misc]

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
        kernel: Any = numba.njit(fastmath=fastmath, error_model="numpy", nogil=True)(function)
        try:
            kernel._cache = KernelCache(function)
        except Exception:  # numba is not as it was
            with suppress(RuntimeError):  # it has found no folder
                kernel.enable_caching()
        return kernel

    return compiled if function is None else compiled(function)


def compiled_for(function: Any, *arguments: Any) -> Any:
    """Return a kernel as compiled for arguments of these types, which it no longer looks at.

    Of a call with many arrays that takes most of the time.
    """
    return function.compile(tuple(numba.typeof(argument) for argument in arguments))
