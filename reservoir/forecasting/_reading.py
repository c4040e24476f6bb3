"""Where the rows of pandas objects become tracks, and horizons become steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reservoir.forecasting._series import (
    as_frame,
    as_rows,
    as_text,
    check_order,
    full_index,
    index_after,
    rows_at,
    steps_until,
)
from reservoir.forecasting._track import Track

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Reader:
    """What must be known to read rows of y and X.

    Attributes
    ----------
    missing, transform, calendar, past_columns
        The parameters of `ReservoirForecaster`.
    names : list
        The columns of X.
    """

    missing: str
    transform: str | None
    calendar: Sequence[str] | str
    past_columns: Sequence[Any]
    names: list[Any]

    def track(self, y: Any, X: Any) -> tuple[Track, int]:
        """Return a series as rows without gaps, and how many values were filled."""
        frame = as_frame(y, "y")
        index = full_index(frame.index, "y")
        rows, filled = as_rows(frame, index, "y", self.missing)
        n_filled = int(filled.sum())
        if self.transform is not None and self.transform != "auto":
            _check_positive(rows, index, self.transform)
        x = np.empty((len(index), 0))
        if X is not None:
            table = as_frame(X, "X")
            rows_at(frame.index, table, "X")
            table = table[table.index.isin(index)]
            how = "interpolate" if self.missing == "run_on" else self.missing
            x, filled_x = as_rows(table, index, "X", how)
            n_filled += int(filled_x.sum())
        absent = [name for name in self.past_columns if name not in self.names]
        if absent:
            raise ValueError(f"past_columns must be columns of X, {self.names}, got {absent[0]!r}.")
        named = not isinstance(self.calendar, str) and len(self.calendar)
        if named and not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
            raise ValueError("calendar must be empty where the index holds whole numbers, not "
                             f"times, got {list(self.calendar)}.")  # fmt: skip
        is_known = ~filled | (self.missing != "run_on")
        return self._rows_of(index, rows, x, is_known), n_filled

    def later(self, track: Track, y: Any, X: Any) -> Track:
        """Return the rows that follow a track."""
        frame = as_frame(y, "y")
        if self.missing == "run_on":
            index, rows = _with_gaps(frame, track.index)
        else:
            index = index_after(track.index, len(frame))
            if not np.array_equal(index.get_indexer(frame.index), np.arange(len(index))):
                raise ValueError(
                    f"y must have the {len(index)} time(s) from {as_text(index[0])} to "
                    f"{as_text(index[-1])}, which follow the series, got "
                    f"{as_text(frame.index[0])} to {as_text(frame.index[-1])}; fill gaps first."
                )
            rows, _ = as_rows(frame.set_axis(index), index, "y", None)
        x = self.exogenous(X, index, past=True)
        return self._rows_of(index, rows, x, ~np.isnan(rows))

    def exogenous(self, X: Any, index: pd.Index, past: bool = False) -> Rows:
        """Return the exogenous columns; those that are not known ahead only of the past."""
        names = self.names
        if not past:
            names = [name for name in names if name not in set(self.past_columns)]
        if not self.names:
            if X is not None:
                raise ValueError("X must be None, since the forecaster was fitted without X.")
            return np.empty((len(index), 0))
        if not names:
            return np.empty((len(index), 0))
        if X is None:
            raise ValueError(
                f"X must hold the columns {names} for the {len(index)} time(s) from "
                f"{as_text(index[0])} to {as_text(index[-1])}, got None."
            )
        frame = as_frame(X, "X")
        if not set(names) <= set(frame.columns) <= set(self.names):
            raise ValueError(f"X must have the columns of fit, {names}, got {list(frame.columns)}.")
        return as_rows(rows_at(index, frame, "X")[names], index, "X", None)[0]

    def _rows_of(self, index: pd.Index, y: Rows, x: Rows, is_known: NDArray[np.bool_]) -> Track:
        """Return a track in which the columns that are not known ahead stand with y."""
        past = np.array([name in self.past_columns for name in self.names], bool)
        is_known = np.hstack([is_known, np.full((len(y), past.sum()), True)])
        return Track(index, np.hstack([y, x[:, past]]), x[:, ~past], is_known)


def steps_of(fh: Any, index: pd.Index) -> NDArray[np.int64]:
    """Return the steps after an index that a horizon means."""
    if isinstance(fh, pd.Index):
        steps = steps_until(fh, index, "fh")
    else:
        steps = np.asarray(fh)
        if steps.dtype.kind not in "iu" or steps.ndim > 1:
            raise TypeError(
                "fh must be a whole number of steps, an array of them or a pandas Index of "
                f"times, got {fh!r}."
            )
        steps = steps.astype(np.int64)  # differences of unsigned numbers would wrap
        if steps.ndim == 0:
            steps = np.arange(1, int(steps) + 1)
    if steps.size == 0 or steps[0] < 1 or (np.diff(steps) <= 0).any():
        raise ValueError(
            "fh must be positive and increasing, 1 being the first time after the series, got "
            f"{fh!r}."
        )
    return steps


def _with_gaps(frame: pd.DataFrame, before: pd.Index) -> tuple[pd.Index, Rows]:
    """Return all times that follow an index, and the rows of a frame, NaN where it has none."""
    check_order(frame.index, "y")
    index = index_after(before, int(steps_until(frame.index, before, "y")[-1]))
    rows = np.full((len(index), frame.shape[1]), np.nan)
    for i in range(frame.shape[1]):
        given = frame.iloc[:, [i]].dropna()
        if len(given):
            values, _ = as_rows(given, given.index, "y", None)
            rows[index.get_indexer(given.index), i] = values[:, 0]
    return index, rows


def _check_positive(rows: Rows, index: pd.Index, transform: str) -> None:
    wrong = (rows <= 0).any(axis=1)
    if wrong.any():
        raise ValueError(
            f"y must be above 0 with transform={transform!r}, got {rows[wrong].min():.6g} at "
            f"{as_text(index[wrong.argmax()])}; add a number to it, or use transform=None."
        )
