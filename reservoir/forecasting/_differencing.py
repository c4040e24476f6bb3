"""Differences and scaling of rows, taken and undone."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]


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
