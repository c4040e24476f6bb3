"""Benchmark tasks of the reservoir literature: NARMA, superimposed oscillators, delay memory."""

from collections import deque
from collections.abc import Iterable, Sequence
from math import tanh

import numpy as np
import pandas as pd

from ._common import (
    RandomState,
    as_frame_of,
    as_series_of,
    checked_count,
    checked_number,
    checked_positive,
    random_generator,
)

MSO_FREQUENCIES = (0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97)

_NARMA_WARMUP = 200
_NARMA_DRAWS = 100
_NARMA_DIVERGED = 1e6


def make_narma(
    n_steps: int,
    order: int = 10,
    *,
    coefficients: tuple[float, float, float, float] | None = None,
    bounded: bool | None = None,
    random_state: RandomState = None,
    as_frame: bool = False,
) -> tuple[np.ndarray, np.ndarray] | tuple[pd.DataFrame, pd.Series]:
    r"""Nonlinear autoregressive moving average (NARMA) of a given order.

    .. math:: y(t+1) = \alpha y(t) + \beta y(t) \sum_{i=0}^{n-1} y(t-i)
              + \gamma u(t-n+1) u(t) + \delta, \qquad u(t) \sim U[0, 0.5)

    Row t of the result holds u(t) and y(t), in the time of the paper: y(t) depends on the inputs
    up to the row before. 200 steps from rest run before the first row.

    Parameters
    ----------
    n_steps : int
        Number of rows.
    order : int, default=10
        The number n of past outputs that enter.
    coefficients : (float, float, float, float), default=None
        :math:`\alpha, \beta, \gamma, \delta`. None stands for (0.3, 0.05, 1.5, 0.1) up to order
        10 and for (0.3, 0.05, 1.5, 0.01) up to order 20; above, they must be given. For order 30
        papers have 0.2, 0.04 or 0.004, 1.5, 0.001.
    bounded : bool, default=None
        Whether y(t+1) is the tanh of the right-hand side. None stands for True in orders 11 to
        20, where the plain equation runs away, and False in all others.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the input.
    as_frame : bool, default=False
        If True, return pandas objects indexed by the step.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_steps, 1)
        The input, column u.
    y : ndarray or Series of shape (n_steps,)
        The target.

    Raises
    ------
    ValueError
        If an argument is out of its range, or y diverged (reached 1e6) for each of 100 inputs.

    Notes
    -----
    The equation of order 10 diverges for rare inputs (seen 27 times in 5.7 million steps). An input
    for which it does is thrown away and another is drawn, so the series is a sample of the task
    given that it stays finite.

    References
    ----------
    A. F. Atiya and A. G. Parlos, "New results on recurrent network training: unifying the
    algorithms and accelerating convergence", IEEE Transactions on Neural Networks 11(3), 2000,
    for order 10; A. Rodan and P. Tiňo, "Minimum complexity echo state network", IEEE Transactions
    on Neural Networks 22(1), 2011, for the tanh and order 20.

    Examples
    --------
    >>> from reservoir.datasets import make_narma
    >>> X, y = make_narma(1000, random_state=0)
    >>> X.shape, y.shape
    ((1000, 1), (1000,))
    """
    n_steps, order = checked_count("n_steps", n_steps), checked_count("order", order)
    if bounded is None:
        bounded = 10 < order <= 20
    if coefficients is None:
        if order > 20:
            raise ValueError(
                f"coefficients must be given for an order above 20, got order={order}; "
                "the usual ones saturate there"
            )
        coefficients = (0.3, 0.05, 1.5, 0.1 if order <= 10 else 0.01)
    if len(coefficients) != 4:
        raise ValueError(f"coefficients must be four numbers, got {coefficients!r}")
    for coefficient in coefficients:
        checked_number("each of the coefficients", coefficient)

    rng = random_generator(random_state)
    for _ in range(_NARMA_DRAWS):
        u = rng.uniform(0.0, 0.5, _NARMA_WARMUP + order + n_steps)
        y = _narma(u.tolist(), order, coefficients, bounded)
        if len(y) == len(u):
            break
    else:
        raise ValueError(
            f"NARMA of order {order} with coefficients {coefficients} diverged for "
            f"{_NARMA_DRAWS} inputs of {n_steps} steps; lower n_steps or the coefficients, "
            "or set bounded=True"
        )
    X, target = u[-n_steps:, np.newaxis], np.array(y[-n_steps:])
    if as_frame:
        return as_frame_of(X, ["u"]), as_series_of(target, "y")
    return X, target


def make_mso(
    n_steps: int,
    n_oscillators: int = 8,
    *,
    frequencies: Sequence[float] | None = None,
    as_frame: bool = False,
) -> np.ndarray | pd.Series:
    r"""Multiple superimposed oscillators (MSO): a sum of sines whose frequencies share no period.

    .. math:: x(n) = \sum_{i=1}^{m} \sin(\alpha_i n), \qquad n = 0, 1, 2, \ldots

    Nothing in it is random.

    Parameters
    ----------
    n_steps : int
        Number of steps.
    n_oscillators : int, default=8
        How many of the frequencies 0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97 to take, from
        the first on: 2 is the task as it was first set, 5 that of the second paper below, 8 that
        of the third.
    frequencies : sequence of float, default=None
        Frequencies of your own, in radians per step; `n_oscillators` is then not used.
    as_frame : bool, default=False
        If True, return a Series indexed by the step.

    Returns
    -------
    ndarray or Series of shape (n_steps,)
        The series, named ``x``.

    Raises
    ------
    ValueError
        If `n_steps` is below 1, `n_oscillators` not within 1 to 8, or a frequency not above 0.

    References
    ----------
    H. Jaeger and H. Haas, "Harnessing nonlinearity", Science 304(5667), 2004, for the method;
    J. Schmidhuber, D. Wierstra, M. Gagliolo and F. Gomez, "Training recurrent networks by
    Evolino", Neural Computation 19(3), 2007; B. Roeschies and C. Igel, "Structure optimization of
    reservoir networks", Logic Journal of the IGPL 18(5), 2010.

    Examples
    --------
    >>> from reservoir.datasets import make_mso
    >>> make_mso(4, n_oscillators=2).round(3)
    array([0.   , 0.505, 0.972, 1.368])
    """
    n_steps = checked_count("n_steps", n_steps)
    if frequencies is None:
        if checked_count("n_oscillators", n_oscillators) > len(MSO_FREQUENCIES):
            raise ValueError(
                f"n_oscillators must be at most {len(MSO_FREQUENCIES)}, got {n_oscillators}; "
                "give the frequencies of a larger task as frequencies="
            )
        frequencies = MSO_FREQUENCIES[:n_oscillators]
    alphas = [checked_positive("each of the frequencies", alpha) for alpha in frequencies]
    if not alphas:
        raise ValueError("frequencies must hold at least one number, got none")
    x = np.sin(np.outer(np.arange(n_steps), alphas)).sum(axis=1)
    return as_series_of(x, "x") if as_frame else x


def make_delay_memory(
    n_steps: int,
    delays: int | Sequence[int],
    *,
    amplitude: float = 0.5,
    random_state: RandomState = None,
    as_frame: bool = False,
) -> tuple[np.ndarray, np.ndarray] | tuple[pd.DataFrame, pd.DataFrame | pd.Series]:
    """Delay memory: give back the input of k steps ago, y(n) = u(n - k).

    The input starts as many steps before the first row as the longest delay reaches, so every
    target is an input that was really drawn.

    Parameters
    ----------
    n_steps : int
        Number of rows.
    delays : int or sequence of int
        The delay k, or one for each column of the target, all at least 0;
        ``range(1, n_units + 1)`` is the task behind the memory capacity.
    amplitude : float, default=0.5
        The input is uniform in [-amplitude, amplitude).
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the input.
    as_frame : bool, default=False
        If True, return pandas objects indexed by the step.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_steps, 1)
        The input, column u.
    y : ndarray or Series of shape (n_steps,), or ndarray or DataFrame of shape (n_steps, n_delays)
        The delayed input, one column for each delay if `delays` is a sequence; named ``u(n-k)``.

    Raises
    ------
    ValueError
        If `n_steps` is below 1, a delay below 0, `delays` empty, or `amplitude` not above 0.

    References
    ----------
    H. Jaeger, "Short term memory in echo state networks", GMD Report 152, 2001; "A tutorial on
    training recurrent neural networks", GMD Report 159, 2002, section 6.

    Examples
    --------
    >>> from reservoir.datasets import make_delay_memory
    >>> X, y = make_delay_memory(100, delays=[1, 5], random_state=0)
    >>> bool((y[5:, 1] == X[:-5, 0]).all())
    True
    """
    n_steps, amplitude = checked_count("n_steps", n_steps), checked_positive("amplitude", amplitude)
    single = not isinstance(delays, Iterable)
    lags = [
        checked_count("each delay", k, minimum=0)
        for k in (delays if isinstance(delays, Iterable) else [delays])
    ]
    if not lags:
        raise ValueError("delays must hold at least one delay, got none")

    longest = max(lags)
    u = random_generator(random_state).uniform(-amplitude, amplitude, longest + n_steps)
    X = u[longest:, np.newaxis]
    y = np.column_stack([u[longest - k : longest - k + n_steps] for k in lags])
    if as_frame:
        targets = as_frame_of(y, [f"u(n-{k})" for k in lags])
        return as_frame_of(X, ["u"]), targets.iloc[:, 0] if single else targets
    return X, y[:, 0] if single else y


def _narma(
    u: list[float], order: int, coefficients: tuple[float, float, float, float], bounded: bool
) -> list[float]:
    """Return y from rest for all of `u`, or only the part before it diverged."""
    alpha, beta, gamma, delta = coefficients
    y = [0.0] * order
    recent = deque(y, maxlen=order)
    for t in range(order - 1, len(u) - 1):
        value = recent[-1] * (alpha + beta * sum(recent)) + gamma * u[t - order + 1] * u[t] + delta
        if bounded:
            value = tanh(value)
        if not abs(value) < _NARMA_DIVERGED:
            break
        y.append(value)
        recent.append(value)
    return y
