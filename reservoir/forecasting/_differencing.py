"""Differences and scaling of rows, taken and undone, and tests that say when to difference."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]

# Kwiatkowski et al. (1992), table 1: upper 5 % point of the statistic for level stationarity.
KPSS_CRITICAL = 0.463
# Wang, Smith & Hyndman (2006) measure it; the limit was fitted to the M3 series by the authors of
# the R package forecast.
STRONG_SEASON = 0.64


@dataclass(frozen=True)
class Differencing:
    """Differences ``(1 - B)^order (1 - B^season)^seasonal_order`` of rows, B being a step back.

    Attributes
    ----------
    order, seasonal_order : int
        How many times to difference over one step, and over one season.
    season : int
        Steps in a season.

    Examples
    --------
    >>> import numpy as np
    >>> squares = np.arange(6.0)[:, None] ** 2
    >>> twice = Differencing(order=2)
    >>> twice.apply(squares).ravel()
    array([2., 2., 2., 2.])
    >>> twice.undo(np.array([[2.0], [2.0]]), squares).ravel()  # what follows 25
    array([36., 49.])
    """

    order: int = 0
    seasonal_order: int = 0
    season: int = 1

    @property
    def n_lost(self) -> int:
        """Rows at the start that have no difference."""
        return self.order + self.seasonal_order * self.season

    def apply(self, rows: Rows) -> Rows:
        """Return the differences (n_rows - n_lost, n_columns) of rows (n_rows, n_columns)."""
        for lag in self._lags():
            rows = rows[lag:] - rows[:-lag]
        return rows

    def undo(self, changes: Rows, past: Rows) -> Rows:
        """Return the rows whose differences are ``changes`` and that follow ``past``.

        Parameters
        ----------
        changes : ndarray of shape (n_steps, n_columns)
        past : ndarray of shape (n_past, n_columns)
            At least the last ``n_lost`` rows before the first change.

        Returns
        -------
        ndarray of shape (n_steps, n_columns)
        """
        pasts = [past[len(past) - self.n_lost :]]
        for lag in self._lags():
            pasts.append(pasts[-1][lag:] - pasts[-1][:-lag])
        rows = changes
        for lag, before in zip(reversed(self._lags()), reversed(pasts[:-1]), strict=True):
            rows = np.concatenate([before[len(before) - lag :], rows])
            for phase in range(lag):
                np.cumsum(rows[phase::lag], axis=0, out=rows[phase::lag])
            rows = rows[lag:]
        return rows

    def _lags(self) -> list[int]:
        return [1] * self.order + [self.season] * self.seasonal_order


def choose_differencing(
    rows: Rows, season: int, order: int | str, seasonal_order: int | str
) -> Differencing:
    """Choose the orders that are "auto": one difference at most, and only for rows that wander.

    Rows are differenced over a season if, in one of the columns, the season is strong [1]_ and
    repeating the last one comes closer to the rows than repeating the mean one. Else they are
    differenced over a step if the KPSS test [2]_ rejects, at 5 %, that one of the columns keeps
    its level.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
    season : int
        Steps in a season; 1 if there is none.
    order, seasonal_order : int or "auto"

    Returns
    -------
    Differencing

    References
    ----------
    .. [1] Wang, X., Smith, K. & Hyndman, R. (2006). Characteristic-based clustering for time
       series data. Data Mining and Knowledge Discovery 13, section 3.1.
    .. [2] Kwiatkowski, D., Phillips, P. C. B., Schmidt, P. & Shin, Y. (1992). Testing the null
       hypothesis of stationarity against the alternative of a unit root. Journal of Econometrics
       54, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> rising = np.arange(60.0)[:, None]
    >>> choose_differencing(rising, 1, "auto", "auto")
    Differencing(order=1, seasonal_order=0, season=1)
    >>> choose_differencing(rising + 9 * np.cos(np.pi * rising / 6), 12, "auto", "auto")
    Differencing(order=0, seasonal_order=1, season=12)
    """
    rows = rows / binary_size(rows)
    first, second = (0 if isinstance(value, str) else value for value in (order, seasonal_order))
    left = Differencing(first, second, season).apply(rows)
    if isinstance(seasonal_order, str):
        seasonal_order = int(any(_season_wanders(column, season) for column in left.T))
        left = Differencing(0, seasonal_order, season).apply(left)
    if isinstance(order, str):
        wanders = any(kpss_statistic(column, season) > KPSS_CRITICAL for column in left.T)
        order = int(wanders and seasonal_order == 0)
    return Differencing(order, seasonal_order, season)


@dataclass(frozen=True)
class Scaling:
    """A shift and a factor for each column.

    Attributes
    ----------
    mean, deviation : ndarray of shape (n_columns,)
    """

    mean: Rows
    deviation: Rows

    @classmethod
    def of(cls, rows: Rows) -> Self:
        """Return what brings rows (n_rows, n_columns) to mean 0 and standard deviation 1."""
        size = binary_size(rows)
        mean, deviation = size * (rows / size).mean(axis=0), size * (rows / size).std(axis=0)
        # what rounding leaves of a constant column is not magnified
        constant = deviation <= 1e-12 * np.abs(rows).max(axis=0)
        return cls(mean, np.where(constant, 1.0, deviation))

    @classmethod
    def none(cls, rows: Rows) -> Self:
        """Return what leaves rows (n_rows, n_columns) alone."""
        return cls(np.zeros(rows.shape[1]), np.ones(rows.shape[1]))

    def apply(self, rows: Rows) -> Rows:
        """Shift and divide rows (n_rows, n_columns)."""
        return (rows - self.mean) / self.deviation

    def undo(self, rows: Rows) -> Rows:
        """Return the rows that `apply` made these of."""
        return rows * self.deviation + self.mean


def binary_size(rows: Rows) -> Rows:
    """Return a power of two near the largest value of each column.

    Division by it loses no digit, and keeps squares from running over or under.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)

    Returns
    -------
    ndarray of shape (n_columns,)
        1 for a column of zeros, and where there are no rows.

    Examples
    --------
    >>> import numpy as np
    >>> binary_size(np.array([[3.0, 0.0], [-5.0, 0.0]]))
    array([4., 1.])
    """
    largest = np.abs(rows).max(axis=0, initial=0.0)
    return np.ldexp(1.0, np.where(largest > 0, np.frexp(largest)[1] - 1, 0))


def kpss_statistic(values: Rows, season: int = 1) -> float:
    """Return the statistic of the KPSS test for a fixed level; it is large for a random walk.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
    season : int
        The long-run variance takes in at least so many lags.

    Returns
    -------
    float
        0 for a constant series, and for less than two rows.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=500)
    >>> bool(kpss_statistic(noise) < 0.463 < kpss_statistic(np.cumsum(noise)))
    True
    """
    n = len(values)
    if n < 2:
        return 0.0
    # the lag length that Kwiatkowski et al. (1992) call l12
    n_lags = min(n - 1, max(int(12 * (n / 100) ** 0.25), season))
    errors = values - values.mean()
    variance = errors @ errors
    for lag in range(1, n_lags + 1):
        variance += 2 * (1 - lag / (n_lags + 1)) * (errors[lag:] @ errors[:-lag])
    if variance <= np.finfo(float).eps * n * np.square(values).max():
        return 0.0
    sums = np.cumsum(errors)
    return float(sums @ sums / (n * variance))


def seasonal_strength(values: Rows, season: int) -> float:
    """Return the share of the variance around the trend that repeats every season, 0 to 1.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
    season : int

    Returns
    -------
    float
        0 if there are fewer than three seasons, or ``season`` is 1.

    Examples
    --------
    >>> import numpy as np
    >>> round(seasonal_strength(np.tile([0.0, 1.0, 5.0, 2.0], 10), 4), 6)
    1.0
    """
    if season < 2 or len(values) < 3 * season:
        return 0.0
    window = np.ones(season + (season % 2 == 0))
    if season % 2 == 0:
        window[[0, -1]] = 0.5
    trend = np.convolve(values, window / season, "valid")
    around = values[len(window) // 2 :][: len(trend)] - trend
    if np.ptp(around) <= 1e-12 * np.abs(values).max():
        return 0.0
    rest = around - _profile(around, season)[np.arange(len(around)) % season]
    return float(max(0.0, 1 - rest.var() / around.var()))


def _season_wanders(values: Rows, season: int) -> bool:
    """Whether a season is strong, and nearer to the one before it than to the mean one."""
    if seasonal_strength(values, season) <= STRONG_SEASON:
        return False
    around_mean = values - _profile(values, season)[np.arange(len(values)) % season]
    return bool((values[season:] - values[:-season]).var() < around_mean.var())


def _profile(values: Rows, season: int) -> Rows:
    """Return the mean for each step of the season."""
    phase = np.arange(len(values)) % season
    return np.bincount(phase, values) / np.bincount(phase)
