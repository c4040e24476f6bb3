"""What a first training costs in a new Python: a script of a few lines, as a user has it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from tests.benchmarks._isolated import ROOT, TIMEOUT
from tests.benchmarks._race import Measured, Row, Run
from tests.benchmarks.contestants import Contestant, UnableError

REPORT = """
lines = open("/proc/self/status").read().splitlines()
print(1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1]))
"""


class Cost(NamedTuple):
    seconds: float
    megabytes: float


def time_rows(quick: bool) -> Iterator[Row]:
    for label, cache in _caches():
        yield _row("trained_cold_start", label, cache, "s")


def memory_rows(quick: bool) -> Iterator[Row]:
    for label, cache in _caches():
        yield _row("trained_memory", label, cache, "MB")


def _caches() -> Iterator[tuple[str, str | None]]:
    """Yield an empty cache, a new one for each run, and one that the first run fills."""
    yield "empty numba cache", None
    with TemporaryDirectory() as folder:
        yield "filled numba cache", folder


def _row(stage: str, label: str, cache: str | None, unit: str) -> Row:
    def enter(contestant: Contestant) -> Run:
        script = contestant.method("first_training")

        def run(amount: int, number: int) -> Measured:
            with TemporaryDirectory() as empty:
                cost = _run(script, cache or empty, contestant)
            return Measured(cost.seconds if unit == "s" else cost.megabytes)

        return run

    return Row(stage, label, enter, unit=unit)


def _run(script: str, cache: str, contestant: Contestant) -> Cost:
    threads = getattr(contestant, "n_threads", None)
    environment = {"NUMBA_CACHE_DIR": cache} | (
        {"OMP_NUM_THREADS": str(threads)} if threads else {}
    )
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script + REPORT],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    seconds = perf_counter() - start
    if done.returncode != 0:
        raise UnableError(done.stderr.splitlines()[-1])
    return Cost(seconds, int(done.stdout.split()[-1]) / 1e6)
