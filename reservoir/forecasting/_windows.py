"""Windows of series that are forecast, each from what was known before it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from reservoir.forecasting._panel import LONG, Form, split
from reservoir.forecasting._series import as_frame, as_rows, full_index, rows_at, season_of

# Growing training parts keep at least so much of a series.
MIN_SHARE = 0.5


@dataclass(frozen=True)
class Histories:
    """One or several series, each with a row for all times from its first to its last.

    Attributes
    ----------
    form : Form
        A long table has become a panel.
    frames : dict of DataFrame
        For each series its rows (n_rows, n_columns), NaN where nothing was measured; of a series
        that is no panel under the name None.
    exogenous : dict of DataFrame
        Rows for the same times, without gaps; empty if there is no X.
    """

    form: Form
    frames: Mapping[Any, pd.DataFrame]
    exogenous: Mapping[Any, pd.DataFrame]

    @classmethod
    def of(cls, y: Any, X: Any, missing: str) -> Self:
        """Return the series in y, or refuse what no forecaster with that ``missing`` would take."""
        form, parts = split(*_as_panel(y, X))
        frames, exogenous = {}, {}
        for name, (rows, known) in parts.items():
            try:
                frames[name] = _on_all_times(rows, missing)
                if known is not None:
                    exogenous[name] = _filled(known, rows.index, frames[name].index, missing)
            except (TypeError, ValueError) as error:
                if name is None:
                    raise
                raise type(error)(f"Series {name!r}: {error}") from error
        return cls(form, frames, exogenous)

    def y_of(self, rows: Mapping[Any, pd.DataFrame]) -> Any:
        """Return rows of some series in the form of y."""
        return self.form.join(rows)

    def x_of(self, names: Iterable[Any]) -> pd.DataFrame | None:
        """Return the exogenous columns of some series, those of all times."""
        if not self.exogenous:
            return None
        return self.form.join({name: self.exogenous[name] for name in names}, columns=True)


@dataclass(frozen=True)
class Part:
    """The rows of one series in a window, by their numbers.

    Attributes
    ----------
    begin, cut : int
        The first training row, and the one after the last; both ends were measured.
    start : int
        The first row that is scored.
    lag : int
        Steps of the naive forecast that the scores are relative to.
    """

    begin: int
    cut: int
    start: int
    lag: int


@dataclass(frozen=True)
class Window:
    """One window of all series that are long enough to have it.

    Attributes
    ----------
    number : int
        0 for the earliest.
    parts : dict of Part
    """

    number: int
    parts: Mapping[Any, Part]

    def of(self, names: Iterable[Any]) -> "Window":
        """Return the window of some series only."""
        return Window(self.number, {name: self.parts[name] for name in names if name in self.parts})


def windows_of(
    frames: Mapping[Any, pd.DataFrame],
    *,
    horizon: int,
    n_windows: int,
    stride: int | None = None,
    gap: int = 0,
    train_size: int | None = None,
    season: int | None = None,
) -> list[Window]:
    """Return the windows that end with the end of each series, the earliest first."""
    parts = {
        name: _parts_of(frame, horizon, n_windows, stride or horizon, gap, train_size, season)
        for name, frame in frames.items()
    }
    n_found = max(max(each, default=-1) for each in parts.values()) + 1
    windows = [
        Window(
            n_found - 1 - behind,
            {name: each[behind] for name, each in parts.items() if behind in each},
        )
        for behind in reversed(range(n_found))
    ]
    return [window for window in windows if window.parts]


def _parts_of(
    frame: pd.DataFrame,
    horizon: int,
    n_windows: int,
    stride: int,
    gap: int,
    train_size: int | None,
    season: int | None,
) -> dict[int, Part]:
    """Return the windows of one series, by how many there are behind each."""
    measured = frame.notna().to_numpy()
    whole, some = measured.all(axis=1), measured.any(axis=1)
    n_least = train_size or len(frame) - int(len(frame) * (1 - MIN_SHARE))
    spans = {}
    for behind in range(n_windows):
        start = len(frame) - horizon - stride * behind
        stop = start - gap
        if stop < max(n_least, 1):
            break
        first = stop - train_size if train_size else 0
        known = first + np.flatnonzero(whole[first:stop])
        if len(known) and some[start : start + horizon].any():
            # what is missing before the window is forecast with it: to fill it takes the future
            spans[behind] = int(known[0]), int(known[-1]) + 1, start
    season = season_of(frame.index) if season is None else season
    # once, so that all windows are scored alike
    shortest = min((cut - begin for begin, cut, _ in spans.values()), default=0)
    lag = season if season is not None and season < shortest else 1
    return {behind: Part(*span, lag) for behind, span in spans.items()}


def _as_panel(y: Any, X: Any) -> tuple[Any, Any]:
    """Return a long table, whose further columns are exogenous, as a panel."""
    if X is not None or not isinstance(y, pd.DataFrame) or not set(LONG) <= set(y.columns):
        return y, X
    *names, value = LONG
    table = y.set_index(names)
    known = table.drop(columns=value)
    return table[value], known if known.shape[1] else None


def _on_all_times(rows: Any, missing: str) -> pd.DataFrame:
    frame = as_frame(rows, "y")
    index = full_index(frame.index, "y")
    as_rows(frame, index, "y", missing)
    values = frame.reindex(index).to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.DataFrame(values, index, frame.columns)


def _filled(known: Any, given: pd.Index, index: pd.Index, missing: str) -> pd.DataFrame:
    frame = as_frame(known, "X")
    rows_at(given, frame, "X")
    how = "raise" if missing == "raise" else "interpolate"
    rows, _ = as_rows(frame[frame.index.isin(index)], index, "X", how)
    return pd.DataFrame(rows, index, frame.columns)
