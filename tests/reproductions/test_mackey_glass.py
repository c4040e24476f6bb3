"""Mackey-Glass: 84 steps into the future of a chaotic series, on the network's own outputs.

H. Jaeger, "The 'echo state' approach to analysing and training recurrent neural networks", GMD
Report 148, 2001, sections 6.1 to 6.4.
"""

from functools import cache

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from reservoir import ESNRegressor, datasets

N_BLOCKS, N_FORCED, N_FREE = 50, 1000, 84


@cache
def series(tau, n_train):
    n_unseen = N_BLOCKS * (N_FORCED + N_FREE)
    return datasets.make_mackey_glass(n_train + 1 + n_unseen, tau, history=1.2)


def nrmse84(tau, n_train, alpha=1e-13, seed=0, readout=None):
    """Error of the last of 84 free steps, over consecutive blocks of the unseen series.

    One network is trained, its first 1000 steps dropped. In each block it is forced for 1000 steps
    and then runs free; values and variance are those of the series before it was squashed.
    """
    x = series(tau, n_train)
    squashed = np.tanh(x - 1)[:, None]
    esn = ESNRegressor(
        n_units=400,
        leak_rate=0.5,
        bias_scaling=0.2,
        noise=1e-10,
        alpha=alpha,
        warmup=1000,
        readout=readout,
        random_state=seed,
    ).fit(squashed[:n_train], squashed[1 : n_train + 1, 0])
    starts = n_train + 1 + (N_FORCED + N_FREE) * np.arange(N_BLOCKS)
    outputs = np.array(
        [esn.generate(N_FREE, context=squashed[i : i + N_FORCED])[-1] for i in starts]
    )
    limit = 1 - 1e-12  # a bad free run leaves the range of tanh
    predicted = np.arctanh(np.clip(outputs, -limit, limit)) + 1
    errors = predicted - x[starts + N_FORCED + N_FREE - 1]
    return np.sqrt(np.mean(errors**2) / x.var())


@pytest.mark.slow
def test_ten_networks():
    """τ = 17, 400 units, 3000 training steps.

    Published (section 6.4): NRMSE84 2.8e-4, from one network with hand-tuned parameters.
    Measured, 10 networks: best 8.6e-5, median 1.7e-4, worst 5.9e-4.
    Unlike the report: the series comes in as the input, not through feedback weights, which is
    the same network; leak rate 0.5 where it retains 0.604 of a state and adds 0.44 of the tanh;
    50 blocks, not 20, and the variance of this series, 0.051, not 0.067, which is stricter; and
    the series is solved accurately, not by Euler steps of 0.1.
    """
    errors = [nrmse84(17, 3000, seed=seed) for seed in range(10)]
    assert min(errors) <= 1.5e-4
    assert np.median(errors) <= 3e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tau", "n_train", "alpha", "bound"),
    [(17, 21_000, 1e-13, 3e-4), (30, 3000, 1e-5, 0.2), (30, 21_000, 1e-5, 0.096)],
)
def test_longer_and_wilder(tau, n_train, alpha, bound):
    """More training steps, and τ = 30, whose closed loop is unstable unless alpha, or noise in
    the report, is much larger.

    Published: 1.2e-4 (τ = 17, 21,000 steps, section 6.4), 0.11 and 0.032 (τ = 30, 3000 and 21,000
    steps, section 6.3). Measured, medians of 5 networks: 1.6e-4, 0.13 and 0.065. So at τ = 30
    and 21,000 steps the report's one network is twice as good.
    """
    assert np.median([nrmse84(tau, n_train, alpha, seed) for seed in range(5)]) <= bound


class NormalEquations(RegressorMixin, BaseEstimator):
    """Ridge regression from the Gram matrix, with nothing done about its lost digits."""

    def fit(self, S, y):
        centred = S - S.mean(axis=0)
        gram = centred.T @ centred + 1e-13 * np.eye(S.shape[1])
        self.coef_ = np.linalg.solve(gram, centred.T @ (y - y.mean()))
        self.intercept_ = y.mean() - S.mean(axis=0) @ self.coef_
        return self

    def predict(self, S):
        return S @ self.coef_ + self.intercept_


@pytest.mark.slow
def test_the_gram_matrix_loses_the_digits_that_count():
    """The same networks, read out from the Gram matrix instead of the streaming QR that the
    readout chooses for so small an alpha.

    Measured, 5 networks: median NRMSE84 2.3e-4 by QR; by normal equations 0.003 to 63, depending
    on the order in which sums are rounded: most networks leave the attractor.
    """
    by_qr = [nrmse84(17, 3000, seed=seed) for seed in range(5)]
    by_gram = [nrmse84(17, 3000, seed=seed, readout=NormalEquations()) for seed in range(5)]
    assert np.median(by_gram) > 10 * np.median(by_qr)
