"""Backtests: what forecasters see and what they are scored on; scores against their definitions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator

from reservoir import ESNRegressor, ReservoirForecaster
from reservoir.datasets import load_elnino, load_sunspots
from reservoir.forecasting import TooFewRowsError, backtest, score
from reservoir.forecasting._series import full_index, index_after
from reservoir.metrics import interval_coverage, mase, nrmse, rmsse, smape, winkler_score
from reservoir.model_selection import ClassicForecaster

N = 80
DAYS = pd.date_range("2024-01-01", periods=N, freq="D", name="day")
INDEXES = {
    "days": DAYS,
    "hours over a clock change": pd.date_range(
        "2024-03-30", periods=N, freq="h", tz="Europe/Berlin"
    ),
    "quarters": pd.period_range("1990Q1", periods=N, freq="Q", name="quarter"),
    "range from 5 in twos": pd.RangeIndex(5, 5 + 2 * N, 2),
    "integers": pd.Index(np.arange(10, 10 + N)),
}


def wave(index=DAYS, noise=0.05, seed=0):
    t = np.arange(len(index))
    noise = noise * np.random.default_rng(seed).normal(size=len(index))
    return pd.Series(np.sin(2 * np.pi * t / 11) + noise, index, name="wave")


def quick(**parameters):
    return ReservoirForecaster(n_estimators=2, **parameters)


def panel():
    parts = {
        "long": wave(seed=1),
        "short": wave(DAYS[:40], seed=2),
        "late": wave(DAYS[20:], seed=3),
    }
    return pd.concat(parts, names=["name", "day"]).rename("wave")


class Recorder(BaseEstimator):
    """Forecasts the sum of all that it has seen, and refuses rows that do not follow."""

    def __init__(self, missing="raise", n_least=1):
        self.missing = missing
        self.n_least = n_least

    def fit(self, y, X=None):
        if len(y) < self.n_least:
            raise TooFewRowsError("y is too short")
        self.seen_, self.index_, self.n_fits_ = y.interpolate(), full_index(y.index, "y"), 1
        return self

    def update(self, y_new, X=None, *, refit=False):
        after = index_after(self.index_, len(y_new))
        assert y_new.index.equals(after)
        assert not y_new.isna().any()
        self.seen_, self.index_ = pd.concat([self.seen_, y_new]), after
        self.n_fits_ += refit
        return self

    def predict(self, fh=1, X=None):
        index = index_after(self.index_, fh)
        return pd.Series(self.seen_.sum() + 1e6 * self.n_fits_, index)


# --- what a forecaster sees -------------------------------------------------------------------


@settings(deadline=None)
@given(
    n_rows=st.integers(1, 60),
    horizon=st.integers(1, 6),
    n_windows=st.integers(1, 8),
    stride=st.none() | st.integers(1, 6),
    gap=st.integers(0, 4),
    train_size=st.none() | st.integers(1, 30),
    refit=st.sampled_from([True, False, "update"]),
    holes=st.sets(st.integers(1, 58)),
)
def test_all_that_was_known_is_seen_and_nothing_else(
    n_rows, horizon, n_windows, stride, gap, train_size, refit, holes
):
    y = pd.Series(np.arange(1.0, n_rows + 1))
    y[[hole for hole in holes if hole < n_rows - 1]] = np.nan
    found = backtest(
        Recorder("interpolate"), y, horizon=horizon, n_windows=n_windows, stride=stride, gap=gap,
        train_size=train_size, refit=refit,
    )  # fmt: skip
    numbers = list(found["window"].unique())
    begin = None
    for number in numbers:
        rows = found[found["window"] == number]
        start = rows["time"].iloc[0]
        assert_array_equal(rows["time"], np.arange(start, start + horizon))
        assert_array_equal(rows["step"], np.arange(1, horizon + 1))
        assert_array_equal(rows["y"], y.loc[start : start + horizon - 1])
        cutoff, stop = rows["cutoff"].iloc[0], start - gap
        assert cutoff == y.loc[: stop - 1].last_valid_index()
        if begin is None or refit is True:
            first = 0 if train_size is None else stop - train_size
            begin = y.loc[first:].first_valid_index()
        n_fits = 1 + (number - numbers[0] if refit == "update" else 0)
        if refit != "update":  # rows of a window without new ones teach nothing
            assert_allclose(rows["forecast"], np.arange(begin + 1, cutoff + 2).sum() + 1e6 * n_fits)
    if not holes:
        n_least = (n_rows + 1) // 2 if train_size is None else train_size
        room = n_rows - horizon - gap - max(n_least, 1)
        assert len(numbers) == min(n_windows, max(0, room // (stride or horizon) + 1))
        assert numbers == list(range(len(numbers)))
        assert numbers == [] or found["time"].iloc[-1] == n_rows - 1


def test_update_learns_where_it_is_asked_to():
    y = pd.Series(np.arange(1.0, 41.0))
    found = backtest(Recorder(), y, horizon=4, n_windows=3, refit="update")
    assert_allclose(found["forecast"] // 1e6, np.repeat([1, 2, 3], 4))


@pytest.mark.parametrize("kind", INDEXES)
@pytest.mark.parametrize("refit", [True, False])
def test_windows_are_those_of_a_loop(kind, refit):
    y = wave(INDEXES[kind])
    found = backtest(ClassicForecaster("drift"), y, horizon=5, n_windows=3, gap=2, refit=refit)
    for number, start in enumerate((65, 70, 75)):
        rows = found[found["window"] == number]
        expected = ClassicForecaster("drift").fit(y.iloc[: start - 2]).predict(7).iloc[2:]
        assert rows["time"].tolist() == expected.index.tolist() == y.index[start:][:5].tolist()
        assert rows["cutoff"].unique().tolist() == [y.index[start - 3]]
        assert_allclose(rows["forecast"], expected)
        assert_allclose(rows["y"], y.iloc[start:][:5])
    assert found["time"].dtype == y.index.dtype


def test_backtest_refits_on_what_was_known():
    y = load_sunspots()
    found = backtest(quick(season=11), y, horizon=10, n_windows=3)
    assert list(found["time"][::10]) == [pd.Period(year, "Y") for year in ("1979", "1989", "1999")]
    past, future = y[:"1988"], y["1989":"1998"]
    forecast = quick(season=11).fit(past).predict(10)
    second = score(found, by="window").loc[1]
    assert_allclose(second["RMSE"], np.sqrt(((forecast - future) ** 2).mean()))
    assert_allclose(second["MASE"], mase(future, forecast, y_train=past, seasonal_period=11))


@pytest.mark.parametrize("orders", [{}, {"difference": 1}])
def test_state_is_carried_as_in_one_long_run(orders):
    y = wave()
    found = backtest(quick(**orders), y, horizon=4, n_windows=4, stride=7, gap=1, refit=False)
    last = found[found["window"] == 3]
    known = y.index.get_loc(last["cutoff"].iloc[0]) + 1
    assert known == N - 5
    once = quick(**orders).fit(y.iloc[: known - 21])
    step_by_step = quick(**orders).fit(y.iloc[: known - 21])
    once.update(y.iloc[known - 21 : known])
    for i in range(known - 21, known):
        step_by_step.update(y.iloc[i : i + 1])
    for forecaster in (once, step_by_step):
        assert_allclose(last["forecast"], forecaster.predict(5).iloc[1:], rtol=1e-9)
    fresh = quick(**orders).fit(y.iloc[:known]).predict(5).iloc[1:]
    assert not np.allclose(last["forecast"], fresh, rtol=1e-6)  # nothing was learned


def test_what_comes_in_is_learned_by_update():
    y = wave()
    found = backtest(quick(), y, horizon=4, n_windows=3, refit="update")
    forecaster = quick().fit(y[:68]).update(y[68:72], refit=True).update(y[72:76], refit=True)
    assert_allclose(found["forecast"][-4:], forecaster.predict(4))


def test_given_forecaster_is_left_alone():
    forecaster = quick()
    backtest(forecaster, wave(), horizon=5, n_windows=2, refit=False)
    assert not hasattr(forecaster, "estimators_")


def test_exogenous_columns_reach_all_windows():
    x = pd.DataFrame({"x": np.random.default_rng(0).normal(size=N)}, DAYS)
    y = (wave(noise=0.0) + 2 * x["x"]).drop(DAYS[30])
    forecaster = quick(missing="interpolate", difference=0, fourier=0)
    plain = score(backtest(forecaster, y, horizon=5, n_windows=3))
    for refit in (True, False):
        found = backtest(forecaster, y, x.drop(DAYS[30]), horizon=5, n_windows=3, refit=refit)
        assert score(found)["RMSE"].item() < 0.5 * plain["RMSE"].item()


def test_threads_change_no_number():
    alone, together = (
        backtest(quick(), wave(), horizon=5, n_windows=4, n_jobs=n_jobs) for n_jobs in (None, 2)
    )
    drop = {"columns": ["seconds"]}
    pd.testing.assert_frame_equal(alone.drop(**drop), together.drop(**drop), rtol=1e-9)
    assert (alone["seconds"] > 0).all()


# --- which windows there are ------------------------------------------------------------------


def n_windows(*arguments, **options):
    return backtest(*arguments, **options)["window"].nunique()


def test_backtest_has_no_window_it_cannot_learn_from():
    y = wave()
    assert n_windows(quick(), y, horizon=10, n_windows=99) == 4
    nothing = backtest(quick(), y, horizon=41, coverage=0.8)
    assert len(nothing) == 0
    assert list(nothing) == [
        "window", "cutoff", "time", "step", "y", "forecast", "lower_80", "upper_80", "scale_mae",
        "scale_rmse", "seconds",
    ]  # fmt: skip
    assert len(score(nothing)) == 0


def test_backtest_leaves_out_windows_that_are_too_short_to_fit():
    y, few = wave()[:24], {"horizon": 4, "n_windows": 3}
    assert n_windows(quick(difference=0), y, **few) == 3
    network = ESNRegressor(n_units=9, warmup=16)
    for refit in (True, False):
        found = backtest(quick(estimator=network, difference=0), y, **few, refit=refit)
        assert found["window"].unique().tolist() == [2]
    assert n_windows(quick(difference=0), wave()[:11], horizon=3, n_windows=1) == 0


def test_backtest_scores_only_what_was_measured():
    y = wave()
    holes = y.drop(y.index[[72, 75]])
    holes.iloc[10] = np.nan
    naive = ClassicForecaster("naive", missing="interpolate")
    found = backtest(naive, holes, horizon=10, n_windows=1)
    assert found["y"].isna().sum() == 2
    assert found["forecast"].notna().all()
    future = y.iloc[70:].drop(y.index[[72, 75]])
    assert_allclose(score(found)["RMSE"], np.sqrt(((y.iloc[69] - future) ** 2).mean()))


def test_windows_in_which_nothing_was_measured_are_left_out():
    y = wave()
    y.iloc[70:75] = np.nan
    found = backtest(quick(missing="interpolate"), y, horizon=5, n_windows=3)
    assert found["window"].unique().tolist() == [0, 2]
    # what was missing before a window is forecast with it
    assert found["cutoff"].unique().tolist() == [DAYS[64], DAYS[69]]


def test_backtest_fits_on_nothing_that_came_after():
    y = wave().drop(DAYS[[30, 68, 69, 70]])
    changed = y.where(y.index < DAYS[70], 1e3)
    found, other = (
        backtest(quick(missing="interpolate"), each, horizon=10, n_windows=1)
        for each in (y, changed)
    )
    assert found["cutoff"].iloc[0] == DAYS[67]
    assert_array_equal(found["forecast"], other["forecast"])
    assert_array_equal(found["scale_mae"], other["scale_mae"])


def test_all_windows_are_scaled_alike():
    drawn = {"difference": 0, "seasonal_difference": 0}
    found = backtest(quick(season=45, **drawn), wave(), horizon=10, n_windows=4)
    assert found["cutoff"].iloc[0] == DAYS[39]  # no season before it, but before the last one
    steps = wave().diff()[: DAYS[69]].abs().mean()
    assert_allclose(found["scale_mae"].iloc[-1], steps)


def test_errors_are_scaled_by_the_rows_that_were_learned():
    y = wave() * np.geomspace(1, 100, N)
    found = backtest(ClassicForecaster(season=3), y, horizon=5, n_windows=2, train_size=20)
    for start in (70, 75):
        changes = y.iloc[start - 20 : start].diff(3)
        rows = found[found["time"] == DAYS[start]]
        assert_allclose(rows["scale_mae"], changes.abs().mean())
        assert_allclose(rows["scale_rmse"], np.sqrt((changes**2).mean()))


def test_a_series_that_repeats_is_forecast_without_error():
    y = pd.Series(np.tile([1.0, 2.0, 4.0], 20), pd.RangeIndex(60))
    found = backtest(ClassicForecaster(season=3), y, horizon=6, n_windows=2, coverage=0.9)
    assert score(found)["RMSE"].item() == 0
    assert score(found)[["MASE", "RMSSE"]].isna().all(axis=None)
    assert_array_equal(found["lower_90"], found["upper_90"])


# --- many series, many columns ----------------------------------------------------------------


def test_each_series_of_a_panel_is_what_it_is_alone():
    found = backtest(ClassicForecaster("drift"), panel(), horizon=4, coverage=0.8, n_windows=3)
    for name in ("long", "short", "late"):
        alone = backtest(
            ClassicForecaster("drift"), panel()[name], horizon=4, coverage=0.8, n_windows=3
        )
        rows = found[found["series"] == name].drop(columns=["series", "seconds"])
        pd.testing.assert_frame_equal(
            rows.reset_index(drop=True), alone.drop(columns="seconds"), check_freq=False
        )


@pytest.mark.parametrize("refit", [True, False])
def test_panels_have_exogenous_columns_and_intervals(refit):
    y = panel().drop(index=[("short", day) for day in DAYS[:20]])
    x = pd.DataFrame({"x": np.arange(len(y)) % 7 == 0}, y.index).astype(float)
    forecaster = quick(difference=1, seasonal_difference=0, transform=None, fourier=0)
    options = {"horizon": 2, "n_windows": 3, "stride": 5, "coverage": (0.5, 0.9), "refit": refit}
    found = backtest(forecaster, y, x, **options)
    names = found["series"].unique().tolist()
    assert names == ["late", "long"] + ["short"] * refit  # too short for the first window
    for name in names:
        alone = backtest(forecaster, y[name], x.loc[name], **options)
        rows = found[found["series"] == name]
        assert_array_equal(rows["time"], alone["time"])
        for column in ("forecast", "lower_50", "upper_90"):
            assert_allclose(rows[column], alone[column])


def test_series_without_a_name_has_intervals():
    found = backtest(quick(), wave().rename(None), horizon=3, n_windows=1, coverage=0.8)
    ends = quick().fit(wave()[:-3]).predict_interval(3, coverage=0.8)["wave", 0.8]
    assert_allclose(found[["lower_80", "upper_80"]], ends)


@pytest.mark.parametrize("refit", [True, False])
def test_what_is_missing_is_left_to_a_forecaster_that_runs_on(refit):
    y = wave()
    y.iloc[[30, 69, 75, 78, 79]] = np.nan
    found = backtest(quick(missing="run_on"), y, horizon=5, n_windows=3, refit=refit)
    assert found["cutoff"].unique().tolist() == [DAYS[64], DAYS[68], DAYS[74]]
    assert found["y"].isna().sum() == 4
    assert found["forecast"].notna().all()
    if not refit:
        last = quick(missing="run_on").fit(y[:65]).update(y[65:75]).predict(5)
        assert_allclose(found["forecast"][-5:], last)


def test_short_series_have_the_last_windows():
    y = panel().drop(index=[("short", day) for day in DAYS[:30]])
    found = backtest(ClassicForecaster(), y, horizon=4, n_windows=3)
    windows = found.groupby("series", sort=False)["window"].unique().map(list).to_dict()
    assert windows == {"long": [0, 1, 2], "late": [0, 1, 2], "short": [2]}
    found = backtest(ClassicForecaster(), y, horizon=4, n_windows=3, refit=False)
    assert found["series"].unique().tolist() == ["late", "long"]


@pytest.mark.parametrize("refit", [False, "update"])
def test_panels_are_updated(refit):
    expected = backtest(ClassicForecaster(), panel(), horizon=4, n_windows=3)
    found = backtest(ClassicForecaster(), panel(), horizon=4, n_windows=3, refit=refit)
    assert_allclose(found["forecast"], expected["forecast"])


def test_names_of_several_levels_and_long_tables():
    y = panel()
    nested = y.set_axis(pd.MultiIndex.from_tuples([("shop", *key) for key in y.index]))
    table = y.rename("y").rename_axis(["unique_id", "ds"]).reset_index()
    options = {"horizon": 4, "n_windows": 2, "refit": False}
    expected = backtest(ClassicForecaster(), y, **options)
    found = backtest(ClassicForecaster(), nested, **options)
    assert found["series"].tolist() == [("shop", name) for name in expected["series"]]
    assert_array_equal(found["forecast"], expected["forecast"])
    found = backtest(ClassicForecaster(), table, **options)
    assert_array_equal(found["forecast"], expected["forecast"])


def test_columns_are_variables():
    y = pd.DataFrame({"a": wave(), "b": wave(seed=5)})
    found = backtest(ClassicForecaster("drift"), y, horizon=3, n_windows=2, coverage=0.5)
    assert found["variable"].tolist() == ["a"] * 3 + ["b"] * 3 + ["a"] * 3 + ["b"] * 3
    alone = backtest(ClassicForecaster("drift"), y["b"], horizon=3, n_windows=2, coverage=0.5)
    rows = found[found["variable"] == "b"].drop(columns=["variable", "seconds"])
    pd.testing.assert_frame_equal(rows.reset_index(drop=True), alone.drop(columns="seconds"))


# --- scores -----------------------------------------------------------------------------------


def test_scores_are_those_of_the_metrics():
    y = wave()
    found = backtest(ClassicForecaster("drift"), y, horizon=9, n_windows=1, coverage=(0.1, 0.975))
    past, truth, forecast = y.iloc[:-9], found["y"], found["forecast"]
    ends = {10: 0.1, 97.5: 0.975}
    expected = {
        "MASE": mase(truth, forecast, y_train=past, seasonal_period=7),
        "RMSSE": rmsse(truth, forecast, y_train=past, seasonal_period=7),
        "sMAPE": smape(truth, forecast),
        "RMSE": nrmse(truth, forecast, scale=1.0),
    }
    for percent, coverage in ends.items():
        bounds = found[f"lower_{percent}"], found[f"upper_{percent}"]
        expected[f"coverage_{percent}"] = interval_coverage(truth, *bounds)
        expected[f"winkler_{percent}"] = winkler_score(truth, *bounds, coverage=coverage)
    table = score(found)
    assert list(table) == list(expected)
    assert_allclose(table.loc["forecast"], list(expected.values()))


def test_scores_are_means_over_windows_then_series():
    found = backtest(ClassicForecaster("drift"), panel(), horizon=4, n_windows=3)
    found = found[(found["series"] != "short") | (found["window"] == 2)]
    by_window = score(found, by=["series", "window"])
    assert len(by_window) == 7
    by_series = score(found, by="series")
    assert_allclose(by_series["MASE"], by_window.groupby(level=0, sort=False)["MASE"].mean())
    squares = (by_window["RMSE"] ** 2).groupby(level=0, sort=False).mean()
    assert_allclose(by_series["RMSE"], np.sqrt(squares))
    assert_allclose(score(found).loc["forecast"], by_series.mean())
    by_step = score(found, by="step")
    assert by_step.index.tolist() == [1, 2, 3, 4]
    assert_allclose(by_step["MASE"].mean(), score(found)["MASE"].item())


def test_windows_count_alike_however_much_was_measured_in_them():
    y = wave()
    y.iloc[70:74] = np.nan
    found = backtest(ClassicForecaster("drift", missing="interpolate"), y, horizon=5, n_windows=3)
    assert_allclose(score(found)["MASE"], score(found, by="window")["MASE"].mean())


def test_scores_do_not_depend_on_order_or_index():
    found = backtest(ClassicForecaster("drift"), panel(), horizon=4, n_windows=3)
    mixed = found.sample(frac=1, random_state=0).set_axis(np.zeros(len(found), int))
    assert_allclose(score(mixed), score(found))


def test_intervals_cover_what_they_should():
    walk = pd.Series(np.random.default_rng(0).normal(size=1000).cumsum())
    found = backtest(ClassicForecaster("naive"), walk, horizon=5, n_windows=90, coverage=(0.5, 0.9))
    assert (found["upper_90"] - found["lower_90"] > found["upper_50"] - found["lower_50"]).all()
    covered = score(found)
    assert_allclose(covered[["coverage_50", "coverage_90"]], [[0.5, 0.9]], atol=0.05)


@pytest.mark.parametrize(
    ("y", "horizon", "share"), [(load_sunspots(), 10, 0.6), (load_elnino(), 12, 0.95)]
)
def test_defaults_beat_the_naive_forecasts(y, horizon, share):
    def error(forecaster):
        found = backtest(forecaster, y, horizon=horizon, n_windows=4)
        return score(found, by="window")["RMSE"].mean()

    best = min(error(ClassicForecaster(name)) for name in ("naive", "seasonal naive"))
    assert error(ReservoirForecaster()) < share * best


# --- what is refused, and Ctrl-C --------------------------------------------------------------


class Plain(BaseEstimator):
    def fit(self, y, X=None):
        return self


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "horizon"),
        ({"n_windows": 0}, "n_windows"),
        ({"stride": 0}, "stride"),
        ({"gap": -1}, "gap"),
        ({"train_size": 2.5}, "train_size"),
        ({"refit": "always"}, "refit"),
        ({"coverage": 80}, r"coverage must be shares between 0 and 1.*got 80"),
        ({"forecaster": Plain(), "refit": False}, "must have update with refit=False, got a Plain"),
        ({"y": wave().drop(DAYS[3])}, "no gaps, but there is no row for 2024-01-04"),
        ({"y": panel().drop(("late", DAYS[30]))}, "Series 'late': y must have no gaps"),
    ],
)
def test_refused(options, message):
    arguments = {"forecaster": quick(), "y": wave(), "horizon": 4} | options
    with pytest.raises(ValueError, match=message):
        backtest(**arguments)


def test_refused_scores():
    with pytest.raises(ValueError, match="must have the column 'scale_mae', got"):
        score(pd.DataFrame({"window": [0], "y": [1.0], "forecast": [1.0]}))
    with pytest.raises(ValueError, match="must have the column 'week'"):
        score(backtest(quick(), wave(), horizon=4, n_windows=1), by="week")


class Interrupted(Recorder):
    """Is interrupted when it has seen enough."""

    def predict(self, fh=1, X=None):
        if len(self.seen_) > 70:
            raise KeyboardInterrupt
        return super().predict(fh, X)


@pytest.mark.parametrize("refit", [True, False])
def test_control_c_keeps_what_is_done(refit):
    with pytest.warns(UserWarning, match="Interrupted: 2 of 4 windows were done"):
        found = backtest(Interrupted(), wave(), horizon=4, n_windows=4, refit=refit)
    assert found["window"].unique().tolist() == [0, 1]
    with pytest.raises(KeyboardInterrupt):
        backtest(Interrupted(), wave(), horizon=4, n_windows=1, refit=refit)
