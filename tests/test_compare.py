"""Comparisons: the same windows for all, ranks and tests from Demšar (2006), and the classics."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import friedmanchisquare
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge

from reservoir import ReservoirForecaster
from reservoir.forecasting import TooFewRowsError, backtest, score
from reservoir.model_selection import ClassicForecaster, _classic, _compare, compare
from reservoir.model_selection._ranks import (
    CriticalDifference,
    friedman_p_value,
    groups_alike,
    nemenyi_difference,
    rank_models,
)

MONTHS = pd.period_range("2010-01", periods=60, freq="M", name="month")
NAIVE = ["naive", "seasonal naive", "drift"]


def wave(n_rows=60, seed=0, freq="M"):
    index = pd.period_range("2010-01", periods=n_rows, freq=freq)
    noise = np.random.default_rng(seed).normal(size=n_rows)
    return pd.Series(5 * np.sin(2 * np.pi * np.arange(n_rows) / 12) + noise, index)


def several():
    return {"a": wave(seed=1), "b": wave(50, seed=2), "quarters": wave(40, seed=3, freq="Q")}


class Failing(BaseEstimator):
    """The naive forecast, of series that are long enough; of others it raises what it is given."""

    def __init__(self, n_least=0, error=TooFewRowsError):
        self.n_least = n_least
        self.error = error

    def fit(self, y, X=None):
        if (y.groupby(level=0).size().min() if y.index.nlevels > 1 else len(y)) < self.n_least:
            raise self.error(f"y has {len(y)} rows")
        self.naive_ = ClassicForecaster("naive").fit(y)
        return self

    def predict(self, fh=1, X=None):
        return self.naive_.predict(fh)


# --- comparisons ------------------------------------------------------------------------------


def test_all_models_have_the_windows_of_a_backtest():
    y = several()
    found = compare([*NAIVE, Failing()], y, horizon=4, n_windows=3, coverage=()).windows
    for name, series in y.items():
        for model in NAIVE:
            alone = backtest(ClassicForecaster(model), series, horizon=4, n_windows=3)
            rows = found[(found["series"] == name) & (found["model"] == model)]
            for column in ("window", "step", "y", "forecast", "scale_mae", "scale_rmse"):
                assert_allclose(rows[column], alone[column])
            assert rows["time"].tolist() == alone["time"].tolist()
    same = found[["series", "window", "time", "y", "scale_mae"]].astype({"time": str})
    parts = [rows.reset_index(drop=True) for _, rows in same.groupby(found["model"])]
    assert len(parts) == 4
    for part in parts[1:]:
        pd.testing.assert_frame_equal(part, parts[0])


def test_scores_and_ranks():
    result = compare(dict(zip("nsd", NAIVE, strict=True)), several(), horizon=4, coverage=0.8)
    by_series = score(result.windows, by=["series", "model"])["MASE"].unstack()
    assert result.ranks.index.tolist() == ["a", "b", "quarters"]
    assert_array_equal(result.ranks, by_series.rank(axis=1)[["n", "s", "d"]])
    scores = score(result.windows).loc[result.scores.index]
    assert_allclose(result.scores["MASE"], scores["MASE"])
    assert_allclose(result.scores["rank"], result.ranks.mean()[result.scores.index])
    assert result.scores["rank"].is_monotonic_increasing
    assert list(result.scores) == [
        "rank", "MASE", "RMSSE", "sMAPE", "coverage_80", "seconds", "failed",
    ]  # fmt: skip
    assert (result.scores["seconds"] > 0).all()
    assert result.critical_difference == CriticalDifference.of(result.ranks)


def test_every_form_of_y():
    options = {"horizon": {"a": 4, "b": 6}, "n_windows": 2}
    y = {"a": wave(seed=1), "b": wave(50, seed=2)}
    expected = compare(NAIVE, y, **options).ranks
    assert_array_equal(
        compare(NAIVE, [s.rename(n) for n, s in y.items()], **options).ranks, expected
    )
    panel = pd.concat(y, names=["name", "month"])
    same = compare(NAIVE, y, horizon=4)
    found = compare(NAIVE, panel, horizon=4)
    pd.testing.assert_frame_equal(found.ranks, same.ranks)
    found = compare(NAIVE, {"all": panel, "one": wave()}, horizon=4)
    assert found.ranks.index.tolist() == [("all", "a"), ("all", "b"), "one"]
    assert compare(NAIVE, wave().rename("sales"), horizon=4).ranks.index.tolist() == ["sales"]
    assert compare(NAIVE, [wave(), wave()], horizon=4).ranks.index.tolist() == [0, 1]
    frame = pd.DataFrame({"u": wave(seed=1), "v": wave(seed=2)})
    found = compare(NAIVE, {"x": frame, "y": wave()}, horizon=4)
    assert found.ranks.index.tolist()[:2] == [("x", "u"), ("x", "v")]
    assert_array_equal(found.ranks.iloc[:1], compare(NAIVE, y["a"], horizon=4).ranks)


def test_season_scales_errors_and_reaches_the_words():
    y = pd.Series(np.tile([1.0, 3.0, 2.0], 20) + np.r_[np.zeros(30), np.ones(30)])
    result = compare(NAIVE, y, horizon=3, season=3)
    assert result.scores.loc["seasonal naive", "MASE"] == 0
    expected = backtest(ClassicForecaster(season=3), y, horizon=3)["scale_mae"]
    assert_array_equal(result.windows["scale_mae"][:15], expected)


def test_series_without_a_scale_are_ranked_by_their_errors():
    y = pd.Series(np.tile([1.0, 3.0, 2.0], 20))
    result = compare(NAIVE, y, horizon=3, season=3)
    assert result.scores["MASE"].isna().all()
    assert result.ranks["seasonal naive"].item() == 1


def test_forecasters_and_words_together():
    y = wave()
    y.iloc[[20, 40]] = np.nan
    reservoir = ReservoirForecaster(n_estimators=2, missing="interpolate")
    x = pd.DataFrame({"x": np.arange(60.0)}, y.index)
    result = compare({"reservoir": reservoir, "naive": "naive"}, y, x, horizon=6, n_windows=2)
    alone = backtest(reservoir, y, x, horizon=6, n_windows=2)
    assert_allclose(result.windows["forecast"][:12], alone["forecast"])
    assert result.ranks["reservoir"].item() == 1


def test_learners_are_known_by_their_names():
    y = wave(40)
    result = compare(["ridge", "naive"], y, horizon=6, n_windows=1, season=6)
    expected = backtest(ReservoirForecaster(Ridge(), season=6), y, horizon=6, n_windows=1)
    assert_allclose(result.windows["forecast"][:6], expected["forecast"])
    boosting = _compare._made("boosting", 1)
    assert isinstance(boosting.estimator, HistGradientBoostingRegressor)
    assert (boosting.season, boosting.missing) == (None, "interpolate")


def test_threads_change_no_number():
    alone, together = (
        compare(NAIVE, several(), horizon=4, n_windows=2, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    pd.testing.assert_frame_equal(
        alone.windows.drop(columns="seconds"), together.windows.drop(columns="seconds")
    )


def test_windows_that_a_model_cannot_fit_are_left_out_for_all():
    result = compare({"late": Failing(50), "naive": "naive"}, wave(), horizon=4, n_windows=3)
    assert result.windows.groupby("model")["window"].unique().map(list).to_dict() == {
        "late": [1, 2],
        "naive": [1, 2],
    }
    assert result.ranks.to_numpy().tolist() == [[1.5, 1.5]]


@pytest.mark.parametrize("error", [TooFewRowsError, ZeroDivisionError])
def test_a_model_that_fails_is_named_and_last(error):
    models = {"f": Failing(49, error), "naive": "naive", "drift": "drift"}
    with pytest.warns(FitFailedWarning, match="f failed on 2 of 3 .* last there: y has "):
        result = compare(models, several(), horizon=4, n_windows=2)
    assert result.ranks["f"].tolist()[1:] == [3, 3]
    assert result.scores["failed"].to_dict() == {"f": 2, "naive": 0, "drift": 0}
    own = score(result.windows, by=["model", "series"])["MASE"]
    assert_allclose(result.scores["MASE"]["f"], own["f", "a"])
    assert "failed" in str(result)
    assert result.windows.groupby(["series", "model"])["window"].nunique().unique() == [2]


def test_a_model_may_fail_everywhere():
    models = {"naive": "naive", "f": Failing(99)}
    with pytest.warns(FitFailedWarning, match="f failed on 3 of 3 series"):
        result = compare(models, several(), horizon=4, n_windows=1)
    assert result.scores["failed"].to_dict() == {"naive": 0, "f": 3}
    assert result.scores["MASE"].isna().tolist() == [False, True]
    assert "nan" in str(result)


def test_series_on_which_all_fail_are_left_out():
    models = {"f": Failing(49), "g": Failing(49)}
    with pytest.warns(FitFailedWarning, match="All models failed on 'b', which is left out: y has"):
        result = compare(models, {"a": wave(60), "b": wave(50)}, horizon=4, n_windows=2)
    assert result.ranks.index.tolist() == ["a"]


def test_a_short_series_of_a_panel_costs_the_others_nothing():
    panel = pd.concat({"a": wave(60), "b": wave(20)}, names=["name", "month"])
    models = {"f": Failing(30), "naive": "naive"}
    with pytest.warns(FitFailedWarning, match="f failed on 1 of 2 series.*it needs more rows"):
        result = compare(models, panel, horizon=2, n_windows=2)
    assert result.ranks.to_numpy().tolist() == [[1.5, 1.5], [2, 1]]
    assert len(result.windows) == 3 * 2 * 2


def test_if_all_fail_it_is_an_error():
    models = {"f": Failing(99, ZeroDivisionError), "g": Failing(99)}
    with pytest.raises(ZeroDivisionError, match="y has 56 rows"):
        compare(models, wave(), horizon=4, n_windows=1)


def test_short_series_are_left_out():
    y = several() | {"short": wave(5)}
    with pytest.warns(UserWarning, match="1 of 4 series .* the first of them 'short'"):
        result = compare(NAIVE, y, horizon=4)
    assert "short" not in result.ranks.index
    with pytest.raises(ValueError, match="got none in 1 series"):
        compare(NAIVE, wave(5), horizon=4)


def test_control_c_keeps_the_series_that_are_done():
    models = {"naive": "naive", "f": Failing(50, KeyboardInterrupt)}
    y = {"a": wave(60), "b": wave(60), "c": wave(20), "d": wave(60)}
    with pytest.warns(UserWarning, match="Interrupted: 2 of 4 series were done"):
        result = compare(models, y, horizon=4, n_windows=2)
    assert result.ranks.index.tolist() == ["a", "b"]
    with pytest.raises(KeyboardInterrupt):
        compare(models, y["c"], horizon=4)


def test_table_and_picture():
    result = compare(NAIVE, several(), horizon=4)
    text = str(result)
    assert all(name in text for name in [*NAIVE, "MASE", "Friedman test over 3 series: p = "])
    assert f"{result.critical_difference.difference:.2f} apart" in text
    html = result._repr_html_()
    assert "<table" in html
    assert "Nemenyi" in html
    ax = result.plot()
    labels = [each.get_text().strip() for each in ax.texts]
    for name, rank in result.ranks.mean().items():
        assert f"{name} ({rank:.2f})" in labels
    assert result.plot(ax) is ax
    ax.figure.canvas.draw()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"models": ["naive"]}, ValueError, "at least two, got 1; use backtest"),
        ({"models": ["naive", "magic"]}, ValueError, "among .* got 'magic'"),
        ({"models": ["naive", 3]}, ValueError, "must be forecasters or among"),
        ({"models": [Failing(), Failing()]}, ValueError, "got 'Failing' twice; pass a dict"),
        ({"y": {}}, ValueError, "at least one series"),
        ({"y": np.zeros(9)}, TypeError, "Series or DataFrame, or a dict of them, got ndarray"),
        ({"y": [wave().rename("a")] * 2}, ValueError, "different names, got .'a', 'a'."),
        ({"y": {"a": wave(), "b": wave()}, "horizon": {"a": 3}}, ValueError, "none for 'b'"),
        ({"horizon": 0}, ValueError, "horizon"),
        ({"n_windows": 0}, ValueError, "n_windows"),
        ({"coverage": 2}, ValueError, "coverage"),
        ({"season": 0}, ValueError, "season"),
        ({"y": wave().astype(str)}, ValueError, "must hold real numbers"),
        ({"y": {"a": wave(), "b": wave()[::-1]}}, ValueError, "Series 'b': The index of y must be"),
    ],
)
def test_refused(options, error, message):
    arguments = {"models": NAIVE, "y": wave(), "horizon": 4} | options
    with pytest.raises(error, match=message):
        compare(**arguments)


# --- ranks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_models", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)]
)
def test_critical_values_of_demsar(n_models, q):  # table 5a
    expected = q * np.sqrt(n_models * (n_models + 1) / (6 * 30))
    assert_allclose(nemenyi_difference(n_models, 30), expected, atol=1e-3)


def test_example_of_demsar():  # section 3.2.3: four learners, 14 data sets
    assert_allclose(nemenyi_difference(4, 14), 1.25, atol=5e-3)
    assert_allclose(nemenyi_difference(4, 14, 0.1), 1.12, atol=5e-3)
    mean_ranks = np.array([1.964, 2.000, 2.893, 3.143])
    assert groups_alike(mean_ranks, nemenyi_difference(4, 14, 0.1)) == [(0, 2), (2, 3)]


@settings(deadline=None)
@given(arrays(float, st.tuples(st.integers(2, 9), st.integers(3, 6)), elements=st.integers(0, 4)))
def test_friedman_test_is_that_of_scipy(errors):
    ranks = rank_models(pd.DataFrame(errors))
    if (ranks.nunique(axis=1) == 1).all():
        assert friedman_p_value(ranks.to_numpy()) == 1
    else:
        expected = friedmanchisquare(*errors.T).pvalue
        assert_allclose(friedman_p_value(ranks.to_numpy()), expected, rtol=1e-9, atol=1e-12)


@given(arrays(float, st.integers(1, 8), elements=st.floats(1, 8)), st.floats(0.1, 3))
def test_groups_hold_all_pairs_that_are_alike(ranks, difference):
    ranks = np.sort(ranks)
    groups = groups_alike(ranks, difference)
    for i in range(len(ranks)):
        for j in range(i + 1, len(ranks)):
            joined = any(first <= i and j <= last for first, last in groups)
            assert joined == (ranks[j] < ranks[i] + difference)
    for a in groups:
        assert not any(a != b and b[0] <= a[0] and a[1] <= b[1] for b in groups)


# --- classics ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "ahead"),
    [("naive", [4, 4, 4]), ("seasonal naive", [3, 4, 3]), ("drift", [5, 6, 7])],
)
def test_naive_forecasts(model, ahead):
    y = pd.Series([1.0, 5.0, 3.0, 4.0], name="y")
    forecast = ClassicForecaster(model, season=2).fit(y).predict(3)
    expected = pd.Series(np.array(ahead, float), pd.RangeIndex(4, 7), name="y")
    pd.testing.assert_series_equal(forecast, expected)


def test_season_comes_from_the_index_if_there_is_one():
    y = wave()
    repeated = ClassicForecaster().fit(y).predict(14)
    assert_array_equal(repeated[:12], y[-12:])
    assert_array_equal(repeated[12:], y[-12:-10])
    assert (ClassicForecaster().fit(y[:9]).predict(3) == y.iloc[8]).all()


@pytest.mark.parametrize("model", NAIVE)
def test_intervals_hold_their_share_of_a_walk(model):
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(300):
        walk = pd.Series(rng.normal(size=64).cumsum() + (model == "drift") * np.arange(64.0))
        ends = ClassicForecaster(model, season=1).fit(walk[:60]).predict_interval(4, coverage=0.8)
        bounds = ends[0, 0.8]
        inside.append((bounds["lower"] <= walk[60:]) & (walk[60:] <= bounds["upper"]))
    assert abs(np.mean(inside) - 0.8) < 0.05


def test_form_of_intervals():
    frame = pd.DataFrame({"u": wave(seed=1), "v": wave(seed=2)})
    ends = ClassicForecaster("drift").fit(frame).predict_interval(3, coverage=(0.5, 0.9))
    assert ends.columns.names == ["variable", "coverage", "bound"]
    assert ends.columns.tolist() == [
        (name, share, end) for name in "uv" for share in (0.5, 0.9) for end in ("lower", "upper")
    ]
    forecast = ClassicForecaster("drift").fit(frame).predict(3)
    assert_allclose((ends["u", 0.5, "lower"] + ends["u", 0.5, "upper"]) / 2, forecast["u"])


def test_update_is_as_if_the_rows_had_been_there():
    y = wave()
    y.iloc[45] = np.nan
    for model in NAIVE:
        forecaster = ClassicForecaster(model, missing="interpolate").fit(y[:40])
        forecaster.update(y[40:50]).update(y[50:])
        whole = ClassicForecaster(model, missing="interpolate").fit(y)
        pd.testing.assert_series_equal(forecaster.predict(5), whole.predict(5))
    with pytest.raises(ValueError, match="must hold times that follow 2014-12"):
        forecaster.update(y[50:])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ClassicForecaster("magic").fit(wave()), ValueError, "model"),
        (lambda: ClassicForecaster().fit(wave()[:2]), TooFewRowsError, "at least 3 rows, got 2"),
        (lambda: ClassicForecaster().fit(wave()).predict(0), ValueError, "1 or more steps, got 0"),
        (lambda: ClassicForecaster().fit(wave()).predict([1]), TypeError, r"steps, got \[1\]"),
        (
            lambda: ClassicForecaster().fit(wave()).predict_interval(1, coverage=80),
            ValueError,
            "between 0 and 1, such as 0.8 for 80 %, got 80",
        ),
    ],
)
def test_classics_refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.skipif(
    importlib.util.find_spec("statsforecast") is not None, reason="statsforecast is there"
)
def test_what_is_not_installed_is_named_at_once():
    with pytest.raises(ImportError, match=r'pip install "reservoir-toolkit\[classic\]"'):
        compare(["naive", "theta"], wave(), horizon=4)


@pytest.mark.parametrize("model", ["theta", "auto_ets", "auto_arima"])
def test_statistical_models(model):
    models = pytest.importorskip("statsforecast.models")
    season = 1 if model == "auto_arima" else 12  # it takes its time over seasons
    y = wave().rename("y")
    peer = getattr(models, _classic.STATISTICAL[model])(season_length=season)
    peer.fit(y.to_numpy()[:50])
    expected = peer.predict(5, level=[80, 97.5])
    forecaster = ClassicForecaster(model, season=None if season == 12 else 1).fit(y[:50])
    assert_allclose(forecaster.predict(5), expected["mean"])
    ends = forecaster.predict_interval(5, coverage=(0.8, 0.975))
    for share, percent in ((0.8, "80"), (0.975, "97.5")):
        assert_allclose(ends["y", share, "lower"], expected[f"lo-{percent}"])
        assert_allclose(ends["y", share, "upper"], expected[f"hi-{percent}"])
    # without a refit the parameters stay, and the state moves
    forecaster.update(y[50:])
    forward = peer.forward(y.to_numpy(), 5, level=[80])
    assert_allclose(forecaster.predict(5), forward["mean"])
    again = clone(forecaster).fit(y[:50]).update(y[50:], refit=True).predict(5)
    assert_allclose(again, clone(forecaster).fit(y).predict(5))


def test_statistical_models_are_compared():
    pytest.importorskip("statsforecast")
    models = ["theta", "auto_ets", "seasonal naive"]
    y = {"above 0": 50 + wave(seed=1), "around 0": wave(seed=2)}
    result = compare(models, y, horizon=6, n_windows=2, coverage=0.8)
    assert (result.scores["MASE"] < 1.2).all()
    assert (result.scores["coverage_80"] > 0.5).all()
