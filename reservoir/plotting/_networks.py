"""Pictures of networks: their states, their weights, how they learned."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from reservoir.plotting._figure import axes_or_new, label_times, open_frame, times_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_UNITS = 2000  # whose eigenvalues take less than a minute


def plot_states(
    states: ArrayLike | pd.DataFrame,
    *,
    ax: "Axes | None" = None,
    index: Any = None,
    n_units: int | None = None,
) -> "Axes":
    """Draw the states of a network over time, a line of colours for each unit.

    Parameters
    ----------
    states : array-like or DataFrame of shape (n_rows, n_units)
        Of one sequence, as `ESNTransformer.transform` returns them.
    ax : Axes, optional
        Where to draw; None makes a figure, which is ``ax.figure`` of the result.
    index : array-like of shape (n_rows,), optional
        The times of the rows, increasing; None takes the index of a DataFrame, else numbers from 0.
    n_units : int, optional
        How many units to draw, the first ones; None draws all columns. It leaves out the inputs,
        which `ESNTransformer` puts behind the states.

    Returns
    -------
    Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the states are not one sequence of finite numbers, ``index`` has another length, or
        there are no ``n_units`` units.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir import ESNTransformer
    >>> from reservoir.plotting import plot_states
    >>> X = np.sin(np.arange(100) / 5)[:, np.newaxis]
    >>> states = ESNTransformer(n_units=20, random_state=0).fit_transform(X)
    >>> ax = plot_states(states, n_units=20)
    >>> ax.get_ylabel()
    'unit'
    """
    if index is None and isinstance(states, pd.DataFrame):
        index = states.index
    values = _one_sequence(states, index)
    if isinstance(index, pd.MultiIndex):
        index = index.get_level_values(-1)
    rows = pd.RangeIndex(len(values), name="step") if index is None else pd.Index(index)
    times = times_of(rows)
    if times.shape != values.shape[:1]:
        raise ValueError(
            f"index must have a time for each of {len(values)} rows, got {len(times)}."
        )
    if n_units is not None and not 1 <= n_units <= values.shape[1]:
        raise ValueError(
            f"n_units must be from 1 to the {values.shape[1]} columns of states, got {n_units!r}."
        )
    shown = values[:, :n_units].T
    ax = axes_or_new(ax, (8, 4))
    most = np.abs(shown).max() or 1.0
    signed = shown.min() < 0
    image = ax.pcolormesh(
        times,
        np.arange(len(shown)),
        shown,
        shading="nearest",
        cmap="RdBu_r" if signed else "Blues",
        vmin=-most if signed else 0,
        vmax=most,
        rasterized=True,
    )
    ax.figure.colorbar(image, ax=ax, label="state", pad=0.02)
    label_times(ax, rows)
    ax.set_ylabel("unit")
    ax.locator_params(axis="y", integer=True)
    return ax


def plot_eigenvalues(estimator_or_matrix: Any, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the eigenvalues of recurrent weights in the complex plane, and the unit circle.

    With all of them inside the circle a linear network forgets, the nearer they are the more
    slowly; the angle is how far an oscillation turns in one step. That holds without a leak rate:
    for the rate a pass ``(1 - a) I + a W``.

    Parameters
    ----------
    estimator_or_matrix : estimator, or ndarray or sparse array of shape (n_units, n_units)
        An echo state network after ``fit``, or W itself. Layers, and those that run backwards,
        have a colour each.
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
        If the estimator has no ``recurrent_weights_``, or a matrix is not square, not finite or of
        more than 2000 units.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.plotting import plot_eigenvalues
    >>> ax = plot_eigenvalues([[0.0, 0.5], [-0.5, 0.0]])
    >>> ax.get_legend_handles_labels()[1]
    ['spectral radius 0.5']
    """
    matrices = dict(_recurrent_weights(estimator_or_matrix))
    ax = axes_or_new(ax, (5, 5))
    angles = np.linspace(0, 2 * np.pi, 200)
    ax.axhline(0, color="0.9", linewidth=0.8, zorder=0)
    ax.axvline(0, color="0.9", linewidth=0.8, zorder=0)
    ax.plot(np.cos(angles), np.sin(angles), color="0.6", linewidth=0.8)
    for i, (name, W) in enumerate(matrices.items()):
        eigenvalues = np.linalg.eigvals(W)
        radius = f"spectral radius {np.abs(eigenvalues).max():.3g}"
        ax.plot(
            eigenvalues.real,
            eigenvalues.imag,
            ".",
            color=f"C{i}",
            markersize=5,
            alpha=0.8,
            label=f"{name}: {radius}" if name else radius,
        )
    ax.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
    ax.locator_params(nbins=5)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1))
    open_frame(ax)
    return ax


def plot_loss(estimator: Any, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the loss of a trained network over its epochs.

    Parameters
    ----------
    estimator : estimator
        A trained network after ``fit``, such as `RNNRegressor` or `LSTMRegressor`; anything with a
        ``loss_curve_``. With ``validation_scores_`` these are drawn along a second axis on the
        right, ``ax.figure.axes[-1]``, with a dot at the best.
    ax : Axes, optional
        Where to draw; None makes a figure, which is ``ax.figure`` of the result.

    Returns
    -------
    Axes
        Logarithmic where all losses are above 0.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the estimator has no ``loss_curve_``, or an empty one.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir import RNNRegressor
    >>> from reservoir.plotting import plot_loss
    >>> X = np.random.default_rng(0).normal(size=(50, 1))
    >>> rnn = RNNRegressor(n_units=4, max_iter=3, random_state=0).fit(X, X[:, 0])
    >>> plot_loss(rnn).lines[0].get_xdata()
    array([1, 2, 3])
    """
    losses = getattr(estimator, "loss_curve_", None)
    if losses is None or not len(losses):
        raise ValueError(
            "estimator must be a network that was trained over epochs, with a loss_curve_, got "
            f"{type(estimator).__name__} without; fit it first."
        )
    ax = axes_or_new(ax, (7, 3.5))
    epochs = np.arange(1, len(losses) + 1)
    ax.plot(epochs, losses, color="C0", linewidth=1.5)
    ax.set(xlabel="epoch", ylabel="loss", yscale="log" if min(losses) > 0 else "linear")
    ax.locator_params(axis="x", integer=True)
    open_frame(ax)
    scores = getattr(estimator, "validation_scores_", None)
    if scores:
        ax.yaxis.label.set_color("C0")
        right = ax.twinx()
        right.plot(epochs[: len(scores)], scores, color="C1", linewidth=1.5)
        best = int(np.argmax(scores))
        right.plot(epochs[best], scores[best], "o", color="C1", markersize=5)
        right.set_ylabel("validation score", color="C1")
        right.spines["top"].set_visible(False)
    return ax


def _one_sequence(states: Any, index: Any) -> NDArray[np.float64]:
    several = isinstance(index, pd.MultiIndex) and len(index.droplevel(-1).unique()) > 1
    if several or (isinstance(states, list) and len(states) and np.ndim(states[0]) == 2):
        raise ValueError("states must be those of one sequence, got several; pass one of them.")
    values = np.asarray(states, dtype=np.float64)
    if values.ndim != 2 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(
            "states must be finite and of shape (n_rows, n_units), those of one sequence, got "
            f"shape {values.shape}."
        )
    return values


def _recurrent_weights(estimator_or_matrix: Any) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the name and the matrix of each layer; the name of a single one is empty."""
    matrices = estimator_or_matrix
    if hasattr(estimator_or_matrix, "fit"):
        matrices = getattr(estimator_or_matrix, "recurrent_weights_", None)
        if matrices is None:
            raise ValueError(
                "estimator_or_matrix must be a fitted network with recurrent_weights_, or a "
                f"matrix, got {type(estimator_or_matrix).__name__} without; fit it first, or pass "
                "a matrix of its parameters_."
            )
        if isinstance(matrices, list):
            n_layers = estimator_or_matrix.n_layers
            for i, W in enumerate(matrices):
                yield (
                    (
                        (f"layer {i + 1}" if n_layers > 1 else "forward")
                        if i < n_layers
                        else (f"layer {i - n_layers + 1}, backward" if n_layers > 1 else "backward")
                    ),
                    _dense(W),
                )
            return
    yield "", _dense(matrices)


def _dense(W: Any) -> NDArray[np.float64]:
    shape = np.shape(W)
    if len(shape) != 2 or shape[0] != shape[1] or not 1 <= shape[0] <= MOST_UNITS:
        raise ValueError(
            f"estimator_or_matrix must be or have a square matrix, of {MOST_UNITS} units at most "
            f"so that its eigenvalues are found in less than a minute, got shape {shape}."
        )
    dense = np.asarray(W.toarray() if hasattr(W, "toarray") else W, dtype=np.float64)
    if not np.isfinite(dense).all():
        raise ValueError("estimator_or_matrix must be finite, got NaN or infinity.")
    return dense
