"""Chaotic flows and maps: Lorenz, Rössler, Hénon."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ._common import (
    RandomState,
    as_frame_of,
    check_bounded,
    checked_count,
    checked_number,
    checked_positive,
    random_generator,
    warmup_steps,
)


def make_lorenz(
    n_steps: int,
    *,
    sigma: float = 10.0,
    rho: float = 28.0,
    beta: float = 8 / 3,
    dt: float = 0.02,
    initial_state: Sequence[float] | None = None,
    warmup: int | None = None,
    random_state: RandomState = None,
    as_frame: bool = False,
) -> np.ndarray | pd.DataFrame:
    r"""Lorenz system, sampled every `dt`.

    .. math:: \dot x = \sigma (y - x), \quad \dot y = x (\rho - z) - y, \quad
              \dot z = x y - \beta z

    With the default parameters the largest Lyapunov exponent is about 0.906 per unit of time.

    Parameters
    ----------
    n_steps : int
        Number of samples.
    sigma, rho, beta : float, defaults 10.0, 28.0, 8/3
        The coefficients of the equations.
    dt : float, default=0.02
        Time from one sample to the next.
    initial_state : (float, float, float), default=None
        State at time 0. None draws each of x, y, z - 25 uniformly from [-1, 1).
    warmup : int, default=None
        Samples from time 0 on that are not returned. None leaves out 50 units of time.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the initial state.
    as_frame : bool, default=False
        If True, return a DataFrame indexed by the step.

    Returns
    -------
    ndarray or DataFrame of shape (n_steps, 3)
        Columns x, y, z.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the state does not stay finite.

    Notes
    -----
    Integrated by LSODA with tolerances of 1e-12.

    References
    ----------
    E. N. Lorenz, "Deterministic nonperiodic flow", Journal of the Atmospheric Sciences 20(2),
    1963, equations 25-27.

    Examples
    --------
    >>> from reservoir.datasets import make_lorenz
    >>> make_lorenz(1000, random_state=0).shape
    (1000, 3)
    """
    n_steps, dt = checked_count("n_steps", n_steps), checked_positive("dt", dt)
    sigma, rho = checked_number("sigma", sigma), checked_number("rho", rho)
    beta = checked_number("beta", beta)

    def lorenz(state: np.ndarray) -> tuple[float, float, float]:
        x, y, z = state.tolist()
        return sigma * (y - x), x * (rho - z) - y, x * y - beta * z

    start = _initial_state(initial_state, [0.0, 0.0, 25.0], 1.0, random_state)
    states = _flow(lorenz, start, n_steps, warmup_steps(warmup, 50.0, dt), dt, "Lorenz")
    return as_frame_of(states, ["x", "y", "z"]) if as_frame else states


def make_rossler(
    n_steps: int,
    *,
    a: float = 0.2,
    b: float = 0.2,
    c: float = 5.7,
    dt: float = 0.1,
    initial_state: Sequence[float] | None = None,
    warmup: int | None = None,
    random_state: RandomState = None,
    as_frame: bool = False,
) -> np.ndarray | pd.DataFrame:
    r"""Rössler system, sampled every `dt`.

    .. math:: \dot x = -y - z, \quad \dot y = x + a y, \quad \dot z = b + z (x - c)

    With the default parameters the largest Lyapunov exponent is about 0.07 per unit of time.

    Parameters
    ----------
    n_steps : int
        Number of samples.
    a, b, c : float, defaults 0.2, 0.2, 5.7
        The coefficients of the equations.
    dt : float, default=0.1
        Time from one sample to the next.
    initial_state : (float, float, float), default=None
        State at time 0. None draws each of x, y, z uniformly from [-1, 1).
    warmup : int, default=None
        Samples from time 0 on that are not returned. None leaves out 200 units of time.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the initial state.
    as_frame : bool, default=False
        If True, return a DataFrame indexed by the step.

    Returns
    -------
    ndarray or DataFrame of shape (n_steps, 3)
        Columns x, y, z.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the state does not stay finite.

    Notes
    -----
    Integrated by LSODA with tolerances of 1e-12.

    References
    ----------
    O. E. Rössler, "An equation for continuous chaos", Physics Letters A 57(5), 1976, equation 2.

    Examples
    --------
    >>> from reservoir.datasets import make_rossler
    >>> make_rossler(1000, random_state=0).shape
    (1000, 3)
    """
    n_steps, dt = checked_count("n_steps", n_steps), checked_positive("dt", dt)
    a, b, c = checked_number("a", a), checked_number("b", b), checked_number("c", c)

    def rossler(state: np.ndarray) -> tuple[float, float, float]:
        x, y, z = state.tolist()
        return -y - z, x + a * y, b + z * (x - c)

    start = _initial_state(initial_state, [0.0, 0.0, 0.0], 1.0, random_state)
    states = _flow(rossler, start, n_steps, warmup_steps(warmup, 200.0, dt), dt, "Rössler")
    return as_frame_of(states, ["x", "y", "z"]) if as_frame else states


def make_henon(
    n_steps: int,
    *,
    a: float = 1.4,
    b: float = 0.3,
    initial_state: Sequence[float] | None = None,
    warmup: int = 100,
    random_state: RandomState = None,
    as_frame: bool = False,
) -> np.ndarray | pd.DataFrame:
    r"""Hénon map.

    .. math:: x(n+1) = 1 - a x(n)^2 + y(n), \quad y(n+1) = b x(n)

    With the default parameters the largest Lyapunov exponent is about 0.419 per step.

    Parameters
    ----------
    n_steps : int
        Number of steps.
    a, b : float, defaults 1.4, 0.3
        The coefficients of the map.
    initial_state : (float, float), default=None
        State in the first step. None draws x and y uniformly from [-0.1, 0.1).
    warmup : int, default=100
        Steps from the initial state on that are not returned.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the initial state.
    as_frame : bool, default=False
        If True, return a DataFrame indexed by the step.

    Returns
    -------
    ndarray or DataFrame of shape (n_steps, 2)
        Columns x and y.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the map diverges.

    References
    ----------
    M. Hénon, "A two-dimensional mapping with a strange attractor", Communications in Mathematical
    Physics 50(1), 1976, equation 4.

    Examples
    --------
    >>> from reservoir.datasets import make_henon
    >>> make_henon(3, initial_state=(0, 0), warmup=0)
    array([[ 0. ,  0. ],
           [ 1. ,  0. ],
           [-0.4,  0.3]])
    """
    n_steps = checked_count("n_steps", n_steps)
    warmup = checked_count("warmup", warmup, minimum=0)
    a, b = checked_number("a", a), checked_number("b", b)
    x, y = _initial_state(initial_state, [0.0, 0.0], 0.1, random_state).tolist()
    states = np.empty((warmup + n_steps, 2))
    for n in range(warmup + n_steps):
        states[n] = x, y
        x, y = 1.0 - a * x * x + y, b * x
    check_bounded(states, np.arange(len(states)), "Hénon")
    states = states[warmup:]
    return as_frame_of(states, ["x", "y"]) if as_frame else states


def _flow(
    derivative: Callable[[np.ndarray], tuple[float, ...]],
    start: np.ndarray,
    n_steps: int,
    warmup: int,
    dt: float,
    name: str,
) -> np.ndarray:
    """Integrate from `start` at time 0 and return `n_steps` states, `dt` apart, after a warm-up."""
    from scipy.integrate import ODEintWarning, odeint

    reached = 0.0

    def derivative_at(state: np.ndarray, time: float) -> tuple[float, ...]:
        nonlocal reached
        reached = time
        return derivative(state)

    times = dt * np.arange(warmup + n_steps + 1)  # odeint wants at least two
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ODEintWarning)  # what it says is raised below
        states, info = odeint(
            derivative_at,
            start,
            times,
            rtol=1e-12,
            atol=1e-12,
            h0=1e-4,  # given, so that neither warmup nor dt changes the steps that follow
            mxstep=100_000,
            full_output=True,
        )
    if info["message"] != "Integration successful.":
        raise ValueError(
            f"the {name} series diverged: it could not be integrated beyond time {reached:g}; "
            "choose other coefficients, another initial state or a smaller dt"
        )
    check_bounded(states, times, name)
    return states[warmup:-1]


def _initial_state(
    given: Sequence[float] | None, centre: list[float], spread: float, random_state: RandomState
) -> np.ndarray:
    if given is None:
        return centre + random_generator(random_state).uniform(-spread, spread, len(centre))
    state = np.asarray(given, dtype=float)
    if state.shape != (len(centre),) or not np.isfinite(state).all():
        raise ValueError(f"initial_state must be {len(centre)} finite numbers, got {given!r}")
    return state
