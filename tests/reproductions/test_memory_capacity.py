"""Short-term memory capacity of linear networks, which no more than one input a unit can fill.

H. Jaeger, "Short term memory in echo state networks", GMD Report 152, 2001, proposition 2
(capacity ≤ units), and the tutorial, GMD Report 159, 2002, section 7.
"""

import numpy as np
import pytest

from reservoir import ESNRegressor, datasets
from reservoir.metrics import memory_capacity


def capacities(n_units, n_delays, **parameters):
    """Over 4000 unseen steps, after 6000 training steps of which 500 are dropped; 5 networks."""
    found = []
    for seed in range(5):
        X, y = datasets.make_delay_memory(10_000, range(1, n_delays + 1), random_state=seed)
        esn = ESNRegressor(
            n_units=n_units,
            input_scaling=0.1,
            activation="identity",
            include_input=False,
            warmup=500,
            random_state=seed,
            **parameters,
        ).fit(X[:6000], y[:6000])
        found.append(memory_capacity(y[6000:], esn.predict(X)[6000:]))
    return np.array(found)


def test_cycle_of_100():
    """Published: 95.6 for a linear cycle of 100 units over 200 delays (ReservoirPy's tutorial on
    memory capacity). Measured: 99.0 in each of 5 networks."""
    found = capacities(100, 200, topology="cycle", spectral_radius=0.95, alpha=1e-14)
    assert np.median(found) >= 98
    assert found.max() <= 100.1  # the bound, and 200 squared correlations by chance of 1/4000


@pytest.mark.slow
def test_near_unitary_400():
    """Published: about 400. Measured: 395 in the median of 5 networks over 600 delays."""
    found = capacities(400, 600, topology="orthogonal", spectral_radius=0.98, alpha=1e-12)
    assert np.median(found) >= 390
    assert found.max() <= 400.2


@pytest.mark.slow
def test_random_400():
    """Published: about 120. Measured: 119 (111 to 121).

    What keeps it so far below 400 is rounding: only about 150 singular values of the states stand
    above it. So it depends on the spectral radius, here 0.9 and not known of the original (0.98
    gives 155), and on a readout that loses no digits (alpha = 1e-12 gives 87).
    """
    found = capacities(400, 600, spectral_radius=0.9, alpha=1e-20)
    assert 100 <= np.median(found) <= 140
