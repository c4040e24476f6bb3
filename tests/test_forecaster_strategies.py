"""Recursive, direct and multi-output forecasts by hand; updates, gaps, past columns."""

import pickle
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reservoir import (
    CTRNNRegressor,
    EnsembleRegressor,
    ESNClassifier,
    ESNRegressor,
    LSTMRegressor,
    ReservoirForecaster,
    RNNRegressor,
)
from reservoir.forecasting._learners import Learner

N = 80
DAYS = pd.date_range("2024-01-01", periods=N, freq="D", name="day")
STRATEGIES = ("recursive", "direct", "multioutput")
H = 4
ESN = ESNRegressor(n_units=20, alpha=1e-4, warmup=5)


def wave(n_rows=N, seed=0):
    rng = np.random.default_rng(seed)
    values = np.sin(2 * np.pi * np.arange(n_rows) / 11) + 0.05 * rng.normal(size=n_rows)
    return pd.Series(values, pd.date_range(DAYS[0], periods=n_rows, freq="D", name="day"), name="w")


def plain(estimator=None, **parameters):
    """One model of the series as it is, so that hands can follow."""
    as_it_is = {"n_estimators": 1, "transform": None, "difference": 0, "seasonal_difference": 0,
                "fourier": 0, "calendar": (), "scale": False}  # fmt: skip
    if parameters.get("strategy", "recursive") != "recursive":
        as_it_is["horizon"] = H
    estimator = Ridge(0.1) if estimator is None else estimator
    return ReservoirForecaster(estimator, **as_it_is | parameters)


def with_gaps(y, *places):
    y = y.copy()
    y.iloc[np.r_[places]] = np.nan
    return y


# --- slow twins ---------------------------------------------------------------------------------


def ridge_by_hand(rows, targets, alpha):
    """Coefficients (n_features + 1, n_targets), that of the constant last and free."""
    design = np.column_stack([rows, np.ones(len(rows))])
    penalty = alpha * np.diag([1.0] * rows.shape[1] + [0.0])
    return np.linalg.solve(design.T @ design + penalty, design.T @ targets)


def shown_by_hand(z, known, t, lags, steps):
    row = []
    for lag in lags:
        row += list(z[t + 1 - lag])
    for step in steps:
        row += list(known[t + step])
    return row


def forecast_by_hand(z, known, lags, n_steps, strategy, alpha=0.1, n_learned=None):
    """Forecast rows z (n, k), what is known (n + horizon, m) of all times, one number at a time."""
    k, n_learned = z.shape[1], n_learned or len(z)
    horizon = n_steps if strategy != "recursive" else 1
    groups = [range(1, horizon + 1)] if strategy == "multioutput" else [
        [step] for step in range(1, horizon + 1)]  # fmt: skip
    forecast = []
    for steps in groups:
        times = range(max(lags) - 1, n_learned - steps[-1])
        rows = np.array([shown_by_hand(z, known, t, lags, steps) for t in times])
        targets = np.array([np.concatenate([z[t + s] for s in steps]) for t in times])
        weights = ridge_by_hand(rows, targets, alpha)
        longer = list(z)
        for _ in range(n_steps if strategy == "recursive" else 1):
            row = shown_by_hand(longer, known, len(longer) - 1, lags, steps)
            output = np.append(row, 1.0) @ weights
            longer += list(output.reshape(len(steps), k))
        forecast += longer[len(z) :]
    return np.array(forecast)


def weekdays(index):
    return np.array([[float(day == time.weekday()) for day in range(7)] for time in index])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("lags", [3, [1, 4], (7, 2)])
@pytest.mark.parametrize("n_columns", [1, 2])
def test_lagged_ridge_is_the_loop_by_hand(strategy, lags, n_columns):
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(N, 2)), DAYS, ["a", "b"])
    y = pd.DataFrame({f"y{i}": wave(seed=i) + X["a"] * (i + 1) for i in range(n_columns)})
    known = np.hstack([X.to_numpy(), weekdays(DAYS)])
    forecaster = plain(strategy=strategy, lags=lags, calendar=["weekday"])
    forecast = forecaster.fit(y[:-H], X).predict(H, X)
    each = range(1, lags + 1) if isinstance(lags, int) else lags
    expected = forecast_by_hand(y[:-H].to_numpy(), known, each, H, strategy)
    assert_allclose(forecast, expected, atol=1e-9)
    assert_array_equal(forecast.index, DAYS[-H:])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_differences_and_scales_are_those_by_hand(strategy):
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"a": rng.normal(size=N).cumsum()}, DAYS)
    y = np.exp(wave() + 0.3 * X["a"])
    forecaster = plain(strategy=strategy, lags=3, transform="log", difference=1, scale=True,
                       fourier=1, season=5)  # fmt: skip
    forecast = forecaster.fit(y[:-H], X).predict(H, X)
    changes, moves = np.diff(np.log(y[:-H].to_numpy())), np.diff(X["a"].to_numpy())
    seen = moves[: N - H - 1]
    angles = 2 * np.pi * np.arange(1, N) / 5
    known = np.column_stack([(moves - seen.mean()) / seen.std(), np.cos(angles), np.sin(angles)])
    z = ((changes - changes.mean()) / changes.std())[:, None]
    steps = forecast_by_hand(z, known, [1, 2, 3], H, strategy)[:, 0]
    expected = np.log(y.iloc[-H - 1]) + np.cumsum(steps * changes.std() + changes.mean())
    assert_allclose(forecast, np.exp(expected), rtol=1e-9)


@pytest.mark.parametrize("estimator", [ESN, ESNRegressor(n_units=10, n_layers=2, alpha=1e-3)])
def test_recursive_network_is_its_closed_loop(estimator):
    X = pd.DataFrame({"a": np.random.default_rng(1).normal(size=N)}, DAYS)
    y = wave() + X["a"]
    forecaster = plain(estimator, calendar=["weekday"]).fit(y[:-H], X)
    seed = forecaster.estimators_[0].random_state
    values, known = y[:-H].to_numpy()[:, None], np.hstack([X.to_numpy(), weekdays(DAYS)])
    shown = np.hstack([values, known[1 : len(values) + 1]])
    network = clone(estimator).set_params(random_state=seed).fit(shown[:-1], values[1:, 0])
    later = np.vstack([known[len(values) + 1 :], known[:1]])  # the last is not used
    expected = network.generate(H, context=shown, X_future=later)
    assert_allclose(forecaster.predict(H, X), expected, atol=1e-9)


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize(
    "estimator", [ESN, EnsembleRegressor(ESN, 2), CTRNNRegressor(n_units=10, alpha=1e-3)]
)
def test_direct_networks_answer_at_the_last_row(estimator, update):
    y = wave()
    forecaster = plain(estimator, strategy="direct").fit(y[:70] if update else y)
    if update:
        forecaster.update(y[70:])
    values, learned = y.to_numpy()[:, None], 70 if update else N
    expected = []
    for step, fitted in enumerate(forecaster.estimators_[0], 1):
        network = clone(estimator).set_params(random_state=fitted.random_state)
        network.fit(values[: learned - step], values[step:learned, 0])
        expected.append(network.predict(values)[-1])
    assert_allclose(forecaster.predict(H), expected, atol=1e-8)


@pytest.mark.parametrize("estimator", [Ridge(), ESN], ids=["ridge", "esn"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_longer_forecasts_begin_like_shorter_ones(estimator, strategy):
    y = wave()
    forecaster = plain(estimator, strategy=strategy, calendar=["weekday"], fourier=2, difference=1)
    longest = forecaster.fit(y).predict(H)
    for n_steps in range(1, H):
        assert_allclose(forecaster.predict(n_steps), longest[:n_steps], rtol=1e-10)
    assert_allclose(forecaster.predict([2, 4]), longest.iloc[[1, 3]], rtol=1e-10)


def test_regressors_of_one_output_serve_all_strategies():
    y = pd.DataFrame({"a": wave(), "b": wave(seed=1)})
    booster = GradientBoostingRegressor(n_estimators=3)
    for strategy in STRATEGIES:
        forecast = plain(booster, strategy=strategy, lags=2).fit(y).predict(H)
        assert forecast.shape == (H, 2)
        assert np.isfinite(forecast.to_numpy()).all()


def test_more_steps_than_were_learned_are_refused():
    for strategy in ("direct", "multioutput"):
        forecaster = plain(strategy=strategy).fit(wave())
        calls = (forecaster.predict, forecaster.predict_interval, forecaster.predict_quantiles)
        for call in calls:
            with pytest.raises(ValueError, match=r"at most 4 steps.*got 5; raise horizon"):
                call(5)
        with pytest.raises(ValueError, match="horizon must be given with strategy"):
            plain(strategy=strategy, horizon=None).fit(wave())


def test_seeds_reach_what_is_inside_a_pipeline():
    forest = make_pipeline(StandardScaler(), RandomForestRegressor(n_estimators=3))
    forecasts = [plain(forest, n_estimators=2, lags=3).fit(wave()).predict(3) for _ in range(2)]
    assert forecasts[0].equals(forecasts[1])
    assert not plain(forest, lags=3, random_state=1).fit(wave()).predict(3).equals(forecasts[0])


@pytest.mark.parametrize("kind", ["conformal", "bootstrap"])
def test_a_generator_is_asked_for_a_seed_by_fit_alone(kind):
    forecasters = [
        plain(ESN, random_state=np.random.RandomState(3), intervals=kind, n_paths=9).fit(wave())
        for _ in range(2)
    ]
    state = pickle.dumps(forecasters[0].random_state)
    interval = forecasters[0].predict_interval(2)
    assert forecasters[0].predict_interval(2).equals(interval)
    assert forecasters[1].predict_interval(2).equals(interval)
    assert pickle.dumps(forecasters[0].random_state) == state
    by_chance = plain(ESN, random_state=None, intervals=kind, n_paths=9)
    first = by_chance.fit(wave()).predict_interval(2)
    assert by_chance.predict_interval(2).equals(first)
    assert not by_chance.fit(wave()).predict_interval(2).equals(first)


# --- update -------------------------------------------------------------------------------------


def test_update_without_refit_moves_the_state_alone():
    y = wave()
    forecaster = plain(lags=3).fit(y[:60])
    before = forecaster.estimators_[0].coef_.copy()
    forecast = forecaster.update(y[60:]).predict(H)
    assert_array_equal(forecaster.estimators_[0].coef_, before)
    z = y.to_numpy()[:, None]
    expected = forecast_by_hand(z, np.empty((N + H, 0)), [1, 2, 3], H, "recursive", n_learned=60)
    assert_allclose(forecast, expected[:, 0], atol=1e-9)


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("estimator", [Ridge(), ESN, CTRNNRegressor(n_units=10, alpha=1e-3)])
def test_update_in_blocks_is_update_at_once(estimator, strategy, refit):
    rng = np.random.default_rng(2)
    X = pd.DataFrame({"x": rng.normal(size=N + H)}, pd.date_range(DAYS[0], periods=N + H))
    y = wave() + X["x"][:N]
    fitted = plain(estimator, strategy=strategy, difference=1, scale=True).fit(y[:60], X)
    at_once = deepcopy(fitted).update(y[60:], X, refit=refit).predict(H, X)
    in_blocks = deepcopy(fitted)
    for begin, end in ((60, 61), (61, 63), (63, 64), (64, N)):
        in_blocks.update(y[begin:end], X, refit=refit)
    assert_allclose(in_blocks.predict(H, X), at_once, atol=1e-8)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("estimator", [Ridge(), ESN, EnsembleRegressor(ESN, 2)])
def test_refit_learns_as_if_all_had_been_there(estimator, strategy):
    y = wave()
    fitted = plain(estimator, strategy=strategy, difference=1).fit(y[:60])
    kept = deepcopy(fitted)
    expected = clone(fitted).fit(y).predict(H)
    assert_allclose(fitted.update(y[60:], refit=True).predict(H), expected, atol=1e-6)
    untouched = plain(estimator, strategy=strategy, difference=1).fit(y[:60])
    assert kept.predict(H).equals(untouched.predict(H))


@pytest.mark.parametrize("alpha", [1e-4, [1e-6, 1e-3, 1.0]])
def test_refit_keeps_scales_and_views(alpha):
    rng = np.random.default_rng(2)
    X = pd.DataFrame({"x": rng.normal(size=N)}, DAYS)
    y = np.exp(wave() + X["x"])
    network = ESNRegressor(n_units=20, alpha=alpha, warmup=5)
    forecaster = ReservoirForecaster(network, n_estimators=4).fit(y[:60], X)
    before = [member.preparations[None] for member in forecaster._members[None]]
    forecaster.update(y[60:], X, refit=True)
    for (learner, preparations), old in zip(forecaster._members[None], before, strict=True):
        assert preparations[None] is old
        again = replace(learner).fit([forecaster._tracks[None].part(old)])
        assert_allclose(learner.fitted[0].coef_, again.fitted[0].coef_, rtol=1e-5, atol=1e-7)
        assert learner.fitted[0].alpha_ == again.fitted[0].alpha_


@pytest.mark.parametrize("refit", [False, True])
def test_updates_leave_copies_alone(refit):
    y = wave()
    forecaster = plain(ESN).fit(y[:60])
    members = forecaster._members[None]
    before = members[0].learner.fitted[0].predict(np.zeros((3, 1)))
    copy = deepcopy(forecaster)
    first = copy.predict(H)
    forecaster.update(y[60:], refit=refit)
    assert copy.predict(H).equals(first)
    assert_array_equal(members[0].learner.fitted[0].predict(np.zeros((3, 1))), before)


def test_update_that_fails_changes_nothing():
    y = np.exp(wave())
    forecaster = ReservoirForecaster(n_estimators=2).fit(y[:60])
    before = forecaster.predict(H)
    for later in (-y[60:], y[61:], y[60:].astype(str), y[60:].where(y.index[60:] != DAYS[62])):
        with pytest.raises(ValueError, match=r"\.$"):
            forecaster.update(later, refit=True)
        assert forecaster.predict(H).equals(before)


def test_update_names_the_column_that_is_not_above_zero():
    X = pd.DataFrame({"x": np.where(np.arange(N) < 70, 2.0 + np.arange(N) % 3, 0.0)}, DAYS)
    y = np.exp(wave())
    forecaster = plain(transform="log", past_columns=["x"]).fit(y[:60], X)
    with pytest.raises(ValueError, match=r"got 0 at 2024-03-11 in column 'x of X'; fit again"):
        forecaster.update(y[60:], X)


# --- gaps that are run over ---------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [Ridge(), ESN], ids=["ridge", "esn"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_run_on_of_what_has_no_gaps_is_a_plain_fit(estimator, strategy):
    forecaster = plain(estimator, strategy=strategy)
    expected = clone(forecaster).fit(wave()).predict(H)
    assert forecaster.set_params(missing="run_on").fit(wave()).predict(H).equals(expected)


def test_run_on_is_the_loop_by_hand():
    y = with_gaps(wave(), 20, range(40, 46), range(77, 80))
    filled = y.to_numpy()
    times = [t for t in range(2, N - 1) if not np.isnan(filled[t - 2 : t + 2]).any()]
    rows = np.array([filled[[t, t - 1, t - 2]] for t in times])
    weights = ridge_by_hand(rows, filled[np.array(times) + 1], 0.1)
    forecast = []
    for t in range(N + H):
        value = filled[t] if t < N else np.nan
        if np.isnan(value):
            value = weights @ [*forecast[-1:-4:-1], 1.0]
        forecast.append(value)
    forecaster = plain(lags=3, missing="run_on").fit(y)
    assert forecaster.n_filled_ == 10
    assert_allclose(forecaster.predict(H), forecast[N:], atol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("estimator", [Ridge(), ESN], ids=["ridge", "esn"])
def test_values_under_a_mask_have_no_effect(estimator, strategy):
    mask = np.zeros(N, bool)
    mask[[3, 30, 31, 50, 78, 79]] = True
    forecasts = []
    for hidden in (0.0, 1e3, -5.0):
        values = np.where(mask, hidden, wave().to_numpy())
        y = pd.Series(pd.arrays.FloatingArray(values, mask.copy()), DAYS)
        forecaster = plain(estimator, strategy=strategy, missing="run_on")
        forecasts.append(forecaster.fit(y).predict(H))
        gone = plain(estimator, strategy=strategy, missing="run_on")
        gone.fit(y[~mask[:N] | (np.arange(N) >= 78)])
        assert gone.predict(H).equals(forecasts[-1])
    assert forecasts[0].equals(forecasts[1])
    assert forecasts[0].equals(forecasts[2])


@pytest.mark.parametrize("estimator", [Ridge(), ESN], ids=["ridge", "esn"])
def test_a_series_that_ends_with_gaps_is_forecast_over_them(estimator):
    y = wave()
    expected = plain(estimator).fit(y[:70]).predict(10 + H)[10:]
    for tail in (y.where(np.arange(N) < 70), y.astype("Float64").where(np.arange(N) < 70)):
        forecaster = plain(estimator, missing="run_on").fit(tail)
        assert_allclose(forecaster.predict(H), expected, atol=1e-8)
        updated = plain(estimator, missing="run_on").fit(y[:70]).update(tail[70:])
        assert_allclose(updated.predict(H), expected, atol=1e-8)


def test_networks_do_not_learn_from_what_they_ran_on():
    y = with_gaps(wave(), range(40, 50))
    forecaster = plain(ESN, missing="run_on").fit(y)
    track = forecaster._tracks[None]
    part = track.part(forecaster._members[None][0].preparations[None])
    assert_array_equal(np.flatnonzero(~part.is_known), range(40, 50))
    values = track.y[:, 0]
    used = ~np.isnan(y.to_numpy()[1:])
    network = clone(forecaster.estimators_[0]).set_params(predict_state="reset")
    network.fit(values[:-1, None], values[1:], sample_weight=used.astype(float))
    assert_allclose(network.coef_, forecaster.estimators_[0].coef_, atol=1e-10)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_refit_does_not_learn_from_gaps(strategy):
    y = with_gaps(wave(), range(30, 33), range(64, 69))
    forecaster = plain(ESN, strategy=strategy, missing="run_on", difference=1).fit(y[:60])
    forecaster.update(y[60:], refit=True)
    (learner, preparations), track = forecaster._members[None][0], forecaster._tracks[None]
    again = replace(learner).fit([track.part(preparations[None])])
    for fitted, expected in zip(learner.fitted, again.fitted, strict=True):
        assert_allclose(fitted.coef_, expected.coef_, rtol=1e-5, atol=1e-7)


def test_only_what_is_missing_is_filled():
    y = pd.DataFrame({"a": wave(), "b": wave(seed=1)})
    y.iloc[30, 0] = y.iloc[[60, 61], 1] = np.nan
    forecaster = plain(ESN, missing="run_on").fit(y[:70]).update(y[70:])
    filled = forecaster._tracks[None].y
    measured = y.notna().to_numpy()
    assert_array_equal(filled[measured], y.to_numpy()[measured])
    assert np.isfinite(filled).all()


@pytest.mark.parametrize("place", [1, 3, 9])
@pytest.mark.parametrize("parameters", [{"lags": 6}, {"seasonal_difference": 1}, {"difference": 2}])
def test_gaps_before_anything_can_be_forecast(place, parameters):
    y = with_gaps(wave(), place)
    estimator = None if "lags" in parameters else ESN
    forecast = plain(estimator, missing="run_on", **parameters).fit(y).predict(H)
    assert np.isfinite(forecast).all()


@pytest.mark.parametrize("strategy", ["direct", "multioutput"])
def test_gaps_longer_than_the_horizon(strategy):
    y = with_gaps(wave(), range(40, 47))
    forecaster = plain(strategy=strategy, lags=3, missing="run_on").fit(y[:60])
    assert np.isfinite(forecaster.predict(H)).all()
    forecaster.update(with_gaps(y[60:], range(2, 13)))
    assert np.isfinite(forecaster.predict(H)).all()


def test_logarithms_can_be_taken_of_what_is_filled():
    """Half of the views forecast values below 0, and so does the median of all."""
    y = pd.Series(np.linspace(50, 1, 60) + np.random.default_rng(0).normal(size=60) / 5)
    longer = y.reindex(range(80))
    forecaster = ReservoirForecaster(LinearRegression(), n_estimators=2, lags=1, missing="run_on")
    assert deepcopy(forecaster).fit(y).predict(20).min() < 0
    for fitted in (deepcopy(forecaster).fit(longer), forecaster.fit(y).update(longer[60:])):
        filled = fitted._tracks[None].y[60:]
        assert (filled > 0).all()
        assert (filled == y.min()).sum() > 10
        assert np.isfinite(fitted.predict(3)).all()


def test_gaps_that_cannot_be_run_over():
    y = wave()
    with pytest.raises(ValueError, match=r"must not begin with NaN, got one at 2024-01-01"):
        plain(missing="run_on").fit(with_gaps(y, 0))
    with pytest.raises(ValueError, match="must not begin with NaN"):
        plain(missing="run_on").fit(y * np.nan)
    every_other = with_gaps(y, range(1, N, 2))
    with pytest.raises(ValueError, match=r"measured rows at all lags .* got 0 .* fewer lags\.$"):
        plain(lags=3, missing="run_on").fit(every_other)
    with pytest.raises(ValueError, match=r"measured rows one after another .* got 0"):
        plain(ESN, difference=1, missing="run_on").fit(every_other)


def test_updates_with_gaps():
    y = wave()
    fitted = plain(lags=3, missing="run_on").fit(y[:60])
    gone = y[60:].drop(DAYS[[60, 65, 66]])
    holes = with_gaps(y, 60, 65, 66)[60:]
    expected = deepcopy(fitted).update(holes).predict(H)
    assert deepcopy(fitted).update(gone).predict(H).equals(expected)
    in_blocks = deepcopy(fitted).update(holes[:6]).update(holes[6:])
    assert_allclose(in_blocks.predict(H), expected, atol=1e-12)
    nothing = deepcopy(fitted).update(holes[:3] * np.nan)
    assert_allclose(nothing.predict(2), fitted.predict(5)[3:], atol=1e-12)
    refused = {
        "times that follow 2024-02-29": y[55:],
        "index like that of y": y[60:].reset_index(drop=True),
        "each time once": pd.concat([holes, holes]),
        "not sorted": holes[::-1],
        "real numbers": holes.astype(str),
        "must be finite": holes.where(holes.index != DAYS[63], np.inf),
        "at the frequency of y": holes.set_axis(holes.index + pd.Timedelta("1h")),
    }
    for message, later in refused.items():
        with pytest.raises((ValueError, TypeError), match=message):
            deepcopy(fitted).update(later)


# --- columns that are not known ahead -------------------------------------------------------------


@pytest.mark.parametrize("estimator", [Ridge(), ESN], ids=["ridge", "esn"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_past_columns_are_forecast_with_y(estimator, strategy):
    X = pd.DataFrame({"k": np.cos(np.arange(N + H)), "p": np.sin(np.arange(N + H) / 5)},
                     pd.date_range(DAYS[0], periods=N + H, freq="D"))  # fmt: skip
    y = wave() + X["p"][:N]
    forecaster = plain(estimator, strategy=strategy, past_columns=["p"]).fit(y, X)
    forecast = forecaster.predict(H, X[["k"]])
    together = pd.DataFrame({"w": y, "p": X["p"][:N]})
    expected = plain(estimator, strategy=strategy).fit(together, X[["k"]]).predict(H, X[["k"]])
    assert_array_equal(forecast, expected["w"])
    assert forecaster.predict(H, X.assign(p=np.nan)).equals(forecast)
    assert forecaster.predict(H, X.iloc[:, ::-1]).equals(forecast)
    with pytest.raises(ValueError, match=r"X must hold the columns \['k'\] .* got None"):
        forecaster.predict(H)


def test_past_columns_help():
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    y = np.r_[0.0, x[:-1]] + 0.1 * rng.normal(size=300)
    X, y = pd.DataFrame({"x": x}), pd.Series(y)
    forecasts = {(): [], ("x",): []}
    for past in forecasts:
        forecaster = plain(lags=2, past_columns=past).fit(y[:200], X if past else None)
        for t in range(200, 299):
            forecasts[past].append(forecaster.predict(1).iloc[0])
            forecaster.update(y[t : t + 1], X if past else None)
    with_x, without = (
        np.mean((np.array(f) - y[200:299]) ** 2) for f in reversed(forecasts.values())
    )
    assert with_x < 0.03
    assert without > 0.5


def test_past_columns_must_be_there():
    X = pd.DataFrame({"x": np.cos(np.arange(N))}, DAYS)
    with pytest.raises(ValueError, match=r"past_columns must be columns of X, \['x'\], got 'z'"):
        plain(past_columns=["x", "z"]).fit(wave(), X)
    with pytest.raises(ValueError, match=r"past_columns must be columns of X, \[\], got 'x'"):
        plain(past_columns=["x"]).fit(wave())
    forecaster = plain(past_columns=["x"]).fit(wave()[:60], X)
    with pytest.raises(ValueError, match=r"X must hold the columns \['x'\] for the 20 time"):
        forecaster.update(wave()[60:])


def test_names_of_columns_are_not_compared_as_text():
    X = pd.DataFrame({1: np.cos(np.arange(N)), "1": np.sin(np.arange(N))}, DAYS)
    forecaster = plain(past_columns=[1]).fit(wave()[:70], X)
    forecast = forecaster.predict(H, X[["1"]])
    together = pd.DataFrame({"w": wave(), 1: X[1]})[:70]
    assert_array_equal(forecast, plain().fit(together, X[["1"]]).predict(H, X[["1"]])["w"])


# --- every kind of network ------------------------------------------------------------------------

NETWORKS = {
    "lstm": LSTMRegressor(n_units=3, max_iter=2),
    "rnn": RNNRegressor(n_units=3, max_iter=2),
    "ctrnn": CTRNNRegressor(n_units=5, alpha=1e-2),
    "ensemble": EnsembleRegressor(ESNRegressor(n_units=5, alpha=1e-2), n_estimators=2),
    "carrying": ESNRegressor(n_units=5, alpha=1e-2, predict_state="carry"),
    "ensemble of those": EnsembleRegressor(
        ESNRegressor(n_units=5, alpha=1e-2, predict_state="carry"), n_estimators=2
    ),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_forecast(name, strategy):
    y = pd.DataFrame({"a": wave(), "b": wave(seed=1)})
    forecaster = plain(NETWORKS[name], strategy=strategy, scale=True, missing="run_on")
    y.iloc[30] = np.nan
    forecaster.fit(y[:60]).update(y[60:70]).update(y[70:], refit=True)
    first = forecaster.predict(H)
    assert first.shape == (H, 2)
    assert np.isfinite(first.to_numpy()).all()
    assert forecaster.predict(H).equals(first)
    assert not hasattr(NETWORKS[name], "n_features_in_")


@pytest.mark.parametrize("name", NETWORKS)
def test_where_a_network_goes_on_does_not_matter(name):
    """From the state in which it ended, or from rest over the same rows."""
    y = wave()
    forecaster = plain(NETWORKS[name]).fit(y[:60]).update(y[60:])
    network = deepcopy(forecaster.estimators_[0])
    for part in (network, *getattr(network, "estimators_", [getattr(network, "network_", None)])):
        if hasattr(part, "predict_state"):
            part.predict_state = "reset"
    expected = network.generate(H, context=y.to_numpy()[:, None])
    assert_allclose(forecaster.predict(H), expected, atol=1e-6)


@pytest.mark.slow  # compiles for long
def test_trained_network_of_continuous_time_has_no_state_to_go_on_from():
    y = wave()
    network = CTRNNRegressor(n_units=3, training="bptt", max_iter=2)
    forecaster = plain(network).fit(y)
    expected = forecaster.estimators_[0].generate(H, context=y.to_numpy()[:, None])
    assert_allclose(forecaster.predict(H), expected, atol=1e-9)


REFUSED = {
    "cell that feeds back": (
        plain(RNNRegressor(cell="jordan")),
        r"feeds no output back, got cell='jordan'; use strategy='direct', or another cell",
    ),
    "delay": (plain(RNNRegressor(delay=2)), r"delay=0, got 2"),
    "direct with a delay": (plain(RNNRegressor(delay=2), strategy="direct"), r"delay=0, got 2"),
    "bidirectional": (plain(LSTMRegressor(bidirectional=True)), "bidirectional=False, got True"),
    "feedback inside": (
        plain(EnsembleRegressor(ESNRegressor(feedback=True))),
        "feedback=False, got True",
    ),
    "logits": (plain(LSTMRegressor(loss="binary_cross_entropy")), "use 'squared_error'"),
    "network in a pipeline": (
        plain(make_pipeline(StandardScaler(), ESN)),
        "must be the network itself, got ESNRegressor inside Pipeline",
    ),
    "classifier": (plain(KNeighborsClassifier()), "regressor, got the classifier KNeighbors"),
    "network for labels": (plain(ESNClassifier()), "regressor, got the classifier ESNClass"),
    "class": (plain(Ridge), r"must be an object, got the class Ridge; pass Ridge\(\)"),
    "lags of a network": (plain(ESN, lags=3), "lags must be None with ESNRegressor"),
    "lags of the default": (ReservoirForecaster(lags=3), "lags must be None with ESNRegressor"),
    "no lags": (plain(lags=[]), r"lags must be whole numbers, 1 being the last row, got \[\]"),
    "lag 0": (plain(lags=[0, 1]), "lags must be whole numbers, 1 being the last row"),
    "half a lag": (plain(lags=[1.5]), "lags must be whole numbers, 1 being the last row"),
    "warmup": (plain(ESNRegressor(warmup="long")), "'warmup' parameter of ESNRegressor must be"),
    "calendar": (plain(calendar=["day"]), "calendar must hold names among .*, got 'day'"),
    "bootstrap without a loop": (
        plain(strategy="direct", intervals="bootstrap"),
        "'conformal' or 'ensemble' with Ridge and strategy='direct'",
    ),
    "bootstrap of an ensemble": (
        plain(EnsembleRegressor(ESN), intervals="bootstrap"),
        "'conformal' or 'ensemble' with EnsembleRegressor",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_forecast_is_refused_before_it_is_fitted(case, monkeypatch):
    forecaster, message = REFUSED[case]
    monkeypatch.setattr(Learner, "fit", lambda *_: pytest.fail("fitted"))
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        forecaster.fit(wave())
    assert str(caught.value).endswith(".")


def test_calendar_needs_times():
    with pytest.raises(ValueError, match="calendar must be empty where the index holds whole"):
        plain(calendar=["month"]).fit(wave().reset_index(drop=True))


# --- the forecaster as an object ------------------------------------------------------------------


def test_parameters_may_be_of_any_kind_and_stay():
    given = {
        "lags": np.array([1, 3]), "calendar": np.array(["month", "weekday"]),
        "past_columns": np.array(["x"]), "season": np.int64(7), "horizon": np.int32(H),
        "n_estimators": np.int64(2), "fourier": np.int16(1), "difference": np.int64(1),
    }  # fmt: skip
    X = pd.DataFrame({"x": np.cos(np.arange(N))}, DAYS)
    forecaster = plain(strategy="direct", **given).fit(wave(), X)
    for name, value in given.items():
        assert getattr(forecaster, name) is value
    plainly = {name: value.tolist() for name, value in given.items()}
    expected = plain(strategy="direct", **plainly).fit(wave(), X).predict(H)
    assert forecaster.predict(H).equals(expected)
    assert clone(forecaster).fit(wave(), X).predict(H).equals(expected)
    assert pickle.loads(pickle.dumps(forecaster)).predict(H).equals(expected)
    assert forecaster.set_params(estimator__alpha=3).estimator.alpha == 3


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("estimator", [Ridge(), ESN, NETWORKS["ensemble"]])
def test_forecasts_and_intervals_change_nothing(estimator, strategy):
    y = np.exp(wave())
    forecaster = plain(estimator, strategy=strategy, transform="log", bias_adjust=True).fit(y)
    first = forecaster.predict(2), forecaster.predict_interval(2)
    kept = pickle.dumps([forecaster._members, forecaster.get_params()])
    forecaster.predict(H)
    forecaster.predict_interval(H, coverage=[0.5, 0.8])
    forecaster.predict_quantiles(1)
    assert forecaster.predict(2).equals(first[0])
    assert forecaster.predict_interval(2).equals(first[1])
    assert pickle.dumps([forecaster._members, forecaster.get_params()]) == kept


SUMMARIES = {
    "lags": (plain(lags=3), "1 Ridge, recursive, the median of their forecasts", "lags 1 to 3"),
    "far lags": (plain(lags=[1, 7], strategy="direct"), "1 Ridge, direct, the median", "lags 1, 7"),
    "network": (plain(ESN), "1 ESNRegressor, recursive", "n_units=20, warmup=5, alpha=0.0001"),
    "ensemble": (plain(NETWORKS["ensemble"]), "1 EnsembleRegressor", "1 of as it is\n"),
    "continuous": (plain(NETWORKS["ctrnn"]), "1 CTRNNRegressor", "n_units=5, warmup=0, alpha=0.01"),
}


@pytest.mark.parametrize("case", SUMMARIES)
def test_summaries(case, capsys):
    forecaster, *expected = SUMMARIES[case]
    summary = clone(forecaster).set_params(verbose=True).fit(wave()).summary()
    assert all(part in summary for part in expected)
    assert summary.startswith("w: 80 rows from 2024-01-01 to 2024-03-20, a season of 7\n")
    assert summary.endswith("intervals: conformal")
    assert capsys.readouterr().out == summary + "\n"


# --- careless input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["int64", "uint8", "float32", "Int64", "Float32", "bool", "boolean"]
)
def test_numbers_of_any_type(dtype):
    values = np.arange(N) % 2 if "bool" in dtype else np.arange(N) * 7 % 11
    y = pd.Series(values, DAYS)
    forecast = plain(lags=3).fit(y.astype(dtype)).predict(H)
    assert forecast.dtype == np.float64
    assert_allclose(forecast, plain(lags=3).fit(y.astype(float)).predict(H), rtol=1e-12)


def test_diverging_regressors_say_so():
    y = pd.Series(np.cumprod(np.full(60, 1.5)))
    forecaster = plain(LinearRegression(), lags=1).fit(y)
    with pytest.raises(FloatingPointError, match=r"diverged: .* at step \d+ of 3000; use"):
        forecaster.predict(3000)
    forecaster.set_params(intervals="bootstrap", n_paths=3)
    with pytest.raises(FloatingPointError, match="diverged"):
        forecaster.predict_interval(3000)


def test_fewer_rows_than_seasons():
    y = wave(20).set_axis(pd.period_range("2020", periods=20, freq="M"))
    assert np.isfinite(ReservoirForecaster(n_estimators=4).fit(y).predict(14)).all()
    with pytest.raises(ValueError, match=r"at least 23 rows with seasonal_difference=1, got 20"):
        ReservoirForecaster(n_estimators=4, seasonal_difference=1).fit(y)


@pytest.mark.parametrize("transform", [None, "log", "box-cox"])
@pytest.mark.parametrize("factor", [2.0**-600, 1e12, 2.0**600])
def test_the_unit_does_not_matter(transform, factor):
    y = 1 / (1.5 + wave(seed=3).clip(-1, 1))
    forecaster = plain(transform=transform, scale=True, lags=4)
    expected = forecaster.fit(y).predict(H)
    assert_allclose(forecaster.fit(y * factor).predict(H) / factor, expected, rtol=1e-6)


def test_exogenous_rows_of_other_times_do_not_matter():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=N + 20)}, pd.date_range(DAYS[0], periods=N + 20))
    y = wave()
    forecaster = plain(lags=3)
    expected = forecaster.fit(y, X[:N]).predict(H, X[N : N + H])
    assert forecaster.fit(y, X).predict(H, X).equals(expected)
    odd = X.copy()
    odd.iloc[N + H :] = np.nan
    assert forecaster.predict(H, odd).equals(expected)
    with pytest.raises(ValueError, match="X must be finite, got an infinite value"):
        forecaster.predict(H, X.replace(X.iloc[N + 1, 0], np.inf))
    with pytest.raises(ValueError, match="none for 2024-03-21"):
        forecaster.predict(H, X.tz_localize("UTC"))
