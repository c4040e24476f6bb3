"""How good a forecaster would have been over the last horizons of a series."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from tqdm import tqdm

from reservoir import metrics
from reservoir._series import as_frame, as_rows, full_index
from reservoir.forecasting import ReservoirForecaster

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
        With ``missing="interpolate"`` it is filled before it is cut into windows; values that
        were filled are forecast but not scored.
    horizon : int
        Steps to forecast.
    n_windows : int
        Windows at most; there are fewer where the first would leave less than half of the rows
        to fit.
    verbose : bool
        Whether to show a progress bar, if there is a terminal to show it on.

    Returns
    -------
    DataFrame of shape (n_windows, n_methods * 2)
        A row for each window, indexed by the first time of its forecast, and columns
        ``(method, "RMSE" or "MASE")`` for the methods "reservoir", "naive", the last value, and,
        if there is a season, "seasonal naive", the last season. The MASE is relative to the
        seasonal naive forecast within the rows before, and NaN where that is without error.

    Examples
    --------
    >>> from reservoir import ReservoirForecaster
    >>> from reservoir.datasets import load_elnino
    >>> scores = backtest(ReservoirForecaster(), load_elnino(), horizon=12, n_windows=3)
    >>> bool(scores["reservoir", "RMSE"].mean() < scores["naive", "RMSE"].mean())
    True
    """
    index = full_index(y.index, "y")
    known = y.reindex(index).notna().to_numpy()
    rows, _ = as_rows(as_frame(y, "y"), index, "y", forecaster.missing)
    values = rows[:, 0]
    n_windows = min(n_windows, int(len(values) * (1 - MIN_SHARE)) // horizon)
    scores = {}
    starts = len(values) - horizon * np.arange(n_windows, 0, -1)
    for start in tqdm(starts, "backtest", leave=False, disable=None if verbose else True):
        scored = np.flatnonzero(known[start : start + horizon])
        if not len(scored):
            continue
        past, future = values[:start], values[start : start + horizon]
        fitted = clone(forecaster).fit(pd.Series(past, index[:start]))
        forecasts = {"reservoir": fitted.predict(horizon).to_numpy()}
        forecasts["naive"] = seasonal_naive(past, 1, horizon)
        if fitted.season_ is not None and fitted.season_ <= start:
            forecasts["seasonal naive"] = seasonal_naive(past, fitted.season_, horizon)
        scores[index[start]] = {
            (method, measure): score
            for method, forecast in forecasts.items()
            for measure, score in _scores(
                future[scored], forecast[scored], past, fitted.season_
            ).items()
        }
    return pd.DataFrame.from_dict(scores, orient="index")


def seasonal_naive(past: NDArray[np.float64], season: int, horizon: int) -> NDArray[np.float64]:
    """Repeat the last season of the past for as long as the horizon."""
    return np.resize(past[len(past) - season :], horizon)


def _scores(
    truth: NDArray[np.float64],
    forecast: NDArray[np.float64],
    past: NDArray[np.float64],
    season: int | None,
) -> dict[str, float]:
    lag = season if season is not None and season < len(past) else 1
    is_repeated = np.array_equal(past[lag:], past[:-lag])
    mase = (
        np.nan if is_repeated else metrics.mase(truth, forecast, y_train=past, seasonal_period=lag)
    )
    return {"RMSE": float(np.sqrt(np.mean((truth - forecast) ** 2))), "MASE": float(mase)}
