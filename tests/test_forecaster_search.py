"""Settings of a forecaster, chosen by its errors on the last windows."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from reservoir.datasets import load_airline
from reservoir.forecasting import ReservoirForecaster, TooFewRowsError, backtest, score
from reservoir.model_selection import ForecasterSearch

LAGS = ReservoirForecaster(Ridge(), lags=3, n_estimators=1, difference=0, transform=None, fourier=0)


def wave(n_rows=90):
    t = np.arange(n_rows)
    rng = np.random.default_rng(0)
    return pd.Series(np.sin(0.5 * t) + 0.1 * rng.normal(size=n_rows), name="wave")


def search(**parameters):
    space = {"estimator__alpha": [1e-3, 1e3, 1e6]}
    return ForecasterSearch(LAGS, space, n_iter=4, horizon=6, **parameters)


def test_errors_are_those_of_a_backtest():
    found = search().fit(wave())
    assert len(found.results_) == 4
    assert found.results_["error"].is_monotonic_increasing
    for params, error in zip(found.results_["params"], found.results_["error"], strict=True):
        windows = backtest(clone(LAGS).set_params(**params), wave(), horizon=6, n_windows=3)
        assert error == score(windows)["MASE"].iloc[0]
    assert found.best_params_ != {"estimator__alpha": 1e6}


def test_the_best_forecast_together():
    found = search(n_best=3).fit(wave())
    each = [forecaster.predict(4) for forecaster in found.forecasters_]
    assert_allclose(found.predict(4), np.median(each, axis=0))
    assert found.predict(4).name == "wave"
    alone = search(n_best=1).fit(wave())
    assert_allclose(alone.predict(4), each[0])
    bounds = found.predict_interval(4, coverage=0.8)
    ours = [forecaster.predict_interval(4, coverage=0.8) for forecaster in found.forecasters_]
    assert_allclose(bounds, np.mean(ours, axis=0))
    assert (found.predict_quantiles(2, alpha=0.9).columns.names) == ["variable", "alpha"]


def test_update_moves_all_of_them():
    y = wave()
    found = search(n_best=2).fit(y[:80]).update(y[80:])
    assert found.predict(2).index.equals(pd.RangeIndex(90, 92))


def test_the_default_space_draws_networks():
    base = ReservoirForecaster(n_estimators=1)
    found = ForecasterSearch(base, n_iter=3, n_windows=1, n_best=1).fit(load_airline())
    drawn = [params["estimator"].spectral_radius for params in found.results_["params"] if params]
    assert len(set(drawn)) == 2
    again = ForecasterSearch(base, n_iter=3, n_windows=1, n_best=1).fit(load_airline())
    assert again.predict(3).equals(found.predict(3))


def test_a_panel_is_searched_as_a_whole():
    panel = pd.concat({"a": wave(), "b": wave(70)}, names=["name", "t"])
    found = search(n_best=2).fit(panel)
    assert found.predict(2).index.names == ["name", "t"]
    long = panel.rename("y").reset_index().set_axis(["unique_id", "ds", "y"], axis=1)
    assert_allclose(search(n_best=2).fit(long).predict(2)["forecast"], found.predict(2))


def test_what_is_refused():
    with pytest.raises(NotFittedError):
        search().predict(2)
    with pytest.raises(NotFittedError):
        search().season_  # noqa: B018
    with pytest.raises(TooFewRowsError, match="lower horizon or n_windows"):
        search().fit(wave(11))
    with pytest.raises(ValueError, match="param_distributions must be given"):
        ForecasterSearch(LAGS).fit(wave())
    with pytest.raises(ValueError, match="'n_best' parameter of ForecasterSearch"):
        search(n_best=0).fit(wave())


def test_a_small_grid_is_tried_once():
    found = ForecasterSearch(LAGS, {"difference": [0, 1]}, n_iter=9, horizon=6).fit(wave())
    assert len(found.results_) == 3  # as it is, and both


def test_ctrl_c_keeps_what_was_tried(monkeypatch):
    calls = []

    def interrupted(self, candidate, y, X):
        calls.append(candidate)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return float(-len(calls))

    monkeypatch.setattr(ForecasterSearch, "_error", interrupted)
    with pytest.warns(UserWarning, match="2 of 4 candidates were tried"):
        found = search(n_best=1).fit(wave())
    assert len(found.results_) == 2
    found.predict(1)
