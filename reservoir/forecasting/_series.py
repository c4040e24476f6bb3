"""Where a pandas series becomes equally spaced rows of numbers, and finds the times that follow.

A time index is a DatetimeIndex, a PeriodIndex or whole numbers. `full_index` gives it every time
between its first and its last, and the result knows its own step: a DatetimeIndex with ``freq``,
a PeriodIndex or a RangeIndex.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rows = NDArray[np.float64]

# Without a frequency, runs of three times are looked at for one, at this many places; a grid on
# which more than this many times as many rows are missing as there are is no frequency but noise.
N_PLACES = 200
MAX_SPARSITY = 20

# Periods of the calendar in which the activity of people and the weather repeat.
SEASONS = {"QE": 4, "QS": 4, "BQE": 4, "BQS": 4, "ME": 12, "MS": 12, "BME": 12, "BMS": 12}
SEASONS |= {"W": 52, "D": 7, "B": 5, "h": 24, "min": 24 * 60}


def as_frame(data: Any, name: str) -> pd.DataFrame:
    """Return a Series or DataFrame as a DataFrame, or say what was passed instead.

    Parameters
    ----------
    data : Series or DataFrame
    name : str
        What messages call it, here and below.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If it is empty or two columns have one name.
    """
    if isinstance(data, pd.Series):
        data = data.to_frame()
    if not isinstance(data, pd.DataFrame):
        raise TypeError(
            f"{name} must be a pandas Series or DataFrame, got {type(data).__name__}; wrap it, as "
            f"in pd.Series({name})."
        )
    if data.shape[0] == 0 or data.shape[1] == 0:
        raise ValueError(f"{name} must have rows and columns, got shape {data.shape}.")
    if not data.columns.is_unique:
        twice = data.columns[data.columns.duplicated()][0]
        raise ValueError(f"{name} must have columns of different names, got {twice!r} twice.")
    return data


def as_text(time: Any) -> str:
    """Return how messages write a time: a day without its midnight."""
    return str(time).removesuffix(" 00:00:00")


def full_index(index: pd.Index, name: str) -> pd.Index:
    """Return all equally spaced times from the first to the last of an index.

    Parameters
    ----------
    index : DatetimeIndex, PeriodIndex or Index of integers
        Strictly increasing; gaps are allowed.
    name : str

    Returns
    -------
    DatetimeIndex with ``freq``, PeriodIndex or RangeIndex
        Longer than ``index`` where that has gaps.

    Raises
    ------
    TypeError
        If the index is of another kind.
    ValueError
        If it is not sorted, has a time twice or has no constant step, or if the clock of its time
        zone skips or repeats one of its times.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-05"])
    >>> full_index(days, "y")[3:]
    DatetimeIndex(['2024-01-04', '2024-01-05'], dtype='datetime64[...]', freq='D')
    """
    check_order(index, name)
    if isinstance(index, pd.PeriodIndex):
        return _full_periods(index, name)
    if isinstance(index, pd.DatetimeIndex):
        return _full_dates(index, name)
    step = int(np.diff(index).min()) if len(index) > 1 else 1
    full = pd.RangeIndex(int(index[0]), int(index[-1]) + step, step, name=index.name)
    if not index.isin(full).all():
        raise ValueError(
            f"The index of {name} must have a constant step, got whole numbers that are not; use "
            f"{name}.reset_index(drop=True) if the rows are equally spaced in time."
        )
    return full


def index_after(index: pd.Index, n_steps: int) -> pd.Index:
    """Return the ``n_steps`` times that follow an index that `full_index` returned.

    Examples
    --------
    >>> import pandas as pd
    >>> index_after(pd.period_range("2024-11", periods=2, freq="M"), 2)
    PeriodIndex(['2025-01', '2025-02'], dtype='period[M]')
    """
    if isinstance(index, pd.PeriodIndex):
        start, freq = index[-1], index.freq
        return pd.period_range(start, periods=n_steps + 1, freq=freq, name=index.name)[1:]
    if isinstance(index, pd.DatetimeIndex):
        return _dates("y", index, start=index[-1], periods=n_steps + 1, freq=index.freq)[1:]
    first = index[-1] + index.step
    return pd.RangeIndex(first, first + n_steps * index.step, index.step, name=index.name)


def steps_until(times: pd.Index, index: pd.Index, name: str) -> NDArray[np.int64]:
    """Return how many steps after the last time of an index others are.

    Parameters
    ----------
    times : Index of shape (n_times,)
    index : Index
        As `full_index` returned it.
    name : str
        What messages call ``times``.

    Returns
    -------
    ndarray of shape (n_times,)

    Raises
    ------
    TypeError
        If the two are not of one kind.
    ValueError
        If a time is not among those that follow.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.period_range("2024-01", periods=2, freq="M")
    >>> steps_until(pd.PeriodIndex(["2024-03", "2024-05"], freq="M"), index, "fh")
    array([1, 3])
    """
    if isinstance(index, pd.DatetimeIndex):
        same_kind = isinstance(times, pd.DatetimeIndex) and str(times.tz) == str(index.tz)
    elif isinstance(index, pd.PeriodIndex):
        same_kind = times.dtype == index.dtype
    else:
        same_kind = pd.api.types.is_integer_dtype(times.dtype)
    if not same_kind:
        raise TypeError(
            f"{name} must be an index like that of y, of {index.dtype}, got one of {times.dtype}."
        )
    if isinstance(index, pd.RangeIndex):
        times = times.astype(np.int64)  # differences of unsigned numbers would wrap
    last = index[-1]
    if not len(times):
        n_steps = 0
    elif isinstance(index, pd.DatetimeIndex):
        n_steps = len(_dates(name, index, start=last, end=times.max(), freq=index.freq)) - 1
    elif isinstance(index, pd.PeriodIndex):
        n_steps = len(pd.period_range(last, times.max(), freq=index.freq)) - 1
    else:
        n_steps = int(times.max() - last) // index.step
    steps = index_after(index, max(n_steps, 0)).get_indexer(times) + 1
    if (steps == 0).any():
        raise ValueError(
            f"{name} must hold times that follow {as_text(last)} at the frequency of y, got "
            f"{as_text(times[(steps == 0).argmax()])}."
        )
    return steps.astype(np.int64)


def rows_at(times: pd.Index, frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of a DataFrame for some times, or refuse if it lacks one.

    Raises
    ------
    TypeError
        If its index is of a kind that holds no times.
    ValueError
        If it is unsorted, has a time twice, or lacks one.
    """
    check_order(frame.index, name)
    absent = times[~times.isin(frame.index)]
    if len(absent):
        raise ValueError(
            f"{name} must have a row for each of the {len(times)} time(s) from "
            f"{as_text(times[0])} to {as_text(times[-1])}, but has none for {as_text(absent[0])} "
            f"({len(absent)} missing in all)."
        )
    return frame.reindex(times)


def season_of(index: pd.Index) -> int | None:
    """Return the rows in one season of the calendar, or None where there is no such thing.

    A year of quarters (4), months (12) or weeks (52), a week of days (7) or of business days (5),
    and a day of hours or minutes; None for anything else, and for steps that do not divide it.

    Examples
    --------
    >>> import pandas as pd
    >>> season_of(pd.date_range("2024", periods=3, freq="30min"))
    48
    """
    if not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        return None
    step = index.freq
    try:
        code = step.rule_code.split("-")[0]
    except NotImplementedError:  # of a pd.DateOffset, which has no name
        return None
    n_base_rows = SEASONS.get(code, 0)
    season = n_base_rows // step.n if n_base_rows % step.n == 0 else 0
    return season if season > 1 else None


def week_of(index: pd.Index) -> int | None:
    """Return the rows in a week of days that have a season of their own, else None.

    Examples
    --------
    >>> import pandas as pd
    >>> week_of(pd.date_range("2024", periods=3, freq="h"))
    168
    """
    season = season_of(index)
    if season is None or index.freq.rule_code not in ("h", "min"):
        return None
    return 7 * season


def as_rows(
    frame: pd.DataFrame, index: pd.Index, name: str, missing: str | None
) -> tuple[Rows, NDArray[np.bool_]]:
    """Return a row of numbers for each time of an index.

    Parameters
    ----------
    frame : DataFrame of shape (n_given, n_columns)
        All its times are in ``index``.
    index : Index of shape (n_rows,)
        As `full_index` returned it.
    name : str
    missing : {"raise", "interpolate", "run_on"} or None
        Whether times and values that are missing are refused, or filled linearly from step to
        step; "run_on" also repeats the last value where the series ends with missing ones. None
        refuses them too, without naming the choice.

    Returns
    -------
    rows : ndarray of shape (n_rows, n_columns)
        Finite.
    is_filled : ndarray of bool of shape (n_rows, n_columns)

    Raises
    ------
    ValueError
        If a column does not hold numbers, a value is infinite, or something is missing that is
        not to be filled or, at the ends, cannot be.
    """
    given = _as_numbers(frame, name)
    if missing in ("raise", None):
        choice = ", or pass missing='interpolate'" if missing == "raise" else ""
        _refuse_gaps(frame.index, index, name, choice)
        _refuse_unknown(given, index, name, choice)
    places = index.get_indexer(frame.index)
    if (places < 0).any():
        raise ValueError(
            f"{name} must hold equally spaced times from {as_text(index[0])} to "
            f"{as_text(index[-1])}, got {as_text(frame.index[(places < 0).argmax()])}."
        )
    rows = np.full((len(index), given.shape[1]), np.nan)
    rows[places] = given
    unknown = np.isnan(rows)
    if unknown[[0] if missing == "run_on" else [0, -1]].any():
        end, time = ("begin", index[0]) if unknown[0].any() else ("end", index[-1])
        raise ValueError(
            f"{name} must not {end} with NaN, got one at {as_text(time)}, where there is nothing "
            "to interpolate from; leave such rows out."
        )
    steps = np.arange(len(index))
    for column, gaps in zip(rows.T, unknown.T, strict=True):
        column[gaps] = np.interp(steps[gaps], steps[~gaps], column[~gaps])
    return rows, unknown


def check_order(index: pd.Index, name: str) -> None:
    """Refuse an index that does not hold times, each once and in order."""
    is_time = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)
    if not (is_time or pd.api.types.is_integer_dtype(index.dtype)):
        raise TypeError(
            f"{name} must have a DatetimeIndex, a PeriodIndex or whole numbers as its index, got "
            f"{type(index).__name__} of {index.dtype}; convert it, as in "
            f"{name}.index = pd.to_datetime({name}.index)."
        )
    if index.hasnans:
        raise ValueError(f"The index of {name} must not hold missing times; drop those rows.")
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise ValueError(
            f"The index of {name} must hold each time once, got {as_text(twice)} twice; drop or "
            f"average the duplicates, as in {name}.groupby(level=0).mean()."
        )
    if not index.is_monotonic_increasing:
        raise ValueError(
            f"The index of {name} must be increasing, but it is not sorted; use "
            f"{name}.sort_index()."
        )


def _full_periods(index: pd.PeriodIndex, name: str) -> pd.PeriodIndex:
    full = pd.period_range(index[0], index[-1], freq=index.freq, name=index.name)
    off_grid = index[~index.isin(full)]
    if len(off_grid):
        raise ValueError(
            f"The index of {name} must have a constant step, but {as_text(off_grid[0])} is no "
            f"multiple of {index.freqstr} after {as_text(index[0])}; use shorter periods, as in "
            f"{name}.index = {name}.index.asfreq({index.freqstr.lstrip('0123456789')!r})."
        )
    return full


def _full_dates(index: pd.DatetimeIndex, name: str) -> pd.DatetimeIndex:
    if index.freq is not None:
        return index
    if len(index) < 3:
        raise ValueError(
            f"{name} must have at least 3 rows to infer its frequency from, got {len(index)}."
        )
    inferred = pd.DatetimeIndex(index, freq="infer", name=index.name)
    if inferred.freq is not None:
        return inferred
    grids = [
        _dates(name, index, start=index[0], end=index[-1], freq=freq)
        for freq in _frequencies_of_runs(index)
    ]
    fitting = [grid for grid in grids if index.isin(grid).all()]
    if not fitting:
        raise ValueError(
            f"The index of {name} must be equally spaced, but no frequency can be inferred from "
            f"it; set one with {name}.asfreq(...), use periods, as in {name}.index = "
            f"{name}.index.to_period('M'), or resample, as in {name}.resample('D').mean()."
        )
    return min(fitting, key=len)


def _dates(name: str, like: pd.DatetimeIndex, **where: Any) -> pd.DatetimeIndex:
    """Return `pandas.date_range` in the unit and under the name of another index."""
    try:
        return pd.date_range(**where, name=like.name).as_unit(like.unit)
    except Exception as error:  # pandas 2 raises those of pytz, which are of no common kind
        if like.tz is None:
            raise
        raise ValueError(
            f"{name} must have times that the clock of {like.tz} neither skips nor repeats where "
            f'it is put forward or back ({error}); convert it first, as with y.tz_convert("UTC").'
        ) from error


def _frequencies_of_runs(index: pd.DatetimeIndex) -> set[Any]:
    """Return the frequencies of runs of three times, those aside that would need too many rows."""
    places = np.unique(np.linspace(0, len(index) - 3, N_PLACES).astype(int))
    least = (index[-1] - index[0]) / (MAX_SPARSITY * len(index))
    runs = [index[i : i + 3] for i in places]
    close = [run for run in runs if run[1] - run[0] >= least]
    return {pd.DatetimeIndex(run, freq="infer").freq for run in close} - {None}


def _as_numbers(frame: pd.DataFrame, name: str) -> Rows:
    for column, dtype in frame.dtypes.items():
        if not pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_complex_dtype(dtype):
            raise ValueError(
                f"{name} must hold real numbers, but column {column!r} is of type {dtype} and "
                f"begins with {frame[column].iloc[0]!r}; convert it, as with pd.to_numeric."
            )
    values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values).any(axis=1)
    if infinite.any():
        raise ValueError(
            f"{name} must be finite, got an infinite value at "
            f"{as_text(frame.index[infinite.argmax()])}; replace it."
        )
    return values


def _refuse_gaps(index: pd.Index, full: pd.Index, name: str, choice: str) -> None:
    absent = full[~full.isin(index)]
    if not len(absent):
        return
    if isinstance(full, pd.DatetimeIndex):
        fill = f"{name}.asfreq({full.freqstr!r})"
    elif isinstance(full, pd.PeriodIndex):
        fill = f"{name}.reindex(pd.period_range({name}.index[0], {name}.index[-1]))"
    else:
        fill = f"{name}.reindex(range({full[0]}, {full[-1] + 1}, {full.step}))"
    raise ValueError(
        f"{name} must have no gaps, but there is no row for {as_text(absent[0])} ({len(absent)} "
        f"missing in all); fill them with {fill}.interpolate(){choice}."
    )


def _refuse_unknown(values: Rows, index: pd.Index, name: str, choice: str) -> None:
    unknown = np.isnan(values)
    n_last = len(values) - np.flatnonzero(~unknown.any(axis=1))[-1:].sum() - 1
    if 0 < n_last < len(values) and not unknown[: len(values) - n_last].any():
        raise ValueError(
            f"{name} must not end with NaN, got {n_last} row(s) of it from "
            f"{as_text(index[len(values) - n_last])} on; leave such rows out."
        )
    if unknown.any():
        first = index[unknown.any(axis=1).argmax()]
        raise ValueError(
            f"{name} must not hold NaN, got one at {as_text(first)} ({unknown.sum()} in all); "
            f"fill them with {name}.interpolate(){choice}."
        )
