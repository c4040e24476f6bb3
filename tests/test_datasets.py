"""The tasks against their definitions, the flows against other methods, the series facts."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from reservoir import datasets
from reservoir.datasets import (
    load_airline,
    load_beer,
    load_co2,
    load_co2_monthly,
    load_electricity_demand,
    load_elnino,
    load_lynx,
    load_macrodata,
    load_monthly_panel,
    load_nile,
    load_sunspots,
    load_sunspots_monthly,
    load_traffic,
    make_delay_memory,
    make_henon,
    make_lorenz,
    make_mackey_glass,
    make_mso,
    make_narma,
    make_rossler,
    make_timer,
)
from reservoir.datasets._mackey_glass import _mackey_glass

few = settings(max_examples=30, deadline=None)

RANDOM_MAKERS = {
    "timer": partial(make_timer, hold=10),
    "timer, restart": partial(make_timer, hold=10, overlap="restart"),
    "mackey_glass": partial(make_mackey_glass, warmup=50),
    "lorenz": partial(make_lorenz, warmup=50),
    "rossler": partial(make_rossler, warmup=50),
    "henon": make_henon,
    "narma": make_narma,
    "delay_memory": partial(make_delay_memory, delays=[1, 7]),
    "delay_memory, one": partial(make_delay_memory, delays=3),
}
MAKERS = {**RANDOM_MAKERS, "mso": make_mso}
every_maker = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
every_random_maker = pytest.mark.parametrize(
    "make", RANDOM_MAKERS.values(), ids=RANDOM_MAKERS.keys()
)


def parts(result):
    """The arrays or frames of a result, whether it is one or a pair."""
    return result if isinstance(result, tuple) else (result,)


def assert_same(left, right):
    for a, b in zip(parts(left), parts(right), strict=True):
        np.testing.assert_array_equal(a, b)


def differ(left, right):
    return any((a != b).any() for a, b in zip(parts(left), parts(right), strict=True))


def test_all_is_sorted_and_complete():
    offered = {name for name in dir(datasets) if name.startswith(("make_", "load_"))}
    assert datasets.__all__ == sorted(offered)


# what every maker holds


@every_random_maker
def test_same_seed_same_numbers(make):
    assert_same(make(200, random_state=3), make(200, random_state=3))
    assert differ(make(200, random_state=3), make(200, random_state=4))
    assert differ(make(200), make(200))


@every_random_maker
def test_a_generator_goes_on_and_a_random_state_serves(make):
    for source in (np.random.default_rng, np.random.RandomState):
        rng = source(5)
        first, second = make(200, random_state=rng), make(200, random_state=rng)
        assert differ(first, second)
        assert_same(first, make(200, random_state=source(5)))


@every_maker
def test_a_longer_series_begins_with_the_shorter_one(make):
    if make is not MAKERS["mso"]:
        make = partial(make, random_state=0)
    for short, long in zip(parts(make(60)), parts(make(100)), strict=True):
        np.testing.assert_array_equal(short, long[:60])


@every_maker
def test_frames_hold_the_arrays(make):
    if make is not MAKERS["mso"]:
        make = partial(make, random_state=0)
    arrays, frames = parts(make(50)), parts(make(50, as_frame=True))
    for array, frame in zip(arrays, frames, strict=True):
        assert isinstance(array, np.ndarray)
        assert array.dtype == float
        assert len(array) == 50
        np.testing.assert_array_equal(frame.to_numpy(), array)
        assert isinstance(frame, pd.Series if array.ndim == 1 else pd.DataFrame)
        pd.testing.assert_index_equal(frame.index, pd.RangeIndex(50, name="step"))


def test_names_of_columns():
    X, y = make_timer(5, as_frame=True)
    assert (list(X.columns), y.name) == (["u1", "u2"], "y")
    X, y = make_delay_memory(5, [0, 3], as_frame=True)
    assert (list(X.columns), list(y.columns)) == (["u"], ["u(n-0)", "u(n-3)"])
    assert make_delay_memory(5, 3, as_frame=True)[1].name == "u(n-3)"
    assert list(make_lorenz(5, as_frame=True).columns) == ["x", "y", "z"]
    assert list(make_henon(5, as_frame=True).columns) == ["x", "y"]
    assert make_mackey_glass(5, as_frame=True).name == "x"


@every_maker
@pytest.mark.parametrize("bad", [0, -1, 2.5, True, "10", None])
def test_a_length_that_is_no_length_is_refused(make, bad):
    with pytest.raises(ValueError, match="n_steps must be an integer of at least 1, got"):
        make(bad)


@every_maker
def test_one_step_is_a_series(make):
    assert all(len(part) == 1 for part in parts(make(1)))


@every_random_maker
@pytest.mark.parametrize("bad", [-1, 1.5, "seed", True])
def test_a_seed_that_is_no_seed_is_refused(make, bad):
    with pytest.raises(ValueError, match="random_state must be a non-negative integer"):
        make(5, random_state=bad)


# timer


def timer_by_definition(X, hold):
    """Walk the rows: the target is on while the last pulse is less than hold * u2 steps old."""
    y, left = [], 0
    for u1, u2 in X:
        if u1 == 1:
            left = int(np.floor(hold * round(10 * u2) / 10 + 0.5))
        y.append(0.5 if left > 0 else 0.0)
        left -= 1
    return np.array(y)


timers = {
    "n_steps": st.integers(1, 400),
    "hold": st.integers(1, 40),
    "overlap": st.sampled_from(["never", "restart"]),
    "random_state": st.integers(0, 10_000),
}


@given(**timers)
@few
def test_timer_follows_its_definition(n_steps, hold, overlap, random_state):
    X, y = make_timer(n_steps, hold, overlap=overlap, random_state=random_state)
    np.testing.assert_array_equal(y, timer_by_definition(X, hold))
    assert set(np.unique(X[:, 0])) <= {0.0, 1.0}
    assert set(np.unique(X[:, 1])) <= {k / 10 for k in range(1, 11)}
    changes = np.flatnonzero(np.diff(X[:, 1])) + 1
    assert (X[changes, 0] == 1).all()


@given(st.integers(1, 30), st.integers(1, 20), st.integers(0, 20), st.integers(0, 10_000))
@few
def test_timer_never_overlaps_and_keeps_its_gaps(hold, shortest, more, random_state):
    gap = (shortest, shortest + more)
    X, _ = make_timer(500, hold, gap=gap, random_state=random_state)
    pulses = np.flatnonzero(X[:, 0])
    durations = np.floor(hold * X[pulses, 1] + 0.5 + 1e-9).astype(int)
    off = np.concatenate([[0], (pulses + durations)[:-1]])
    assert ((pulses - off >= gap[0]) & (pulses - off <= gap[1])).all()


def test_timer_restart_draws_its_gaps_from_pulse_to_pulse():
    X, y = make_timer(20_000, 10, gap=(3, 6), overlap="restart", random_state=0)
    pulses = np.flatnonzero(X[:, 0])
    assert set(np.diff(pulses)) == {3, 4, 5, 6}
    assert (y[pulses[1:] - 1] == 0.5).any()
    assert (y[pulses[1:] - 1] == 0.0).any()


def test_timer_draws_every_duration_and_both_ends_of_the_gap():
    X, y = make_timer(200_000, 10, random_state=0)
    pulses = np.flatnonzero(X[:, 0])
    counts = np.bincount(np.round(10 * X[pulses, 1]).astype(int), minlength=11)[1:]
    assert counts.min() > 0.9 * counts.mean()
    ends = np.flatnonzero((y[:-1] == 0.5) & (y[1:] == 0)) + 1
    onsets = np.flatnonzero((y[:-1] == 0) & (y[1:] == 0.5)) + 1
    off = onsets[1:] - ends[: len(onsets) - 1]
    assert (off.min(), off.max()) == (2, 8)


def test_timer_gap_defaults_to_a_share_of_hold():
    for hold, gap in [(1000, (200, 800)), (10, (2, 8)), (1, (1, 1)), (4, (1, 3))]:
        default = make_timer(3000, hold, random_state=1)
        assert_same(default, make_timer(3000, hold, gap=gap, random_state=1))


def test_timer_durations_round_halves_up():
    X, y = make_timer(5000, 25, random_state=0)  # 25 * 0.1 = 2.5
    pulse = np.flatnonzero((X[:, 0] == 1) & (X[:, 1] == 0.1))[0]
    np.testing.assert_array_equal(y[pulse - 1 : pulse + 4], [0, 0.5, 0.5, 0.5, 0])


def test_a_long_timer_of_short_holds_is_fast_enough_to_be_made():
    X, y = make_timer(300_000, 1, random_state=0)
    assert X[:, 0].sum() > 50_000
    assert 0 < y.mean() < 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hold": 0}, "hold must be an integer of at least 1, got 0"),
        ({"hold": 2.5}, r"hold must be an integer of at least 1, got 2\.5"),
        ({"gap": 5}, "gap must be two integers"),
        ({"gap": (1, 2, 3)}, "gap must be two integers"),
        ({"gap": (0, 2)}, "the shortest gap must be an integer of at least 1, got 0"),
        ({"gap": (1, 2.5)}, r"the longest gap must be an integer of at least 1, got 2\.5"),
        ({"gap": (8, 2)}, r"in this order, got \(8, 2\)"),
        ({"overlap": "always"}, r"overlap must be one of \('never', 'restart'\), got 'always'"),
    ],
)
def test_timer_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_timer(100, **arguments)


# Mackey-Glass


def test_mackey_glass_first_delay_in_closed_form():
    """Up to time tau the delayed value is the constant history, and the equation is linear."""
    x = make_mackey_glass(35, 17.3, dt=0.5, history=1.2, warmup=0)
    rest = 0.2 * 1.2 / (1 + 1.2**10) / 0.1
    np.testing.assert_allclose(
        x, rest + (1.2 - rest) * np.exp(-0.1 * 0.5 * np.arange(35)), rtol=1e-13
    )


def test_mackey_glass_agrees_with_an_adaptive_method():
    tau, pieces = 17.3, []

    def past(t):
        return 1.2 if t <= 0 else float(pieces[min(int(t // tau), len(pieces) - 1)](t)[0])

    def slope(t, x):
        return [0.2 * past(t - tau) / (1 + past(t - tau) ** 10) - 0.1 * x[0]]

    start = 1.2
    for k in range(4):
        span = (k * tau, (k + 1) * tau)
        piece = solve_ivp(
            slope, span, [start], method="DOP853", rtol=1e-11, atol=1e-12, dense_output=True
        )
        pieces.append(piece.sol)
        start = piece.y[0, -1]

    x = make_mackey_glass(69, tau, history=1.2, warmup=0)
    np.testing.assert_allclose(x, [past(t) for t in range(69)], atol=1e-9)


def test_mackey_glass_error_falls_with_the_fourth_power_of_the_step():
    times = np.sort(np.random.default_rng(0).uniform(0, 300, 500))
    solve = partial(_mackey_glass, times, 17.0, 0.2, 0.1, 10.0, 1.2)
    exact = solve(n_intervals=6800)
    errors = [np.abs(solve(n_intervals=n) - exact).max() for n in (85, 170, 340)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(orders, 4, atol=0.2)
    assert np.abs(solve(n_intervals=850) - exact).max() < 1e-11


@given(st.floats(0.3, 40), st.floats(0.1, 3))
@few
def test_mackey_glass_satisfies_its_equation_whatever_the_delay(tau, dt):
    h = 1e-3
    middle = 2.5 * tau + dt * np.arange(20)
    times = np.concatenate([middle - tau, middle - h, middle, middle + h])
    order = np.argsort(times)
    x = np.empty_like(times)
    n_intervals = int(np.ceil(tau / 0.02))
    x[order] = _mackey_glass(times[order], tau, 0.2, 0.1, 10.0, 1.2, n_intervals)
    delayed, before, now, after = x.reshape(4, -1)
    slope = 0.2 * delayed / (1 + delayed**10) - 0.1 * now
    np.testing.assert_allclose((after - before) / (2 * h), slope, atol=1e-5)

    finer = make_mackey_glass(40, tau, dt=dt / 4, history=1.2, warmup=0)
    np.testing.assert_array_equal(
        make_mackey_glass(10, tau, dt=dt, history=1.2, warmup=0), finer[::4]
    )


def test_mackey_glass_does_not_depend_on_the_unit_of_time():
    hours = make_mackey_glass(300, 17, history=0.9, warmup=0)
    minutes = make_mackey_glass(
        300, 17 * 60, beta=0.2 / 60, gamma=0.1 / 60, dt=60, history=0.9, warmup=0
    )
    np.testing.assert_allclose(minutes, hours, atol=1e-8)


def test_mackey_glass_leaves_out_1000_units_of_time_unless_told():
    whole = make_mackey_glass(1100, history=1.2, warmup=0)
    assert_same(make_mackey_glass(100, history=1.2), whole[1000:])
    assert_same(make_mackey_glass(5, history=1.2, dt=20), whole[1000::20])
    assert_same(make_mackey_glass(5, history=1.2, warmup=7), whole[7:12])


def test_mackey_glass_is_periodic_at_a_short_delay_and_not_at_a_long_one():
    """Below tau = 13 the attractor is one closed curve: few distinct maxima."""

    def n_maxima(tau):
        x = make_mackey_glass(20_000, tau, dt=0.1, warmup=50_000, history=1.2)
        top = x[1:-1][(x[1:-1] > x[:-2]) & (x[1:-1] > x[2:])]
        return len(np.unique(top.round(2)))

    assert n_maxima(10) <= 2
    assert n_maxima(17) > 10


@pytest.mark.parametrize("name", ["tau", "beta", "gamma", "exponent", "dt", "history"])
@pytest.mark.parametrize("bad", [0, -1.0, np.nan, np.inf, "17", True])
def test_mackey_glass_refuses(name, bad):
    with pytest.raises(ValueError, match=f"{name} must be a finite number"):
        make_mackey_glass(10, **{name: bad})


# Lorenz, Rössler, Hénon


def lorenz_slope(_, s):
    return [10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]]


def rossler_slope(_, s):
    return [-s[1] - s[2], s[0] + 0.2 * s[1], 0.2 + s[2] * (s[0] - 5.7)]


@pytest.mark.parametrize(
    ("make", "slope", "dt", "start"),
    [(make_lorenz, lorenz_slope, 0.02, [1, 1, 25]), (make_rossler, rossler_slope, 0.1, [1, 1, 0])],
)
def test_flows_agree_with_another_method(make, slope, dt, start):
    states = make(101, initial_state=start, warmup=0)
    np.testing.assert_array_equal(states[0], start)
    times = dt * np.arange(101)
    other = solve_ivp(
        slope, (0, times[-1]), start, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(states, other.y.T, atol=1e-8)
    later = make(11, initial_state=start, warmup=40, dt=2 * dt)
    np.testing.assert_allclose(later, states[80::2], atol=1e-9)


@pytest.mark.parametrize("make", [make_lorenz, make_rossler])
def test_a_flow_of_one_sample_is_its_initial_state(make):
    np.testing.assert_array_equal(make(1, initial_state=[1, 2, 3], warmup=0), [[1, 2, 3]])


@pytest.mark.parametrize(
    ("make", "skipped"), [(make_lorenz, 2500), (make_rossler, 2000), (make_henon, 100)]
)
def test_the_transient_is_left_out(make, skipped):
    expected = make(5, warmup=skipped, random_state=0)
    assert_same(make(5, random_state=0), expected)
    assert_same(expected[2:], make(3, warmup=skipped + 2, random_state=0))


def test_lorenz_attractor():
    """The mean of z, the fixed points' symmetry, and the wings are those of the textbook."""
    x, _, z = make_lorenz(20_000, random_state=0).T
    assert z.mean() == pytest.approx(23.55, abs=0.3)
    assert 0 < z.min() < z.max() < 50
    assert 0.3 < (x > 0).mean() < 0.7


def test_rossler_attractor():
    x, _, z = make_rossler(20_000, random_state=0).T
    assert -12 < x.min() < x.max() < 14
    assert 0 < z.min() < 10 < z.max() < 30


def test_henon_follows_its_map():
    x, y = make_henon(500, random_state=0).T
    np.testing.assert_allclose(x[1:], 1 - 1.4 * x[:-1] ** 2 + y[:-1], rtol=0, atol=1e-14)
    np.testing.assert_array_equal(y[1:], 0.3 * x[:-1])
    assert np.log(np.abs(2.8 * x)).mean() > 0.3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(make_henon, a=3.0), "the Hénon series diverged: not finite from time"),
        (partial(make_henon, initial_state=(5, 5)), "the Hénon series diverged"),
        (partial(make_lorenz, sigma=-10.0), "the Lorenz series diverged: .* time"),
        (
            partial(make_rossler, a=2.0, c=-5.0),
            "the Rössler series diverged: .* time",
        ),
    ],
)
def test_divergence_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make(10_000, random_state=0)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (make_lorenz, {"dt": 0}, "dt must be a finite number above 0, got 0"),
        (make_lorenz, {"rho": np.nan}, "rho must be a finite number, got nan"),
        (make_lorenz, {"initial_state": [1, 2]}, "initial_state must be 3 finite numbers"),
        (make_rossler, {"warmup": -1}, "warmup must be an integer of at least 0, got -1"),
        (make_rossler, {"c": "5"}, "c must be a finite number, got '5'"),
        (make_henon, {"initial_state": [np.inf, 0]}, "initial_state must be 2 finite numbers"),
        (make_henon, {"warmup": None}, "warmup must be an integer of at least 0, got None"),
    ],
)
def test_flows_and_maps_refuse(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(10, **arguments)


# NARMA, superimposed oscillators, delay memory


@pytest.mark.parametrize(
    ("order", "options", "delta", "squash"),
    [
        (1, {}, 0.1, float),
        (10, {}, 0.1, float),
        (10, {"bounded": True}, 0.1, np.tanh),
        (20, {}, 0.01, np.tanh),
    ],
)
def test_narma_follows_its_equation(order, options, delta, squash):
    X, y = make_narma(300, order, random_state=0, **options)
    u = X[:, 0]
    for t in range(order - 1, 299):
        past = y[t - order + 1 : t + 1].sum()
        expected = squash(0.3 * y[t] + 0.05 * y[t] * past + 1.5 * u[t - order + 1] * u[t] + delta)
        assert y[t + 1] == pytest.approx(expected, abs=1e-13)


def test_narma_of_order_30_with_coefficients_of_ones_own():
    X, y = make_narma(300, 30, coefficients=(0.2, 0.04, 1.5, 0.001), random_state=0)
    t, u = 200, X[:, 0]
    expected = 0.2 * y[t] + 0.04 * y[t] * y[t - 29 : t + 1].sum() + 1.5 * u[t - 29] * u[t] + 0.001
    assert y[t + 1] == pytest.approx(expected, abs=1e-13)


def test_narma_input_is_uniform_and_the_transient_is_over():
    X, y = make_narma(20_000, random_state=0)
    assert 0 <= X.min() < X.max() < 0.5
    assert X.mean() == pytest.approx(0.25, abs=0.005)
    starts = [make_narma(1, random_state=seed)[1][0] for seed in range(300)]
    assert np.mean(starts) == pytest.approx(y.mean(), abs=4 * y.std() / np.sqrt(300))


def test_narma_draws_again_when_an_input_diverges():
    """Seed 4 diverges within 10,000 steps; what comes back is finite and follows the equation."""
    inputs = np.random.default_rng(4).uniform(0, 0.5, 20_210)
    X, y = make_narma(20_000, random_state=4)
    assert not np.array_equal(X[:, 0], inputs[-20_000:])
    assert y.max() < 1.5


def test_narma_that_always_diverges_is_refused():
    with pytest.raises(ValueError, match=r"NARMA of order 10 .* diverged for 100 inputs of 500"):
        make_narma(500, coefficients=(0.9, 0.5, 1.5, 0.1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": 0}, "order must be an integer of at least 1, got 0"),
        ({"order": 30}, "coefficients must be given for an order above 20, got order=30"),
        ({"coefficients": (1, 2, 3)}, "coefficients must be four numbers"),
        ({"coefficients": (1, 2, 3, np.nan)}, "each of the coefficients must be a finite number"),
    ],
)
def test_narma_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_narma(10, **arguments)


def test_mso_is_the_sum_of_its_sines():
    n = np.arange(1000)
    frequencies = [0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97]
    for m in range(1, 9):
        np.testing.assert_allclose(
            make_mso(1000, m), sum(np.sin(a * n) for a in frequencies[:m]), atol=1e-12
        )
    np.testing.assert_allclose(make_mso(1000, frequencies=[0.1, 1]), np.sin(0.1 * n) + np.sin(n))
    assert_same(make_mso(50), make_mso(50, 8))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_oscillators": 0}, "n_oscillators must be an integer of at least 1, got 0"),
        ({"n_oscillators": 9}, "n_oscillators must be at most 8, got 9; give the frequencies"),
        ({"frequencies": []}, "frequencies must hold at least one number"),
        ({"frequencies": [0.2, -1]}, "each of the frequencies must be a finite number above 0"),
    ],
)
def test_mso_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_mso(10, **arguments)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5), st.integers(0, 1000))
@few
def test_delay_memory_gives_back_the_past(delays, seed):
    X, y = make_delay_memory(50, delays, random_state=seed)
    assert X.shape == (50, 1)
    assert y.shape == (50, len(delays))
    for column, k in enumerate(delays):
        np.testing.assert_array_equal(y[k:, column], X[: 50 - k, 0])
    assert (np.abs(y) <= 0.5).all()
    assert np.unique(y).size > 1
    assert_same((X, y[:, :1]), (X, make_delay_memory(50, delays, random_state=seed)[1][:, :1]))


def test_delay_memory_forms_of_delays_and_amplitude():
    X, y = make_delay_memory(1000, 4, amplitude=2, random_state=0)
    assert y.shape == (1000,)
    np.testing.assert_array_equal(y[4:], X[:-4, 0])
    assert 1.9 < np.abs(X).max() <= 2
    expected = make_delay_memory(30, [1, 2, 3], random_state=0)
    for delays in (range(1, 4), np.arange(1, 4), (1, 2, 3)):
        assert_same(make_delay_memory(30, delays, random_state=0), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"delays": -1}, "each delay must be an integer of at least 0, got -1"),
        ({"delays": [1, 2.5]}, r"each delay must be an integer of at least 0, got 2\.5"),
        ({"delays": []}, "delays must hold at least one delay"),
        ({"delays": 1, "amplitude": 0}, "amplitude must be a finite number above 0, got 0"),
    ],
)
def test_delay_memory_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_delay_memory(10, **arguments)


# real series: lengths, ends and frequencies as their sources have them


@pytest.mark.parametrize(
    ("load", "name", "freq", "n", "first", "last"),
    [
        (load_airline, "passengers", "M", 144, ("1949-01", 112.0), ("1960-12", 432.0)),
        (load_lynx, "lynx", "Y-DEC", 114, ("1821", 269.0), ("1934", 3396.0)),
        (load_beer, "beer", "Q-DEC", 218, ("1956Q1", 284.0), ("2010Q2", 374.0)),
        (load_sunspots, "sunspots", "Y-DEC", 309, ("1700", 5.0), ("2008", 2.9)),
        (load_sunspots_monthly, "sunspots", "M", 2820, ("1749-01", 58.0), ("1983-12", 33.4)),
        (load_nile, "volume", "Y-DEC", 100, ("1871", 1120.0), ("1970", 740.0)),
        (load_elnino, "temperature", "M", 732, ("1950-01", 23.11), ("2010-12", 22.07)),
    ],
)
def test_period_series(load, name, freq, n, first, last):
    series = load()
    assert isinstance(series, pd.Series)
    assert (series.name, len(series), series.dtype) == (name, n, float)
    assert isinstance(series.index, pd.PeriodIndex)
    assert series.index.freqstr == freq
    assert (str(series.index[0]), series.iloc[0]) == first
    assert (str(series.index[-1]), series.iloc[-1]) == last
    assert series.notna().all()
    pd.testing.assert_index_equal(
        series.index, pd.period_range(first[0], last[0], freq=freq, name=series.index.name)
    )


def test_known_extremes():
    assert load_sunspots().idxmax() == pd.Period("1957", "Y")
    assert load_sunspots().max() == 190.2
    assert load_nile().idxmin() == pd.Period("1913", "Y")
    assert load_nile().mean() == pytest.approx(919.35)
    assert load_elnino()["1997-12"] > load_elnino()["1996-12"] + 3  # the event of 1997-98
    assert load_lynx().idxmax() == pd.Period("1904", "Y")
    assert load_lynx().max() == 6991
    assert load_airline().idxmax() == pd.Period("1960-07", "M")
    assert load_beer().idxmax() == pd.Period("1990Q4", "Q")


@pytest.mark.parametrize(
    ("load", "total"),
    [
        (load_airline, 40_363),
        (load_lynx, 175_334),
        (load_beer, 90_551),
        (load_electricity_demand, 119_416_293),
        (load_traffic, 29_022_779),
    ],
)
def test_known_totals(load, total):
    assert load().sum() == total


def test_months_of_sunspots_average_to_the_years():
    """Two sources: all years agree but two, in which single months were revised later."""
    months, years = load_sunspots_monthly(), load_sunspots()["1749":"1983"]
    means = months.groupby(months.index.asfreq("Y")).mean()
    differences = (means - years).abs()
    assert differences.median() < 0.05
    assert differences.index[differences > 0.5].year.tolist() == [1840, 1947]
    assert differences.max() < 2


def test_co2_keeps_its_gaps():
    co2 = load_co2()
    assert (co2.name, len(co2), co2.isna().sum()) == ("co2", 2284, 59)
    assert isinstance(co2.index, pd.DatetimeIndex)
    assert co2.index.freqstr == "W-SAT"
    assert (co2.index.name, co2.index[0], co2.index[-1]) == (
        "week",
        pd.Timestamp("1958-03-29"),
        pd.Timestamp("2001-12-29"),
    )
    assert (co2.iloc[0], co2.iloc[-1], co2.min(), co2.max()) == (316.1, 371.5, 313.0, 373.9)
    assert co2["1964-02-01":"1964-04-25"].isna().all()
    assert co2["1986":].notna().all()


def test_co2_by_months():
    weekly, monthly = load_co2(), load_co2_monthly()
    assert monthly.name == "co2"
    pd.testing.assert_index_equal(
        monthly.index, pd.period_range("1958-03", "2001-12", freq="M", name="month")
    )
    assert monthly.index[monthly.isna()].astype(str).tolist() == [
        "1958-06",
        "1958-10",
        "1964-02",
        "1964-03",
        "1964-04",
    ]
    for month in ("1958-05", "1974-06", "2001-12"):
        assert monthly[month] == pytest.approx(np.nanmean(weekly[month]), rel=1e-14)
    assert monthly["1990":"1990"].idxmax().month == 5


def test_electricity_demand_has_days_and_weeks():
    demand = load_electricity_demand()
    assert (demand.name, demand.dtype, demand.isna().sum()) == ("demand", float, 0)
    expected = pd.date_range("2000-06-05", "2000-08-27 23:30", freq="30min")
    assert demand.index.equals(expected)
    assert demand.index.freqstr == "30min"
    assert (demand.iloc[0], demand.iloc[-1]) == (22262.0, 23132.0)
    assert (demand.min(), demand.max()) == (18640.0, 38777.0)
    assert demand.groupby(demand.index.day_of_week).mean().nsmallest(2).index.tolist() == [6, 5]
    assert 4 <= demand.groupby(demand.index.hour).mean().idxmin() <= 5


def test_traffic_keeps_its_gaps():
    traffic = load_traffic()
    assert (traffic.name, len(traffic), traffic.isna().sum()) == ("volume", 8760, 27)
    assert (traffic.index.name, traffic.index.freqstr) == ("time", "h")
    assert traffic.index[0] == pd.Timestamp("2017-10-01 00:00")
    assert traffic.index[-1] == pd.Timestamp("2018-09-30 23:00")
    assert (traffic.iloc[0], traffic.iloc[-1]) == (1447.0, 954.0)
    assert (traffic.min(), traffic.max()) == (151.0, 7213.0)
    assert np.isnan(traffic["2018-03-11 02:00"])  # the clock went forward
    assert traffic["2017-12-05 15:00":"2017-12-05 17:00"].isna().all()
    weekdays = traffic[traffic.index.day_of_week < 5]
    assert weekdays.groupby(weekdays.index.hour).mean().nlargest(2).index.tolist() == [16, 7]


@pytest.mark.parametrize(
    ("name", "n", "first", "last", "total"),
    [
        ("accidental_deaths", 72, ("1973-01", 9007.0), ("1978-12", 9240.0), 632_793),
        ("electricity", 486, ("1973-01", 160.218), ("2013-06", 356.4), 126_144.998),
        ("gas", 476, ("1956-01", 1709.0), ("1995-08", 60054.0), 10_193_669),
        ("road_casualties", 192, ("1969-01", 1687.0), ("1984-12", 1763.0), 320_699),
        ("temperature", 240, ("1920-01", 40.6), ("1939-12", 37.8), 11_769.5),
    ],
)
def test_monthly_panel(name, n, first, last, total):
    series = load_monthly_panel()[name]
    assert (series.name, len(series), series.dtype) == ("value", n, float)
    assert series.notna().all()
    pd.testing.assert_index_equal(
        series.index, pd.period_range(first[0], last[0], freq="M", name="month")
    )
    assert (series.iloc[0], series.iloc[-1]) == (first[1], last[1])
    assert series.sum() == pytest.approx(total, rel=1e-9)


def test_monthly_panel_is_one_series_below_the_other():
    panel = load_monthly_panel()
    assert (panel.shape, panel.index.names) == ((1466,), ["series", "month"])
    assert panel.index.is_monotonic_increasing


def test_electricity_adds_up_to_the_years_that_were_printed():
    """Total net generation in Table ES2 of the Electric Power Annual 2006, 10⁹ kWh."""
    printed = [3353, 3444, 3492, 3620, 3695, 3802, 3737, 3858, 3883, 3971, 4055, 4065]
    months = load_monthly_panel()["electricity"]["1995":"2006"]
    np.testing.assert_allclose(months.groupby(months.index.year).sum(), printed, atol=0.6)


def test_macrodata():
    frame = load_macrodata()
    assert frame.shape == (203, 12)
    assert frame.index.freqstr == "Q-DEC"
    assert frame.index.name == "quarter"
    assert (str(frame.index[0]), str(frame.index[-1])) == ("1959Q1", "2009Q3")
    assert set(frame.dtypes) == {np.dtype(float)}
    assert frame.notna().all(axis=None)
    assert frame.loc["1959Q1", "realgdp"] == 2710.349
    assert frame.loc["2009Q3", ["realgdp", "unemp", "cpi"]].tolist() == [12990.341, 9.6, 216.385]
    inflation = 400 * np.log(frame["cpi"]).diff()
    np.testing.assert_allclose(frame["infl"].iloc[1:], inflation.iloc[1:], atol=0.006)


@pytest.mark.parametrize(
    "load", [getattr(datasets, name) for name in datasets.__all__ if name.startswith("load_")]
)
def test_every_load_is_a_copy_of_its_own(load):
    first = load()
    first.iloc[0] = -1.0
    assert (load().iloc[0] != -1.0).all() if first.ndim == 2 else load().iloc[0] != -1.0
