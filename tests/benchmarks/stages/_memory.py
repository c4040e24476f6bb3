"""How much a fit needs above the data it was given."""

from collections.abc import Iterator

from tests.benchmarks._isolated import measure
from tests.benchmarks._race import Measured, Row, Run
from tests.benchmarks.contestants import Contestant

N_UNITS = 200


def rows(quick: bool) -> Iterator[Row]:
    yield _row(30_000 if quick else 1_000_000)


def long_rows(quick: bool) -> Iterator[Row]:
    """Yield the row of ten million steps, which most peers cannot hold."""
    yield _row(10_000_000)


def _row(n_steps: int) -> Row:
    def enter(contestant: Contestant) -> Run:
        contestant.method("regressor")

        def run(amount: int, number: int) -> Measured:
            answer = measure("memory", contestant, n_units=N_UNITS, n_steps=n_steps)
            return Measured(answer["megabytes"], f"fitted in {answer['seconds']:.3g} s")

        return run

    label = f"{N_UNITS} units sparse 0.1, {n_steps:,} steps"
    return Row("memory", label, enter, unit="MB", once=True)
