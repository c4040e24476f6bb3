"""The criteria by which the memory tasks and the grammars count as solved."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from reservoir.metrics._common import above_zero, as_columns, check_threshold


def share_within(y_true: ArrayLike, y_pred: ArrayLike, *, tolerance: float = 0.04) -> float:
    """Share of rows in which the absolute error of every output is below a tolerance.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_rows,) or (n_rows, n_outputs)
        Truth and prediction, one row per sequence where the target belongs to a whole sequence.
        A row of `y_pred` that is NaN or infinite is within no tolerance.
    tolerance : float, default=0.04
        What the absolute error has to stay below.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ, `y_true` is not finite, or `tolerance` is not above 0.

    Notes
    -----
    Hochreiter and Schmidhuber count a sequence as right at 0.04 for the targets of
    `reservoir.datasets.make_adding` and `make_multiplication`, and at 0.3 for all outputs of
    `make_temporal_order`. They stop training when the 2000 most recent sequences are right and
    their mean error is below 0.01 (adding) or 0.1 (temporal order), or when less than 140 or 13
    of the 2000 are wrong (multiplication). Papers that take a squared error of 0.04 as solved, on
    targets (a + b) / 2, ask for much less.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997,
    sections 5.4 to 5.6.

    Examples
    --------
    >>> from reservoir.metrics import share_within
    >>> share_within([0.5, 0.7, 0.2, 0.6], [0.51, 0.8, 0.23, 0.6])
    0.75
    """
    limit = above_zero("tolerance", tolerance)
    truth, prediction = as_columns(y_true, y_pred, finite_prediction=False)
    return float(np.mean((np.abs(truth - prediction) < limit).all(axis=1)))


def next_symbols_right(
    y_true: Sequence[ArrayLike],
    y_pred: Sequence[ArrayLike],
    *,
    threshold: float | None = None,
) -> np.ndarray:
    """For each string: whether the symbols that may follow are told right at all of its steps.

    Parameters
    ----------
    y_true : list of array-likes of shape (n_steps, n_symbols), or 3-D array
        1 for each symbol that may follow and 0 for the others, as the grammars of
        `reservoir.datasets` give them.
    y_pred : list of array-likes of shape (n_steps, n_symbols), or 3-D array
        An output for each symbol. A step with NaN is wrong.
    threshold : float, default=None
        None asks that each symbol that may follow is more active than every other; a number, that
        each is above it and every other is not: 0.5 for outputs trained to 0 and 1.

    Returns
    -------
    ndarray of bool, shape (n_strings,)
        Its mean is the share of strings that are right.

    Raises
    ------
    ValueError
        If there is no string, their numbers or shapes differ, a value of `y_true` is neither 0
        nor 1, or `threshold` is not finite.

    Notes
    -----
    The default is the criterion for Reber strings: a trial succeeds if it holds for all strings,
    of a training and a test set of 256. Strings that count are predicted against a threshold,
    because there a network has to commit itself to an end.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997,
    section 5.1.

    Examples
    --------
    >>> from reservoir.metrics import next_symbols_right
    >>> y_true = [[[1, 0, 1], [0, 1, 0]], [[0, 0, 1]]]
    >>> y_pred = [[[0.4, 0.1, 0.9], [0.2, 0.8, 0.3]], [[0.7, 0.1, 0.6]]]
    >>> next_symbols_right(y_true, y_pred)
    array([ True, False])
    >>> next_symbols_right(y_true, y_pred, threshold=0.5)
    array([False, False])
    """
    if len(y_true) != len(y_pred) or len(y_true) == 0:
        raise ValueError(
            "y_true and y_pred must hold the same number of strings, at least one, "
            f"got {len(y_true)} and {len(y_pred)}"
        )
    return np.array(
        [
            _told_right(truth, prediction, threshold).all()
            for truth, prediction in zip(y_true, y_pred, strict=True)
        ]
    )


def steps_before_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, threshold: float | None = None
) -> int:
    """How many steps of a stream pass before the symbols that may follow are told wrong.

    Parameters
    ----------
    y_true : array-like of shape (n_steps, n_symbols)
        1 for each symbol that may follow and 0 for the others, as
        `reservoir.datasets.make_continual_reber` gives them.
    y_pred : array-like of shape (n_steps, n_symbols)
        An output for each symbol. A step with NaN is wrong.
    threshold : float, default=None
        As in `next_symbols_right`.

    Returns
    -------
    int
        The number of steps before the first that is wrong, or all if none is: a lower bound.

    Raises
    ------
    ValueError
        If the shapes differ, a value of `y_true` is neither 0 nor 1, or `threshold` is not
        finite.

    Notes
    -----
    The paper runs ten streams of up to a million steps, each until the first mistake, and gives
    their mean.

    References
    ----------
    F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to forget: continual prediction with
    LSTM", Neural Computation 12(10), 2000.

    Examples
    --------
    >>> from reservoir.metrics import steps_before_error
    >>> steps_before_error([[1, 0], [0, 1], [1, 1]], [[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]])
    1
    """
    right = _told_right(y_true, y_pred, threshold)
    return len(right) if right.all() else int(right.argmin())


def _told_right(y_true: ArrayLike, y_pred: ArrayLike, threshold: float | None) -> np.ndarray:
    """Return for each row whether the outputs tell the allowed symbols from the others."""
    if threshold is not None:
        check_threshold(threshold)
    truth, outputs = as_columns(y_true, y_pred, finite_prediction=False)
    allowed = truth == 1
    if not (allowed | (truth == 0)).all():
        raise ValueError(
            "y_true must be 1 for each symbol that may follow and 0 for the others, "
            f"got {truth[~allowed & (truth != 0)][0]:g}"
        )
    if threshold is not None:
        return ((outputs > threshold) == allowed).all(axis=1) & ~np.isnan(outputs).any(axis=1)
    least_allowed = np.where(allowed, outputs, np.inf).min(axis=1)
    return least_allowed > np.where(allowed, -np.inf, outputs).max(axis=1)
