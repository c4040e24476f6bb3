"""Threads of Python's own for kernels that release its lock; numba's would abort inside others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from numba import config


def n_threads() -> int:
    """Return the number of threads: that of the cores, or of NUMBA_NUM_THREADS where it is set."""
    return int(config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]


def in_threads(run: Callable[[Any], Any], arguments: list[Any]) -> list[Any]:
    """Map a function that releases the lock; which thread runs what changes nothing."""
    n = min(len(arguments), n_threads())
    if n < 2:
        return [run(argument) for argument in arguments]
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(run, arguments))


def one_blas_thread() -> AbstractContextManager[Any]:
    """Keep BLAS from making threads of its own, in each of ours."""
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> Any:
    import scipy.linalg  # noqa: F401 - its BLAS is to be found too
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # looks for libraries, which takes milliseconds
