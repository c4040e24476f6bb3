"""Fixed points, cycles, bifurcations and Lyapunov spectra, where the answer is known."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from reservoir import CTRNNRegressor, ESNClassifier, ESNRegressor, LSTMRegressor, RNNRegressor
from reservoir.datasets import make_lorenz
from reservoir.dynamics import (
    Flow,
    Map,
    bifurcation_diagram,
    fixed_points,
    limit_cycle,
    lyapunov_spectrum,
    network_flow,
    simulate,
    system_of,
)

WAVE = np.column_stack([np.sin(0.3 * np.arange(400.0)), np.cos(0.3 * np.arange(400.0))])
OSCILLATOR = {"bias": [-2.75, -1.75], "activation": "sigmoid"}
LINKS = np.array([[4.5, 1.0], [-1.0, 4.5]])


def lorenz(states):
    x, y, z = states.T
    return np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], axis=-1)


def lorenz_jacobian(state):
    x, y, z = state
    return np.array([[-10, 10, 0], [28 - z, -1, -x], [y, x, -8 / 3]])


LORENZ = Flow(lorenz, 3, lorenz_jacobian, vectorized=True)


def stuart_landau(mu):
    """A circle of radius sqrt(mu) is born at mu = 0, with period 2 pi."""

    def rule(states):
        x, y = states.T
        r = mu - x**2 - y**2
        return np.stack([r * x - y, r * y + x], axis=-1)

    return Flow(rule, 2, vectorized=True)


def fitted(kind):
    small = {"n_units": 12, "random_state": 0}
    if kind == "esn":
        return ESNRegressor(bias_scaling=0.3, leak_rate=0.6, **small).fit(WAVE[:-1], WAVE[1:])
    if kind == "stacked":
        return ESNRegressor(n_layers=3, bias_scaling=0.3, alpha=1e-3, **small).fit(
            WAVE[:-1], WAVE[1:]
        )
    if kind == "feedback":
        return ESNRegressor(feedback=True, alpha=1e-3, noise=1e-3, **small).fit(WAVE[:, :1], WAVE)
    if kind == "no input read":
        return ESNRegressor(include_input=False, **small).fit(WAVE[:-1], WAVE[1:])
    if kind == "lstm":
        return LSTMRegressor(n_units=6, n_layers=2, max_iter=3, random_state=0).fit(
            WAVE[:-1], WAVE[1:]
        )
    if kind == "jordan":
        return RNNRegressor(cell="jordan", n_units=6, max_iter=3, random_state=0).fit(
            WAVE[:, :1], WAVE
        )
    trained = {"training": "bptt", "max_iter": 3} if "trained" in kind else {}
    how = {"interpolation": "linear"} if "linear" in kind else {}
    return CTRNNRegressor(time_constants=(1, 5), step=0.5, **small, **trained, **how).fit(
        WAVE[:-1], WAVE[1:]
    )


KINDS = [
    "esn", "stacked", "feedback", "no input read", "lstm", "jordan", "ctrnn", "ctrnn linear",
    "ctrnn trained", "ctrnn trained linear",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("closed_loop", [False, True])
def test_jacobians_are_those_of_finite_differences(kind, closed_loop):
    system = system_of(fitted(kind), closed_loop=closed_loop)
    state = 0.3 * np.random.default_rng(1).standard_normal(system.n_dims)
    found = system.jacobian_at(state)
    step = 1e-6 * np.eye(system.n_dims)
    expected = (system.at(state + step) - system.at(state - step)).T / 2e-6
    np.testing.assert_allclose(found, expected, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_the_closed_loop_is_that_of_generate(kind):
    network = fitted(kind)
    system = system_of(
        network, inputs=[0.7] if kind in ("feedback", "jordan") else None, closed_loop=True
    )
    if kind == "jordan":
        X = np.full((20, 1), 0.7)
        start = np.random.default_rng(0).uniform(-0.5, 0.5, system.n_dims)
        expected = network.predict(X, initial_state=start)
        found = simulate(system, start, 20)
        np.testing.assert_allclose(found[:, -2:], expected, atol=1e-5)
        return
    if kind == "feedback":
        expected = network.generate(20, X_future=np.full((20, 1), 0.7))
        found = simulate(system, network._final_states[0], 20)
        np.testing.assert_allclose(found[:, -2:], expected, atol=1e-9)
        return
    first, state = network.predict(WAVE[:100], return_state=True)
    expected = network.generate(20, context=WAVE[:100])
    n = system.n_dims - 2 * (1 + ("linear" in kind or kind == "ctrnn"))
    start = np.concatenate([state[:n], first[-1], WAVE[99]])[: system.n_dims]
    found = simulate(system, start, 19)
    np.testing.assert_allclose(
        found[:, n : n + 2],
        expected[1:],
        atol=1e-5 if "lstm" in kind or "trained" in kind else 1e-9,
    )


def test_a_constant_input_is_that_of_predict():
    esn = fitted("esn")
    u = np.array([0.2, -0.4])
    _, state = esn.predict(np.tile(u, (500, 1)), return_state=True)
    (point,) = fixed_points(system_of(esn, inputs=u), random_state=0, n_starts=5)
    np.testing.assert_allclose(point.state, state, atol=1e-9)
    assert point.is_stable
    ctrnn = fitted("ctrnn")
    _, state = ctrnn.predict(np.tile(u, (500, 1)), return_state=True)
    points = fixed_points(system_of(ctrnn, inputs=u), random_state=0, n_starts=20)
    assert min(abs(p.state - state[:12]).max() for p in points) < 1e-8


def test_fixed_points_of_one_unit():
    x = brentq(lambda x: 2 * np.tanh(x) - x, 1, 3)
    points = fixed_points(network_flow([[2.0]], time_constants=3.0), random_state=0)
    np.testing.assert_allclose([p.state[0] for p in points], [-x, 0, x], atol=1e-9)
    slope = 2 * (1 - np.tanh(x) ** 2)
    expected = [(slope - 1) / 3, 1 / 3, (slope - 1) / 3]
    np.testing.assert_allclose([p.eigenvalues[0].real for p in points], expected, atol=1e-9)
    assert [p.kind for p in points] == ["stable node", "unstable node", "stable node"]


def test_fixed_points_of_lorenz():
    points = fixed_points(LORENZ, bounds=(-30, 30), random_state=0)
    r = np.sqrt(8 / 3 * 27)
    np.testing.assert_allclose(
        [p.state for p in points], [[-r, -r, 27], [0, 0, 0], [r, r, 27]], atol=1e-8
    )
    assert {p.kind for p in points} == {"saddle"}
    np.testing.assert_allclose(points[1].eigenvalues[0], (-11 + np.sqrt(1201)) / 2)


@pytest.mark.parametrize("dynamics", ["beer", "jaeger"])
def test_network_flows_are_integrated(dynamics):
    rng = np.random.default_rng(0)
    W, theta, tau, drive = (
        rng.normal(size=(5, 5)),
        rng.normal(size=5),
        rng.uniform(1, 3, 5),
        rng.normal(size=5),
    )
    flow = network_flow(W, bias=theta, time_constants=tau, inputs=drive, dynamics=dynamics)
    start, times = rng.normal(size=5), np.array([0.0, 0.5, 3.0, 12.0])
    exact = solve_ivp(
        lambda _, x: flow.at(x),
        (0, 12),
        start,
        t_eval=times,
        method="DOP853",
        rtol=1e-12,
        atol=1e-13,
    )
    np.testing.assert_allclose(simulate(flow, start, times), exact.y.T, atol=1e-6)
    jacobian = flow.jacobian_at(start)
    step = 1e-6 * np.eye(5)
    np.testing.assert_allclose(
        jacobian, (flow.at(start + step) - flow.at(start - step)).T / 2e-6, atol=1e-8
    )


def test_a_cycle_is_found_and_judged():
    cycle = limit_cycle(stuart_landau(0.5), [0.1, 0.0])
    assert cycle.period == pytest.approx(2 * np.pi, abs=1e-8)
    np.testing.assert_allclose(np.hypot(*cycle.states.T), np.sqrt(0.5), atol=1e-6)
    # a distance from the circle shrinks at the rate 2 mu
    np.testing.assert_allclose(cycle.multipliers, [1, np.exp(-2 * np.pi)], atol=1e-6)
    assert cycle.is_stable
    with pytest.raises(ValueError, match="comes to rest"):
        limit_cycle(stuart_landau(-0.5), [0.1, 0.0])
    with pytest.raises(ValueError, match=r"no return within longest|not closed"):
        limit_cycle(LORENZ, [1.0, 1.0, 20.0], settle=50, longest=5.0)


def test_fast_cycles_are_not_taken_for_several():
    def fast(states):
        x, y = states.T
        r = 1 - x**2 - y**2
        return np.stack([r * x - 100 * y, r * y + 100 * x], axis=-1)

    cycle = limit_cycle(Flow(fast, 2, vectorized=True), [0.5, 0.0], settle=5)
    assert cycle.period == pytest.approx(2 * np.pi / 100, abs=1e-6)


def test_a_doubled_cycle_is_found_whole():
    """Roessler's equations at c = 3: the simple cycle is there, but the orbit takes the double."""

    def roessler(states):
        x, y, z = states.T
        return np.stack([-y - z, x + 0.2 * y, 0.2 + z * (x - 3.0)], axis=-1)

    cycle = limit_cycle(Flow(roessler, 3, vectorized=True), [1.0, 1.0, 0.1], settle=600)
    assert 11 < cycle.period < 12
    assert cycle.is_stable


def test_a_center_has_no_limit_cycle_that_is_a_point():
    center = Flow(lambda x: np.stack([x[:, 1], -x[:, 0]], axis=-1), 2, vectorized=True)
    (point,) = fixed_points(center, random_state=0)
    assert point.kind == "center"
    assert not point.is_stable
    try:
        cycle = limit_cycle(center, [1.0, 0.0], settle=10)
    except ValueError:
        return
    assert np.ptp(cycle.states, axis=0).min() > 1


def test_only_what_stays_is_a_fixed_point():
    assert fixed_points(Flow(lambda x: 1e-10 * (1 + x**2), 1), random_state=0) == []
    for tau in (1.0, 1e7):
        flow = network_flow([[2.0]], inputs=[-0.534], time_constants=tau)
        assert len(fixed_points(flow, random_state=0)) == 1


def test_exponents_far_apart():
    """Of Hénon's map with b = 1e-3 the sum is known: ln b."""

    def henon(states):
        x, y = states.T
        return np.stack([1 - 1.4 * x**2 + y, 1e-3 * x], axis=-1)

    found = lyapunov_spectrum(
        Map(henon, 2, lambda s: np.array([[-2.8 * s[0], 1], [1e-3, 0]]), vectorized=True),
        [0.1, 0.0],
        duration=2000,
    )
    assert found.sum() == pytest.approx(np.log(1e-3), abs=1e-6)


def test_two_neurons_oscillate():
    flow = network_flow(LINKS, **OSCILLATOR)
    cycle = limit_cycle(flow, [0.1, 0.0])
    path = solve_ivp(
        lambda _, x: flow.at(x), (0, 3 * cycle.period), cycle.states[0], rtol=1e-10, atol=1e-12
    ).y[:, -1]
    np.testing.assert_allclose(path, cycle.states[0], atol=1e-5)
    assert cycle.is_stable


def test_cycles_of_maps():
    def logistic(r):
        return Map(lambda x: r * x * (1 - x), 1)

    cycle = limit_cycle(logistic(3.2), [0.3], settle=1000)
    x = (4.2 + np.array([1, -1]) * np.sqrt(4.2 * 0.2)) / 6.4  # both points of the cycle
    np.testing.assert_allclose(sorted(cycle.states[:, 0]), sorted(x), atol=1e-9)
    assert cycle.multipliers[0].real == pytest.approx(4 + 2 * 3.2 - 3.2**2, abs=1e-6)
    assert limit_cycle(logistic(3.5), [0.3], settle=2000).period == 4
    with pytest.raises(ValueError, match="no return within longest=50 steps"):
        limit_cycle(logistic(4.0), [0.3], longest=50)


def test_bifurcations():
    table = bifurcation_diagram(
        stuart_landau, [-0.2, 0.25, 1.0], state=[0.1, 0.0], settle=60, duration=30
    )
    at_rest, small, large = (part["observed"].to_numpy() for _, part in table.groupby("value"))
    assert abs(at_rest).max() < 1e-4
    np.testing.assert_allclose([small.min(), small.max()], [-0.5, 0.5], atol=2e-3)
    np.testing.assert_allclose([large.min(), large.max()], [-1, 1], atol=2e-3)
    # one unit that excites itself: two branches from w = 1 on, and the one begun on is kept
    table = bifurcation_diagram(
        lambda w: network_flow([[w]]), [0.5, 1.5, 2.0], state=[1.0], observe=lambda x: x[:, 0] ** 2
    )
    x = brentq(lambda x: 2 * np.tanh(x) - x, 1, 3)
    assert table["observed"].iloc[0] < 1e-6
    assert table["observed"].iloc[-1] == pytest.approx(x**2, abs=1e-6)


def test_exponents_of_linear_systems_are_known():
    A = np.array([[-0.5, 2.0, 0.3], [0.0, -0.1, 1.0], [0.0, 0.0, -1.0]])
    flow = Flow(lambda x: A @ x, 3, lambda x: A)
    found = lyapunov_spectrum(flow, np.zeros(3), duration=200, settle=50, step=0.05)
    np.testing.assert_allclose(found, [-0.1, -0.5, -1.0], atol=0.01)
    B = np.array([[0.5, 0.3], [0.0, 2.0]])
    found = lyapunov_spectrum(Map(lambda x: B @ x, 2, lambda x: B), np.zeros(2), duration=500)
    np.testing.assert_allclose(found, np.log([2.0, 0.5]), atol=0.01)


def test_exponents_of_a_circle_are_zero_and_what_it_attracts_with():
    found, times, course = lyapunov_spectrum(
        stuart_landau(0.5), [0.7, 0.0], duration=200, step=0.05, return_course=True
    )
    np.testing.assert_allclose(found, [0, -1.0], atol=0.01)
    np.testing.assert_array_equal(course[-1], found)
    assert times[-1] == pytest.approx(200)


@pytest.mark.slow
def test_exponents_of_lorenz_from_its_equations():
    """Sprott (2003), "Chaos and time-series analysis", appendix A: 0.906, 0, -14.57."""
    found = lyapunov_spectrum(LORENZ, [1.0, 1.0, 20.0], duration=1000, settle=50)
    print("from the equations", found)
    assert found[0] == pytest.approx(0.906, rel=0.02)
    assert abs(found[1]) < 0.02 * 0.906
    assert found[2] == pytest.approx(-14.57, rel=0.02)


@pytest.mark.slow
def test_exponents_of_a_network_trained_on_lorenz():
    dt = 0.05
    series = np.asarray(make_lorenz(12000, dt=dt, random_state=0))
    series = (series - series.mean(axis=0)) / series.std(axis=0)
    esn = ESNRegressor(
        spectral_radius=0.4,
        input_scaling=0.3,
        bias_scaling=0.5,
        alpha=1e-8,
        warmup=100,
        random_state=0,
    ).fit(series[:-1], series[1:])
    start = np.concatenate([esn._final_states[0], series[-1]])
    found = (
        lyapunov_spectrum(
            system_of(esn, closed_loop=True),
            start,
            n_exponents=3,
            duration=20000,
            settle=1000,
            every=5,
        )
        / dt
    )
    print("of the network", found)
    assert found[0] == pytest.approx(0.906, rel=0.05)
    assert abs(found[1]) < 0.02


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: network_flow([[1.0, 2.0]]), "square matrix"),
        (lambda: network_flow([[1.0]], bias=[1.0, 2.0]), r"bias must be .* shape \(1,\)"),
        (lambda: network_flow([[1.0]], time_constants=0.0), "time_constants must be positive"),
        (lambda: network_flow([[1.0]], dynamics="hopf"), "dynamics must be"),
        (lambda: network_flow([[1.0]], activation="sin"), "activation must be one of"),
        (lambda: simulate(LORENZ, [1.0], 5), r"state must be finite and of shape \(3,\)"),
        (lambda: simulate(LORENZ, [1.0, 1, 1], [2.0, 1.0]), "times must be numbers that increase"),
        (lambda: simulate(Map(lambda x: x, 1), [1.0], [0.5]), "whole numbers of steps"),
        (lambda: lyapunov_spectrum(LORENZ, [1.0, 1, 1], n_exponents=4), "n_exponents must lie"),
        (lambda: system_of(fitted("esn"), inputs=[1.0]), r"inputs must be .* shape \(2,\)"),
        (
            lambda: system_of(ESNRegressor(n_units=5).fit(WAVE[:, :1], WAVE), closed_loop=True),
            "outputs among",
        ),
        (lambda: lyapunov_spectrum(LORENZ, [1.0, 1, 1], step=-1), "step must be positive"),
        (lambda: lyapunov_spectrum(LORENZ, [1.0, 1, 1], every=0), "every must be positive"),
        (lambda: simulate(LORENZ, [1.0, 1, 1], 2.5), "times must be numbers that increase"),
        (lambda: fixed_points(LORENZ, bounds=(5, -5)), "the lower, then the upper"),
        (lambda: fixed_points(fitted("esn")), "make one of a fitted network by system_of"),
        (lambda: Flow(lambda x: x[:1], 2).at([1.0, 2.0]), "rule must return as many numbers"),
        (
            lambda: bifurcation_diagram(stuart_landau, [1.0], state=[0.1, 0.0], observe=7),
            "observe must be one of the 2 coordinates",
        ),
        (lambda: system_of(3), "a fitted network of this package"),
        (lambda: LORENZ.at([1.0, 2.0]), "states must have shape"),
        (
            lambda: system_of(ESNRegressor(n_units=5, bidirectional=True).fit(WAVE, WAVE)),
            "an output at each step",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(action, words):
    with pytest.raises(ValueError, match=words):
        action()


def test_divergence_is_named():
    for system in (Map(lambda x: 3 * x, 1), Flow(lambda x: x**2, 1)):
        with pytest.raises(FloatingPointError, match="left the finite"):
            simulate(system, [1.0], 2000)
    with pytest.raises(FloatingPointError, match="left the finite"):
        lyapunov_spectrum(Map(lambda x: x**2, 1), [3.0], duration=100)


def test_systems_of_classifiers():
    labels = np.where(WAVE[:, 0] > 0, "up", "down")
    esn = ESNClassifier(n_units=10, random_state=0).fit(WAVE, labels)
    assert fixed_points(system_of(esn), n_starts=3, random_state=0)
