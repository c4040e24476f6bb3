"""Scores of quantiles and of intervals."""

import numpy as np
from numpy.typing import ArrayLike

from reservoir.metrics._common import as_column, as_columns, combine


def pinball_loss(
    y_true: ArrayLike,
    y_quantile: ArrayLike,
    *,
    alpha: float | ArrayLike,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    """Mean pinball loss of predicted quantiles; the true quantile has the lowest of all.

    For the quantile q at the level alpha it is ``alpha (y - q)`` where y lies above q and
    ``(1 - alpha) (q - y)`` where it lies below: for the median, half of the absolute error.

    Parameters
    ----------
    y_true : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth.
    y_quantile : array-like of the shape of y_true, or of shape (n_steps, n_quantiles)
        The predicted quantile, or several of a single output.
    alpha : float or array-like of shape (n_quantiles,)
        The level between 0 and 1, or one for each column of `y_quantile`.
    multioutput : {"uniform_average", "raw_values"} or array-like of weights
        Mean over the outputs or the quantiles, one value for each, or a mean with these weights.

    Returns
    -------
    float or ndarray of shape (n_outputs,) or (n_quantiles,)
        The loss, in units of `y_true`.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is not finite, or a level is not between 0 and 1.

    References
    ----------
    R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46(1), 1978; T. Gneiting and
    A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", Journal of the
    American Statistical Association 102(477), 2007, section 6.1.

    Examples
    --------
    >>> from reservoir.metrics import pinball_loss
    >>> pinball_loss([1, 2, 3], [2, 2, 2], alpha=0.9)
    0.333...
    >>> quantiles = [[0, 2], [1, 4], [2, 3]]
    >>> pinball_loss([1, 2, 3], quantiles, alpha=[0.1, 0.9], multioutput="raw_values")
    array([0.1, 0.1])
    """
    levels = np.asarray(alpha, dtype=float)
    if levels.ndim > 1 or levels.size == 0 or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(f"alpha must be a level between 0 and 1, or a list of them, got {alpha!r}")
    if levels.ndim == 0:
        truth, quantile = as_columns(y_true, y_quantile, name="y_quantile")
    else:
        truth, quantile = as_column("y_true", y_true), as_column("y_quantile", y_quantile)
        if truth.shape[1] != 1 or quantile.shape != (len(truth), len(levels)):
            raise ValueError(
                f"y_true must be a single output and y_quantile have the shape (n_steps, "
                f"{len(levels)}), a column for each level of alpha, got {np.shape(y_true)} and "
                f"{np.shape(y_quantile)}"
            )
    miss = truth - quantile
    return combine(np.mean(np.maximum(levels * miss, (levels - 1) * miss), axis=0), multioutput)


def interval_coverage(
    y_true: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    """Share of the true values that lie in their interval, its ends included.

    Near the coverage that was asked for, intervals are calibrated. That alone is easily had, with
    intervals that are too wide in one place and too narrow in another; see `winkler_score`.

    Parameters
    ----------
    y_true : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth.
    lower, upper : array-like of the shape of y_true
        Both ends of each interval, which may be infinite.
    multioutput : {"uniform_average", "raw_values"} or array-like of shape (n_outputs,)
        Mean over the outputs, one value per output, or a mean with these weights.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        From 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ, a true value is not finite, an end is NaN, or `lower` is above
        `upper`.

    Examples
    --------
    >>> from reservoir.metrics import interval_coverage
    >>> interval_coverage([1, 2, 3, 4], lower=[0, 0, 0, 0], upper=[3, 3, 3, 3])
    0.75
    """
    truth, low, high = _as_intervals(y_true, lower, upper)
    return combine(np.mean((low <= truth) & (truth <= high), axis=0), multioutput)


def winkler_score(
    y_true: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    coverage: float,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    """Mean interval score: the width, and a penalty for each value outside; lower is better.

    ``(upper - lower) + 2 / (1 - coverage) · miss``, where the miss is how far the value lies
    outside, 0 within. On average nothing scores lower than the interval between the quantiles at
    ``(1 - coverage) / 2`` and ``(1 + coverage) / 2`` of what is to come.

    Parameters
    ----------
    y_true : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth.
    lower, upper : array-like of the shape of y_true
        Both ends of each interval; the score of an infinite one is infinite.
    coverage : float
        The share of values that the intervals are meant to cover, between 0 and 1: 0.8 for
        intervals of 80 %.
    multioutput : {"uniform_average", "raw_values"} or array-like of shape (n_outputs,)
        Mean over the outputs, one value per output, or a mean with these weights.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The score, in units of `y_true`.

    Raises
    ------
    ValueError
        If the shapes differ, a true value is not finite, an end is NaN, `lower` is above `upper`,
        or `coverage` is not between 0 and 1.

    References
    ----------
    R. L. Winkler, "A decision-theoretic approach to interval estimation", Journal of the American
    Statistical Association 67(337), 1972; T. Gneiting and A. E. Raftery, "Strictly proper scoring
    rules, prediction, and estimation", the same journal 102(477), 2007, eq. 43, where α is
    1 - coverage.

    Examples
    --------
    >>> from reservoir.metrics import winkler_score
    >>> winkler_score([1, 5], lower=[0, 0], upper=[4, 4], coverage=0.8)
    9.0
    """
    if not 0 < coverage < 1:
        raise ValueError(
            f"coverage must be a share between 0 and 1, such as 0.8 for 80 %, got {coverage!r}"
        )
    truth, low, high = _as_intervals(y_true, lower, upper)
    miss = np.maximum(np.maximum(low - truth, truth - high), 0)
    return combine(np.mean(high - low + 2 / (1 - coverage) * miss, axis=0), multioutput)


def _as_intervals(
    y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all three as float arrays of shape (n_steps, n_outputs), or raise."""
    truth, low = as_columns(y_true, lower, name="lower", finite_prediction=False)
    _, high = as_columns(y_true, upper, name="upper", finite_prediction=False)
    right = (low <= high) & (low < np.inf) & (high > -np.inf)
    if not right.all():
        row, column = np.argwhere(~right)[0]
        raise ValueError(
            "lower must not be above upper, and neither NaN, got "
            f"{low[row, column]:g} and {high[row, column]:g} in row {row}"
        )
    return truth, low, high
