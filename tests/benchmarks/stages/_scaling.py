"""How the time of a harvest grows with units and steps, and falls with threads."""

import os
from collections.abc import Iterator

from tests.benchmarks._isolated import measure
from tests.benchmarks._networks import Size
from tests.benchmarks._race import Measured, Row, Run
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.stages._harvest import harvest_row

THREAD_VARIABLES = (
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


def rows(quick: bool) -> Iterator[Row]:
    for n_units in (100, 1000) if quick else (50, 100, 200, 500, 1000, 2000, 5000):
        yield harvest_row((Size(n_units, 10 / n_units), 10_000), "scaling", "units")
    for n_steps in (1000, 30_000) if quick else (100, 1000, 10_000, 100_000, 1_000_000):
        yield harvest_row((Size(300, 10 / 300), n_steps), "scaling", "steps")
    if not quick:
        n_cores = os.cpu_count() or 1
        for connectivity in (0.01, 1.0):
            for n_threads in sorted({1, min(2, n_cores), n_cores}):
                yield _threads_row(n_threads, connectivity)


def _threads_row(n_threads: int, connectivity: float) -> Row:
    environment = dict.fromkeys(THREAD_VARIABLES, str(n_threads))
    task = {"n_units": 1000, "connectivity": connectivity, "n_steps": 2000}

    def enter(contestant: Contestant) -> Run:
        contestant.method("harvester")

        def run(amount: int, number: int) -> Measured:
            return Measured(measure("harvest", contestant, environment, **task)["seconds"])

        return run

    size = Size(1000, connectivity)
    return Row(
        "scaling",
        f"{n_threads} threads, {size}, 2,000 steps",
        enter,
        curve=f"threads, {size}",
        x=n_threads,
        once=True,
    )
