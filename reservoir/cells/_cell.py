"""What a recurrent cell is: equations, parameters, one step forward and one back."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Parameters = Any  # a NamedTuple of arrays; gradients and moments have the same type


class Cell(ABC):
    """A recurrent cell; all arrays have a batch axis, so that sequences run side by side.

    To make one, copy ``_elman.py``. What does not recur is plain NumPy on whole sequences, rows of
    all steps one below the other: `project` before the loop over time, `gradients` after it. What
    recurs is two compiled functions:

    - ``step(weights, kept, before, after)`` writes the state ``after`` (n_batch, n_state). ``kept``
      (n_batch, n_kept) comes with what `project` made of the input and may be overwritten with
      whatever the way back needs.
    - ``step_vjp(weights, kept, before, after, error, earlier)`` takes the gradient ``error`` of the
      loss in ``after``, which it may overwrite, writes that in ``before`` to ``earlier``, and that
      in the preactivation to ``kept``. Behind the end of a sequence that is shorter than others,
      states and ``kept`` are 0 on the way back, and so must be what comes of them.

    Both are compiled with ``fastmath=EXACT``: numba keeps them in two copies, and with more freedom
    these may differ in the last bit.

    Cells are objects without state of their own, which compare and print by their settings.

    Attributes
    ----------
    name : str
    run, run_back, run_row : callable
        The compiled loops over time, there and back, and a single step of a stream; see
        `reservoir.kernels._drive`.
    feeds_back : bool
        Whether the cell makes the network's output itself and feeds it back, so that a teacher can
        be forced on it.
    needs_times : bool
        Whether rows say how long ago the last one was, which layers above would not know.
    """

    name: ClassVar[str]
    run: ClassVar[Callable[..., None]]
    run_back: ClassVar[Callable[..., None]]
    run_row: ClassVar[Callable[..., None]]
    feeds_back: ClassVar[bool] = False
    needs_times: ClassVar[bool] = False

    @abstractmethod
    def n_state(self, n_units: int, n_outputs: int) -> int:
        """Return the length of the state vector."""

    def read(self, n_units: int, n_outputs: int) -> slice:
        """Return the columns of the state that layers above and the output see."""
        return slice(0, n_units)

    def learned_state(self, n_units: int, n_outputs: int) -> NDArray[np.bool_]:
        """Return which numbers of a state are learned, where initial states are."""
        return np.ones(self.n_state(n_units, n_outputs), bool)

    @abstractmethod
    def init(
        self, n_inputs: int, n_units: int, n_outputs: int, rng: np.random.Generator
    ) -> Parameters:
        """Draw the parameters."""

    @abstractmethod
    def arrange(self, p: Parameters) -> Any:
        """Lay the parameters out for the compiled loops."""

    @abstractmethod
    def project(self, p: Parameters, x: Floats) -> Floats:
        """Return ``kept`` (n_rows, n_kept) before the loop: the input's part of each step.

        It is affine in x, finite, and depends on each row alone.
        """

    def project_once(self, p: Parameters, x: Floats) -> Floats:
        """Return the same without room for what only the way back needs."""
        return self.project(p, x)

    @abstractmethod
    def gradients(
        self, p: Parameters, x: Floats, before: Floats, after: Floats, kept: Floats
    ) -> Parameters:
        """Return the gradients of all parameters, summed over rows, after the way back.

        Parameters
        ----------
        p : NamedTuple
        x : ndarray of shape (n_rows, n_inputs)
        before, after : ndarray of shape (n_rows, n_state)
            The states that each step began and ended with.
        kept : ndarray of shape (n_rows, n_kept)
            As the way back has left it.
        """

    @abstractmethod
    def input_errors(self, p: Parameters, kept: Floats) -> Floats:
        """Return the gradient of the loss in the inputs (n_rows, n_inputs), after the way back."""

    def vanishing(
        self, p: Parameters, after: Floats, kept: Floats
    ) -> tuple[float, Parameters] | None:
        """Return the regulariser of vanishing gradients and its gradients, summed over rows.

        Of states (n_steps, n_batch, n_state) and gradients of preactivations. None where the cell
        has no single recurrent matrix for which it is defined.
        """
        return None

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({settings})"


def state_gradients(
    cell: Any,
    weights: Any,
    kept: Floats,
    states: Floats,
    forcing: Any,
    errors: Floats,
    first: int,
    end: Floats,
) -> Floats:
    """Run all steps backwards, one at a time, and return the gradient of the loss in every state.

    Parameters
    ----------
    cell : Cell
    weights : as the cell's `arrange` returned it
    kept, states, forcing, errors, first, end
        As of ``cell.run_back``, which this takes the place of; see `reservoir.kernels._drive`.

    Returns
    -------
    ndarray of shape (n_steps + 1, n_batch, n_state)
        In the state before the first step, and in that after each: of all that the loss takes from
        it, at its own step and later.

    Examples
    --------
    Without a forget gate, what a cell holds is worth the same at every step:

    >>> import numpy as np
    >>> from reservoir.cells import LSTM, no_forcing, state_gradients
    >>> cell, shut = LSTM(forget_gate=False), no_forcing(float)
    >>> p = cell.init(1, 1, 1, np.random.default_rng(0))
    >>> p = p._replace(recurrent_weights=np.zeros((1, 3)))  # gates see the input alone
    >>> weights, kept = cell.arrange(p), cell.project(p, np.ones((4, 1))).reshape(4, 1, 3)
    >>> states, errors = np.zeros((5, 1, 2)), np.zeros((4, 1, 1))
    >>> cell.run(weights, kept, states, shut)
    >>> errors[3] = 1  # the loss is the last output
    >>> end = np.zeros((2, 1, 2))
    >>> found = state_gradients(cell, weights, kept, states, shut, errors, 0, end)
    >>> found[:4, 0, 1] / found[0, 0, 1]
    array([1., 1., 1., 1.])
    """
    n_steps, width = len(kept), errors.shape[2]
    found = np.empty_like(states)
    pair = np.zeros_like(end)
    pair[0] = end[0]
    for t in range(n_steps - 1, -1, -1):
        found[t + 1] = pair[0]
        found[t + 1, :, first : first + width] += errors[t]
        one = slice(t, t + 1)
        now = forcing._replace(teacher=forcing.teacher[one], share=forcing.share[one])
        cell.run_back(weights, kept[one], states[t : t + 2], now, errors[one], first, pair)
        pair[0] = pair[1]
    found[0] = end[n_steps % 2] = pair[0]
    return found


def vanishing_of(U: Floats, slopes: Floats, errors: Floats) -> tuple[float, Floats]:
    """Return the regulariser of Pascanu et al. (2013), eq. 9, and its gradient in U.

    It is the sum of ``(|e(t+1) Uᵀ ∘ f'(t)| / |e(t+1)| - 1)²`` over all steps, e being the gradient
    of the loss in the preactivation. Like there, e and f' count as constants.

    Parameters
    ----------
    U : ndarray of shape (n_units, n_units)
    slopes, errors : ndarray of shape (n_steps, n_batch, n_units)
        f' and e of each step.
    """
    slopes, errors = slopes[:-1].reshape(-1, len(U)), errors[1:].reshape(-1, len(U))
    errors = errors.astype(np.float64)  # their squares may be too small for less
    size = np.linalg.norm(errors, axis=1)
    some = size > 0
    slopes, errors, size = slopes[some], errors[some], size[some]
    earlier = (errors @ U.T) * slopes
    earlier_size = np.linalg.norm(earlier, axis=1)
    excess = earlier_size / size - 1
    factor = 2 * excess / np.maximum(size * earlier_size, np.finfo(np.float64).tiny)
    gradient = (factor[:, None] * earlier * slopes).T @ errors
    return float(np.sum(excess**2)), gradient.astype(U.dtype)


def row_sum(x: Floats) -> Floats:
    """Return the sum of all rows; several times as fast as NumPy's own."""
    total: Floats = np.ones(len(x), x.dtype) @ x
    return total


def uniform(rng: np.random.Generator, n_inputs: int, n_outputs: int) -> Floats:
    """Draw weights (n_inputs, n_outputs) in ±sqrt(6 / (n_inputs + n_outputs)) (Glorot)."""
    limit = np.sqrt(6 / (n_inputs + n_outputs))
    return rng.uniform(-limit, limit, (n_inputs, n_outputs))


def orthogonal(rng: np.random.Generator, n: int) -> Floats:
    """Draw an orthogonal matrix (n, n), uniformly."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))
