"""How good a forecaster would have been over the last horizons of a series."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from tqdm import tqdm

from reservoir import metrics
from reservoir.forecasting._forecaster import ReservoirForecaster, TooFewRowsError
from reservoir.forecasting._series import as_frame, as_rows, full_index, season_of

MIN_SHARE = 0.5


def backtest(
    forecaster: ReservoirForecaster,
    y: pd.Series,
    horizon: int,
    n_windows: int,
    *,
    verbose: bool = False,
) -> pd.DataFrame:
    """Forecast the last horizons of a series, each from all rows before it.

    Parameters
    ----------
    forecaster : ReservoirForecaster
        A clone is fitted anew for each window.
    y : Series of shape (n_rows,)
        With ``missing="interpolate"`` the rows before each window are filled, up to the last
        known one, without what comes after; missing values are forecast but not scored.
    horizon : int
        Steps to forecast.
    n_windows : int
        Windows at most; there are fewer where the first would leave less than half of the rows,
        or too few, to fit.
    verbose : bool
        Whether to show a progress bar, if there is a terminal to show it on.

    Returns
    -------
    DataFrame of shape (n_windows, n_methods * 2)
        A row for each window, indexed by the first time of its forecast, and columns
        ``(method, "RMSE" or "MASE")`` for the methods "reservoir", "naive", the last value, and,
        if the first window has a season before it, "seasonal naive", the last season.
        The MASE is relative to the seasonal naive forecast within the rows before, and NaN where
        that is without error. Empty if there is no window.

    Examples
    --------
    >>> from reservoir import ReservoirForecaster
    >>> from reservoir.datasets import load_elnino
    >>> scores = backtest(ReservoirForecaster(), load_elnino(), horizon=12, n_windows=3)
    >>> bool(scores["reservoir", "RMSE"].mean() < scores["naive", "RMSE"].mean())
    True
    """
    index = full_index(y.index, "y")
    frame = as_frame(y, "y")
    as_rows(frame, index, "y", forecaster.missing)  # refuses what fit would refuse
    values = frame.reindex(index).to_numpy(dtype=np.float64, na_value=np.nan)[:, 0]
    known = ~np.isnan(values)
    season = forecaster.season if forecaster.season is not None else season_of(index)
    lag = None
    n_windows = min(n_windows, int(len(values) * (1 - MIN_SHARE)) // horizon)
    scores = {}
    starts = len(values) - horizon * np.arange(n_windows, 0, -1)
    for start in tqdm(starts, "backtest", leave=False, disable=None if verbose else True):
        scored = np.flatnonzero(known[start : start + horizon])
        if not len(scored):
            continue
        # what is missing just before the window is forecast with it: to fill it takes the future
        cut = int(np.flatnonzero(known[:start])[-1]) + 1
        past = pd.Series(values[:cut], index[:cut])
        try:
            fitted = clone(forecaster).fit(past)
        except TooFewRowsError:
            continue
        filled = as_rows(as_frame(past, "y"), index[:cut], "y", forecaster.missing)[0][:, 0]
        n_steps = start - cut + horizon
        forecasts = {"reservoir": fitted.predict(n_steps).to_numpy()}
        forecasts["naive"] = seasonal_naive(filled, 1, n_steps)
        if lag is None:  # once, so that all windows are scored alike
            lag = season if season is not None and season < cut else 1
        if lag > 1:
            forecasts["seasonal naive"] = seasonal_naive(filled, lag, n_steps)
        truth = values[start : start + horizon][scored]
        scores[index[start]] = {
            (method, measure): score
            for method, forecast in forecasts.items()
            for measure, score in _scores(truth, forecast[-horizon:][scored], filled, lag).items()
        }
    return pd.DataFrame.from_dict(scores, orient="index")


def seasonal_naive(past: NDArray[np.float64], season: int, horizon: int) -> NDArray[np.float64]:
    """Repeat the last season of the past for as long as the horizon."""
    return np.resize(past[len(past) - season :], horizon)


def _scores(
    truth: NDArray[np.float64], forecast: NDArray[np.float64], past: NDArray[np.float64], lag: int
) -> dict[str, float]:
    is_repeated = np.array_equal(past[lag:], past[:-lag])
    mase = (
        np.nan if is_repeated else metrics.mase(truth, forecast, y_train=past, seasonal_period=lag)
    )
    return {"RMSE": float(metrics.nrmse(truth, forecast, scale=1.0)), "MASE": float(mase)}
