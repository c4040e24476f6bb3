"""Sine generators: networks without input that keep up an oscillation by feedback alone.

H. Jaeger, "A tutorial on training recurrent neural networks, covering BPPT, RTRL, EKF and the
'echo state network' approach", GMD Report 159, 2002 (revised 2008), sections 6 and 8. The figures
of the tutorial are those of single networks; here stand medians, since a few networks in a hundred
leave the orbit of the fast and of the tuneable sine within the steps that are scored.
"""

import numpy as np

from reservoir import ESNRegressor, ESNTransformer


def teacher_forced_mse(esn, X, y):
    """Error of the outputs while the target is fed back: as an input, it gives the same states."""
    forced = np.column_stack([np.ones(len(y)), X, np.append(0, y[:-1])])
    states = ESNTransformer(
        n_units=esn.n_units,
        topology=esn.recurrent_weights_,
        input_weights=np.column_stack([esn.bias_, esn.input_weights_, esn.feedback_weights_]),
        leak_rate=esn.leak_rate,
        include_input=False,
    ).fit_transform(forced)
    features = np.hstack([states, X]) if esn.include_input else states
    outputs = features @ esn.coef_ + esn.intercept_
    return np.mean((outputs - y)[esn.warmup :] ** 2)


def test_sine():
    """½ sin(n/4) from 20 units, 300 steps of which the first 100 are dropped; 50 free steps.

    Published (section 6.1): MSE 1.2e-13 in training, 5.6e-12 in the free run.
    Measured: 8e-16 and 7e-16 in the median of 20 networks; in the free run 18 of them stay below
    4e-13, and one leaves the orbit altogether.
    Not in the tutorial's table, and chosen here: 4 links into each unit, feedback in ±1.
    """
    y = 0.5 * np.sin(np.arange(1, 351) / 4)
    nothing = np.zeros((350, 1))
    errors = []
    for seed in range(20):
        esn = ESNRegressor(
            n_units=20,
            connectivity=0.2,
            spectral_radius=0.8,
            feedback=True,
            include_input=False,
            alpha=1e-12,
            warmup=100,
            random_state=seed,
        ).fit(nothing[:300], y[:300])
        free = esn.generate(50, X_future=nothing[300:])
        errors.append(
            [teacher_forced_mse(esn, nothing[:300], y[:300]), np.mean((free - y[300:]) ** 2)]
        )
    training, testing = np.median(errors, axis=0)
    assert training <= 1.2e-13
    assert testing <= 5.6e-12


def test_slow_sine():
    """⅕ sin(n/100) from 20 leaky units, 4000 steps of which 2000 are dropped; 2000 free steps.

    Published (section 8): stable in 10 of 10 networks, MSE 3.0e-7 to 1.8e-6.
    Measured: stable in 10 of 10, MSE 2e-9 to 2e-7; after 20,000 free steps still 10 of 10.
    The retainment of 0.98 is a leak rate of 0.02; how the tutorial scales the other part of its
    leaky update is not told by the figures, here it is 1 - 0.98.
    """
    y = 0.2 * np.sin(np.arange(1, 24_001) / 100)
    nothing = np.zeros((24_000, 1))
    free_runs = []
    for seed in range(10):
        esn = ESNRegressor(
            n_units=20,
            connectivity=0.2,
            spectral_radius=0.2,
            leak_rate=0.02,
            noise=1e-6,
            feedback=True,
            include_input=False,
            alpha=1e-12,
            warmup=2000,
            random_state=seed,
        ).fit(nothing[:4000], y[:4000])
        free_runs.append(esn.generate(20_000, X_future=nothing[4000:]))
    free = np.array(free_runs)
    errors = np.mean((free[:, :2000] - y[4000:6000]) ** 2, axis=1)
    assert errors.max() <= 1.8e-6
    assert np.median(errors) <= 3e-7
    amplitudes = np.abs(free[:, -629:]).max(axis=1)  # over the last period
    np.testing.assert_allclose(amplitudes, 0.2, rtol=0.1)


def test_tuneable_sine():
    """A sine whose frequency an input sets: 100 units, 1200 steps, 200 dropped; 50 free steps.

    Published (section 6.1): MSE 8.1e-6 in training, 6e-4 in the free run.
    Measured: 2e-8 and 3e-5 in the median of 40 networks (37 of them below 1e-3).
    The input of the tutorial was not at hand. Here u is a sine between 0 and 1 of period 200,
    and the output ½ sin advances by 0.1 + 0.4 u a step. The output unit is linear, not tanh, and
    there is a bias. This is a figure of 50 steps: after 1000, only 16 of 40 networks still had
    the right amplitude.
    """
    errors = []
    for seed in range(40):
        start, phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, 2)
        u = 0.5 + 0.5 * np.sin(start + 2 * np.pi * np.arange(1250) / 200)
        y = 0.5 * np.sin(phase + np.cumsum(0.1 + 0.4 * u))
        X = u[:, None]
        esn = ESNRegressor(
            n_units=100,
            spectral_radius=0.8,
            bias_scaling=0.5,
            noise=1e-4,
            feedback=True,
            alpha=1e-10,
            warmup=200,
            random_state=seed,
        ).fit(X[:1200], y[:1200])
        free = esn.generate(50, X_future=X[1200:])
        errors.append(
            [teacher_forced_mse(esn, X[:1200], y[:1200]), np.mean((free - y[1200:]) ** 2)]
        )
    training, testing = np.median(errors, axis=0)
    assert training <= 8.1e-6
    assert testing <= 6e-4
