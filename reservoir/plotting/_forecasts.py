"""Pictures of forecasts: one behind the end of its series, or many over windows of it."""

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reservoir.plotting._figure import (
    axes_or_new,
    label_times,
    legend_above,
    open_frame,
    times_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAND = 0.18  # opacity of one band; the inner ones lie on the outer ones and are darker


def plot_forecast(
    history: pd.Series | pd.DataFrame,
    forecast: pd.Series | pd.DataFrame,
    *,
    ax: "Axes | None" = None,
    n_history: int | None = None,
    intervals: pd.DataFrame | None = None,
) -> "Axes":
    """Draw a forecast behind the end of the series that it continues.

    Parameters
    ----------
    history : Series of shape (n_rows,) or DataFrame of shape (n_rows, n_series)
    forecast : Series of shape (n_steps,) or DataFrame of shape (n_steps, n_series)
        As `ReservoirForecaster.predict` returns it; several columns are found by their names.
    ax : Axes, optional
        Where to draw; None makes a figure, which is ``ax.figure`` of the result.
    n_history : int, optional
        How many rows of the history to draw, its last ones. None draws five times as many as are
        forecast, and 50 at least.
    intervals : DataFrame of shape (n_steps, n_series * n_coverages * 2), optional
        As `ReservoirForecaster.predict_interval` returns it: at the times of the forecast, columns
        ``(variable, coverage, "lower" or "upper")``. The narrower of several are darker.

    Returns
    -------
    Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If ``n_history`` is not a positive integer, or the columns or the times differ.

    Examples
    --------
    >>> from reservoir import ReservoirForecaster
    >>> from reservoir.datasets import load_nile
    >>> from reservoir.plotting import plot_forecast
    >>> nile = load_nile()
    >>> ax = plot_forecast(nile, ReservoirForecaster().fit(nile).predict(10))
    >>> ax.get_legend_handles_labels()[1]
    ['volume', 'forecast']
    """
    _check_count(n_history)
    if isinstance(history.index, pd.MultiIndex) or "unique_id" in getattr(history, "columns", ()):
        raise ValueError(
            "history must be one series, got a panel; pass one of its series, as with "
            "history.loc[name] and forecast.loc[name]."
        )
    ax = axes_or_new(ax, (8, 4))
    shown = history.iloc[-(n_history or max(50, 5 * len(forecast))) :]
    past, future = (pd.DataFrame(part) for part in (shown, forecast))
    if past.shape[1] == future.shape[1] == 1:
        future = future.set_axis(past.columns, axis=1)  # which a Series may lack
    if set(past.columns) != set(future.columns):
        raise ValueError(
            f"forecast must have the columns of history, {list(past.columns)}, got "
            f"{list(future.columns)}."
        )
    single = len(past.columns) == 1
    fans = {} if intervals is None else _fans(intervals, future)
    ahead = times_of(past.index[-1:].append(future.index))
    for i, column in enumerate(past.columns):
        name = "series" if isinstance(history, pd.Series) and history.name is None else str(column)
        values = past[column].to_numpy()
        colour = "C3" if single else f"C{i}"
        ax.plot(times_of(past.index), values, color=f"C{i}", linewidth=1, label=name)
        # begins at the last value, so that the line is not broken
        ax.plot(
            ahead,
            np.concatenate([values[-1:], future[column].to_numpy()]),
            color=colour,
            linestyle="-" if single else "--",
            linewidth=2,
            label="forecast" if single else f"{name}, forecast",
        )
        _draw_fan(ax, ahead, values[-1], fans.get(column, {}), colour)
    if fans:
        _label_bands(ax, ahead, fans[past.columns[0]], "C3" if single else "0.4")
    ax.axvline(times_of(past.index[-1:])[0], color="0.7", linewidth=0.8, zorder=0)
    label_times(ax, past.index)
    legend_above(ax)
    open_frame(ax)
    return ax


def plot_backtest(
    y: pd.Series | pd.DataFrame,
    windows: pd.DataFrame,
    *,
    series: Any = None,
    variable: Any = None,
    n_history: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the forecasts of a backtest over the series that they were to tell.

    Parameters
    ----------
    y : Series or DataFrame
        What was forecast, in the form in which `reservoir.forecasting.backtest` got it.
    windows : DataFrame
        As `reservoir.forecasting.backtest` returns it, a row for each step of each window: the
        columns ``window``, ``cutoff`` (the last time that was known), ``time`` and ``forecast``;
        for intervals of 80 % ``lower_80`` and ``upper_80``; and ``model``, ``series`` and
        ``variable`` where there are several.
    series : label, optional
        Which series of a panel to draw; None draws the first.
    variable : label, optional
        Which column of ``y`` to draw; None draws the first.
    n_history : int, optional
        How many rows of ``y`` to draw up to the first cutoff. None draws as many as there are
        behind it, and 50 at least.
    ax : Axes, optional
        Where to draw; None makes a figure, which is ``ax.figure`` of the result.

    Returns
    -------
    Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If ``n_history`` is not a positive integer, ``windows`` has no row, or does not hold the
        series or variable.

    Examples
    --------
    >>> import pandas as pd
    >>> from reservoir.plotting import plot_backtest
    >>> y = pd.Series([1.0, 2.0, 3.0, 4.0])
    >>> windows = pd.DataFrame(
    ...     {"window": [0, 1], "cutoff": [1, 2], "time": [2, 3], "forecast": [2.5, 3.5]}
    ... )
    >>> ax = plot_backtest(y, windows)
    >>> [ax.lines[i].get_ydata().tolist() for i in (1, 2)]
    [[2.0, 2.5], [3.0, 3.5]]
    """
    _check_count(n_history)
    if not len(windows):
        raise ValueError("windows must have a row for each step that was forecast, got none.")
    rows = _rows_of(_rows_of(windows, "series", series), "variable", variable)
    known = _one_series(y, rows)
    ax = axes_or_new(ax, (9, 4))
    n_before = int((known.index <= rows["cutoff"].min()).sum())
    shown = known.iloc[max(0, n_before - (n_history or max(50, len(known) - n_before))) :]
    named = [rows["series"].iloc[0]] if "series" in rows else []
    named += [] if known.name is None else [known.name]
    name = ", ".join(map(str, named)) or "series"
    ax.plot(times_of(shown.index), shown.to_numpy(), color="0.35", linewidth=1, label=name)
    models = list(rows["model"].unique()) if "model" in rows else ["forecast"]
    for i, model in enumerate(models):
        of_model = rows[rows["model"] == model] if "model" in rows else rows
        _draw_windows(ax, of_model, known, str(model), f"C{i}")
    cutoffs = times_of(pd.Index(rows["cutoff"].unique()))
    coverages = [share for share, _, _ in _bounds_of(rows)]
    _label_bands(ax, cutoffs, coverages, "C0" if len(models) == 1 else "0.4")
    for cutoff in cutoffs:
        ax.axvline(cutoff, color="0.8", linewidth=0.8, zorder=0)
    label_times(ax, known.index)
    legend_above(ax)
    open_frame(ax)
    return ax


def _check_count(n_history: int | None) -> None:
    if n_history is not None and not (isinstance(n_history, Integral) and n_history >= 1):
        raise ValueError(f"n_history must be a positive integer or None, got {n_history!r}.")


def _fans(intervals: pd.DataFrame, future: pd.DataFrame) -> dict[Any, dict[float, Any]]:
    """Return for each column, for each coverage, the lower and the upper bounds."""
    if not isinstance(intervals, pd.DataFrame) or intervals.columns.nlevels != 3:
        raise ValueError(
            "intervals must be a DataFrame with columns (variable, coverage, bound), as "
            f"predict_interval returns it, got {type(intervals).__name__} with "
            f"{list(getattr(intervals, 'columns', []))[:3]}."
        )
    if not intervals.index.equals(future.index):
        raise ValueError(
            f"intervals must have the {len(future)} times of forecast, got others or another "
            f"order in {len(intervals)} rows; pass what was predicted for the same steps."
        )
    variables = intervals.columns.unique(level=0)
    names = dict(zip(variables, variables, strict=True))
    if len(variables) == len(future.columns) == 1:
        names = {variables[0]: future.columns[0]}  # a Series may have no name
    if set(names.values()) != set(future.columns):
        raise ValueError(
            f"intervals must have the variables {list(future.columns)}, got {list(variables)}."
        )
    return {
        name: {
            share: (intervals[variable, share, "lower"], intervals[variable, share, "upper"])
            for share in intervals[variable].columns.unique(level=0)
        }
        for variable, name in names.items()
    }


def _rows_of(windows: pd.DataFrame, kind: str, name: Any) -> pd.DataFrame:
    """Return the rows of one series or variable, the first if no name is given."""
    names = list(windows[kind].unique()) if kind in windows else []
    if name is None and not names:
        return windows
    if name is not None and name not in names:
        raise ValueError(f"{kind} must be one of those of windows, {names[:10]}, got {name!r}.")
    return windows[windows[kind].isin([names[0] if name is None else name])]


def _one_series(y: pd.Series | pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Return the series that the rows belong to, indexed by time."""
    if isinstance(y, pd.DataFrame) and {"unique_id", "ds", "y"} <= set(y.columns):
        y = y.set_index(["unique_id", "ds"])["y"]
    if isinstance(y.index, pd.MultiIndex):
        if "series" in rows:
            y = y[y.index.droplevel(-1).isin([rows["series"].iloc[0]])]
        if len(y.index.droplevel(-1).unique()) > 1:
            raise ValueError(
                "y must be one series where windows has no column 'series', got several."
            )
        y = y.set_axis(y.index.get_level_values(-1))
    if isinstance(y, pd.DataFrame):
        if "variable" not in rows and y.shape[1] > 1:
            raise ValueError(
                f"y must have one column where windows has no column 'variable', got {y.shape[1]}."
            )
        y = y[rows["variable"].iloc[0]] if "variable" in rows else y.iloc[:, 0]
    return y


def _bounds_of(rows: pd.DataFrame) -> list[tuple[float, str, str]]:
    """Return the share and the names of both columns of each coverage."""
    percents = [name.removeprefix("lower_") for name in rows if str(name).startswith("lower_")]
    return [(float(percent) / 100, f"lower_{percent}", f"upper_{percent}") for percent in percents]


def _draw_windows(
    ax: "Axes", rows: pd.DataFrame, known: pd.Series, label: str, colour: str
) -> None:
    """Draw what one model forecast in each window, from the last value that it knew."""
    for _, window in rows.sort_values("time").groupby("window"):
        cutoff = window["cutoff"].iloc[0]
        start = known.get(cutoff, np.nan)
        times = times_of(pd.Index([cutoff, *window["time"]]))
        ahead = np.concatenate([[start], window["forecast"]])
        ax.plot(times, ahead, color=colour, linewidth=1.5, label=label)
        bands = {share: (window[low], window[high]) for share, low, high in _bounds_of(rows)}
        _draw_fan(ax, times, start, bands, colour)
        label = "_"  # one entry in the legend for all windows


def _draw_fan(
    ax: "Axes", times: Any, start: float, bands: Mapping[float, Any], colour: str
) -> None:
    """Draw a band for each coverage, from the last known value on, the widest first."""
    for share in sorted(bands, reverse=True):
        lower, upper = (np.concatenate([[start], bound]) for bound in bands[share])
        ax.fill_between(times, lower, upper, color=colour, alpha=BAND, linewidth=0)


def _label_bands(ax: "Axes", times: Any, coverages: Iterable[float], colour: str) -> None:
    """Add empty bands for the legend, as dark as those that lie on wider ones."""
    for i, share in enumerate(sorted(coverages, reverse=True)):
        ax.fill_between(
            times[:1],
            [np.nan],
            [np.nan],
            color=colour,
            alpha=1 - (1 - BAND) ** (i + 1),
            linewidth=0,
            label=f"{100 * share:g} %",
        )
