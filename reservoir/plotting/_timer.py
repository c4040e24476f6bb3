"""Pictures of the timer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from reservoir.plotting._figure import new_figure, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    >>> from reservoir.plotting import plot_timer
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
        open_frame(ax)
    if inputs is not None:
        panels[0].set_title(panels[0].get_title(loc="left"), loc="left", fontsize="medium", pad=18)
        _mark_pulses(panels[0], np.asarray(inputs, dtype=float))
    panels[0].legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1.1))
    panels[-1].set_xlabel("step")
    return figure


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
