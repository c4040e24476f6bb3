"""Errors of the forecasts of a backtest."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

NEEDED = ["window", "y", "forecast", "scale_mae", "scale_rmse"]


def score(windows: pd.DataFrame, by: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Return mean errors of what `backtest` forecast; values that were not measured do not count.

    Each error is averaged over the windows of a series (its variables are series of their own),
    and then over all series, so that short ones count as much as long ones.

    Parameters
    ----------
    windows : DataFrame
        As `backtest` returns it, or `Comparison.windows`.
    by : str or sequence of str, optional
        Columns that make groups, such as "step", "window" or "series"; a row for each group. None
        takes "model" if there is such a column.

    Returns
    -------
    DataFrame
        With the columns

        - ``MASE``, the mean absolute scaled error [1]_: 1 is the error of the (seasonal) naive
          forecast within the training rows of the same window;
        - ``RMSSE``, the same with squares, the root taken for each series, over its windows [2]_;
        - ``sMAPE``, the symmetric percentage error as a share from 0 to 2;
        - ``RMSE``, in units of y, the root taken for each series;
        - ``coverage_80``, the share of values in the intervals of 80 %, and ``winkler_80``, the
          interval score, in units of y; likewise for all intervals that are there.

        Windows where the naive forecast is without error have no MASE and no RMSSE, and are left
        out of theirs.

    Raises
    ------
    ValueError
        If a column is not there.

    See Also
    --------
    reservoir.metrics : The definitions.

    References
    ----------
    .. [1] Hyndman, R. J. & Koehler, A. B. (2006). Another look at measures of forecast accuracy.
       International Journal of Forecasting 22(4), section 3.
    .. [2] Makridakis, S., Spiliotis, E. & Assimakopoulos, V. (2022). The M5 competition:
       background, organization, and implementation. International Journal of Forecasting 38(4).

    Examples
    --------
    >>> import pandas as pd
    >>> from reservoir.forecasting import score
    >>> windows = pd.DataFrame(
    ...     {"window": [0, 0, 1, 1], "step": [1, 2, 1, 2], "y": [2.0, 4.0, 6.0, 8.0],
    ...      "forecast": [2.0, 5.0, 6.0, 11.0], "scale_mae": 2.0, "scale_rmse": 2.5}
    ... )
    >>> score(windows)[["MASE", "RMSE"]].round(3)
              MASE   RMSE
    forecast   0.5  1.581
    >>> score(windows, by="step")["MASE"].tolist()
    [0.0, 1.0]
    """
    groups = [by] if isinstance(by, str) else list(by or [])
    absent = [name for name in [*NEEDED, *groups] if name not in windows]
    if absent:
        raise ValueError(
            f"windows must have the column {absent[0]!r}, got {list(windows.columns)}; pass what "
            "backtest returns."
        )
    is_whole = not groups and "model" not in windows
    if is_whole:
        windows = windows.assign(model="forecast")
    groups = groups or ["model"]
    own = [name for name in ("model", "series", "variable") if name in windows]
    of_series = list(dict.fromkeys([*groups, *own]))
    of_window = list(dict.fromkeys([*of_series, "window"]))
    measured = windows[windows["y"].notna()].reset_index(drop=True)
    errors = _errors(measured)
    names = list(errors)
    errors = errors.join(measured[of_window])
    for keys in (of_window, of_series):
        errors = errors.groupby(keys, sort=False, dropna=False)[names].mean().reset_index()
    roots = ["RMSSE", "RMSE"]
    errors[roots] = np.sqrt(errors[roots])
    table = errors.groupby(groups, sort=False, dropna=False)[names].mean()
    return table.rename_axis(None) if is_whole else table


def _errors(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each row adds to the means."""
    y, forecast = rows["y"].astype(float), rows["forecast"].astype(float)
    error, size = (y - forecast).abs(), y.abs() + forecast.abs()
    errors = {
        "MASE": error / rows["scale_mae"],
        "RMSSE": (error / rows["scale_rmse"]) ** 2,
        "sMAPE": 2 * error / size.where(size > 0, 1.0),
        "RMSE": error**2,
    }
    ends = [str(name).removeprefix("lower_") for name in rows if str(name).startswith("lower_")]
    for end in ends:
        lower, upper = rows[f"lower_{end}"], rows[f"upper_{end}"]
        errors[f"coverage_{end}"] = ((lower <= y) & (y <= upper)).astype(float)
        miss = (lower - y).clip(lower=0) + (y - upper).clip(lower=0)
        # Gneiting & Raftery (2007), eq. 43
        errors[f"winkler_{end}"] = upper - lower + 2 / (1 - float(end) / 100) * miss
    return pd.DataFrame(errors)
