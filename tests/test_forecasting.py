"""Forecasts of pandas series: every kind of index, differences undone, and what is refused."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from reservoir import ESNRegressor, ReservoirForecaster
from reservoir.datasets import load_co2
from reservoir.forecasting._differencing import Differencing, Scaling
from reservoir.forecasting._learners import _from_rest
from reservoir.forecasting._series import full_index, index_after, season_of

N = 80
INDEXES = {
    "days": pd.date_range("2024-01-01", periods=N, freq="D", name="day"),
    "month ends": pd.date_range("2000-01-31", periods=N, freq="ME"),
    "business days": pd.bdate_range("2024-01-01", periods=N),
    "saturdays": pd.date_range("2024-01-06", periods=N, freq="W-SAT"),
    "hours over a clock change": pd.date_range(
        "2024-03-30", periods=N, freq="h", tz="Europe/Berlin"
    ),
    "quarters": pd.period_range("1990Q1", periods=N, freq="Q", name="quarter"),
    "pairs of months": pd.period_range("1990-01", periods=N, freq="2M"),
    "range": pd.RangeIndex(N, name="step"),
    "range from 5 in twos": pd.RangeIndex(5, 5 + 2 * N, 2),
    "integers": pd.Index(np.arange(10, 10 + N)),
}


def waves(index=INDEXES["days"], n_columns=1, noise=0.05):
    rng = np.random.default_rng(0)
    t = np.arange(len(index))[:, None] + 3.0 * np.arange(n_columns)
    values = np.sin(2 * np.pi * t / 11) + noise * rng.normal(size=(len(index), n_columns))
    return pd.DataFrame(values, index, [f"wave {i}" for i in range(n_columns)])


def wave(index=INDEXES["days"], noise=0.05):
    return waves(index, noise=noise)["wave 0"].rename("wave")


def quick(**parameters):
    return ReservoirForecaster(n_estimators=2, **parameters)


# --- what comes out ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", INDEXES)
@pytest.mark.parametrize("n_columns", [0, 2], ids=["series", "frame"])
@pytest.mark.parametrize("exogenous", [False, True], ids=["alone", "with X"])
def test_forecast_follows_the_index(kind, n_columns, exogenous):
    index = INDEXES[kind]
    data = waves(index, n_columns) if n_columns else wave(index)
    X = pd.DataFrame({"x": np.cos(np.arange(N)), "z": np.arange(N) % 3}, index)
    past, future = data.iloc[:-6], data.iloc[-6:]
    if exogenous:
        forecast = quick().fit(past, X.iloc[:-6]).predict(6, X.iloc[-6:])
    else:
        forecast = quick().fit(past).predict(6)
    assert forecast.index.equals(future.index)
    assert forecast.index.name == index.name
    assert type(forecast) is type(data)
    assert getattr(forecast.index, "freq", None) == getattr(index, "freq", None)
    assert np.isfinite(forecast.to_numpy()).all()
    if n_columns:
        assert forecast.columns.equals(data.columns)
    else:
        assert forecast.name == "wave"


@pytest.mark.parametrize("kind", ["days", "month ends", "business days", "saturdays"])
def test_frequency_is_inferred(kind):
    index = INDEXES[kind]
    without = wave(pd.DatetimeIndex(index, freq=None))
    assert without.index.freq is None
    assert_array_equal(
        quick().fit(without).predict(3).index, index_after(full_index(index, "y"), 3)
    )
    assert quick().fit(without).predict(3).index.freq == index.freq


def test_horizon_may_be_a_number_steps_or_times():
    y = wave(INDEXES["quarters"])
    forecaster = quick().fit(y)
    five = forecaster.predict(5)
    assert forecaster.predict().equals(five.iloc[:1])
    assert forecaster.predict(fh=[2, 5]).equals(five.iloc[[1, 4]])
    assert forecaster.predict(np.array([5])).equals(five.iloc[[4]])
    assert forecaster.predict(five.index[1:4]).equals(five.iloc[1:4])
    numbered = quick().fit(y.reset_index(drop=True))
    assert numbered.predict(pd.RangeIndex(N + 1, N + 3)).equals(numbered.predict([2, 3]))


def test_sine_is_continued():
    y = wave(pd.RangeIndex(500), noise=0.0)
    forecast = ReservoirForecaster().fit(y[:400]).predict(100)
    assert_allclose(forecast, y[400:], atol=1e-3)


def test_trend_and_season_are_continued():
    t = np.arange(132)
    y = pd.Series(
        0.2 * t + 3 * np.sin(2 * np.pi * t / 12), pd.period_range("2010", periods=132, freq="M")
    )
    forecaster = ReservoirForecaster().fit(y[:120])
    assert forecaster.season_ == 12
    assert_allclose(forecaster.predict(12), y[120:], atol=0.05)


def test_exogenous_column_is_used():
    rng = np.random.default_rng(1)
    index = pd.date_range("2024", periods=300, freq="D")
    X = pd.DataFrame({"x": rng.normal(size=300)}, index)
    y = 2 * X["x"] + wave(index)
    forecast = quick(difference=0).fit(y[:280], X).predict(20, X)
    alone = quick(difference=0).fit(y[:280]).predict(20)
    assert (forecast - y[280:]).abs().mean() < 0.3 * (alone - y[280:]).abs().mean()


@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (1, 1)])
def test_linear_effect_of_exogenous_column_survives_differencing(orders):
    rng = np.random.default_rng(1)
    index = pd.RangeIndex(300)
    X = pd.DataFrame({"x": rng.normal(size=300).cumsum()}, index)
    network = ESNRegressor(n_units=20, input_scaling=0.01, alpha=1e-8, random_state=0)
    forecaster = ReservoirForecaster(
        network, n_estimators=1, transform=None, difference=orders[0],
        seasonal_difference=orders[1], season=7,
    )  # fmt: skip
    forecast = forecaster.fit(3 * X["x"][:280], X).predict(20, X)
    assert_allclose(forecast, 3 * X["x"][280:], atol=0.02)


def test_columns_of_x_are_found_by_name():
    index = INDEXES["days"]
    X = pd.DataFrame({"a": np.cos(np.arange(N)), "b": np.arange(N) % 5}, index)
    forecaster = quick().fit(wave(index)[:-5], X)
    assert list(forecaster.feature_names_in_) == ["a", "b"]
    assert forecaster.predict(5, X[["b", "a"]]).equals(forecaster.predict(5, X[-5:]))
    assert not hasattr(forecaster.fit(wave(index)), "feature_names_in_")


def test_constant_series_stays_constant():
    forecast = quick().fit(pd.Series(1e6 + np.full(40, 0.1))).predict(5)
    assert_allclose(forecast, 1e6 + 0.1, rtol=1e-12)


@pytest.mark.parametrize("parameters", [{"difference": 1}, {"seasonal_difference": 1}])
@settings(max_examples=8, deadline=None)
@given(factor=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3))
def test_forecast_scales_and_shifts_with_the_series(parameters, factor, shift):
    y = wave()
    forecaster = quick(transform=None, **parameters)
    forecast = clone(forecaster).fit(y).predict(8)
    other = clone(forecaster).fit(factor * (y + shift)).predict(8)
    assert_allclose(other / factor - shift, forecast, atol=1e-4)


@pytest.mark.parametrize("n_rows", [10, 11, 15, 25, 40])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_short_series_stay_near_their_range(n_rows, noise):
    y = wave(noise=noise)[:n_rows]
    forecast = ReservoirForecaster(difference=0, seasonal_difference=0).fit(y).predict(50)
    assert forecast.abs().max() < 3 * y.abs().max()


def test_own_network_is_used_and_left_alone():
    network = ESNRegressor(n_units=30, alpha=1e-3, random_state=5)
    forecaster = ReservoirForecaster(network, n_estimators=3).fit(wave())
    assert not hasattr(network, "coef_")
    assert network.random_state == 5
    assert [esn.n_units for esn in forecaster.estimators_] == [30] * 3
    weights = [esn.input_weights_ for esn in forecaster.estimators_]
    assert not np.array_equal(weights[0], weights[1])


def test_forecast_is_the_closed_loop_of_the_network():
    y = wave(pd.RangeIndex(200))
    network = ESNRegressor(n_units=40, alpha=1e-4, warmup=20)
    forecaster = ReservoirForecaster(
        network, n_estimators=1, difference=0, transform=None, scale=False
    ).fit(y)
    seed = forecaster.estimators_[0].random_state
    values = y.to_numpy()[:, None]
    plain = clone(network).set_params(random_state=seed).fit(values[:-1], values[1:])
    expected = plain.generate(12, context=values)  # from rest, over the same rows
    assert_allclose(forecaster.predict(12), expected[:, 0], atol=1e-10)


def test_same_data_same_forecast_whatever_the_global_seed():
    first = quick().fit(wave()).predict(5)
    np.random.seed(3)  # noqa: NPY002
    assert quick().fit(wave()).predict(5).equals(first)
    assert not quick(random_state=1).fit(wave()).predict(5).equals(first)


# --- the forecaster as an object --------------------------------------------------------------


def contents(forecaster):
    """All that it holds as bytes, without what pandas caches on an index."""
    (track,) = forecaster._tracks.values()
    held = {**vars(forecaster), "_tracks": (list(track.index), track.y, track.x)}
    return {name: pickle.dumps(value) for name, value in held.items()}


def test_predict_changes_nothing():
    X = pd.DataFrame({"x": np.cos(np.arange(N))}, INDEXES["days"])
    y = wave()[:-9]
    kept_y, kept_x = y.copy(), X.copy()
    forecaster = quick().fit(y, X)
    before = contents(forecaster)
    first = forecaster.predict(9, X)
    assert forecaster.predict(9, X).equals(first)
    assert contents(forecaster) == before
    assert y.equals(kept_y)
    assert X.equals(kept_x)


def test_clone_pickle_and_copy():
    forecaster = quick(season=7, difference=1)
    assert clone(forecaster).get_params() == forecaster.get_params()
    assert ReservoirForecaster().set_params(difference=2).difference == 2
    forecast = forecaster.fit(wave()).predict(4)
    for other in (pickle.loads(pickle.dumps(forecaster)), deepcopy(forecaster)):
        assert other.predict(4).equals(forecast)
    assert not hasattr(clone(forecaster), "estimators_")


@pytest.mark.parametrize("orders", [(0, 0), (1, 0), (1, 1)])
def test_update_moves_the_state_as_if_the_rows_had_been_there(orders):
    index = INDEXES["days"]
    X = pd.DataFrame({"x": np.cos(np.arange(N))}, index)
    y = wave()
    forecaster = quick(difference=orders[0], seasonal_difference=orders[1])
    forecaster.fit(y[:60], X).update(y[60:61], X).update(y[61:70], X)
    assert forecaster.predict(3, X).index.equals(index[70:73])
    moved = forecaster.predict(3, X)
    for learner, _ in forecaster._members[None]:  # run over the whole series from rest
        learner.fitted, learner.n_seen = [_from_rest(learner.fitted[0])], 0
    assert_allclose(moved, forecaster.predict(3, X), atol=1e-8)


def test_update_refuses_what_does_not_follow():
    y = wave()
    forecaster = quick().fit(y[:60])
    with pytest.raises(ValueError, match="follow the series, got 2024-03-02"):
        forecaster.update(y[61:])
    with pytest.raises(ValueError, match="must not hold NaN"):
        forecaster.update(y[60:].where(y.index[60:] != y.index[65]))
    with pytest.raises(NotFittedError):
        quick().update(y)
    with pytest.raises(ValueError, match="columns of fit"):
        quick().fit(waves(n_columns=2)[:60]).update(waves(n_columns=3)[60:])
    with pytest.raises(ValueError, match="must be a Series as in fit, got a DataFrame"):
        forecaster.update(y[60:].to_frame())


# --- gaps -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", INDEXES)
def test_gaps_are_refused_or_filled(kind):
    y = wave(INDEXES[kind])
    holes = y.drop(y.index[[20, 21, 50]])
    holes.iloc[30] = np.nan
    with pytest.raises(ValueError, match=r"no gaps, but there is no row .*3 missing.*interpolate"):
        quick().fit(holes)
    filled = y.copy()
    filled.iloc[[20, 21, 50]] = np.nan
    filled[holes.index[30]] = np.nan
    filled = filled.reset_index(drop=True).interpolate().set_axis(y.index)
    forecaster = quick(missing="interpolate").fit(holes)
    assert forecaster.n_filled_ == 4
    assert_allclose(forecaster.predict(5), quick().fit(filled).predict(5), atol=1e-9)


def test_advice_on_gaps_works():
    for kind in ("days", "saturdays", "quarters", "range from 5 in twos"):
        y = wave(INDEXES[kind])
        holes = y.drop(y.index[[20, 21, 50]])
        with pytest.raises(ValueError, match="fill them with") as error:
            quick().fit(holes)
        advice = str(error.value).split("fill them with ")[1].split(", or pass")[0]
        quick().fit(eval(advice, {"y": holes, "pd": pd}))


def test_co2_is_filled():
    co2 = load_co2()
    forecaster = quick(missing="interpolate").fit(co2)
    assert forecaster.n_filled_ == 59
    assert quick(missing="interpolate").fit(co2.dropna()).predict(3).equals(forecaster.predict(3))


def test_gaps_of_x_are_filled_too():
    index = INDEXES["days"]
    X = pd.DataFrame({"x": np.arange(N, dtype=float)}, index)
    holes = X.copy()
    holes.iloc[[10, 11]] = np.nan
    forecaster = quick(missing="interpolate").fit(wave()[:70].drop(index[[40]]), holes)
    assert forecaster.n_filled_ == 3
    assert_allclose(
        forecaster.predict(2, X[70:]),
        quick(missing="interpolate").fit(wave()[:70].drop(index[[40]]), X).predict(2, X[70:]),
        atol=1e-9,
    )


@pytest.mark.parametrize(("row", "end"), [(0, "begin"), (-1, "end")])
def test_ends_cannot_be_interpolated(row, end):
    y = wave()
    y.iloc[row] = np.nan
    with pytest.raises(ValueError, match=f"must not {end} with NaN"):
        quick(missing="interpolate").fit(y)


def test_rows_of_the_future_are_named():
    y = wave()
    y.iloc[-3:] = np.nan
    last = y.index[-3].date()
    with pytest.raises(ValueError, match=rf"not end with NaN, got 3 row\(s\) of it from {last} on"):
        quick().fit(y)


# --- what is refused --------------------------------------------------------------------------


def with_value(value, row=40):
    y = wave()
    y.iloc[row] = value
    return y


def reindexed(index):
    return pd.Series(wave().to_numpy()[: len(index)], index)


REFUSED = {
    "array": (lambda: np.zeros(50), TypeError, "pandas Series or DataFrame, got ndarray"),
    "nan": (lambda: with_value(np.nan), ValueError, r"NaN, got one at 2024-02-10 \(1 in all\)"),
    "infinite": (lambda: with_value(np.inf), ValueError, "infinite value at 2024-02-10;"),
    "strings": (
        lambda: wave().astype(str),
        ValueError,
        r"real numbers, but column 'wave' is of type .* '0\.006",
    ),
    "string column": (
        lambda: waves(n_columns=2).assign(name="a"),
        ValueError,
        "column 'name' is of type .* begins with 'a'; convert",
    ),
    "complex": (lambda: wave() * 1j, ValueError, "real numbers"),
    "empty": (lambda: wave()[:0], ValueError, "must have rows and columns"),
    "one name twice": (
        lambda: waves(n_columns=2).set_axis(["a", "a"], axis=1),
        ValueError,
        "different names, got 'a' twice",
    ),
    "too few rows": (lambda: wave()[:9], ValueError, "at least 11 rows, got 9"),
    "one row": (lambda: wave()[:1], ValueError, "no frequency|at least 11 rows"),
    "string index": (
        lambda: reindexed(INDEXES["days"].astype(str)),
        TypeError,
        r"DatetimeIndex, a PeriodIndex or whole numbers .* pd\.to_datetime\(y\.index\)",
    ),
    "float index": (lambda: reindexed(np.arange(N) * 0.5), TypeError, "whole numbers"),
    "missing time": (
        lambda: reindexed(INDEXES["days"].where(INDEXES["days"] != "2024-01-03")),
        ValueError,
        "missing times",
    ),
    "unsorted": (lambda: wave()[::-1], ValueError, r"not sorted; use y\.sort_index\(\)"),
    "backwards range": (
        lambda: reindexed(pd.RangeIndex(N, 0, -1)),
        ValueError,
        "not sorted",
    ),
    "duplicated": (
        lambda: reindexed(INDEXES["days"][[0, 1, 2, 2, *range(4, N)]]),
        ValueError,
        r"got 2024-01-03 twice; drop or average .* y\.groupby\(level=0\)\.mean\(\)",
    ),
    "no frequency": (
        lambda: reindexed(pd.to_datetime(np.cumsum(np.arange(N) ** 2 + 1), unit="s")),
        ValueError,
        "no frequency can be inferred",
    ),
    "no step": (
        lambda: reindexed(pd.Index([0, 2, 5, *range(6, 6 + 2 * (N - 3), 2)])),
        ValueError,
        "no gaps|constant step",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_series(case):
    make, error, message = REFUSED[case]
    with pytest.raises(error, match=message) as caught:
        quick().fit(make())
    assert str(caught.value).endswith(".")


PARAMETERS = {
    "estimator": ["esn", 3],
    "strategy": ["iterated"],
    "horizon": [0],
    "transform": ["sqrt"],
    "fourier": [-1],
    "intervals": ["wide"],
    "n_estimators": [0, 1.5],
    "difference": [-1, "seasonal"],
    "seasonal_difference": [-1, 0.5],
    "season": [1, 7.5],
    "scale": ["standard"],
    "missing": ["drop"],
    "random_state": [-1],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in PARAMETERS for value in PARAMETERS[name]]
)
def test_refused_parameters(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of ReservoirForecaster must be"):
        ReservoirForecaster(**{name: value}).fit(wave())


def test_networks_that_cannot_forecast_are_refused():
    for name in ("feedback", "bidirectional"):
        with pytest.raises(ValueError, match=f"{name}=False, got True"):
            ReservoirForecaster(ESNRegressor(**{name: True})).fit(wave())
    with pytest.raises(ValueError, match=r"at least 83 rows .*warmup=80, got 80"):
        ReservoirForecaster(ESNRegressor(warmup=80)).fit(wave())
    with pytest.raises(ValueError, match="season must be given"):
        ReservoirForecaster(seasonal_difference=1).fit(wave(INDEXES["range"]))
    with pytest.raises(ValueError, match="at least 82 rows"):
        ReservoirForecaster(seasonal_difference=1, season=72, difference=0).fit(wave())


@pytest.mark.parametrize("fh", [0, -1, [0, 1], [2, 1], [1, 1], []])
def test_horizon_must_be_in_the_future(fh):
    with pytest.raises((ValueError, TypeError), match="fh must be"):
        quick().fit(wave()).predict(fh)


@pytest.mark.parametrize("fh", [1.0, "3", True, None, [[1]], [1.5]])
def test_horizon_must_be_steps(fh):
    with pytest.raises(TypeError, match="whole number of steps, an array of them or a pandas"):
        quick().fit(wave()).predict(fh)


def test_times_of_horizon_must_follow():
    forecaster = quick().fit(wave())
    last = INDEXES["days"][-1]
    with pytest.raises(ValueError, match=f"times that follow {last.date()} .* got {last.date()}"):
        forecaster.predict(INDEXES["days"][-1:])
    with pytest.raises(ValueError, match="at the frequency of y"):
        forecaster.predict(pd.DatetimeIndex([last + pd.Timedelta("36h")]))
    with pytest.raises(TypeError, match="index like that of y"):
        forecaster.predict(pd.PeriodIndex(["2030-01-01"], freq="D"))
    with pytest.raises(TypeError, match="index like that of y"):
        forecaster.predict(pd.DatetimeIndex(["2030-01-01"], tz="UTC"))
    with pytest.raises(ValueError, match="positive and increasing"):
        forecaster.predict(INDEXES["days"][:0])


def test_exogenous_rows_must_be_there():
    index = INDEXES["days"]
    X = pd.DataFrame({"x": np.cos(np.arange(N))}, index)
    y = wave()[:70]
    with pytest.raises(ValueError, match=r"X must have a row for each .* none for 2024-01-05 \(1"):
        quick().fit(y, X.drop(index[4]))
    with pytest.raises(ValueError, match="X must have a row for each"):
        quick().fit(y, X.reset_index(drop=True))
    with pytest.raises(ValueError, match="X must not hold NaN"):
        quick().fit(y, X.drop(index[4]).reindex(index))
    with pytest.raises(TypeError, match="X must be a pandas"):
        quick().fit(y, X.to_numpy())
    forecaster = quick().fit(y, X)
    with pytest.raises(ValueError, match=r"X must hold the columns \['x'\] .* got None"):
        forecaster.predict(3)
    with pytest.raises(ValueError, match="none for 2024-03-21"):
        forecaster.predict(11, X)
    with pytest.raises(ValueError, match="columns of fit"):
        forecaster.predict(3, X.rename(columns={"x": "z"}))
    with pytest.raises(ValueError, match="X must not hold NaN"):
        forecaster.predict(3, X.drop(index[71]).reindex(index))
    with pytest.raises(ValueError, match="fitted without X"):
        quick().fit(y).predict(3, X)


@pytest.mark.parametrize("name", ["estimators_", "views_"])
def test_attributes_come_with_fit(name):
    assert not hasattr(ReservoirForecaster(), name)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(ReservoirForecaster(), name)


def test_unfitted_use():
    with pytest.raises(NotFittedError):
        ReservoirForecaster().predict(3)
    forecaster = quick().fit(wave())
    with pytest.raises(ValueError, match="at least 11 rows"):
        forecaster.fit(wave()[:9])
    with pytest.raises(NotFittedError):
        forecaster.predict(3)


def test_divergence_is_named():
    t = np.arange(60.0)
    network = ESNRegressor(n_units=5, activation="identity", alpha=0.0, spectral_radius=0.5)
    forecaster = ReservoirForecaster(network, n_estimators=1, difference=0)
    with pytest.raises(FloatingPointError, match="diverged"):
        forecaster.fit(pd.Series(1.5**t)).predict(3000)


# --- differences ------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    values=arrays(float, (30, 2), elements=st.floats(-1e6, 1e6, width=32)),
    order=st.integers(0, 2),
    seasonal_order=st.integers(0, 2),
    season=st.integers(2, 5),
    n_steps=st.integers(1, 10),
)
def test_differences_are_undone(values, order, seasonal_order, season, n_steps):
    differencing = Differencing(order, seasonal_order, season)
    changes = differencing.apply(values)
    assert len(changes) == 30 - differencing.n_lost
    past, later = values[:-n_steps], changes[-n_steps:]
    assert_allclose(differencing.undo(later, past), values[-n_steps:], atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(arrays(float, (12, 2), elements=st.floats(-1e6, 1e6)))
def test_scaling_is_undone(rows):
    scaling = Scaling.of(rows)
    scaled = scaling.apply(rows)
    assert_allclose(scaling.undo(scaled), rows, atol=1e-9)
    for column, values in zip(scaled.T, rows.T, strict=True):
        if np.ptp(values) > 1e-6 * max(1.0, np.abs(values).max()):
            assert_allclose([column.mean(), column.std()], [0, 1], atol=1e-6)


# --- seasons ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freq", "season"),
    [("QE", 4), ("QS-FEB", 4), ("MS", 12), ("2MS", 6), ("W-TUE", 52), ("D", 7), ("B", 5),
     ("h", 24), ("6h", 4), ("7h", None), ("30min", 48), ("YE", None), ("s", None)],
)  # fmt: skip
def test_seasons_of_frequencies(freq, season):
    assert season_of(pd.date_range("2024", periods=5, freq=freq)) == season


def test_seasons_of_other_indexes():
    assert season_of(pd.period_range("2024", periods=5, freq="M")) == 12
    assert season_of(pd.period_range("2024", periods=5, freq="Y")) is None
    assert season_of(pd.RangeIndex(5)) is None


# --- what a careless forecaster gets wrong ----------------------------------------------------


def test_times_off_the_grid_are_refused():
    months = pd.PeriodIndex(["2024-01", "2024-03", "2024-04", "2024-07"], freq="2M")
    with pytest.raises(ValueError, match=r"2024-04 is no multiple of 2M .*asfreq\('M'\)"):
        full_index(months, "y")
    with pytest.raises(ValueError, match="index of y must have a constant step"):
        full_index(pd.Index([0, 2, 5, 7, 9, 11]), "y")


def test_offsets_without_a_name_have_no_season():
    y = wave(pd.date_range("2010", periods=N, freq=pd.DateOffset(months=1)))
    assert quick().fit(y).season_ is None


@pytest.mark.parametrize("dtype", ["Int64", "int32", "uint8"])
def test_update_compares_numbers_not_their_type(dtype):
    y = wave(pd.RangeIndex(N))
    later = y[60:].set_axis(pd.Index(range(60, N), dtype=dtype))
    forecast = quick().fit(y[:60]).update(later).predict(3)
    assert forecast.equals(quick().fit(y[:60]).update(y[60:]).predict(3))


def test_huge_and_tiny_values():
    expected = quick().fit(wave()).predict(5)
    for factor in (2.0**700, 2.0**-700):
        assert_allclose(quick().fit(wave() * factor).predict(5) / factor, expected, rtol=1e-6)
    with pytest.raises(ValueError, match="differences to be finite"):
        quick(difference=1).fit(pd.Series(np.tile([1.5e308, -1.5e308], 20)))


def test_clock_changes_are_explained():
    days = pd.date_range("2024-01-10 02:30", "2024-03-30 02:30", tz="Europe/Berlin")
    forecaster = quick().fit(wave(days[-N:]))
    with pytest.raises(ValueError, match=r'neither skips nor repeats .* y\.tz_convert\("UTC"\)'):
        forecaster.predict(3)


def test_advice_offers_no_choice_that_is_not_there():
    y = wave()
    with pytest.raises(ValueError, match=r"interpolate\(\)\.$"):
        quick().fit(y[:60]).update(y[60:].where(y.index[60:] != y.index[65]))


def test_unsigned_horizons():
    with pytest.raises(ValueError, match="positive and increasing"):
        quick().fit(wave()).predict(np.array([2, 1], dtype=np.uint8))


def test_too_few_rows_name_only_settings_that_were_made():
    with pytest.raises(ValueError, match=r"at least 110 rows with difference=100, got 80\.$"):
        quick(difference=100).fit(wave())
    with pytest.raises(ValueError, match=r"at least 3 rows .* got 2"):
        quick().fit(pd.Series([1.0, 2.0], pd.DatetimeIndex(["2024-01-01", "2024-01-02"])))


def test_unit_of_exogenous_columns_does_not_matter():
    X = pd.DataFrame({"x": np.random.default_rng(1).normal(size=N)}, INDEXES["days"])
    y = wave()[:70] + X["x"][:70]
    expected = quick().fit(y, X).predict(5, X)
    assert_allclose(quick().fit(y, 1000 * X + 5).predict(5, 1000 * X + 5), expected, rtol=1e-6)
