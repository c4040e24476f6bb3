"""The adapters for sktime: its own checks, and the same numbers as without it."""

import inspect
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn.preprocessing import StandardScaler

import reservoir
from reservoir import ESNClassifier, ESNRegressor

pytest.importorskip("sktime")

from sktime.classification.base import BaseClassifier
from sktime.datasets import load_basic_motions
from sktime.forecasting.base import ForecastingHorizon
from sktime.split import ExpandingWindowSplitter, SlidingWindowSplitter
from sktime.utils.estimator_checks import check_estimator

from reservoir.sktime import ReservoirClassifier, ReservoirForecaster, ReservoirRegressor

N = 60
INDEXES = {
    "days": pd.date_range("2024-01-01", periods=N, freq="D", name="day"),
    "month starts": pd.date_range("2000-01-01", periods=N, freq="MS"),
    "quarters": pd.period_range("1990Q1", periods=N, freq="Q", name="quarter"),
    "range": pd.RangeIndex(3, 3 + N),
    "integers": pd.Index(np.arange(10, 10 + N)),
}


def wave(index=INDEXES["days"], name="wave"):
    values = np.sin(np.arange(N) / 2) + 0.1 * np.random.default_rng(0).normal(size=N)
    return pd.Series(values, index, name=name)


def table(index=INDEXES["days"], names=("u", "v")):
    values = np.random.default_rng(1).normal(size=(len(index), len(names)))
    return pd.DataFrame(values, index, list(names))


def quick(kind=ReservoirForecaster, **parameters):
    network = ESNRegressor(n_units=10, bias_scaling=0.2, alpha=1e-2)
    return kind(network, n_estimators=2, **parameters)


def native(**parameters):
    return quick(reservoir.ReservoirForecaster, **parameters)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the checks see to what is warned of
@pytest.mark.parametrize("kind", [ReservoirForecaster, ReservoirClassifier, ReservoirRegressor])
def test_every_check_of_sktime_passes(kind):
    results = check_estimator(kind, verbose=0)
    assert len(results) > 100
    assert {name: found for name, found in results.items() if found != "PASSED"} == {}


def test_nothing_else_imports_sktime():
    code = (
        "import sys, reservoir.forecasting, reservoir.estimators, reservoir.model_selection; "
        "print('sktime' in sys.modules); sys.modules['sktime'] = None; import reservoir.sktime"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False"
    assert "ImportError: reservoir.sktime needs sktime 1.2 or later" in done.stderr


# --- forecasts --------------------------------------------------------------------------------


def test_the_parameters_are_those_without_sktime():
    ours, theirs = (
        inspect.signature(kind.__init__).parameters
        for kind in (ReservoirForecaster, reservoir.ReservoirForecaster)
    )
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]
    documented = ReservoirForecaster.__doc__.split("Attributes\n")[0]
    assert [name for name in list(ours)[1:] if f"{name}," not in documented] == ["verbose"]


@pytest.mark.parametrize("kind", INDEXES)
@pytest.mark.parametrize("fh", [1, [1, 2, 3], [7, 2, 1]], ids=str)
def test_forecasts_are_those_without_sktime(kind, fh):
    y = wave(INDEXES[kind])
    ours, theirs = quick().fit(y), native().fit(y)
    steps = np.sort(np.atleast_1d(fh))
    expected = theirs.predict(steps)
    assert_series_equal(ours.predict(fh), expected)
    assert_series_equal(ours.predict(ForecastingHorizon(expected.index, False)), expected)
    shares = {"coverage": [0.9, 0.5]}, {"alpha": [0.7, 0.1]}
    for found, wanted in [
        (ours.predict_interval(fh, **shares[0]), theirs.predict_interval(steps, **shares[0])),
        (ours.predict_quantiles(fh, **shares[1]), theirs.predict_quantiles(steps, **shares[1])),
    ]:
        assert_frame_equal(found, wanted, check_names=False)
        assert list(found.columns.names) == [None] * found.columns.nlevels


def test_columns_and_what_else_is_known_are_passed_on():
    y, X = table(names=["a", "b"]), table(names=["u", "v"])
    past = {"past_columns": ["v"]}
    ours = quick(**past).fit(y[:50], X[:50], fh=[1, 2])
    theirs = native(**past).fit(y[:50], X[:50])
    later = X[50:][["u"]]
    assert_frame_equal(ours.predict(X=later), theirs.predict([1, 2], later))
    updated = theirs.update(y[50:55], X[50:55]).predict([1, 2], later)
    assert_frame_equal(
        ours.update(y[50:55], X[50:55], update_params=False).predict(X=later), updated
    )


@settings(max_examples=20, deadline=None)
@given(data=st.data(), learn=st.booleans())
def test_windows_that_overlap_are_as_good_as_those_that_follow(data, learn):
    y = wave()
    ours, theirs = quick().fit(y[:40]), native().fit(y[:40])
    stop = 40
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(stop - 10, stop))
        new_stop = data.draw(st.integers(max(stop, start + 1), min(N, stop + 6)))
        ours.update(y[start:new_stop], update_params=learn)
        if new_stop > stop:
            theirs.update(y[stop:new_stop], refit=learn)
        stop = new_stop
    assert ours.cutoff[0] == y.index[stop - 1]
    assert_series_equal(ours.predict([1, 2, 3]), theirs.predict(3))


def test_splitters_walk_through_a_series():
    y = wave()
    expected = [
        native().fit(y[:30]).update(y[30:stop]).predict([1]).rename("wave") for stop in (34, 38, 42)
    ]
    for cv in (
        ExpandingWindowSplitter(fh=1, initial_window=4, step_length=4),
        SlidingWindowSplitter(fh=1, window_length=4, step_length=4),
    ):
        found = quick().fit(y[:30]).update_predict(y[30:46], cv, update_params=False)
        assert_series_equal(found[:3], pd.concat(expected), check_freq=False)


@pytest.mark.parametrize("shared", [False, True])
def test_a_panel_is_passed_on_as_it_is(shared):
    parts = {"b": wave()[:40], "a": 2 - wave()[5:50]}  # in no order, of different ends
    y = pd.concat(parts, names=["shop", "day"]).to_frame().sort_index()
    ours = quick(shared=shared).fit(y, fh=[1, 2])
    assert_frame_equal(ours.predict(), native(shared=shared).fit(y).predict(2))
    alone = native().fit(parts["a"].to_frame()).predict(2)
    assert np.allclose(ours.predict().loc["a"], alone) != shared
    fan = ours.predict_interval(coverage=0.8)
    assert fan.index.equals(ours.predict().index)
    later = pd.concat({"b": wave()[35:45]}, names=["shop", "day"]).to_frame()
    ours.update(later, update_params=False)
    assert ours.predict().loc["b"].index[0] == y.index.levels[1][0] + pd.Timedelta(45, "D")


def test_missing_values_are_a_matter_of_the_setting():
    y = wave()
    y.iloc[[20, 21, 40]] = np.nan
    assert not quick().get_tag("capability:missing_values")
    with pytest.raises(ValueError, match="cannot handle missing data"):
        quick().fit(y)
    for missing in ("interpolate", "run_on"):
        ours = quick(missing=missing)
        assert ours.get_tag("capability:missing_values")
        assert_series_equal(ours.fit(y).predict([1, 2]), native(missing=missing).fit(y).predict(2))
        assert not ours.set_params(missing="raise").get_tag("capability:missing_values")


def test_what_is_refused():
    y = wave()
    forecaster = quick().fit(y)
    with pytest.raises(NotImplementedError, match="can not perform in-sample prediction"):
        forecaster.predict([0, 1])
    cv = ExpandingWindowSplitter(fh=1, initial_window=20)
    with pytest.raises(ValueError, match=r"cutoff must be the last time .*, got 2024-01-20.*; fit"):
        forecaster.update_predict(y, cv, update_params=False)
    with pytest.raises(ValueError, match="which follow the series, got 2024-02-22"):
        quick().fit(y[:50]).update(y[52:])  # rows between are missing
    with pytest.raises(ValueError, match="horizon must be given with strategy='direct'"):
        quick(strategy="direct").fit(y)


# --- whole series -----------------------------------------------------------------------------


def panel(n=20, n_columns=2, equal=True):
    """Return slow and fast waves as arrays (n_rows, n_columns), and how fast they are."""
    rng = np.random.default_rng(0)
    lengths = np.full(n, 40) if equal else rng.integers(20, 60, n)
    speeds = np.where(np.arange(n) % 2, 0.3, 0.6) + rng.uniform(-0.1, 0.1, n)
    X = [
        np.sin(speed * np.arange(length)[:, None] + rng.uniform(0, 6, n_columns))
        for speed, length in zip(speeds, lengths, strict=True)
    ]
    return X, speeds


def as_frames(X):
    return [pd.DataFrame(x) for x in X]


KINDS = [(ReservoirClassifier, ESNClassifier), (ReservoirRegressor, ESNRegressor)]


@pytest.mark.parametrize(("kind", "network"), KINDS)
@pytest.mark.parametrize("equal", [True, False])
def test_the_network_is_the_one_without_sktime(kind, network, equal):
    X, speeds = panel(equal=equal)
    y = np.where(speeds > 0.45, "fast", "slow") if kind is ReservoirClassifier else speeds
    esn = network(n_units=20, bias_scaling=0.5, random_state=7, predict_state="carry")
    ours = kind(esn, random_state=3).fit(as_frames(X), y)
    scaler = StandardScaler().fit(np.concatenate(X))
    scaled = [scaler.transform(x) for x in X]
    theirs = network(n_units=20, bias_scaling=0.5, random_state=3).fit(scaled, y)
    found, expected = ours.predict(as_frames(X)), theirs.predict(scaled)
    if isinstance(ours, BaseClassifier):
        assert_array_equal(found, expected)
        assert_allclose(ours.predict_proba(as_frames(X)), theirs.predict_proba(scaled), atol=1e-9)
    else:
        assert_allclose(found, expected, rtol=1e-9)
    assert esn.random_state == 7
    assert not hasattr(esn, "coef_")


@pytest.mark.parametrize(("kind", "network"), KINDS)
def test_units_of_measurement_do_not_matter_unless_asked_for(kind, network):
    X, speeds = panel()
    y = np.where(speeds > 0.45, 1, 0) if kind is ReservoirClassifier else speeds
    other = [x * [10, 0.1] + [5, -3] for x in X]
    esn = network(n_units=20, bias_scaling=0.5)

    def said(X, scale):
        fitted = kind(esn, scale=scale).fit(as_frames(X), y)
        return getattr(fitted, "predict_proba", fitted.predict)(as_frames(X))

    assert_allclose(said(other, True), said(X, True), atol=1e-6)
    assert np.abs(said(other, False) - said(X, False)).max() > 1e-3


def test_forms_of_a_panel_do_not_matter():
    X, y = load_basic_motions(split="train")  # nested
    cube = load_basic_motions(split="train", return_type="numpy3D")[0]
    test = load_basic_motions(split="test", return_type="numpy3D")[0]
    labels = load_basic_motions(split="test")[1]
    classifier = ReservoirClassifier(ESNClassifier(n_units=50, bias_scaling=0.5, alpha=1e-2))
    found = classifier.fit(X, y).predict(test)
    assert_array_equal(classifier.fit(cube, y).predict(test), found)
    assert np.mean(found == labels) > 0.9


def test_defaults_tell_waves_apart():
    X, speeds = panel(40, equal=False)
    classifier = ReservoirClassifier().fit(as_frames(X[:30]), speeds[:30] > 0.45)
    assert_array_equal(classifier.predict(as_frames(X[30:])), speeds[30:] > 0.45)
    regressor = ReservoirRegressor().fit(as_frames(X[:30]), speeds[:30])
    assert np.abs(regressor.predict(as_frames(X[30:])) - speeds[30:]).mean() < 0.05


def test_the_other_network_is_refused():
    X, speeds = panel()
    with pytest.raises(TypeError, match=r"must be an ESNClassifier or None, got ESNRegressor\(\)"):
        ReservoirClassifier(ESNRegressor()).fit(as_frames(X), speeds > 0.45)
    with pytest.raises(TypeError, match="must be an ESNRegressor or None, got 3"):
        ReservoirRegressor(3).fit(as_frames(X), speeds)
