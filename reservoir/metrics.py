"""Measures of error, horizon and memory for time series.

All take the truth first and the prediction second, one row per step, and compare row by row,
whatever the index; those that return a number work with `sklearn.metrics.make_scorer`.
"""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "mase",
    "memory_capacity",
    "next_symbols_right",
    "nmse",
    "nrmse",
    "share_within",
    "smape",
    "steps_before_error",
    "steps_right",
    "switch_off_error",
    "valid_prediction_time",
]


def nrmse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    scale: str | ArrayLike = "std",
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    """Root mean squared error divided by the scale of the series.

    0 is perfect, 1 is what the mean of `y_true` as a constant prediction gets with
    ``scale="std"``.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth and prediction.
    scale : {"std", "range"}, float or array-like of shape (n_outputs,), default="std"
        The divisor: the standard deviation of `y_true` over its rows (with n, not n - 1, in the
        denominator), its maximum minus its minimum, or a number above 0 for each output, such as
        the standard deviation of the training data.
    multioutput : {"uniform_average", "raw_values"} or array-like of shape (n_outputs,)
        Mean over the outputs, one value per output, or a mean with these weights.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The error.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or an output is constant (its scale is 0).

    Examples
    --------
    >>> from reservoir.metrics import nrmse
    >>> nrmse([0, 1, 0, 1], [0, 1, 0, 0])
    1.0
    """
    truth, prediction = _as_columns(y_true, y_pred)
    size = _binary_size(truth - prediction)
    errors = np.sqrt(np.mean(((truth - prediction) / size) ** 2, axis=0))
    errors = errors / (_scale_of(truth, scale) / size)
    return _combine(errors, multioutput)


def nmse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    """Mean squared error divided by the variance of `y_true`: `nrmse` squared, or 1 - R².

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth and prediction.
    multioutput : {"uniform_average", "raw_values"} or array-like of shape (n_outputs,)
        Mean over the outputs, one value per output, or a mean with these weights.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The error.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or an output is constant.

    Examples
    --------
    >>> from reservoir.metrics import nmse
    >>> nmse([0, 2, 0, 2], [0, 1, 0, 1])
    0.5
    """
    truth, prediction = _as_columns(y_true, y_pred)
    size = _binary_size(truth)
    scale = _scale_of(truth, "std") / size
    errors = np.mean(((truth - prediction) / size) ** 2, axis=0) / scale**2
    return _combine(errors, multioutput)


def mase(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    y_train: ArrayLike,
    seasonal_period: int = 1,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    """Mean absolute scaled error: against the seasonal naive forecast within the training data.

    The mean absolute error divided by the mean of ``|y_train(t) - y_train(t - m)|``, where m is
    the seasonal period. Below 1 the forecast beats what the naive one gets in the training data.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth and prediction.
    y_train : array-like of shape (n_train,) or (n_train, n_outputs)
        The series before `y_true`, longer than `seasonal_period`.
    seasonal_period : int, default=1
        The steps m of one season; 1 is the naive forecast that repeats the last value.
    multioutput : {"uniform_average", "raw_values"} or array-like of shape (n_outputs,)
        Mean over the outputs, one value per output, or a mean with these weights.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The error.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, `y_train` is too short, or the naive forecast
        is without error in it.

    References
    ----------
    R. J. Hyndman and A. B. Koehler, "Another look at measures of forecast accuracy", International
    Journal of Forecasting 22(4), 2006, section 3.

    Examples
    --------
    >>> from reservoir.metrics import mase
    >>> mase([5, 6], [5, 5], y_train=[1, 2, 3, 4])
    0.5
    """
    truth, prediction = _as_columns(y_true, y_pred)
    train = _as_column("y_train", y_train)
    if train.shape[1] != truth.shape[1]:
        raise ValueError(
            f"y_train must have the {truth.shape[1]} outputs of y_true, got {train.shape[1]}"
        )
    is_count = isinstance(seasonal_period, Integral) and not isinstance(seasonal_period, bool)
    if not is_count or seasonal_period < 1:
        raise ValueError(f"seasonal_period must be an integer above 0, got {seasonal_period!r}")
    if len(train) <= seasonal_period:
        raise ValueError(
            f"y_train must have more than seasonal_period={seasonal_period} rows, got {len(train)}"
        )
    naive = np.mean(np.abs(train[seasonal_period:] - train[:-seasonal_period]), axis=0)
    if not naive.all():
        raise ValueError(
            f"y_train must not repeat itself exactly every {seasonal_period} steps: "
            "the error of the naive forecast is 0 and nothing can be divided by it"
        )
    return _combine(np.mean(np.abs(truth - prediction), axis=0) / naive, multioutput)


def smape(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    """Symmetric mean absolute percentage error, as a share from 0 to 2.

    The mean of ``2 |y - p| / (|y| + |p|)``; times 100 it is the "200 %" convention of the M3 and
    M4 competitions. A row where truth and prediction are both 0 is without error and counts as 0.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth and prediction.
    multioutput : {"uniform_average", "raw_values"} or array-like of shape (n_outputs,)
        Mean over the outputs, one value per output, or a mean with these weights.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The error.

    Raises
    ------
    ValueError
        If the shapes differ or a value is not finite.

    References
    ----------
    S. Makridakis and M. Hibon, "The M3-Competition: results, conclusions and implications",
    International Journal of Forecasting 16(4), 2000, appendix A.

    Examples
    --------
    >>> from reservoir.metrics import smape
    >>> smape([1, 0, 2], [3, 0, 2])
    0.333...
    """
    truth, prediction = _as_columns(y_true, y_pred)
    size = np.abs(truth) + np.abs(prediction)
    terms = np.divide(2 * np.abs(truth - prediction), size, out=np.zeros_like(size), where=size > 0)
    return _combine(np.mean(terms, axis=0), multioutput)


def valid_prediction_time(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    threshold: float = 0.4,
    dt: float = 1.0,
    lyapunov_exponent: float | None = None,
    scale: str | ArrayLike = "std",
) -> float:
    """How long a free-running prediction of a chaotic series stays close to it.

    The number of rows before the first one whose error exceeds the threshold, times `dt`. The
    error of a row is the root of the mean over the outputs of ``((y - p) / scale)²``.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth and prediction, from the first predicted step on. A row of `y_pred` that is NaN or
        infinite, as after a divergence, exceeds every threshold.
    threshold : float, default=0.4
        Largest error that still counts as valid, in units of the scale.
    dt : float, default=1.0
        Time from one row to the next.
    lyapunov_exponent : float, default=None
        Largest Lyapunov exponent per unit of the time in which `dt` is given; if given, the
        result is in Lyapunov times 1 / exponent.
    scale : {"std", "range"}, float or array-like of shape (n_outputs,), default="std"
        As in `nrmse`; give the standard deviation of a long series if `y_true` is short.

    Returns
    -------
    float
        The valid time. If the threshold is never exceeded it is the length of the series, a lower
        bound.

    Raises
    ------
    ValueError
        If the shapes differ, `y_true` is not finite, an output is constant, or `threshold`, `dt`
        or `lyapunov_exponent` is not above 0.

    References
    ----------
    P. R. Vlachas et al., "Backpropagation algorithms and reservoir computing in recurrent neural
    networks for the forecasting of complex spatiotemporal dynamics", Neural Networks 126, 2020,
    for the error; J. Pathak et al., "Hybrid forecasting of chaotic processes", Chaos 28, 2018,
    for the threshold.

    Examples
    --------
    >>> from reservoir.metrics import valid_prediction_time
    >>> valid_prediction_time([0, 1, 0, 1], [0, 1, 0.1, 0], dt=0.5)
    1.5
    """
    truth, prediction = _as_columns(y_true, y_pred, finite_prediction=False)
    step = _above_zero("dt", dt)
    if lyapunov_exponent is not None:
        step *= _above_zero("lyapunov_exponent", lyapunov_exponent)
    limit = _above_zero("threshold", threshold)
    with np.errstate(over="ignore"):
        errors = np.sqrt(np.mean(((truth - prediction) / _scale_of(truth, scale)) ** 2, axis=1))
    # not (errors > limit), because NaN is beyond the limit too
    beyond = ~(errors <= limit)
    n_valid = int(beyond.argmax()) if beyond.any() else len(beyond)
    return n_valid * step


def memory_capacity(
    y_true: ArrayLike, y_pred: ArrayLike, *, multioutput: str = "sum"
) -> float | np.ndarray:
    """Short-term memory capacity: squared correlations of delayed inputs with their readouts.

    ``MC = Σ_k r²(u(n - k), y_k(n))``, at most the number of units for an input without
    correlations over time.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_steps,) or (n_steps, n_delays)
        The input at each delay, as `reservoir.datasets.make_delay_memory` gives it, and what the
        network puts out for it, one column for each delay. A constant column of `y_pred`
        remembers nothing: its r² is 0.
    multioutput : {"sum", "raw_values"}, default="sum"
        The sum over the delays, or r² for each.

    Returns
    -------
    float or ndarray of shape (n_delays,)
        The capacity.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, a column of `y_true` is constant, or
        `multioutput` is neither of its values.

    Notes
    -----
    Measure it on rows that were not used for fitting. Even unrelated columns have a squared
    correlation of about 1 / n_steps, so the sum over many delays is too high by about
    n_delays / n_steps.

    References
    ----------
    H. Jaeger, "Short term memory in echo state networks", GMD Report 152, 2001, definition 1.

    Examples
    --------
    >>> from reservoir.datasets import make_delay_memory
    >>> from reservoir.metrics import memory_capacity
    >>> _, targets = make_delay_memory(500, delays=range(1, 5), random_state=0)
    >>> round(memory_capacity(targets, 3 * targets + 1), 9)
    4.0
    """
    if multioutput not in ("sum", "raw_values"):
        raise ValueError(f"multioutput must be 'sum' or 'raw_values', got {multioutput!r}")
    truth, prediction = _as_columns(y_true, y_pred)
    truth = (truth - truth.mean(axis=0)) / _scale_of(truth, "std")
    spread = _spread(prediction)
    prediction = np.divide(
        prediction - prediction.mean(axis=0),
        spread,
        out=np.zeros_like(prediction),
        where=spread > 0,
    )
    r = np.mean(truth * prediction, axis=0)
    return r**2 if multioutput == "raw_values" else float(np.sum(r**2))


def switch_off_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, threshold: float = 0.25
) -> np.ndarray:
    """For each output of a timer: how many steps too late (+) or too early (-) it switched off.

    An episode is a run of rows in which `y_true` is above the threshold; its true switch-off is
    the first row after the run. The prediction is read from the first row of the episode until the
    next episode begins or the series ends. In that stretch it may cross the threshold downwards
    several times, and the crossing that lies farthest from the true switch-off counts: a dropout
    in the middle of an output shows as too early, a flicker long after it as too late, and neither
    hides behind a switch-off that is right. If the prediction is still above the threshold where
    the stretch ends, the error runs up to there. If it is nowhere above within the true episode,
    the output is missed: the error is that of a switch-off in the first row, minus the length of
    the episode.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_steps,) or (n_steps, 1)
        Truth and prediction.
    threshold : float, default=0.25
        What an output has to exceed to count as on: half of the 0.5 of `make_timer`.

    Returns
    -------
    ndarray of int, shape (n_episodes,)
        Signed error of each episode in steps. Take ``np.abs`` before a median or a percentile.
        An episode that goes on in the last row is left out.

    Raises
    ------
    ValueError
        If the shapes differ, there are several outputs, a value or `threshold` is not finite, or
        `y_true` holds no complete episode.

    Examples
    --------
    >>> from reservoir.metrics import switch_off_error
    >>> y_true = [0, 0.5, 0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0]
    >>> y_pred = [0, 0.4, 0.5, 0.4, 0.3, 0, 0.5, 0.1, 0, 0]
    >>> switch_off_error(y_true, y_pred)
    array([ 1, -1])
    """
    _check_threshold(threshold)
    truth, prediction = _as_columns(y_true, y_pred)
    if truth.shape[1] != 1:
        raise ValueError(f"y_true must be a single output, got {truth.shape[1]} columns")
    on, predicted_on = truth[:, 0] > threshold, prediction[:, 0] > threshold
    onsets, ends = _runs(on)
    windows = np.append(onsets[1:], len(on))
    ends = ends[ends < len(on)]
    if len(ends) == 0:
        raise ValueError(f"y_true must fall below threshold={threshold} after having been above it")
    return np.array(
        [
            _farthest_switch_off(predicted_on[onset:window], end - onset)
            for onset, end, window in zip(onsets, ends, windows, strict=False)
        ]
    )


def steps_right(y_true: ArrayLike, y_pred: ArrayLike, *, threshold: float = 0.25) -> float:
    """Share of rows in which truth and prediction lie on the same side of a threshold.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth and prediction; several outputs are counted together.
    threshold : float, default=0.25
        A value above it counts as on, one at or below it as off.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ, or a value or `threshold` is not finite.

    Examples
    --------
    >>> from reservoir.metrics import steps_right
    >>> steps_right([0, 0.5, 0.5, 0], [0.1, 0.4, 0.2, 0])
    0.75
    """
    _check_threshold(threshold)
    truth, prediction = _as_columns(y_true, y_pred)
    return float(np.mean((truth > threshold) == (prediction > threshold)))


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
    limit = _above_zero("tolerance", tolerance)
    truth, prediction = _as_columns(y_true, y_pred, finite_prediction=False)
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
        _check_threshold(threshold)
    truth, outputs = _as_columns(y_true, y_pred, finite_prediction=False)
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


def _farthest_switch_off(predicted_on: np.ndarray, n_on: int) -> int:
    """Signed error of the worst downward crossing, in a window whose first `n_on` rows are on."""
    if not predicted_on[:n_on].any():
        return -n_on
    _, ends = _runs(predicted_on)
    errors = ends - n_on
    return int(errors[np.argmax(np.abs(errors))])


def _runs(on: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first row of each run of True, and the row after its last."""
    edges = np.diff(on.astype(int), prepend=0, append=0)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _scale_of(truth: np.ndarray, scale: str | ArrayLike) -> np.ndarray:
    """Return the divisor of each column of `truth`, all above 0."""
    if isinstance(scale, str):
        if scale not in ("std", "range"):
            raise ValueError(f"scale must be 'std', 'range' or numbers above 0, got {scale!r}")
        divisor = _spread(truth) if scale == "std" else np.ptp(truth, axis=0)
        if not divisor.all():
            raise ValueError(
                f"y_true must vary, got a constant output (column {int(np.argmin(divisor))}); "
                "give the scale of a longer series, or use an error that is not normalised"
            )
        return divisor
    divisor = np.asarray(scale, dtype=float)
    n_outputs = truth.shape[1]
    if divisor.shape not in ((), (n_outputs,)) or not _all_above_zero(divisor):
        raise ValueError(
            f"scale must be a finite number above 0, or one for each of {n_outputs} outputs, "
            f"got {scale!r}"
        )
    return divisor


def _spread(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each column, exactly 0 if the column is constant."""
    size = _binary_size(values)
    return np.where(np.ptp(values, axis=0) > 0, np.std(values / size, axis=0) * size, 0.0)


def _binary_size(values: np.ndarray) -> np.ndarray:
    """Return a power of two near the largest value of each column.

    Division by it loses no digit, and keeps squares from running over or under.
    """
    largest = np.abs(values).max(axis=0)
    return np.ldexp(1.0, np.where(largest > 0, np.frexp(largest)[1] - 1, 0))


def _combine(errors: np.ndarray, multioutput: str | ArrayLike) -> float | np.ndarray:
    if isinstance(multioutput, str):
        if multioutput == "raw_values":
            return errors
        if multioutput == "uniform_average":
            return float(np.mean(errors))
        raise ValueError(
            "multioutput must be 'uniform_average', 'raw_values' or an array of weights, "
            f"got {multioutput!r}"
        )
    weights = np.asarray(multioutput, dtype=float)
    if weights.shape != errors.shape or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise ValueError(
            f"multioutput must be one weight of at least 0 for each of {len(errors)} outputs, "
            f"and not all 0, got {multioutput!r}"
        )
    return float(np.average(errors, weights=weights))


def _as_columns(
    y_true: ArrayLike, y_pred: ArrayLike, *, finite_prediction: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float arrays of shape (n_steps, n_outputs), or raise."""
    truth = _as_column("y_true", y_true)
    prediction = _as_column("y_pred", y_pred, finite=finite_prediction)
    if truth.shape != prediction.shape:
        raise ValueError(
            "y_true and y_pred must have the same shape, "
            f"got {np.shape(y_true)} and {np.shape(y_pred)}"
        )
    return truth, prediction


def _as_column(name: str, values: ArrayLike, *, finite: bool = True) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(
            f"{name} must not be a masked array, whose mask would be ignored; leave the masked "
            "rows out of both y_true and y_pred, or fill them"
        )
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise TypeError(f"cannot calculate with dtype {array.dtype}")
        array = array.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of real numbers: {error}") from None
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"{name} must have the shape (n_steps,) or (n_steps, n_outputs) and not be empty, "
            f"got {array.shape}"
        )
    if finite and not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array).reshape(len(array), -1).all(axis=1)))
        raise ValueError(f"{name} must be finite, got NaN or infinity in row {row}")
    return array[:, np.newaxis] if array.ndim == 1 else array


def _check_threshold(threshold: float) -> None:
    if not np.isfinite(threshold):
        raise ValueError(f"threshold must be a finite number, got {threshold!r}")


def _above_zero(name: str, value: float) -> float:
    if not _all_above_zero(value):
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return float(value)


def _all_above_zero(values: float | np.ndarray) -> bool:
    return bool(np.all(np.isfinite(values) & (np.asarray(values) > 0)))
