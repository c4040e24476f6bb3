"""Drawing the weights, running the network and solving the readout; a fresh seed each round."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.benchmarks._networks import Size, make_series
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant

N_STEPS = 10_000
N_CHECKED = 2000


def rows(quick: bool) -> Iterator[Row]:
    for n_units in (300, 1000):
        yield _row(Size(n_units, 10 / n_units))


def _row(size: Size) -> Row:
    def enter(contestant: Contestant) -> Run:
        draw, fit = contestant.method("regressor"), contestant.method("fit")
        X, y = make_series(N_STEPS)
        return lambda amount, number: fit(draw(size, 100 + number), X, y)

    return Row("fit", f"{size}, {N_STEPS:,} steps", enter, check=check_fit)


def check_fit(contestant: Contestant, fitted: Any) -> str:
    """Raise AssertionError unless the network has learned the wave it was fitted to."""
    X, y = (values[:N_CHECKED] for values in make_series(N_STEPS))
    outputs = np.asarray(contestant.method("predict")(fitted, X)).reshape(y.shape)
    late = slice(N_CHECKED // 2, None)
    error = np.sqrt(np.mean((outputs[late] - y[late]) ** 2)) / y[late].std()
    assert error < 0.05, f"the error of the fit is {error:.2g} standard deviations"
    return ""
