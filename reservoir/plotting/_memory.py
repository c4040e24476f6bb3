"""Pictures of what networks remember."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reservoir import metrics
from reservoir.plotting._figure import axes_or_new, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_memory_curve(
    estimator_or_curve: Any,
    *,
    ax: "Axes | None" = None,
    n_delays: int = 100,
    n_steps: int = 4000,
    random_state: Any = 0,
    label: str | None = None,
) -> "Axes":
    """Draw how well inputs of k steps ago can be read from a network, over k.

    The area under the curve is the memory capacity [1]_, at most the number of units; see
    `reservoir.metrics.memory_capacity`.

    Parameters
    ----------
    estimator_or_curve : estimator, or Series or array-like of shape (n_delays,)
        A regressor, of which a clone is fitted to uniform noise in ±0.5 and measured on noise that
        follows; or r² at the delays that index a Series, at 1, 2, ... for an array:
        ``memory_capacity(..., multioutput="raw_values")``.
    ax : Axes, optional
        Where to draw, as over the curve of another network; None makes a figure, which is
        ``ax.figure`` of the result.
    n_delays : int, default=100
        The longest delay to measure.
    n_steps : int, default=4000
        Steps to fit to, and as many to measure on: a delay that is forgotten seems to have an r²
        of about ``1 / n_steps``.
    random_state : int, Generator or None, default=0
        Seed of the noise.
    label : str, optional
        What the legend calls the network.

    Returns
    -------
    Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If ``n_delays`` or ``n_steps`` is below 1, or the curve is not one column.

    References
    ----------
    .. [1] Jaeger, H. (2001). Short term memory in echo state networks. GMD Report 152.

    Examples
    --------
    >>> from reservoir import ESNRegressor
    >>> from reservoir.plotting import plot_memory_curve
    >>> esn = ESNRegressor(n_units=20, activation="identity", alpha=1e-12, random_state=0)
    >>> ax = plot_memory_curve(esn, n_delays=30)
    >>> ax.get_legend_handles_labels()[1]
    ['capacity 19.4']
    """
    if hasattr(estimator_or_curve, "fit"):
        curve = _memory_curve(estimator_or_curve, n_delays, n_steps, random_state)
    elif isinstance(estimator_or_curve, pd.Series):
        curve = estimator_or_curve
    else:
        values = np.asarray(estimator_or_curve, dtype=float)
        if values.ndim != 1:
            raise ValueError(
                "estimator_or_curve must be a regressor or r² for each delay, got shape "
                f"{values.shape}."
            )
        curve = pd.Series(values, np.arange(1, len(values) + 1))
    ax = axes_or_new(ax, (7, 3.5))
    capacity = f"capacity {curve.sum():.3g}"
    delays, values = curve.index.to_numpy(), curve.to_numpy()
    (line,) = ax.plot(
        delays, values, linewidth=1.5, label=f"{label}: {capacity}" if label else capacity
    )
    ax.fill_between(delays, values, color=line.get_color(), alpha=0.15, linewidth=0)
    ax.set(xlabel="delay", ylabel="r²", ylim=(0, 1.05))
    ax.set_xlim(left=0)
    ax.locator_params(axis="x", integer=True)
    ax.legend(frameon=False)
    open_frame(ax)
    return ax


def _memory_curve(estimator: Any, n_delays: int, n_steps: int, random_state: Any) -> pd.Series:
    """Measure r² at the delays 1, 2, ..., on rows that follow those of fitting."""
    from sklearn.base import clone

    if min(n_delays, n_steps) < 1:
        raise ValueError(
            f"n_delays and n_steps must be positive integers, got {n_delays!r} and {n_steps!r}."
        )
    u = np.random.default_rng(random_state).uniform(-0.5, 0.5, n_delays + 2 * n_steps)
    delayed = np.lib.stride_tricks.sliding_window_view(u, n_delays + 1)[:, -2::-1]
    X = u[n_delays:, np.newaxis]
    fitted = clone(estimator).fit(X[:n_steps], delayed[:n_steps])
    remembered = fitted.predict(X)[n_steps:].reshape(n_steps, n_delays)
    curve = metrics.memory_capacity(delayed[n_steps:], remembered, multioutput="raw_values")
    return pd.Series(curve, np.arange(1, n_delays + 1))
