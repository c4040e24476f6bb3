"""One series with what was known of it, and the forecasts that several learners make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reservoir.forecasting._learners import Learner, Part
from reservoir.forecasting._series import index_after
from reservoir.forecasting._views import Preparation

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """The rows of one series.

    Attributes
    ----------
    index : Index of shape (n_rows,)
        As `full_index` returned it.
    y : ndarray of shape (n_rows, n_columns)
        Filled where something was missing.
    x : ndarray of shape (n_rows, n_exogenous)
    is_known : ndarray of bool of shape (n_rows, n_columns)
        Which of y was measured.
    """

    index: pd.Index
    y: Rows
    x: Rows
    is_known: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)

    def until(self, stop: int) -> "Track":
        """Return the first rows."""
        return Track(self.index[:stop], self.y[:stop], self.x[:stop], self.is_known[:stop])

    def followed_by(self, later: "Track") -> "Track":
        """Return the rows with those that came after."""
        index = self.index.append(later.index)
        if isinstance(later.index, pd.DatetimeIndex):
            index = pd.DatetimeIndex(index, freq=later.index.freq)
        elif isinstance(later.index, pd.RangeIndex):
            index = pd.RangeIndex(self.index[0], later.index[-1] + later.index.step,
                                  later.index.step)  # fmt: skip
        return Track(
            index.rename(self.index.name),
            np.concatenate([self.y, later.y]),
            np.concatenate([self.x, later.x]),
            np.concatenate([self.is_known, later.is_known]),
        )

    def with_y(self, y: Rows) -> "Track":
        """Return the rows with other values."""
        return replace(self, y=y)

    def part(self, preparation: Preparation) -> Part:
        """Return the rows as a learner is shown them."""
        n_lost, season = preparation.n_lost, preparation.differencing.season
        z = preparation.apply(self.y)
        known = preparation.known(self.x, self.index)
        measured: NDArray[np.bool_] = np.all(self.is_known, axis=1)
        for lag in [1] * preparation.view.difference + [
            season
        ] * preparation.view.seasonal_difference:
            measured = measured[lag:] & measured[:-lag]
        assert len(measured) == len(self) - n_lost
        return Part(z, known, measured)


class Member(NamedTuple):
    """A learner, and how each series is prepared for it."""

    learner: Learner
    preparations: dict[object, Preparation]


def forecasts(
    members: Sequence[Member], key: object, track: Track, n_steps: int, x_future: Rows
) -> Rows:
    """Return what each member forecasts: (n_members, n_steps, n_columns)."""
    out = []
    for learner, preparations in members:
        preparation = preparations[key]
        past = track.part(preparation)
        future = _future(preparation, track, max(n_steps, learner.n_ahead), x_future)
        out.append(preparation.undo(learner.forecast(past, future, n_steps), track.y))
    return np.array(out)


def run_on(members: Sequence[Member], key: object, track: Track, since: int = 0) -> Track:
    """Return a track in which forecasts stand where nothing was measured.

    Rows before ``since``, and those so early that nothing can be forecast yet, stay as they are.
    """
    y = track.y.copy()
    lowest = np.where(track.is_known, y, np.inf).min(axis=0)
    powers = np.array([preparations[key].power.exponents for _, preparations in members])
    floor = np.where((powers != 1).any(axis=0), lowest, 0)  # that logarithms can be taken of
    first = max(m.preparations[key].n_lost + m.learner.n_lags + 1 for m in members)
    learner = members[0].learner
    absent: NDArray[np.bool_] = np.any(~track.is_known, axis=1)
    absent[: max(since, first)] = False
    edges = np.flatnonzero(np.diff(absent.astype(int), prepend=0, append=0))
    for start, stop in edges.reshape(-1, 2):
        at_once = stop - start if learner.strategy == "recursive" else learner.horizon
        for begin in range(start, stop, at_once):
            rows = slice(begin, min(stop, begin + at_once))
            so_far = track.with_y(y).until(begin)
            each = forecasts(members, key, so_far, rows.stop - begin, track.x[rows])
            forecast = np.median(each, axis=0)
            forecast = np.where((forecast <= 0) & (floor > 0), floor, forecast)
            y[rows] = np.where(track.is_known[rows], y[rows], forecast)
    return track.with_y(y)


def phases(tracks: Mapping[object, Track]) -> dict[object, int]:
    """Return how many steps after the first of several series each begins.

    So that they are in step; 0 for those that have another frequency than the first.
    """
    starts = {key: track.index[:1] for key, track in tracks.items()}
    first = min(starts.values(), key=lambda index: index[0])
    return {key: _steps_between(first, start) for key, start in starts.items()}


def simulations(
    members: Sequence[Member],
    key: object,
    track: Track,
    n_steps: int,
    x_future: Rows,
    n_paths: int,
    rng: np.random.Generator,
) -> Rows:
    """Return paths (n_paths, n_steps, n_columns) on which each step has an error of the past.

    Each member makes an equal share of the paths, its own errors drawn with replacement.
    """
    out = []
    shares = np.diff(np.linspace(0, n_paths, len(members) + 1).astype(int))
    for (learner, preparations), n in zip(members, shares, strict=True):
        if not n:
            continue
        preparation = preparations[key]
        past = track.part(preparation)
        future = _future(preparation, track, n_steps, x_future)
        errors = learner.residuals([past])
        errors = errors - errors.mean(axis=0)
        shocks = errors[rng.integers(len(errors), size=(n, n_steps))]
        for path in learner.paths(past, future, shocks):
            out.append(preparation.undo(path, track.y))
    return np.array(out)


def _steps_between(first: pd.Index, later: pd.Index) -> int:
    if isinstance(first, pd.RangeIndex):
        return int(later[0] - first[0]) // first.step if later.step == first.step else 0
    if later.freq != first.freq or not len(first):
        return 0
    if isinstance(first, pd.PeriodIndex):
        return (later[0].ordinal - first[0].ordinal) // first.freq.n
    return len(pd.date_range(first[0], later[0], freq=first.freq)) - 1


def _future(preparation: Preparation, track: Track, n_steps: int, x_future: Rows) -> Rows:
    n_before = preparation.n_lost
    times = index_after(track.index, n_steps)
    if n_before:
        times = track.index[len(track) - n_before :].append(times)
    later = np.repeat(x_future[-1:], n_steps - len(x_future), axis=0)  # as long as it is learned
    x = np.concatenate([track.x[len(track) - n_before :], x_future, later])
    return preparation.known(x, times, first=len(track) - n_before)
