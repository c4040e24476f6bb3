"""The time loops of trained networks, written once for all cells.

A cell's own file holds a cached entry of one line for each loop, which calls it with the cell's
step: numba takes the loop into the entry (``inline="always"``), since a step that is passed as an
argument cannot be cached for the next process.

Arrays are time-major, (n_steps, n_batch, ...). ``kept`` holds the input's part of the
preactivation before a step, what the step wants to remember after it, and the gradient of the
preactivation after the way back.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from reservoir.kernels._jit import FASTMATH, jit
from reservoir.kernels._products import read_out
from reservoir.kernels._vectors import wide_vectors

Floats = NDArray[np.floating]


class Forcing(NamedTuple):
    """What takes the place of fed back outputs (teacher forcing).

    Attributes
    ----------
    teacher : ndarray of shape (n_steps, n_batch, n_outputs)
        No steps at all where nothing is forced.
    share : ndarray of shape (n_steps, n_batch)
        1 where the teacher is fed back, 0 where the output is, or a mixture.
    column : int
        The first of the state's columns that are replaced.
    """

    teacher: Floats
    share: Floats
    column: int


def no_forcing(dtype: Any) -> Forcing:
    """Return the forcing of a loop that is left alone."""
    return Forcing(np.zeros((0, 0, 0), dtype), np.zeros((0, 0), dtype), 0)


def inlined(function: Any) -> Any:
    """Compile into whatever calls it."""
    return numba.njit(inline="always", fastmath=FASTMATH, error_model="numpy")(function)


@jit
def force(forcing, t, state, forced):  # type: ignore[no-untyped-def]
    """Write a state with the teacher in place of what is fed back."""
    first, last = forcing.column, forcing.column + forcing.teacher.shape[2]
    for b in range(state.shape[0]):
        share = forcing.share[t, b]
        for j in range(state.shape[1]):
            forced[b, j] = state[b, j]
        for j in range(first, last):
            forced[b, j] += share * (forcing.teacher[t, b, j - first] - forced[b, j])


@jit
def force_back(forcing, t, error):  # type: ignore[no-untyped-def]
    """Take from the gradient in a forced state what belongs to the teacher."""
    first, last = forcing.column, forcing.column + forcing.teacher.shape[2]
    for b in range(error.shape[0]):
        for j in range(first, last):
            error[b, j] *= 1 - forcing.share[t, b]


@jit
def add_errors(errors, first, error):  # type: ignore[no-untyped-def]
    """Add gradients to some columns of others, in place."""
    for b in range(error.shape[0]):
        for j in range(errors.shape[1]):
            error[b, first + j] += errors[b, j]


@inlined
def scan(step, weights, kept, states, forcing):  # type: ignore[no-untyped-def]
    """Run all steps: states[0] is where they begin, states[t + 1] what follows step t."""
    wide_vectors()
    forced = np.empty(states.shape[1:], states.dtype)
    for t in range(kept.shape[0]):
        before = states[t]
        if forcing.teacher.shape[0]:
            force(forcing, t, states[t], forced)
            before = forced
        step(weights, kept[t], before, states[t + 1])


@inlined
def scan_row(step, signal, output, weights, first, projection, kept, path, read, readout):  # type: ignore[no-untyped-def]
    """Take one row of input, run one step and read it out.

    Parameters
    ----------
    signal : ndarray of shape (1, n)
        Its columns from `first` on are the input.
    output : ndarray of shape (1, n_outputs)
    projection, readout : Affine
        Of the input and, from its column `read` on, of the state.
    kept : ndarray of shape (1, n_kept)
    path : ndarray of shape (2, 1, n_state)
        path[1] is the state before, and afterwards the one after.
    """
    for j in range(path.shape[2]):
        path[0, 0, j] = path[1, 0, j]
    read_out(signal, first, projection.matrix, projection.bias, kept)
    step(weights, kept, path[0], path[1])
    if output.shape[1]:
        read_out(path[1], read, readout.matrix, readout.bias, output)


@inlined
def scan_back(step_vjp, weights, kept, states, forcing, errors, first, end):  # type: ignore[no-untyped-def]
    """Run all steps backwards.

    Parameters
    ----------
    errors : ndarray of shape (n_steps, n_batch, n_read)
        The gradient of the loss in the columns of the state from `first` on, after each step.
    end : ndarray of shape (2, n_batch, n_state)
        end[0] is the gradient in the state after the last step from elsewhere; end[n_steps % 2]
        holds that in the state before the first step afterwards.
    """
    wide_vectors()
    forced = np.empty(states.shape[1:], states.dtype)
    place = 0
    for t in range(kept.shape[0] - 1, -1, -1):
        error, earlier = end[place], end[1 - place]
        add_errors(errors[t], first, error)
        before = states[t]
        if forcing.teacher.shape[0]:
            force(forcing, t, states[t], forced)
            before = forced
        step_vjp(weights, kept[t], before, states[t + 1], error, earlier)
        if forcing.teacher.shape[0]:
            force_back(forcing, t, earlier)
        place = 1 - place
