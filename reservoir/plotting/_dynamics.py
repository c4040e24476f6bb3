"""Pictures of flows and maps: where they go, what they come to, how they spread."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from reservoir.plotting._figure import axes_or_new, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_phase_portrait(
    system: Any,
    *,
    bounds: tuple[tuple[float, float], tuple[float, float]],
    points: Sequence[Any] = (),
    cycle: Any = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw where a flow of two dimensions goes, where it rests and where it turns.

    Parameters
    ----------
    system : Flow
        Of two dimensions; see `reservoir.dynamics`.
    bounds : ((float, float), (float, float))
        Of both coordinates.
    points : sequence of FixedPoint, optional
        Filled where they are stable.
    cycle : Cycle, optional
    ax : Axes, optional
        Where to draw; None makes a figure, which is ``ax.figure`` of the result.

    Returns
    -------
    Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the system has not two dimensions.

    Examples
    --------
    >>> from reservoir.dynamics import fixed_points, network_flow
    >>> from reservoir.plotting import plot_phase_portrait
    >>> flow = network_flow([[2.0, 0.0], [0.0, 0.5]])
    >>> ax = plot_phase_portrait(
    ...     flow, bounds=((-3, 3), (-3, 3)), points=fixed_points(flow, random_state=0)
    ... )
    """
    if system.n_dims != 2:
        raise ValueError(f"system must have 2 dimensions to be drawn, got {system.n_dims}.")
    ax = axes_or_new(ax, (5, 4.5))
    x, y = np.meshgrid(*(np.linspace(*each, 30) for each in bounds))
    field = system.at(np.column_stack([x.ravel(), y.ravel()])).reshape(*x.shape, 2)
    ax.streamplot(x, y, field[..., 0], field[..., 1], color="0.75", linewidth=0.7, arrowsize=0.7)
    if cycle is not None:
        closed = np.vstack([cycle.states, cycle.states[:1]])
        ax.plot(*closed.T, color="C3", linewidth=2, label=f"cycle, period {cycle.period:.3g}")
    for point in points:
        face = "C0" if point.is_stable else "white"
        ax.plot(*point.state, "o", color="C0", markerfacecolor=face, label=point.kind)
    if points or cycle is not None:
        ax.legend(framealpha=0.9, edgecolor="none", fontsize="small")
    ax.set(xlabel="first unit", ylabel="second unit", xlim=bounds[0], ylim=bounds[1])
    return ax


def plot_bifurcation(
    table: pd.DataFrame, *, name: str = "parameter", ax: "Axes | None" = None
) -> "Axes":
    """Draw what a system comes to, over one parameter.

    Parameters
    ----------
    table : DataFrame
        As `reservoir.dynamics.bifurcation_diagram` returns it.
    name : str, default="parameter"
        What the parameter is called.
    ax : Axes, optional
        Where to draw; None makes a figure, which is ``ax.figure`` of the result.

    Returns
    -------
    Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from reservoir.dynamics import Map, bifurcation_diagram
    >>> from reservoir.plotting import plot_bifurcation
    >>> table = bifurcation_diagram(
    ...     lambda r: Map(lambda x: r * x * (1 - x), 1), [2.8, 3.2], state=[0.3], duration=50
    ... )
    >>> plot_bifurcation(table, name="r").get_xlabel()
    'r'
    """
    ax = axes_or_new(ax, (7, 4))
    ax.plot(table["value"], table["observed"], ".", color="C0", markersize=2, rasterized=True)
    ax.set(xlabel=name, ylabel="extrema")
    open_frame(ax)
    return ax


def plot_lyapunov(
    times: ArrayLike, course: ArrayLike, *, known: ArrayLike = (), ax: "Axes | None" = None
) -> "Axes":
    """Draw how the estimates of Lyapunov exponents settle.

    Parameters
    ----------
    times : array-like of shape (n_times,)
    course : array-like of shape (n_times, n_exponents)
        As `reservoir.dynamics.lyapunov_spectrum` returns both with ``return_course=True``.
    known : array-like, optional
        Values to draw as dashed lines.
    ax : Axes, optional
        Where to draw; None makes a figure, which is ``ax.figure`` of the result.

    Returns
    -------
    Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.plotting import plot_lyapunov
    >>> ax = plot_lyapunov([1.0, 2.0], np.array([[0.8, -1.0], [0.9, -1.1]]), known=[0.9])
    >>> len(ax.lines)
    3
    """
    ax = axes_or_new(ax, (7, 4))
    for i, column in enumerate(np.asarray(course, float).T):
        ax.plot(times, column, color=f"C{i}", linewidth=1.2, label=f"{column[-1]:.3g}")
    for value in np.ravel(known):
        ax.axhline(value, color="0.4", linestyle="--", linewidth=0.8, zorder=0)
    ax.set(xlabel="time", ylabel="exponents so far", xscale="log")
    ax.legend(frameon=False)
    open_frame(ax)
    return ax
