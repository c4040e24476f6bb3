"""The timer: a pulse says go, a second input says for how long the output stays on."""

import numpy as np
import pandas as pd

from ._common import (
    RandomState,
    as_frame_of,
    as_series_of,
    checked_count,
    checked_span,
    random_generator,
)

_ON = 0.5
_OVERLAPS = ("never", "restart")


def make_timer(
    n_steps: int,
    hold: int = 1000,
    *,
    gap: tuple[int, int] | None = None,
    overlap: str = "never",
    random_state: RandomState = None,
    as_frame: bool = False,
) -> tuple[np.ndarray, np.ndarray] | tuple[pd.DataFrame, pd.Series]:
    r"""Timer task: switch on at a pulse and off again ``hold * u2`` steps later.

    The input u1 is 0, and 1 at a pulse. The input u2 is one of 0.1, 0.2, ..., 1.0, drawn anew at
    each pulse and held until the next one. The target is 0.5 for ``hold * u2`` steps after a
    pulse, else 0. Precisely, with a pulse in row p and d = ``hold * u2[p]`` rounded to the nearest
    integer (halves up), the target is 0.5 in the d rows p, p + 1, ..., p + d - 1: the row of the
    pulse counts as the first, because a network sees u(n) before it answers with y(n).

    Parameters
    ----------
    n_steps : int
        Number of rows.
    hold : int, default=1000
        Steps for which the output stays on when u2 = 1. The tutorial that defines the task has
        ``hold=10``; below 5 the shortest durations round to no step at all.
    gap : (int, int), default=None
        Shortest and longest gap in steps, both at least 1, drawn uniformly with both ends
        included. None stands for ``(hold // 5, 4 * hold // 5)``, but at least 1: (200, 800) for
        ``hold=1000``, (2, 8) for ``hold=10``. The first pulse comes one gap after row 0.
    overlap : {"never", "restart"}, default="never"
        What the gap separates. ``"never"``: the gap runs from the first row in which the output
        is off again to the next pulse, so no pulse falls into an output. ``"restart"``: the gap
        runs from pulse to pulse whatever the output does, and a pulse during an output starts
        the timer again with the new u2.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the gaps and of u2.
    as_frame : bool, default=False
        If True, return pandas objects indexed by the step.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_steps, 2)
        Columns u1 and u2. Before the first pulse u2 holds a value drawn at the start.
    y : ndarray or Series of shape (n_steps,)
        The target.

    Raises
    ------
    ValueError
        If `n_steps` or `hold` is below 1, `gap` is not two increasing integers of at least 1, or
        `overlap` is neither of its values.

    References
    ----------
    H. Jaeger, "A tutorial on training recurrent neural networks, covering BPTT, RTRL, EKF and the
    'echo state network' approach", GMD Report 159, 2002, section 1.4.

    Examples
    --------
    >>> from reservoir.datasets import make_timer
    >>> X, y = make_timer(30, hold=10, random_state=0)
    >>> X[:, 0].astype(int)
    array([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0,
           0, 0, 0, 0, 0, 0, 0, 0])
    >>> X[5:10, 1], y[5:10]
    (array([0.3, 0.3, 0.3, 0.3, 0.3]), array([0.5, 0.5, 0.5, 0. , 0. ]))
    """
    n_steps = checked_count("n_steps", n_steps)
    hold = checked_count("hold", hold)
    gap = _checked_gap(gap, hold)
    if overlap not in _OVERLAPS:
        raise ValueError(f"overlap must be one of {_OVERLAPS}, got {overlap!r}")

    rng = random_generator(random_state)
    starts, tenths, n_on = _pulses(rng, n_steps, hold, gap, overlap)
    n_rows = np.diff(starts, append=n_steps)
    u1 = np.zeros(n_steps)
    u1[starts[1:]] = 1.0
    X = np.column_stack([u1, np.repeat(tenths, n_rows) / 10])
    since_start = np.arange(n_steps) - np.repeat(starts, n_rows)
    y = np.where(since_start < np.repeat(n_on, n_rows), _ON, 0.0)
    if as_frame:
        return as_frame_of(X, ["u1", "u2"]), as_series_of(y, "y")
    return X, y


def _pulses(
    rng: np.random.Generator, n_steps: int, hold: int, gap: tuple[int, int], overlap: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return row, 10 * u2 and number of rows with the output on, for row 0 and for each pulse."""
    most = n_steps // gap[0] + 2
    draws = rng.integers([gap[0], 1], [gap[1], 10], size=(most, 2), endpoint=True)
    gaps, tenths = draws.T
    n_on = (hold * tenths + 5) // 10
    gaps[0] = n_on[0] = 0  # row 0 holds a u2 but is no pulse
    starts = np.cumsum(gaps)
    if overlap == "never":
        starts[1:] += np.cumsum(n_on)[:-1]
    within = starts < n_steps
    return starts[within], tenths[within], n_on[within]


def _checked_gap(gap: object, hold: int) -> tuple[int, int]:
    if gap is None:
        return max(1, hold // 5), max(1, 4 * hold // 5)
    return checked_span("gap", gap)
