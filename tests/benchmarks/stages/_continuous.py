"""Continuous-time networks: all states at 10,000 samples, at equal error."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import expit

from tests.benchmarks._checks import must_be_near
from tests.benchmarks._networks import Network, Size, make_network, make_series
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant

N_STEPS = 10_000
N_CHECKED = 100
MOST_EFFORT = 16
Limits = tuple[float, float]  # of the time constants, spread by their logarithm
FAST, SLOW = (1.0, 10.0), (2.0, 50.0)


def rows(quick: bool) -> Iterator[Row]:
    for tau in (FAST,) if quick else (FAST, SLOW):
        for n_units, connectivity in ((100, 0.1), (1000, 0.01)):
            size = Size(n_units, connectivity)
            for error in (1e-3,) if quick else (1e-3, 1e-6):
                yield _row(size, tau, error)
    for n_units, connectivity in ((100, 0.1), (300, 0.0333), (1000, 0.01)):
        for tau in (FAST, SLOW):
            yield _one_step(Size(n_units, connectivity), tau)


def _row(size: Size, limits: Limits, error: float) -> Row:
    network, tau = make_network(size), np.geomspace(*limits, size.n_units)
    inputs, _ = make_series(N_STEPS)

    def enter(contestant: Contestant) -> Run:
        """Take the least effort that is as exact as that."""
        make = contestant.method("integrator")
        for effort in range(MOST_EFFORT):
            integrate = make(network, tau, effort)
            found = integrate(inputs[:N_CHECKED])
            if abs(found - _exact(size, limits)).max() <= error:
                return lambda amount, number: integrate(inputs[:amount])
        raise AssertionError(f"not as exact as {error:g}")

    def check(contestant: Contestant, states: Any) -> str:
        must_be_near(states[:N_CHECKED], _exact(size, limits), error, "the exact states")
        return ""

    label = f"{size}, τ {limits[0]:g} to {limits[1]:g}, {N_STEPS:,} samples, error {error:g}"
    return Row("continuous", label, enter, amount=N_STEPS, least=200, check=check)


def _one_step(size: Size, limits: Limits) -> Row:
    network, tau = make_network(size), np.geomspace(*limits, size.n_units)
    inputs, _ = make_series(10 * N_STEPS)

    def enter(contestant: Contestant) -> Run:
        run = contestant.method("one_step")(network, tau)
        return lambda amount, number: run(inputs[:amount])

    label = f"{size}, τ {limits[0]:g} to {limits[1]:g}, {10 * N_STEPS:,} samples, one step each"
    return Row("continuous", label, enter, amount=10 * N_STEPS, least=10 * N_STEPS)


@lru_cache(maxsize=4)
def _exact(size: Size, limits: Limits) -> np.ndarray:
    network, tau = make_network(size), np.geomspace(*limits, size.n_units)
    inputs, _ = make_series(N_STEPS)
    return _solved(network, tau, np.r_[0.0, inputs[:N_CHECKED, 0]])


def _solved(network: Network, tau: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Integrate from sample to sample, so that no step passes over a corner of the input."""
    x, states = np.zeros(len(tau)), []
    for before, now in pairwise(u):

        def slope(t: float, x: np.ndarray, a: float = before, b: float = now) -> np.ndarray:
            drive = network.W_in[:, 0] * (a + t * (b - a))
            return (network.W @ expit(x) + drive - x) / tau

        x = solve_ivp(slope, (0, 1), x, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
        states.append(x)
    return np.array(states)
