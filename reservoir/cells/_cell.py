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
      in the preactivation to ``kept``.

    Cells are objects without state of their own, which compare and print by their settings.

    Attributes
    ----------
    name : str
    run, run_back : callable
        The compiled loops over time; see `reservoir.kernels._drive`.
    feeds_back : bool
        Whether the cell makes the network's output itself and feeds it back, so that a teacher can
        be forced on it.
    """

    name: ClassVar[str]
    run: ClassVar[Callable[..., None]]
    run_back: ClassVar[Callable[..., None]]
    feeds_back: ClassVar[bool] = False

    @abstractmethod
    def n_state(self, n_units: int, n_outputs: int) -> int:
        """Return the length of the state vector."""

    def read(self, n_units: int, n_outputs: int) -> slice:
        """Return the columns of the state that layers above and the output see."""
        return slice(0, n_units)

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
    size = np.linalg.norm(errors, axis=1)
    some = size > 0
    slopes, errors, size = slopes[some], errors[some], size[some]
    earlier = (errors @ U.T) * slopes
    earlier_size = np.linalg.norm(earlier, axis=1)
    excess = earlier_size / size - 1
    tiny = np.finfo(U.dtype).tiny
    factor = 2 * excess / np.maximum(size * earlier_size, tiny)
    return float(np.sum(excess**2)), (factor[:, None] * earlier * slopes).T @ errors


def uniform(rng: np.random.Generator, n_inputs: int, n_outputs: int) -> Floats:
    """Draw weights (n_inputs, n_outputs) in ±sqrt(6 / (n_inputs + n_outputs)) (Glorot)."""
    limit = np.sqrt(6 / (n_inputs + n_outputs))
    return rng.uniform(-limit, limit, (n_inputs, n_outputs))


def orthogonal(rng: np.random.Generator, n: int) -> Floats:
    """Draw an orthogonal matrix (n, n), uniformly."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))
