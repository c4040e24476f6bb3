"""The Mackey-Glass delay differential equation."""

from itertools import accumulate
from math import ceil, exp

import numpy as np
import pandas as pd

from ._common import (
    RandomState,
    as_series_of,
    check_bounded,
    checked_count,
    checked_positive,
    random_generator,
    warmup_steps,
)


def make_mackey_glass(
    n_steps: int,
    tau: float = 17.0,
    *,
    beta: float = 0.2,
    gamma: float = 0.1,
    exponent: float = 10.0,
    dt: float = 1.0,
    history: float | None = None,
    warmup: int | None = None,
    random_state: RandomState = None,
    as_frame: bool = False,
) -> np.ndarray | pd.Series:
    r"""Mackey-Glass delay differential equation, sampled every `dt`.

    .. math:: \dot x(t) = \frac{\beta x(t-\tau)}{1 + x(t-\tau)^n} - \gamma x(t)

    With the default parameters it is chaotic: the largest Lyapunov exponent is about 0.005 per unit
    of time for `tau` = 17 and 0.007 for 30, the two usual benchmarks.

    Parameters
    ----------
    n_steps : int
        Number of samples.
    tau : float, default=17.0
        Delay, any number above 0, in the same unit of time as `dt`.
    beta, gamma, exponent : float, defaults 0.2, 0.1, 10.0
        The coefficients :math:`\beta`, :math:`\gamma`, n of the equation, all above 0.
    dt : float, default=1.0
        Time from one sample to the next.
    history : float, default=None
        The constant value of x up to time 0, above 0. None draws it uniformly from [1.1, 1.3).
    warmup : int, default=None
        Samples from time 0 on that are not returned. None leaves out 1000 units of time.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the history.
    as_frame : bool, default=False
        If True, return a Series indexed by the step.

    Returns
    -------
    ndarray or Series of shape (n_steps,)
        The series, named ``x``.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the values overflow.

    Notes
    -----
    Method of steps: while the delay passes once, x(t - tau) is known, so the equation is linear in
    x(t). Its exponential is taken exactly and its integral by Simpson's rule, of order four, on a
    grid that divides the delay, so every kink that the start of the history causes falls on a
    point of the grid. Between points the solution is the cubic through values and slopes
    (Hermite), also of order four. Over the first 600 units of time with `tau` = 17 the error stays
    below 1e-10. The time taken grows as 1 / tau once `tau` is below 0.02.

    References
    ----------
    M. C. Mackey and L. Glass, "Oscillation and chaos in physiological control systems", Science
    197(4300), 1977, equation 4b.

    Examples
    --------
    >>> from reservoir.datasets import make_mackey_glass
    >>> x = make_mackey_glass(2000, tau=17, random_state=0)
    >>> x.shape, round(float(x.min()), 1), round(float(x.max()), 1)
    ((2000,), 0.4, 1.3)
    """
    n_steps = checked_count("n_steps", n_steps)
    tau, dt = checked_positive("tau", tau), checked_positive("dt", dt)
    beta, gamma = checked_positive("beta", beta), checked_positive("gamma", gamma)
    exponent = checked_positive("exponent", exponent)
    if history is None:
        history = float(random_generator(random_state).uniform(1.1, 1.3))
    history = checked_positive("history", history)

    times = dt * (warmup_steps(warmup, 1000.0, dt) + np.arange(n_steps))
    # 0.02 units of time with the default parameters; steeper or faster equations get a finer grid
    step = 0.004 / max(beta, gamma) * min(1.0, 10.0 / exponent)
    x = _mackey_glass(times, tau, beta, gamma, exponent, history, n_intervals=ceil(tau / step))
    check_bounded(x[:, np.newaxis], times, "Mackey-Glass")
    return as_series_of(x, "x") if as_frame else x


def _mackey_glass(
    times: np.ndarray,
    tau: float,
    beta: float,
    gamma: float,
    exponent: float,
    history: float,
    n_intervals: int,
) -> np.ndarray:
    """Solve from a constant history on `n_intervals` per delay; return x at increasing `times`."""

    def production(delayed: np.ndarray) -> np.ndarray:
        return beta * delayed / (1.0 + delayed**exponent)

    h = tau / n_intervals
    decay, half_decay = exp(-gamma * h), exp(-gamma * h / 2)
    x, slope = np.full(n_intervals + 1, history), np.zeros(n_intervals + 1)
    n_delays = int(times[-1] // tau) + 1
    bounds = np.searchsorted(times, tau * np.arange(n_delays))
    values = np.empty_like(times)
    for i, (first, stop) in enumerate(zip(bounds, [*bounds[1:], len(times)], strict=True)):
        middle = (x[:-1] + x[1:]) / 2 + h / 8 * (slope[:-1] - slope[1:])
        inflow, middle_inflow = production(x), production(middle)
        gain = h / 6 * (decay * inflow[:-1] + 4 * half_decay * middle_inflow + inflow[1:])
        steps = accumulate(gain.tolist(), lambda x, g: decay * x + g, initial=float(x[-1]))
        x = np.fromiter(steps, float, n_intervals + 1)
        slope = inflow - gamma * x
        values[first:stop] = _hermite(x, slope, h, times[first:stop] - tau * i)
    return values


def _hermite(x: np.ndarray, slope: np.ndarray, h: float, times: np.ndarray) -> np.ndarray:
    """Evaluate the piecewise cubic with values `x` and slopes on a grid of width `h` from 0."""
    left = np.clip((times / h).astype(int), 0, len(x) - 2)
    s = times / h - left
    from_left = (1 - s) ** 2 * ((1 + 2 * s) * x[left] + s * h * slope[left])
    return from_left + s**2 * ((3 - 2 * s) * x[left + 1] + (s - 1) * h * slope[left + 1])
