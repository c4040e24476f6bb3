"""What a reservoir can do: how far it runs along a chaotic series, how much it remembers."""

import numpy as np
from numpy.typing import ArrayLike

from reservoir.metrics._common import above_zero, as_columns, scale_of, spread


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
    truth, prediction = as_columns(y_true, y_pred, finite_prediction=False)
    step = above_zero("dt", dt)
    if lyapunov_exponent is not None:
        step *= above_zero("lyapunov_exponent", lyapunov_exponent)
    limit = above_zero("threshold", threshold)
    with np.errstate(over="ignore"):
        errors = np.sqrt(np.mean(((truth - prediction) / scale_of(truth, scale)) ** 2, axis=1))
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
    truth, prediction = as_columns(y_true, y_pred)
    truth = (truth - truth.mean(axis=0)) / scale_of(truth, "std")
    deviation = spread(prediction)
    prediction = np.divide(
        prediction - prediction.mean(axis=0),
        deviation,
        out=np.zeros_like(prediction),
        where=deviation > 0,
    )
    r = np.mean(truth * prediction, axis=0)
    return r**2 if multioutput == "raw_values" else float(np.sum(r**2))
