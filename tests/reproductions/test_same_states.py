"""The same W, W_in, b and a give the same states as a loop written from the equation.

H. Jaeger, GMD Report 148, 2001, equation (1), with leaky units: x(t) = (1-a) x(t-1) +
a tanh(W_in u(t) + W x(t-1) + W_fb y(t-1) + b).
"""

import numpy as np
import pytest
from scipy import sparse

from reservoir import ESNRegressor, ESNTransformer

RNG = np.random.default_rng(0)
N_UNITS = 300
INPUTS = RNG.uniform(-1, 1, (5000, 3))
W_IN = RNG.uniform(-1, 1, (N_UNITS, 3))
LEAKS = RNG.uniform(0.1, 1, N_UNITS)
SPARSE = sparse.random_array((N_UNITS, N_UNITS), density=0.03, rng=RNG, data_sampler=RNG.normal)
MATRICES = {
    "sparse": sparse.csr_array(0.9 * SPARSE / np.sqrt(0.03 * N_UNITS)),
    "dense": 0.9 * RNG.normal(size=(N_UNITS, N_UNITS)) / np.sqrt(N_UNITS),
}


@pytest.mark.parametrize("kind", MATRICES)
def test_open_loop(kind):
    """Measured: 7e-16 over 5000 steps of 300 units. ReservoirPy 0.4.2, given the weights of 200
    units, agreed to 7e-16 over 2000 steps."""
    W = MATRICES[kind]
    transformer = ESNTransformer(
        n_units=N_UNITS,
        topology=W,
        input_weights=W_IN,
        leak_rate=LEAKS,
        bias_scaling=0.5,
        include_input=False,
        random_state=0,
    )
    states = transformer.fit_transform(INPUTS)
    b, x = transformer.bias_, np.zeros(N_UNITS)
    expected = np.empty_like(states)
    for t, u in enumerate(INPUTS):
        x = (1 - LEAKS) * x + LEAKS * np.tanh(W_IN @ u + W @ x + b)
        expected[t] = x
    np.testing.assert_allclose(states, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", MATRICES)
def test_closed_loop(kind):
    """Teacher forcing, then the output fed back. Measured: 6e-16 over 1000 free steps."""
    W, y = MATRICES[kind], np.convolve(INPUTS[:, 0], np.ones(5) / 5)[: len(INPUTS)]
    forced, free = slice(0, 4000), slice(4000, None)
    esn = ESNRegressor(
        n_units=N_UNITS,
        topology=W,
        input_weights=W_IN,
        leak_rate=LEAKS,
        bias_scaling=0.5,
        feedback=True,
        feedback_scaling=0.1,
        alpha=1.0,
        random_state=0,
    ).fit(INPUTS[forced], y[forced])
    outputs = esn.generate(1000, X_future=INPUTS[free])
    b, w_fb, x, output = esn.bias_, esn.feedback_weights_[:, 0], np.zeros(N_UNITS), 0.0
    expected = np.empty(len(INPUTS))
    for t, u in enumerate(INPUTS):
        x = (1 - LEAKS) * x + LEAKS * np.tanh(W_IN @ u + W @ x + w_fb * output + b)
        output = y[t] if t < 4000 else esn.coef_ @ np.append(x, u) + esn.intercept_
        expected[t] = output
    np.testing.assert_allclose(outputs, expected[free], rtol=0, atol=1e-12)
