"""Pictures; matplotlib is imported when the first one is asked for, and no backend is chosen."""

import os.path
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "plot_bifurcation",
    "plot_forecast",
    "plot_lyapunov",
    "plot_phase_portrait",
    "plot_timer",
]


def plot_forecast(
    history: pd.Series | pd.DataFrame,
    forecast: pd.Series | pd.DataFrame,
    *,
    ax: "Axes | None" = None,
    n_history: int | None = None,
) -> "Axes":
    """Draw a forecast behind the end of the series that it continues.

    Parameters
    ----------
    history : Series of shape (n_rows,) or DataFrame of shape (n_rows, n_series)
    forecast : Series of shape (n_steps,) or DataFrame of shape (n_steps, n_series)
        As `ReservoirForecaster.predict` returns it; several columns are found by their names.
    ax : Axes, optional
        Where to draw; None makes a figure, which is ``ax.figure`` of the result.
    n_history : int, optional
        How many rows of the history to draw, its last ones. None draws five times as many as are
        forecast, and 50 at least.

    Returns
    -------
    Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If ``n_history`` is not a positive integer, or the columns differ.

    Examples
    --------
    >>> from reservoir import ReservoirForecaster
    >>> from reservoir.datasets import load_nile
    >>> nile = load_nile()
    >>> ax = plot_forecast(nile, ReservoirForecaster().fit(nile).predict(10))
    >>> ax.get_legend_handles_labels()[1]
    ['volume', 'forecast']
    """
    if n_history is not None and not (isinstance(n_history, Integral) and n_history >= 1):
        raise ValueError(f"n_history must be a positive integer or None, got {n_history!r}.")
    if ax is None:
        ax = new_figure((8, 4)).subplots()
    shown = history.iloc[-(n_history or max(50, 5 * len(forecast))) :]
    past, future = (pd.DataFrame(part) for part in (shown, forecast))
    if past.shape[1] == future.shape[1] == 1:
        future = future.set_axis(past.columns, axis=1)  # which a Series may lack
    if set(past.columns) != set(future.columns):
        raise ValueError(
            f"forecast must have the columns of history, {list(past.columns)}, got "
            f"{list(future.columns)}."
        )
    for i, column in enumerate(past.columns):
        name = "series" if isinstance(history, pd.Series) and history.name is None else str(column)
        values, ahead = past[column].to_numpy(), future[column].to_numpy()
        ax.plot(_times(past.index), values, color=f"C{i}", linewidth=1, label=name)
        # begins at the last value, so that the line is not broken
        ax.plot(
            _times(past.index[-1:].append(future.index)),
            np.concatenate([values[-1:], ahead]),
            color=f"C{i}" if len(past.columns) > 1 else "C3",
            linestyle="--" if len(past.columns) > 1 else "-",
            linewidth=2,
            label="forecast" if len(past.columns) == 1 else f"{name}, forecast",
        )
    ax.axvline(_times(past.index[-1:])[0], color="0.7", linewidth=0.8, zorder=0)
    ax.set_xlabel("" if past.index.name is None else str(past.index.name))
    ax.legend(framealpha=0.8, edgecolor="none")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def plot_timer(
    y: ArrayLike,
    outputs: Mapping[str, ArrayLike],
    *,
    inputs: ArrayLike | None = None,
    figure: "Figure | None" = None,
) -> "Figure":
    """Draw what models put out for the timer over what they should, one below the other.

    Parameters
    ----------
    y : array-like of shape (n_steps,)
        The target; pass the steps around some switches.
    outputs : mapping of str to array-like of shape (n_steps,)
        The output of each model.
    inputs : array-like of shape (n_steps, 2), optional
        u1 and u2: a mark stands at each pulse of u1, with the value of u2.
    figure : Figure, optional
        An empty one to draw in; None makes one.

    Returns
    -------
    Figure
        ``figure.savefig`` writes it to a file.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no outputs, or one has another length than the target.

    Examples
    --------
    >>> from reservoir.datasets import make_timer
    >>> X, y = make_timer(2000, hold=100, random_state=0)
    >>> figure = plot_timer(y, {"late": y, "early": y}, inputs=X)
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['late', 'early']
    """
    target = np.asarray(y, dtype=float)
    if not outputs:
        raise ValueError("outputs must hold the output of at least one model, got none.")
    for name, output in outputs.items():
        if np.shape(output) != target.shape:
            raise ValueError(
                f"outputs must have the shape of y, {target.shape}, got {np.shape(output)} for "
                f"{name!r}."
            )
    if figure is None:
        figure = new_figure((9, 1 + 1.5 * len(outputs)))
    panels = figure.subplots(len(outputs), sharex=True, sharey=True, squeeze=False)[:, 0]
    steps = np.arange(len(target))
    for ax, (name, output) in zip(panels, outputs.items(), strict=True):
        ax.fill_between(steps, target, step="mid", color="0.85", linewidth=0, label="target")
        ax.plot(steps, np.asarray(output), color="C0", linewidth=1, label="output")
        ax.set_title(name, loc="left", fontsize="medium")
        ax.spines[["top", "right"]].set_visible(False)
    if inputs is not None:
        panels[0].set_title(panels[0].get_title(loc="left"), loc="left", fontsize="medium", pad=18)
        _mark_pulses(panels[0], np.asarray(inputs, dtype=float))
    panels[0].legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1.1))
    panels[-1].set_xlabel("step")
    return figure


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
    >>> flow = network_flow([[2.0, 0.0], [0.0, 0.5]])
    >>> ax = plot_phase_portrait(
    ...     flow, bounds=((-3, 3), (-3, 3)), points=fixed_points(flow, random_state=0)
    ... )
    """
    if system.n_dims != 2:
        raise ValueError(f"system must have 2 dimensions to be drawn, got {system.n_dims}.")
    if ax is None:
        ax = new_figure((5, 4.5)).subplots()
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
    >>> table = bifurcation_diagram(
    ...     lambda r: Map(lambda x: r * x * (1 - x), 1), [2.8, 3.2], state=[0.3], duration=50
    ... )
    >>> plot_bifurcation(table, name="r").get_xlabel()
    'r'
    """
    if ax is None:
        ax = new_figure((7, 4)).subplots()
    ax.plot(table["value"], table["observed"], ".", color="C0", markersize=2, rasterized=True)
    ax.set(xlabel=name, ylabel="extrema")
    ax.spines[["top", "right"]].set_visible(False)
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
    >>> ax = plot_lyapunov([1.0, 2.0], np.array([[0.8, -1.0], [0.9, -1.1]]), known=[0.9])
    >>> len(ax.lines)
    3
    """
    if ax is None:
        ax = new_figure((7, 4)).subplots()
    for i, column in enumerate(np.asarray(course, float).T):
        ax.plot(times, column, color=f"C{i}", linewidth=1.2, label=f"{column[-1]:.3g}")
    for value in np.ravel(known):
        ax.axhline(value, color="0.4", linestyle="--", linewidth=0.8, zorder=0)
    ax.set(xlabel="time", ylabel="exponents so far", xscale="log")
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _mark_pulses(ax: "Axes", inputs: np.ndarray) -> None:
    for step in map(int, np.flatnonzero(inputs[:, 0])):
        ax.axvline(step, color="C3", linewidth=0.8, linestyle=":")
        ax.annotate(
            f"{inputs[step, 1]:.1f}",
            (step, 1),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize="small",
            color="C3",
        )


def check_picture(path: str) -> None:
    """Refuse a path that no picture can be written to.

    Parameters
    ----------
    path : str

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If its folder does not exist, or its ending names no format of pictures.
    """
    formats = new_figure((1, 1)).canvas.get_supported_filetypes()
    folder, file = os.path.split(path)
    if not os.path.isdir(folder or "."):
        raise ValueError(f"The picture cannot be written: there is no folder {folder!r}.")
    ending = file.rpartition(".")[2] if "." in file else "png"
    if ending.lower() not in formats:
        raise ValueError(
            f"The picture must end in one of {', '.join(sorted(formats))}, got {file!r}."
        )


def new_figure(size: tuple[float, float]) -> "Figure":
    """Return an empty figure of a size in inches that belongs to no window, or say what to install.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'Pictures need matplotlib; install it with pip install "reservoir-toolkit[plot]".'
        ) from error
    return Figure(figsize=size, layout="constrained")


def _times(index: pd.Index) -> Any:
    """Return what matplotlib can draw along."""
    return (
        index.to_timestamp().to_numpy() if isinstance(index, pd.PeriodIndex) else index.to_numpy()
    )
