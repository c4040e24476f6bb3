"""Errors of forecasts, relative to the series or to a naive forecast."""

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from reservoir.metrics._common import as_column, as_columns, binary_size, combine, scale_of


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
    truth, prediction = as_columns(y_true, y_pred)
    size = binary_size(truth - prediction)
    errors = np.sqrt(np.mean(((truth - prediction) / size) ** 2, axis=0))
    errors = errors / (scale_of(truth, scale) / size)
    return combine(errors, multioutput)


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
    truth, prediction = as_columns(y_true, y_pred)
    size = binary_size(truth)
    scale = scale_of(truth, "std") / size
    errors = np.mean(((truth - prediction) / size) ** 2, axis=0) / scale**2
    return combine(errors, multioutput)


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
    truth, prediction = as_columns(y_true, y_pred)
    steps = _naive_errors(y_train, truth.shape[1], seasonal_period)
    errors = np.mean(np.abs(truth - prediction), axis=0) / np.mean(np.abs(steps), axis=0)
    return combine(errors, multioutput)


def rmsse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    y_train: ArrayLike,
    seasonal_period: int = 1,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    """Root mean squared scaled error: `mase` with squares, the measure of the M5 competition.

    The root of the mean squared error divided by the mean of ``(y_train(t) - y_train(t - m))²``,
    where m is the seasonal period. It asks for the mean of what is to come where the absolute
    error asks for the median, which is 0 for a series that is mostly 0.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_steps,) or (n_steps, n_outputs)
        Truth and prediction.
    y_train : array-like of shape (n_train,) or (n_train, n_outputs)
        The series before `y_true`, longer than `seasonal_period`. The competition leaves out what
        comes before the first value that is not 0.
    seasonal_period : int, default=1
        The steps m of one season; 1, the naive forecast that repeats the last value, is what the
        competition takes.
    multioutput : {"uniform_average", "raw_values"} or array-like of shape (n_outputs,)
        Mean over the outputs, one value per output, or a mean with these weights; the competition
        weights each series by its share in the revenue.

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
    S. Makridakis, E. Spiliotis and V. Assimakopoulos, "The M5 competition: background,
    organization, and implementation", International Journal of Forecasting 38(4), 2022.

    Examples
    --------
    >>> from reservoir.metrics import rmsse
    >>> rmsse([5, 6], [5, 4], y_train=[1, 3, 1, 3])
    0.707...
    """
    truth, prediction = as_columns(y_true, y_pred)
    steps = _naive_errors(y_train, truth.shape[1], seasonal_period)
    errors = _root_mean_square(truth - prediction) / _root_mean_square(steps)
    return combine(errors, multioutput)


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
    truth, prediction = as_columns(y_true, y_pred)
    size = np.abs(truth) + np.abs(prediction)
    terms = np.divide(2 * np.abs(truth - prediction), size, out=np.zeros_like(size), where=size > 0)
    return combine(np.mean(terms, axis=0), multioutput)


def _naive_errors(y_train: ArrayLike, n_outputs: int, seasonal_period: int) -> np.ndarray:
    """Return the errors of the seasonal naive forecast in the training data, or raise."""
    train = as_column("y_train", y_train)
    if train.shape[1] != n_outputs:
        raise ValueError(
            f"y_train must have the {n_outputs} outputs of y_true, got {train.shape[1]}"
        )
    is_count = isinstance(seasonal_period, Integral) and not isinstance(seasonal_period, bool)
    if not is_count or seasonal_period < 1:
        raise ValueError(f"seasonal_period must be an integer above 0, got {seasonal_period!r}")
    if len(train) <= seasonal_period:
        raise ValueError(
            f"y_train must have more than seasonal_period={seasonal_period} rows, got {len(train)}"
        )
    errors = train[seasonal_period:] - train[:-seasonal_period]
    if not np.mean(np.abs(errors), axis=0).all():
        raise ValueError(
            f"y_train must not repeat itself exactly every {seasonal_period} steps: "
            "the error of the naive forecast is 0 and nothing can be divided by it"
        )
    return errors


def _root_mean_square(values: np.ndarray) -> np.ndarray:
    size = binary_size(values)
    return np.sqrt(np.mean((values / size) ** 2, axis=0)) * size
