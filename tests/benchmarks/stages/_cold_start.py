"""What a first use costs: with an empty numba cache, and with a filled one."""

from collections.abc import Iterator
from tempfile import TemporaryDirectory

from tests.benchmarks._isolated import measure
from tests.benchmarks._race import Measured, Row, Run
from tests.benchmarks.contestants import Contestant

TASK = {"n_units": 300, "n_steps": 1000}


def rows(quick: bool) -> Iterator[Row]:
    caches: dict[str, TemporaryDirectory[str]] = {}  # the last of each contestant, filled

    def enter_cold(contestant: Contestant) -> Run:
        contestant.method("regressor")

        def run(amount: int, number: int) -> Measured:
            caches[contestant.name] = TemporaryDirectory()
            return _first_fit(contestant, caches[contestant.name])

        return run

    def enter_warm(contestant: Contestant) -> Run:
        contestant.method("regressor")
        return lambda amount, number: _first_fit(contestant, caches[contestant.name])

    yield Row("cold_start", "empty numba cache", enter_cold, once=quick)
    yield Row("cold_start", "filled numba cache", enter_warm, once=quick)


def _first_fit(contestant: Contestant, cache: TemporaryDirectory[str]) -> Measured:
    answer = measure("first_fit", contestant, {"NUMBA_CACHE_DIR": cache.name}, **TASK)
    return Measured(answer["process_seconds"])
