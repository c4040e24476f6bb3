"""Intervals and quantiles: by hand, in order, as wide as they say, and means of what was skewed."""

from copy import deepcopy
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, Ridge

from reservoir import (
    CTRNNRegressor,
    EnsembleRegressor,
    ESNRegressor,
    LSTMRegressor,
    ReservoirForecaster,
    RNNRegressor,
)
from reservoir.forecasting import TooFewRowsError
from reservoir.forecasting._intervals import Calibration, origins
from reservoir.forecasting._learners import Learner, Part
from reservoir.forecasting._views import Power

N = 80
H = 4
ESN = ESNRegressor(n_units=15, alpha=1e-3, warmup=3)
KINDS = {
    "conformal": {"intervals": "conformal"},
    "bootstrap": {"intervals": "bootstrap", "n_paths": 40},
    "ensemble": {"intervals": "ensemble", "n_estimators": 3},
}


def wave(n_rows=N, seed=0):
    rng = np.random.default_rng(seed)
    values = np.sin(2 * np.pi * np.arange(n_rows) / 11) + 0.1 * rng.normal(size=n_rows)
    return pd.Series(values, pd.date_range("2024-01-01", periods=n_rows), name="w")


def ar2(n_rows, rng, deviation=1.0):
    shocks, y = deviation * rng.normal(size=n_rows + 50), [0.0, 0.0]
    for shock in shocks:
        y.append(1.2 * y[-1] - 0.5 * y[-2] + shock)
    return np.array(y[52:])


def plain(estimator=None, **parameters):
    as_it_is = {"n_estimators": 1, "transform": None, "difference": 0, "seasonal_difference": 0,
                "fourier": 0, "calendar": (), "scale": False}  # fmt: skip
    if parameters.get("strategy", "recursive") != "recursive":
        as_it_is["horizon"] = H
    estimator = Ridge() if estimator is None else estimator
    return ReservoirForecaster(estimator, **as_it_is | parameters)


# --- in order -------------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", [None, "log", "auto"])
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_are_nested_and_quantiles_in_order(kind, transform):
    y = np.exp(wave())
    forecaster = plain(ESN, transform=transform, scale=True, **KINDS[kind]).fit(y)
    shares = [0.2, 0.5, 0.8, 0.95]
    fan = forecaster.predict_interval(H, coverage=shares)["w"]
    levels = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
    quantiles = forecaster.predict_quantiles(H, alpha=levels)["w"]
    assert (quantiles.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    for narrow, wide in pairwise(shares):
        assert (fan[wide, "lower"] <= fan[narrow, "lower"]).all()
        assert (fan[wide, "upper"] >= fan[narrow, "upper"]).all()
    for share, low, high in [(0.5, 0.25, 0.75), (0.8, 0.1, 0.9), (0.95, 0.025, 0.975)]:
        assert_allclose(fan[share, "lower"], quantiles[low], rtol=1e-12)
        assert_allclose(fan[share, "upper"], quantiles[high], rtol=1e-12)
    if transform == "log":
        assert (fan > 0).all(axis=None)
        assert (quantiles > 0).all(axis=None)


@pytest.mark.parametrize("transform", [None, "log", "box-cox", "auto"])
@pytest.mark.parametrize("estimator", [Ridge(), ESN], ids=["ridge", "esn"])
@pytest.mark.parametrize("strategy", ["recursive", "direct", "multioutput"])
def test_the_middle_of_a_conformal_interval_is_the_forecast(estimator, strategy, transform):
    y = np.exp(wave())
    forecaster = plain(estimator, strategy=strategy, transform=transform, n_estimators=4).fit(y)
    middle = forecaster.predict_quantiles(H, alpha=0.5)["w", 0.5]
    assert_allclose(middle, forecaster.predict(H), rtol=1e-9)
    for fh in ([1, 3], 2, pd.date_range(y.index[-1], periods=3)[1:]):
        interval = forecaster.predict_interval(fh, coverage=0.6)
        assert interval.index.equals(forecaster.predict(fh).index)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_intervals(kind):
    y = wave()
    forecaster = plain(ESN, **KINDS[kind])
    first = deepcopy(forecaster).fit(y)
    interval = first.predict_interval(H)
    np.random.seed(3)  # noqa: NPY002
    assert first.predict_interval(H).equals(interval)
    assert deepcopy(forecaster).fit(y).predict_interval(H).equals(interval)
    other = deepcopy(forecaster).set_params(random_state=1).fit(y)
    assert not other.predict_interval(H).equals(interval)


# --- by hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [Ridge(), ESN], ids=["ridge", "esn"])
@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_errors_are_of_a_model_that_has_not_seen_the_rows(estimator, strategy):
    y = wave()
    forecaster = plain(estimator, strategy=strategy, lags=None).fit(y)
    forecaster.predict_interval(H)
    (found,) = forecaster._calibrations.values()
    cut = N - N // 3
    past = plain(estimator, strategy=strategy).fit(y[:cut])
    expected = np.full((N - cut, H), np.nan)
    for i, start in enumerate(range(cut, N)):
        ahead = min(H, N - start)
        expected[i, :ahead] = y[start : start + ahead] - past.predict(ahead)
        past.update(y[start : start + 1])
    assert_allclose(found.errors[..., 0], expected, atol=1e-8)


def test_origins_are_few_and_all_held_back():
    assert_array_equal(origins(30, 20), range(20, 30))
    assert len(origins(10_000, 100)) == 40
    assert origins(10_000, 100)[[0, -1]].tolist() == [100, 9999]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), coverage=st.floats(0.05, 0.95))
def test_half_widths_cover_a_share_of_the_errors(seed, n, coverage):
    rng = np.random.default_rng(seed)
    found = Calibration(Power(np.ones(1)), rng.standard_t(3, size=(n, 1, 1)))
    width = found.half_widths(coverage)[0, 0]
    within = np.mean(np.abs(found.errors) <= width * (1 + 1e-12))
    assert within >= coverage - 1e-9
    expected = np.quantile(np.abs(found.errors), min(1, np.ceil((n + 1) * coverage) / n))
    assert_allclose(width, expected, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), exponent=st.sampled_from([-900, -10, 0, 10, 900]))
def test_deviations_grow_with_the_step_and_scale_with_the_unit(seed, exponent):
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(20, 6, 2)) * np.linspace(1, 2, 6)[:, None]
    errors[15:, 3:] = np.nan
    errors[:, 4, 1] = np.nan  # nothing was measured at this step
    found = Calibration(Power(np.ones(2)), errors)
    deviation = found.deviation()
    assert (np.diff(deviation, axis=0) >= 0).all()
    counts = np.isfinite(errors).sum(axis=0)
    assert_allclose((counts * deviation**2).sum(axis=0), np.nansum(errors**2, axis=(0, 1)))
    scaled = Calibration(Power(np.ones(2)), errors * 2.0**exponent)
    assert_allclose(scaled.deviation() / 2.0**exponent, deviation, rtol=1e-9)
    widths = scaled.half_widths(0.8) / 2.0**exponent
    assert_allclose(widths, found.half_widths(0.8), rtol=1e-9)


def test_ensemble_intervals_are_quantiles_of_all_networks():
    y = wave()
    forecaster = plain(ESN, n_estimators=5, intervals="ensemble").fit(y)
    each = [network.generate(H, context=y.to_numpy()[-1:, None]) for network in
            forecaster.estimators_]  # fmt: skip
    expected = np.quantile(each, [0.1, 0.5, 0.8], axis=0).T
    assert_allclose(forecaster.predict_quantiles(H, alpha=[0.1, 0.5, 0.8]), expected, atol=1e-9)


def test_bootstrap_of_an_autoregression_by_hand():
    y = pd.Series(ar2(400, np.random.default_rng(0)))
    forecaster = plain(LinearRegression(), lags=2, intervals="bootstrap", n_paths=20_000).fit(y)
    model = forecaster.estimators_[0]
    values = y.to_numpy()
    rows = np.column_stack([values[1:-1], values[:-2]])
    errors = values[2:] - model.predict(rows)
    errors -= errors.mean()
    rng, ends = np.random.default_rng(1), []
    for _ in range(20_000):
        path = [values[-2], values[-1]]
        for shock in rng.choice(errors, 3):
            path.append(model.intercept_ + model.coef_ @ [path[-1], path[-2]] + shock)
        ends.append(path[2:])
    expected = np.quantile(ends, [0.05, 0.5, 0.95], axis=0).T
    found = forecaster.predict_quantiles(3, alpha=[0.05, 0.5, 0.95])
    assert_allclose(found, expected, atol=0.06)


def test_errors_of_a_bootstrap_have_no_mean():
    y = pd.Series(np.random.default_rng(0).exponential(size=300))
    forecaster = plain(DummyRegressor(strategy="quantile", quantile=0.9), lags=1, n_paths=20_000,
                       intervals="bootstrap").fit(y)  # fmt: skip
    forecast = forecaster.predict(2)
    errors = y[1:] - forecast.iloc[0]
    expected = forecast.iloc[0] + np.quantile(errors - errors.mean(), [0.2, 0.5])
    assert_allclose(forecaster.predict_quantiles(2, alpha=[0.2, 0.5]), [expected] * 2, atol=0.03)


SIMULATED = {
    "ridge": Ridge(),
    "esn": ESN,
    "deep esn": ESNRegressor(n_units=10, n_layers=2, alpha=1e-3),
    "esn with a readout": ESNRegressor(n_units=10, readout=Ridge()),
    "ctrnn": CTRNNRegressor(n_units=10, alpha=1e-2),
    "lstm": LSTMRegressor(n_units=3, max_iter=2, random_state=0),
    "rnn": RNNRegressor(n_units=3, max_iter=2, random_state=0),
}


@pytest.mark.parametrize("n_parts", [1, 2])
@pytest.mark.parametrize("name", SIMULATED)
def test_paths_without_shocks_are_the_forecast(name, n_parts):
    rng = np.random.default_rng(0)
    z, known = np.column_stack([wave(), wave(seed=1)]), rng.normal(size=(N + H, 2))
    parts = [Part(z, known[:N], np.full(N, True)), Part(-z, known[:N], np.full(N, True))]
    lags = (0, 1) if name == "ridge" else (0,)
    learner = Learner(SIMULATED[name], "recursive", lags, 1).fit(parts[:n_parts])
    forecast = learner.forecast(parts[0], known[N:], H)
    for n_paths in (1, 3):
        paths = learner.paths(parts[0], known[N:], np.zeros((n_paths, H, 2)))
        assert_allclose(paths, np.tile(forecast, (n_paths, 1, 1)), atol=1e-6)
    shocks = np.zeros((2, H, 2))
    shocks[0, 1] = 1.0
    shaken = learner.paths(parts[0], known[N:], shocks)
    assert_allclose(shaken[1], forecast, atol=1e-6)
    assert_allclose(shaken[0, :2] - forecast[:2], [[0, 0], [1, 1]], atol=1e-6)
    assert (np.abs(shaken[0, 2] - forecast[2]) > 1e-9).all()


@pytest.mark.parametrize("name", SIMULATED)
def test_residuals_are_errors_of_single_steps(name):
    z = wave().to_numpy()[:, None]
    is_known = np.arange(N) != 40
    lags = (0, 1) if name == "ridge" else (0,)
    part = Part(z, np.empty((N, 0)), is_known)
    learner = Learner(SIMULATED[name], "recursive", lags, 1).fit([part])
    used = is_known[1:].copy()
    if name == "ridge":
        rows = np.column_stack([z[1:-1], z[:-2]])
        used = is_known[2:] & is_known[1:-1] & is_known[:-2]
        expected = (z[2:, 0] - learner.fitted[0].predict(rows))[used]
    else:
        fresh = deepcopy(learner.fitted[0])
        for network in (fresh, getattr(fresh, "network_", fresh)):
            if hasattr(network, "predict_state"):
                network.predict_state = "reset"
        used[: getattr(fresh, "warmup", 0)] = False
        expected = (z[1:, 0] - np.ravel(fresh.predict(z[:-1])))[used]
    assert_allclose(learner.residuals([part])[:, 0], expected, atol=1e-8)


# --- as wide as they say --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "strategy", "slack"),
    [
        ("conformal", "recursive", 0.07),
        ("conformal", "direct", 0.07),
        ("bootstrap", "recursive", 0.06),
    ],
)
def test_intervals_cover_what_they_say(kind, strategy, slack):
    """An autoregression of two rows, many times over: the model is right, and so are its errors."""
    rng = np.random.default_rng(0)
    shares, n_series = [0.8, 0.95], 120
    data = {i: pd.Series(ar2(100 + H, rng)) for i in range(n_series)}
    past = pd.concat({i: y[:-H] for i, y in data.items()})
    future = pd.concat({i: y[-H:] for i, y in data.items()})
    forecaster = plain(Ridge(1e-3), lags=2, strategy=strategy, intervals=kind, n_paths=200)
    fan = forecaster.fit(past).predict_interval(H, coverage=shares)[0]
    for share in shares:
        inside = (future >= fan[share, "lower"]) & (future <= fan[share, "upper"])
        assert abs(inside.mean() - share) < slack
    widths = (fan[0.8, "upper"] - fan[0.8, "lower"]).groupby(level=1).mean()
    true = 2 * 1.2816 * np.sqrt(np.cumsum(np.array([1, 1.2, 1.2**2 - 0.5, 0.528]) ** 2))
    assert_allclose(widths, true, rtol=0.2)


def test_intervals_of_logarithms_grow_with_the_level():
    y = pd.Series(np.exp(ar2(160, np.random.default_rng(0), 0.2) + np.arange(160) / 40))
    forecaster = plain(Ridge(), lags=2, transform="log", difference=1).fit(y)
    interval = forecaster.predict_interval(H)[0, 0.9]
    forecast = forecaster.predict(H)
    assert (interval > 0).all(axis=None)
    above, below = interval["upper"] / forecast, forecast / interval["lower"]
    assert_allclose(above, below, rtol=1e-6)
    assert (above > 1.1).all()


# --- means of what was skewed ---------------------------------------------------------------------


@pytest.mark.parametrize("transform", ["log", "box-cox", "auto"])
def test_bias_adjust_moves_the_median_to_the_mean(transform):
    rng = np.random.default_rng(0)
    y = pd.Series(np.exp(1 + 0.5 * rng.normal(size=900)))
    views = {"transform": transform, "difference": 0, "seasonal_difference": 0, "season": 4,
             "fourier": 0}  # fmt: skip
    forecaster = ReservoirForecaster(Ridge(), n_estimators=4, lags=1, **views)
    median = deepcopy(forecaster).fit(y).predict(2)
    mean = forecaster.set_params(bias_adjust=True).fit(y).predict(2)
    if transform != "auto":  # of whose views one forecasts means already
        assert_allclose(median, np.exp(1), rtol=0.07)
    assert_allclose(mean, np.exp(1 + 0.5**2 / 2), rtol=0.07)
    assert (mean > median * 1.05).all()


def test_bias_adjust_does_nothing_without_a_transformation():
    y = pd.DataFrame({"a": wave(), "b": wave(seed=1) - 3})
    for transform in (None, "auto"):
        forecaster = plain(ESN, transform=transform, n_estimators=4)
        expected = deepcopy(forecaster).fit(y).predict(H)
        assert forecaster.set_params(bias_adjust=True).fit(y).predict(H).equals(expected)
    short = wave(11)
    assert plain(lags=2, bias_adjust=True).fit(short).predict(30).notna().all()


def test_bias_adjust_moves_only_the_columns_that_are_transformed():
    y = pd.DataFrame({"a": np.exp(wave()), "b": wave(seed=1)})
    forecaster = plain(ESN, transform="auto", n_estimators=4)
    before = deepcopy(forecaster).fit(y).predict(H)
    after = forecaster.set_params(bias_adjust=True).fit(y).predict(H)
    assert after["b"].equals(before["b"])
    assert (after["a"] > before["a"]).all()


def test_bias_adjust_leaves_intervals_alone():
    y = np.exp(wave())
    forecaster = plain(ESN, transform="log")
    expected = deepcopy(forecaster).fit(y).predict_interval(H)
    adjusted = forecaster.set_params(bias_adjust=True).fit(y)
    forecast = adjusted.predict(H)
    assert adjusted.predict_interval(H).equals(expected)
    assert adjusted.predict(H).equals(forecast)
    assert (forecast > adjusted.predict_quantiles(H, alpha=0.5)["w", 0.5]).all()


def test_forecasts_below_zero_have_intervals_too():
    """Half of the views transform, so that the forecast may be below 0 where y never was."""
    y = pd.Series(np.linspace(50, 1, 60) + np.random.default_rng(0).normal(size=60) / 5)
    forecaster = ReservoirForecaster(
        LinearRegression(), n_estimators=2, lags=1, difference="auto", bias_adjust=True
    ).fit(y)
    forecast = forecaster.predict(30)
    assert forecast.min() < 0
    interval = forecaster.predict_interval(10)
    assert np.isfinite(interval.to_numpy()).all()


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_intervals(kind):
    index = pd.period_range("2000", periods=N, freq="Q", name="quarter")
    y = pd.DataFrame({"a": wave().to_numpy(), 7: wave(seed=1).to_numpy()}, index)
    X = pd.DataFrame({"x": np.cos(np.arange(N))}, index)
    forecaster = plain(ESN, **KINDS[kind]).fit(y[:70], X)
    interval = forecaster.predict_interval([1, 3], X, coverage=(0.5, 0.9))
    assert interval.columns.names == ["variable", "coverage", "bound"]
    assert list(interval.columns) == [
        (v, c, b) for v in ("a", 7) for c in (0.5, 0.9) for b in ("lower", "upper")
    ]
    assert interval.index.equals(index[[70, 72]])
    assert interval.index.name == "quarter"
    quantiles = forecaster.predict_quantiles(2, X, alpha=np.array([0.1, 0.6]))
    assert quantiles.columns.names == ["variable", "alpha"]
    assert list(quantiles.columns) == [(v, p) for v in ("a", 7) for p in (0.1, 0.6)]
    for variable in ("a", 7):
        assert (interval[variable, 0.9, "lower"] < interval[variable, 0.9, "upper"]).all()
    nameless = plain(**KINDS[kind]).fit(wave().rename(None)).predict_interval(2)
    assert nameless.columns[0] == (0, 0.9, "lower")


def test_columns_that_have_several_names():
    y = pd.concat({"u": pd.DataFrame({"a": wave(), "b": wave(seed=1)})}, axis=1)
    forecaster = plain().fit(y)
    assert forecaster.predict(2).columns.equals(y.columns)
    interval = forecaster.predict_interval(2)
    assert interval.columns[0] == (("u", "a"), 0.9, "lower")


@pytest.mark.parametrize("kind", ["conformal", "bootstrap"])
def test_exogenous_columns_reach_the_intervals(kind):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=N)}, wave().index)
    y = 3 * X["x"] + 0.1 * wave()
    forecaster = plain(LinearRegression(), lags=2, **KINDS[kind]).fit(y[:70], X)
    interval = forecaster.predict_interval(H, X)[0, 0.9]
    assert ((interval["lower"] - 3 * X["x"][70:74]).abs() < 0.5).all()
    with pytest.raises(ValueError, match=r"X must hold the columns \['x'\]"):
        forecaster.predict_interval(H)


def test_past_columns_have_no_intervals():
    X = pd.DataFrame({"x": np.cos(np.arange(N))}, wave().index)
    for kind in KINDS.values():
        interval = plain(past_columns=["x"], **kind).fit(wave(), X).predict_interval(H)
        assert list(interval.columns) == [("w", 0.9, "lower"), ("w", 0.9, "upper")]


@pytest.mark.parametrize("place", [[75, 76, 77, 78, 79], range(58, 80, 2), range(54, 79)])
def test_errors_are_of_what_was_measured(place):
    y = wave()
    y.iloc[np.r_[tuple(place)]] = np.nan
    forecaster = plain(lags=2, missing="run_on").fit(y)
    interval = forecaster.predict_interval(H)["w", 0.9]
    assert (interval["lower"] < interval["upper"]).all()
    assert np.isfinite(interval.to_numpy()).all()
    (found,) = forecaster._calibrations.values()
    measured = [[y.iloc[s + h] if s + h < N else np.nan for h in range(H)] for s in
                origins(N, N - N // 3)]  # fmt: skip
    assert_array_equal(np.isnan(found.errors[..., 0]), np.isnan(measured))


def test_nothing_measured_is_said():
    y = wave().where(np.arange(N) < 50)
    forecaster = plain(lags=2, missing="run_on", transform=None).fit(y)
    with pytest.raises(ValueError, match=r"measured values in its last third.*'ensemble'"):
        forecaster.predict_interval(H)
    assert forecaster.set_params(intervals="ensemble").predict_interval(H).notna().all(axis=None)


def test_constant_series_have_intervals_without_width():
    for kind in KINDS.values():
        interval = plain(ESN, scale=True, **kind).fit(wave() * 0 + 3).predict_interval(H)
        assert_allclose(interval, 3, rtol=1e-9)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, np.nan, [], [0.5, 1.0]])
def test_shares_must_be_shares(value):
    forecaster = plain(ESN).fit(wave())
    with pytest.raises(ValueError, match="coverage must lie between 0 and 1, got"):
        forecaster.predict_interval(2, coverage=value)
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1, got"):
        forecaster.predict_quantiles(2, alpha=value)


@pytest.mark.parametrize("value", ["much", None, ["a"], {}])
def test_shares_must_be_numbers(value):
    forecaster = plain(ESN).fit(wave())
    with pytest.raises((TypeError, ValueError), match="coverage must lie between 0 and 1, got"):
        forecaster.predict_interval(2, coverage=value)


@pytest.mark.parametrize(("n_rows", "n_steps"), [(30, 40), (30, 30), (30, 29), (30, 25), (12, 1)])
@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_advice_where_rows_are_too_few_works(n_rows, n_steps, strategy):
    horizon = n_steps if strategy == "direct" else None
    if strategy == "direct" and n_rows < n_steps + 12:
        n_rows = n_steps + 12
    y = np.exp(wave(n_rows))
    forecaster = plain(lags=2, strategy=strategy, horizon=horizon, transform="log").fit(y)
    with pytest.raises(TooFewRowsError, match=rf"more rows than {n_rows} to see") as caught:
        forecaster.predict_interval(n_steps)
    advice = str(caught.value).split("use ")[-1]
    kind = advice.split("intervals='")[1].split("'")[0]
    assert len(forecaster.set_params(intervals=kind).predict_interval(n_steps)) == n_steps
    forecaster.set_params(bias_adjust=True)
    with pytest.raises(TooFewRowsError, match="use bias_adjust=False"):
        forecaster.predict(n_steps)
    assert ("or fewer steps" in advice) == (n_steps >= n_rows // 3)


def test_settings_that_fit_no_network_are_refused_late_too():
    forecaster = plain(EnsembleRegressor(ESN, 2)).fit(wave()).set_params(intervals="bootstrap")
    with pytest.raises(ValueError, match="'conformal' or 'ensemble' with EnsembleRegressor"):
        forecaster.predict_interval(2)
