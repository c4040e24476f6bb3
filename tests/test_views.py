"""How a series is looked at: powers, differences, waves and calendars, each undone or foretold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from reservoir.forecasting._views import (
    CALENDAR,
    DEFAULT_VIEWS,
    Power,
    Preparation,
    View,
    calendar_columns,
    choose_views,
    guerrero,
    harmonics,
)

NO_X = np.empty((40, 0))


def positive_rows(n_rows=40, n_columns=1):
    return arrays(float, (n_rows, n_columns), elements=st.floats(0.1, 100))


def some_rows(n_rows=40, n_columns=2, seed=0):
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal(size=(n_rows, n_columns)).cumsum(axis=0) / 5)


def prepare(view, y, x=None, season=4, cycle=None, calendar=(), scale=True, **more):
    x = np.empty((len(y), 0)) if x is None else x
    return Preparation.of(view, y, x, season, cycle or season, calendar, scale, **more)


# --- powers -----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(rows=positive_rows(), exponent=st.sampled_from([-1.0, -0.3, 0.0, 0.5, 1.0, 1.7, 2.0]))
def test_powers_are_undone(rows, exponent):
    power = Power(np.array([exponent]))
    assert_allclose(power.undo(power.apply(rows)), rows, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(rows=positive_rows(), exponent=st.floats(-1, 2).filter(lambda p: abs(p) > 1e-3))
def test_powers_are_those_of_box_and_cox(rows, exponent):
    assume(exponent != 1)
    expected = [[(float(value) ** exponent - 1) / exponent] for value in rows[:, 0]]
    assert_allclose(Power(np.array([exponent])).apply(rows), expected, rtol=1e-9, atol=1e-9)


def test_small_powers_tend_to_the_logarithm():
    rows = some_rows()
    small, log = Power(np.full(2, 1e-6)), Power(np.zeros(2))
    assert_allclose(small.apply(rows), log.apply(rows), atol=1e-5)
    assert_allclose(small.mean(log.apply(rows), np.full((40, 2), 0.1)),
                    log.mean(log.apply(rows), np.full((40, 2), 0.1)), rtol=1e-5)  # fmt: skip


def test_powers_do_not_write_to_their_input():
    rows = some_rows()
    kept = rows.copy()
    power = Power(np.array([0.0, 0.5]))
    power.mean(power.undo(power.apply(rows)), np.ones((40, 2)))
    assert_array_equal(rows, kept)


@pytest.mark.parametrize("transform", ["log", "box-cox"])
def test_only_columns_above_zero_are_transformed(transform):
    rows = some_rows(n_columns=3)
    rows[7, 1] = 0.0
    power = Power.of(transform, rows, 4)
    assert power.exponents[1] == 1
    assert (power.exponents[[0, 2]] != 1).all()
    assert_array_equal(power.apply(rows)[:, 1], rows[:, 1])
    assert_allclose(power.undo(power.apply(rows)), rows, rtol=1e-9)
    assert_array_equal(Power.of("none", rows, 4).exponents, 1)


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 0.4])
def test_mean_of_transformed_normal_values(exponent):
    rng = np.random.default_rng(0)
    middle, deviation = 0.7, 0.15
    power = Power(np.array([exponent]))
    values = power.undo(rng.normal(middle, deviation, size=(400_000, 1)))
    mean = power.mean(np.array([[middle]]), np.array([[deviation**2]]))
    off = abs(power.undo(np.array([[middle]]))[0, 0] - values.mean())
    assert off > 0.005
    assert abs(mean[0, 0] - values.mean()) < 0.15 * off


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), season=st.sampled_from([2, 4, 12]), truth=st.floats(-0.9, 1.9))
def test_guerrero_finds_what_a_grid_finds(seed, season, truth):
    rng = np.random.default_rng(seed)
    level = np.repeat(np.exp(rng.normal(size=12).cumsum() / 2), season)
    values = level + 0.1 * level ** (1 - truth) * rng.uniform(0.5, 1, size=12 * season)
    assume((values > 0).all())

    groups = values.reshape(12, season)

    def variations(powers):
        ratios = groups.std(axis=1, ddof=1) / groups.mean(axis=1) ** (1 - powers[:, None])
        return ratios.std(axis=1, ddof=1) / ratios.mean(axis=1)

    found = guerrero(values, season)
    assert -1 <= found <= 2
    best = variations(np.linspace(-1, 2, 301)).min()
    assert variations(np.array([found]))[0] <= best * (1 + 1e-4)


@settings(max_examples=20, deadline=None)
@given(factor=st.sampled_from([2.0**-900, 1e-6, 3.0, 1e12, 2.0**900]), seed=st.integers(0, 10**6))
def test_unit_does_not_matter(factor, seed):
    rows = 1 / some_rows(48, 1, seed)
    assert_allclose(guerrero(rows[:, 0] * factor, 4), guerrero(rows[:, 0], 4), atol=1e-3)
    power = Power.of("box-cox", rows * factor, 4)
    changed = power.apply(rows * factor)
    assert np.unique(changed).size == np.unique(rows).size  # no digits are lost
    assert_allclose(power.undo(changed), rows * factor, rtol=1e-9)


def test_guerrero_leaves_alone_what_tells_nothing():
    assert guerrero(np.full(48, 3.0), 12) == 1
    assert guerrero(some_rows(20, 1)[:, 0], 12) == 1


# --- views ------------------------------------------------------------------------------------


def test_given_settings_hold_for_all_views():
    assert choose_views(12, transform="auto") == list(DEFAULT_VIEWS)
    for view in choose_views(12, difference=2, transform="none", fourier=1):
        assert (view.difference, view.transform, view.fourier) == (2, "none", 1)
    for view in choose_views(None):
        assert view.seasonal_difference == view.fourier == 0
    assert max(view.fourier for view in choose_views(5)) == 2


def test_views_say_what_they_are():
    assert str(View()) == "as it is"
    assert str(View("log", 2, 1, 3)) == (
        "log, differences over a step, 2 times, differences over a season, "
        "3 harmonics of the season"
    )


VIEWS = [
    View(),
    View("log", difference=1, fourier=2),
    View("box-cox", seasonal_difference=1),
    View("log", 1, 1, 1),
    View(difference=2, seasonal_difference=1),
]


@pytest.mark.parametrize("view", VIEWS, ids=str)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), n_steps=st.integers(1, 9), scale=st.booleans())
def test_preparations_are_undone(view, seed, n_steps, scale):
    y = some_rows(seed=seed)
    preparation = prepare(view, y, season=4, cycle=8, scale=scale)
    z = preparation.apply(y)
    assert z.shape == (40 - preparation.n_lost, 2)
    if scale:
        assert_allclose(z.mean(axis=0), 0, atol=1e-9)
        assert_allclose(z.std(axis=0), 1, atol=1e-9)
    assert_allclose(preparation.undo(z[-n_steps:], y[:-n_steps]), y[-n_steps:], rtol=1e-7)


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_what_is_known_of_the_future_is_what_was_known_of_the_past(view):
    index = pd.date_range("2024-02-20", periods=40, freq="D")
    x = some_rows(n_columns=1, seed=3)
    preparation = prepare(view, some_rows(), x, 7, calendar=tuple(CALENDAR), phase=3)
    past = preparation.known(x, index)
    n_lost = preparation.n_lost
    for first in (5, 33 - n_lost):
        later = preparation.known(x[first:], index[first:], first=first)
        assert_allclose(later, past[first:], atol=1e-12)


def test_the_phase_shifts_the_waves():
    view, index = View(fourier=2), pd.RangeIndex(40)
    at_start = prepare(view, some_rows(), season=7).known(NO_X, index)
    later = prepare(view, some_rows(), season=7, phase=3).known(NO_X, index)
    assert_allclose(later[:-3], at_start[3:], atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(season=st.integers(2, 30), data=st.data())
def test_harmonics_repeat_and_are_independent(season, data):
    n_pairs = data.draw(st.integers(0, season // 2))
    waves = harmonics(np.arange(3 * season), season, n_pairs)
    assert waves.shape[1] == min(2 * n_pairs, season - 1)
    assert_allclose(waves[season:], waves[:-season], atol=1e-12)
    with_constant = np.hstack([np.ones((len(waves), 1)), waves])
    assert np.linalg.matrix_rank(with_constant) == with_constant.shape[1]


@pytest.mark.parametrize("make", [pd.date_range, pd.period_range])
@pytest.mark.parametrize("name", CALENDAR)
def test_calendar_columns_are_those_of_the_calendar(make, name):
    index = make("2023-11-03 05:00", periods=60, freq="31h")
    columns = calendar_columns(index, (name,))
    days = [time.to_timestamp() if hasattr(time, "to_timestamp") else time for time in index]
    parts = {
        "hour": lambda time: (time.hour, 24),
        "weekday": lambda time: (time.weekday(), 7),
        "month": lambda time: (time.month - 1, 12),
        "quarter": lambda time: ((time.month - 1) // 3, 4),
    }
    for row, time in zip(columns, days, strict=True):
        place, size = parts[name](time)
        assert list(row) == [float(i == place) for i in range(size)]


def test_one_column_that_is_not_positive_keeps_its_view():
    y = some_rows()
    y[:, 1] -= y[:, 1].mean()
    preparation = prepare(View("log"), y, scale=False)
    assert_allclose(preparation.apply(y), np.column_stack([np.log(y[:, 0]), y[:, 1]]))
    assert_allclose(preparation.undo(preparation.apply(y)[-3:], y[:-3]), y[-3:])


def test_what_leaves_the_range_of_a_power_is_infinite_without_a_warning():
    y = some_rows(n_columns=1)
    log = prepare(View("log"), y, scale=False)
    assert log.undo(np.array([[1e4]]), y) == np.inf
    assert log.undo(np.array([[-1e4]]), y) == 0
