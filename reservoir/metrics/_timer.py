"""When an output switches, and on which side of a threshold it lies."""

import numpy as np
from numpy.typing import ArrayLike

from reservoir.metrics._common import as_columns, check_threshold


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
    check_threshold(threshold)
    truth, prediction = as_columns(y_true, y_pred)
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
    check_threshold(threshold)
    truth, prediction = as_columns(y_true, y_pred)
    return float(np.mean((truth > threshold) == (prediction > threshold)))


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
