"""Predicting a series with a fitted network."""

from collections.abc import Iterator

from tests.benchmarks._networks import Size, make_series
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant

N_STEPS = 10_000
N_FITTED = 2000


def rows(quick: bool) -> Iterator[Row]:
    for n_units in (1000,) if quick else (300, 1000):
        yield _row(Size(n_units, 10 / n_units))


def _row(size: Size) -> Row:
    def enter(contestant: Contestant) -> Run:
        draw, fit, predict = map(contestant.method, ("regressor", "fit", "predict"))
        X, y = make_series(N_STEPS)
        fitted = fit(draw(size, 0), X[:N_FITTED], y[:N_FITTED])
        return lambda amount, number: predict(fitted, X[:amount])

    return Row("predict", f"{size}, {N_STEPS:,} steps", enter, amount=N_STEPS, least=500)
