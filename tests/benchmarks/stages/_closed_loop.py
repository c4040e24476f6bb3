"""Generating: each output is the next input."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from tests.benchmarks._checks import must_be_near
from tests.benchmarks._networks import Size, make_network, make_series
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.contestants._numpy import NumpyLoop

N_STEPS = 2000
N_FITTED = 2000
N_CHECKED = 10  # after some more, small differences of the readouts may have grown
TOLERANCE = 0.03  # readouts with and without intercept; a loop one step off is 0.2 away


def rows(quick: bool) -> Iterator[Row]:
    sizes = ((100, 0.1), (500, 0.1), (1000, 1.0), (1000, 0.01))
    for n_units, connectivity in sizes[: 3 if quick else None]:
        yield _row(Size(n_units, connectivity))


def _row(size: Size) -> Row:
    beginnings: dict[str, Any] = {}  # some packages go on from the end of their last call

    def enter(contestant: Contestant) -> Run:
        fitted = _fitted(contestant, size)
        generate = contestant.method("generate")
        beginnings[contestant.name] = np.reshape(generate(fitted, N_CHECKED), -1)
        return lambda amount, number: generate(fitted, amount)

    def check(contestant: Contestant, outputs: Any) -> str:
        assert np.isfinite(outputs).all(), "the loop has diverged"
        must_be_near(beginnings[contestant.name], _reference(size), TOLERANCE, "the plain loop")
        return ""

    label = f"{size}, {N_STEPS:,} steps"
    return Row("closed_loop", label, enter, amount=N_STEPS, least=100, check=check)


def _fitted(contestant: Contestant, size: Size) -> Any:
    X, y = make_series(N_FITTED)
    regressor = contestant.method("regressor_of")(make_network(size))
    fitted = contestant.method("fit")(regressor, X, y)
    contestant.settle(fitted, X)
    return fitted


@lru_cache(maxsize=4)
def _reference(size: Size) -> np.ndarray:
    loop = NumpyLoop()
    return loop.generate(_fitted(loop, size), N_CHECKED)[:, 0]
