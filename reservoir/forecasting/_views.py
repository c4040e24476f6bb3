"""How a series is looked at before anything learns it: powers, differences, seasons as waves."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from reservoir.forecasting._differencing import Differencing, Scaling, binary_size

Rows = NDArray[np.float64]

MOST_HARMONICS = 6
POWERS = (-1.0, 2.0)
# what the parts of a calendar are counted from, and how many there are
CALENDAR = {
    "hour": ("hour", 0, 24),
    "weekday": ("day_of_week", 0, 7),
    "month": ("month", 1, 12),
    "quarter": ("quarter", 1, 4),
}


@dataclass(frozen=True)
class View:
    """One way to look at a series.

    Attributes
    ----------
    transform : {"none", "log", "box-cox"}
        The last two of columns alone that are above 0 everywhere.
    difference, seasonal_difference : int
        How many times to difference over one step, and over one season.
    fourier : int
        Pairs of sine and cosine of the season that stand beside each row.
    """

    transform: str = "none"
    difference: int = 0
    seasonal_difference: int = 0
    fourier: int = 0

    def __str__(self) -> str:
        """Say what it does, in a few words."""
        parts = [] if self.transform == "none" else [self.transform]
        for name, order in (("difference", self.difference), ("season", self.seasonal_difference)):
            if order:
                over = "over a season" if name == "season" else "over a step"
                parts.append("differences " + over + (f", {order} times" if order > 1 else ""))
        if self.fourier:
            parts.append(f"{self.fourier} harmonics of the season")
        return ", ".join(parts) or "as it is"


# Level, trend and season can each be a matter of the network, of a difference or of waves; no test
# tells reliably which is best, and the median of these four is better than each of them.
DEFAULT_VIEWS = (
    View(difference=1),
    View("log", difference=1, fourier=MOST_HARMONICS),
    View("log", seasonal_difference=1),
    View("log", fourier=MOST_HARMONICS),
)


def choose_views(season: int | None, **given: Any) -> list[View]:
    """Return the default views, changed where something is given; "auto" leaves it open.

    Parameters
    ----------
    season : int or None
        Rows in a season; None if the series has none, or too few rows to show it.
    **given : int, str or None
        Values of the attributes of `View`.

    Returns
    -------
    list of View
        Without a season, and where the differences are given, some may be alike.

    Examples
    --------
    >>> [str(view) for view in choose_views(None, transform="none")]
    ['differences over a step', 'differences over a step', 'as it is', 'as it is']
    """
    given = {name: value for name, value in given.items() if value != "auto"}
    views = []
    for view in DEFAULT_VIEWS:
        if season is None:
            view = replace(view, seasonal_difference=0, fourier=0)
        else:
            view = replace(view, fourier=min(view.fourier, season // 2))
        views.append(replace(view, **given))
    return views


@dataclass(frozen=True)
class Power:
    """Box and Cox's transformation of each column: ``(y^λ - 1) / λ``, or log y with λ = 0 [1]_.

    Attributes
    ----------
    exponents : ndarray of shape (n_columns,)
        λ; 1 leaves a column alone.
    units : float or ndarray of shape (n_columns,)
        What y is counted in, where λ is neither 0 nor 1: near its own size, no digits are lost.

    References
    ----------
    .. [1] Box, G. E. P. & Cox, D. R. (1964). An analysis of transformations. Journal of the Royal
       Statistical Society B 26, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, 1.0], [4.0, 4.0]])
    >>> Power(np.array([0.5, 1.0])).apply(rows)
    array([[0., 1.],
           [2., 4.]])
    """

    exponents: Rows
    units: Rows | float = 1.0

    @classmethod
    def of(cls, transform: str, rows: Rows, season: int) -> Self:
        """Return the powers of rows (n_rows, n_columns) for a name of `View.transform`."""
        exponents, units = np.ones(rows.shape[1]), np.ones(rows.shape[1])
        for i in np.flatnonzero((rows > 0).all(axis=0) & (transform != "none")):
            exponents[i] = 0 if transform == "log" else guerrero(rows[:, i], season)
            units[i] = 2.0 ** np.round(np.log2(rows[:, i]).mean())
        return cls(exponents, units)

    def apply(self, rows: Rows) -> Rows:
        """Transform rows (n_rows, n_columns)."""
        out = np.array(rows)
        for i, (power, unit) in enumerate(self._of_columns()):
            if power == 0:
                out[:, i] = np.log(rows[:, i])
            elif power != 1:
                out[:, i] = ((rows[:, i] / unit) ** power - 1) / power
        return out

    def undo(self, rows: Rows) -> Rows:
        """Return the rows that `apply` made these of; 0 or infinity where none has that power."""
        out = np.array(rows)
        for i, (power, unit) in enumerate(self._of_columns()):
            if power == 0:
                out[:, i] = np.exp(rows[:, i])
            elif power != 1:
                out[:, i] = unit * np.maximum(1 + power * rows[:, i], 0) ** (1 / power)
        return out

    def mean(self, rows: Rows, variance: Rows) -> Rows:
        """Return the means, in units of the series, where transformed rows vary around these.

        To second order in the deviation, which is exact enough while that is small.
        """
        back = self.undo(rows)
        for i, power in enumerate(self.exponents):
            if power != 1:
                slope = 1.0 if power == 0 else 1 + power * rows[:, i]
                back[:, i] *= 1 + variance[:, i] * (1 - power) / (2 * slope**2)
        return back

    def _of_columns(self) -> Iterable[tuple[float, float]]:
        return zip(self.exponents, np.broadcast_to(self.units, self.exponents.shape), strict=True)


def guerrero(values: Rows, season: int) -> float:
    """Return the power that makes the spread within seasons least dependent on their level.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        All above 0.
    season : int
        Rows in a season; at least 2 are taken.

    Returns
    -------
    float
        Between -1 and 2.

    References
    ----------
    Guerrero, V. M. (1993). Time-series analysis supported by power transformations. Journal of
    Forecasting 12, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> level = np.repeat(np.exp(np.arange(20.0) / 4), 12)
    >>> bool(abs(guerrero(level * np.tile(np.linspace(0.8, 1.2, 12), 20), 12)) < 0.05)
    True
    """
    size = max(2, season)
    n_groups = len(values) // size
    values = values / binary_size(values[:, None])  # whose squares are neither huge nor tiny
    if n_groups < 3:
        return 1.0
    groups = values[len(values) - n_groups * size :].reshape(n_groups, size)
    level, spread = groups.mean(axis=1), groups.std(axis=1, ddof=1)
    if not (spread > 0).all():
        return 1.0

    def variation(power: float) -> float:
        ratio = np.log(spread) - (1 - power) * np.log(level)
        ratio = np.exp(ratio - ratio.max())
        return float(ratio.std(ddof=1) / ratio.mean())

    grid = np.linspace(*POWERS, 31)  # there may be more than one minimum
    best = int(np.argmin([variation(power) for power in grid]))
    near = grid[max(0, best - 1)], grid[min(30, best + 1)]
    return float(minimize_scalar(variation, bounds=near, method="bounded").x)


@dataclass(frozen=True)
class Preparation:
    """What a view becomes for one series: all that must be undone in its forecasts.

    Attributes
    ----------
    view : View
    power : Power
    differencing : Differencing
    y_scaling, x_scaling : Scaling
    season : int
        Rows in a season; 1 if there is none.
    calendar : tuple of str
        Keys of `CALENDAR`.
    phase : int
        Where in the season the series begins.
    """

    view: View
    power: Power
    differencing: Differencing
    y_scaling: Scaling
    x_scaling: Scaling
    season: int
    calendar: tuple[str, ...]
    phase: int = 0

    @classmethod
    def of(
        cls,
        view: View,
        y: Rows,
        x: Rows,
        season: int,
        cycle: int,
        calendar: tuple[str, ...],
        scale: bool,
        phase: int = 0,
    ) -> Self:
        """Prepare a series y (n_rows, n_columns) with exogenous columns x.

        Seasonal differences are taken over a cycle, which may be a multiple of the season.
        """
        scaling = Scaling.of if scale else Scaling.none
        power = Power.of(view.transform, y, season)
        differencing = Differencing(view.difference, view.seasonal_difference, cycle)
        with np.errstate(over="ignore", invalid="ignore"):
            y_scaling = scaling(differencing.apply(power.apply(y)))
            x_scaling = scaling(differencing.apply(x))
        return cls(view, power, differencing, y_scaling, x_scaling, season, calendar, phase)

    @property
    def n_lost(self) -> int:
        """Rows at the start that have no difference."""
        return self.differencing.n_lost

    def apply(self, y: Rows) -> Rows:
        """Return what is learned of rows of the series: (n_rows - n_lost, n_columns)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.y_scaling.apply(self.differencing.apply(self.power.apply(y)))

    def known(self, x: Rows, index: pd.Index, first: int = 0) -> Rows:
        """Return what is known of times ahead of them: (n_rows - n_lost, n_known).

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_exogenous)
        index : Index of shape (n_rows,)
        first : int
            Rows that the series had before.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            x = self.x_scaling.apply(self.differencing.apply(x))
        steps = np.arange(first, first + len(index))[self.n_lost :]
        waves = harmonics(steps + self.phase, self.season, self.view.fourier)
        return np.hstack([x, waves, calendar_columns(index[self.n_lost :], self.calendar)])

    def undo(self, outputs: Rows, past: Rows) -> Rows:
        """Return the rows of the series that follow ``past`` and become these outputs."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            changes = self.y_scaling.undo(outputs)
            return self.power.undo(self.differencing.undo(changes, self.power.apply(past)))


def harmonics(steps: NDArray[np.int64], season: int, n_pairs: int) -> Rows:
    """Return cosines and sines (n_steps, n_columns) of the first harmonics of a season.

    Examples
    --------
    >>> import numpy as np
    >>> harmonics(np.arange(4), 4, 2).round(6) + 0.0
    array([[ 1.,  0.,  1.],
           [ 0.,  1., -1.],
           [-1.,  0.,  1.],
           [ 0., -1., -1.]])
    """
    angles = 2 * np.pi * np.outer(steps % season, np.arange(1, n_pairs + 1)) / season
    waves = np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(len(steps), -1)
    return waves[:, :-1] if n_pairs and 2 * n_pairs == season else waves  # whose sine is 0


def calendar_columns(index: pd.Index, names: tuple[str, ...]) -> Rows:
    """Return a column of 0 and 1 for each hour, weekday, month or quarter that is asked for.

    Examples
    --------
    >>> import pandas as pd
    >>> calendar_columns(pd.period_range("2024-01-01", periods=2, freq="D"), ("weekday",))
    array([[1., 0., 0., 0., 0., 0., 0.],
           [0., 1., 0., 0., 0., 0., 0.]])
    """
    columns = [np.zeros((len(index), 0))]
    for name in names:
        attribute, first, size = CALENDAR[name]
        columns.append(np.eye(size)[np.asarray(getattr(index, attribute)) - first])
    return np.hstack(columns)
