"""Forecasters on windows of series, and the tables of what they forecast there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from reservoir.forecasting._panel import split
from reservoir.forecasting._recipe import TooFewRowsError
from reservoir.forecasting._series import as_frame, as_rows
from reservoir.forecasting._windows import Histories, Part, Window


@dataclass(frozen=True)
class Trial:
    """What forecasters are tested on.

    Attributes
    ----------
    histories : Histories
    horizon : int
    coverage : list of float
    """

    histories: Histories
    horizon: int
    coverage: list[float]

    @classmethod
    def of(cls, y: Any, X: Any, horizon: int, coverage: Any, missing: str) -> "Trial":
        """Check the series, and put them on all of their times."""
        shares = [float(share) for share in np.atleast_1d(coverage)]
        wrong = [share for share in shares if not 0 < share < 1]
        if wrong:
            raise ValueError(
                f"coverage must be shares between 0 and 1, such as 0.8 for 80 %, got {wrong[0]!r}."
            )
        return cls(Histories.of(y, X, missing), horizon, shares)

    def run(self, forecaster: Any, window: Window) -> pd.DataFrame | TooFewRowsError:
        """Return the rows of a window, forecast by a clone; an error if it cannot be fitted."""
        try:
            return self._first(forecaster, window)[2]
        except TooFewRowsError as error:
            return error

    def run_on(
        self, forecaster: Any, windows: list[Window], missing: str, refit: bool
    ) -> Iterator[pd.DataFrame | TooFewRowsError]:
        """Yield the rows of all windows, by one clone that takes in what is between them."""
        fitted: Any = None
        cuts: dict[Any, int] = {}
        options = {"refit": True} if refit else {}
        for window in windows:
            began = perf_counter()
            try:
                if fitted is None:
                    fitted, first, table = self._first(forecaster, window)
                    cuts = {name: part.cut for name, part in first.parts.items()}
                    yield table
                    continue
                window = window.of(cuts)
                later = {
                    name: self._rows_since(name, cuts[name], part.cut, missing)
                    for name, part in window.parts.items()
                    if part.cut > cuts[name]
                }
                if later:
                    x = self.histories.x_of(later)
                    fitted.update(self.histories.y_of(later), x, **options)
                    cuts |= {name: window.parts[name].cut for name in later}
                if window.parts:
                    yield self._forecast(fitted, window, list(cuts), began)
            except TooFewRowsError as error:
                yield error

    def empty(self) -> pd.DataFrame:
        """Return a table without rows."""
        ends = [f"{end}_{percent(share)}" for share in self.coverage for end in ("lower", "upper")]
        names = ["series"] if self.histories.form.is_panel else []
        names += ["variable"] if len(self.histories.form.columns) > 1 else []
        names += ["window", "cutoff", "time", "step", "y", "forecast", *ends]
        return pd.DataFrame(columns=[*names, "scale_mae", "scale_rmse", "seconds"], dtype=float)

    def _first(self, forecaster: Any, window: Window) -> tuple[Any, Window, pd.DataFrame]:
        """Return a clone that is fitted to a window, what it has of it, and its forecasts.

        Series that are too short for it are left out.
        """
        frames = self.histories.frames
        while True:
            began = perf_counter()
            names = list(window.parts)
            past = {name: frames[name].iloc[p.begin : p.cut] for name, p in window.parts.items()}
            try:
                fitted = clone(forecaster).fit(
                    self.histories.y_of(past), self.histories.x_of(names)
                )
                return fitted, window, self._forecast(fitted, window, names, began)
            except TooFewRowsError:
                lengths = {name: len(rows) for name, rows in past.items()}
                longer = [name for name in names if lengths[name] > min(lengths.values())]
                if not longer:
                    raise
                window = window.of(longer)

    def _rows_since(self, name: Any, last: int, cut: int, missing: str) -> pd.DataFrame:
        """Return the rows that came in since a cut, filled from that cut on if they are to be."""
        frame = self.histories.frames[name].iloc[last - 1 : cut]
        if missing == "interpolate":
            rows, _ = as_rows(frame, frame.index, "y", missing)
            frame = pd.DataFrame(rows, frame.index, frame.columns)
        return frame.iloc[1:]

    def _forecast(
        self, fitted: Any, window: Window, names: list[Any], began: float
    ) -> pd.DataFrame:
        """Return the rows of a window; ``names`` are the series that were fitted."""
        n_steps = max(part.start - part.cut for part in window.parts.values()) + self.horizon
        x = self.histories.x_of(names)
        _, points = split(fitted.predict(n_steps, x))
        bounds: Mapping[Any, Any] = {}
        if self.coverage:
            _, bounds = split(fitted.predict_interval(n_steps, x, coverage=self.coverage))
        seconds = perf_counter() - began
        tables: list[pd.DataFrame] = []
        for name, part in window.parts.items():
            scored = slice(part.start - part.cut, part.start - part.cut + self.horizon)
            ahead, ends = (
                as_frame(each[name][0], "y").iloc[scored] if name in each else None
                for each in (points, bounds)
            )
            tables += self._rows_of(name, part, ahead, ends, window.number)
        return pd.concat(tables, ignore_index=True).assign(seconds=seconds)

    def _rows_of(
        self, name: Any, part: Part, ahead: pd.DataFrame, ends: pd.DataFrame | None, number: int
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows of each variable of one series."""
        frame, n = self.histories.frames[name], self.horizon
        known = frame.iloc[part.begin : part.cut]
        past, _ = as_rows(known, known.index, "y", "interpolate")
        for i, variable in enumerate(frame.columns):
            columns: dict[str, Any] = {}
            if self.histories.form.is_panel:
                columns["series"] = [name] * n
            if frame.shape[1] > 1:
                columns["variable"] = [variable] * n
            columns["window"] = number
            columns["cutoff"] = known.index[-1:].repeat(n)
            columns["time"] = frame.index[part.start : part.start + n]
            columns["step"] = np.arange(1, n + 1)
            columns["y"] = frame.iloc[part.start : part.start + n, i].to_numpy()
            columns["forecast"] = ahead.iloc[:, i].to_numpy()
            if ends is not None:
                for share in self.coverage:
                    for end in ("lower", "upper"):
                        bound = ends[variable, share, end].to_numpy()
                        columns[f"{end}_{percent(share)}"] = bound
            columns |= _scales(past[:, i], part.lag)
            yield pd.DataFrame(columns)


def percent(share: float) -> str:
    """Return a share as it stands in the names of columns: 80 for 0.8."""
    return f"{100 * share:g}"


def _scales(past: NDArray[np.float64], lag: int) -> Mapping[str, float]:
    errors = past[lag:] - past[:-lag]
    if not errors.any():
        return {"scale_mae": np.nan, "scale_rmse": np.nan}
    size = np.abs(errors).max()  # squares of huge values would run over
    rms = size * np.sqrt(np.square(errors / size).mean())
    return {"scale_mae": float(np.abs(errors).mean()), "scale_rmse": float(rms)}
