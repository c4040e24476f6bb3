"""The reservoir's time loop: open (harvest) and closed over its own linear readout.

The update is ``x(t) = (1 - a) x(t-1) + a f(W x(t-1) + drive(t)) + noise(t)``, where the drive
holds everything that does not recur: W_in u(t) + W_fb d(t-1) + b, one matrix product for a
whole block of steps. W is dense or sparse, with its rows in groups that are multiplied together.
Here one network runs alone, step after step; `_lockstep` runs many side by side. Both add the same
numbers in the same order, so that they give the same states to the last bit.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from reservoir.kernels._activations import ACTIVATIONS, activate
from reservoir.kernels._jit import FASTMATH, compiled_for, jit
from reservoir.kernels._team import counters_of, meet, run_team, team_size
from reservoir.kernels._vectors import (
    GATHERED_ROWS,
    STACKED_ROWS,
    add_group,
    add_stacked_rows,
    aligned,
    wide_vectors,
)

Floats = NDArray[np.floating]
# Links of a dense matrix that are worth a thread, in one step and in all of a closed loop.
LINKS_A_STEP = 2**16
LINKS_A_RUN = 2**24
NO_NOISE = {np.dtype(t): np.zeros((0, 0), t) for t in (np.float32, np.float64)}


class Grouped(NamedTuple):
    """A sparse matrix in groups of rows of about the same number of links.

    Group g holds link k of all of its rows side by side in ``data[k]`` for k from ``starts[g]``
    to ``starts[g + 1]``; row r of it is row ``order[g, r]`` of the matrix. Shorter rows are
    filled up with links of weight 0, the last group with its last row.
    """

    starts: NDArray[np.int64]
    indices: NDArray[np.int32]  # (n_links, GATHERED_ROWS)
    data: Floats  # (n_links, GATHERED_ROWS)
    order: NDArray[np.int32]  # (n_groups, GATHERED_ROWS)


class Stacked(NamedTuple):
    """A dense matrix in groups of rows, in them column after column; zeros fill up the last."""

    weights: Floats  # (n_groups, n_columns, STACKED_ROWS)


def as_kernel_matrix(matrix: Any, dtype: Any) -> Stacked | Grouped:
    """Lay out a dense array or scipy sparse matrix as the sequential loops want it."""
    if hasattr(matrix, "tocsr"):
        return _grouped(matrix.tocsr(), dtype)
    n_rows, n_columns = matrix.shape
    padded = np.zeros((-(-n_rows // STACKED_ROWS) * STACKED_ROWS, n_columns), dtype)
    padded[:n_rows] = matrix
    groups = padded.reshape(-1, STACKED_ROWS, n_columns).transpose(0, 2, 1)
    weights = aligned(groups.shape, dtype)
    weights[:] = groups
    return Stacked(weights)


def _grouped(csr: Any, dtype: Any) -> Grouped:
    n_units = csr.shape[0]
    n_groups = -(-n_units // GATHERED_ROWS)
    by_length = np.argsort(-np.diff(csr.indptr), kind="stable")
    filler = np.full(n_groups * GATHERED_ROWS - n_units, by_length[-1])
    order = np.concatenate([by_length, filler])
    n_links = np.diff(csr.indptr)[order]
    starts = np.concatenate([[0], np.cumsum(n_links[::GATHERED_ROWS])])
    slot = np.repeat(np.arange(len(order)), n_links)
    link = np.arange(len(slot)) - np.repeat(np.cumsum(n_links) - n_links, n_links)
    group, lane = np.divmod(slot, GATHERED_ROWS)
    source = csr.indptr[order[slot]] + link
    indices = aligned((int(starts[-1]), GATHERED_ROWS), np.int32)
    data = aligned(indices.shape, dtype)
    indices[:], data[:] = 0, 0
    indices[starts[group] + link, lane] = csr.indices[source]
    data[starts[group] + link, lane] = csr.data[source]
    return Grouped(
        starts.astype(np.int64),
        indices,
        data,
        order.astype(np.int32).reshape(n_groups, GATHERED_ROWS),
    )


def harvest(
    weights: Stacked | Grouped,
    drive: Floats,
    state: Floats,
    leak_rate: Floats,
    activation: str,
    noise: Floats | None = None,
) -> Floats:
    """Run a reservoir over a block of steps and return all its states.

    Parameters
    ----------
    weights : Stacked or Grouped
    drive : ndarray of shape (n_steps, n_units)
        Preactivation without the recurrent part.
    state : ndarray of shape (n_units,)
        The state before the first step; not changed.
    leak_rate : ndarray of shape (n_units,)
    activation : str
        A key of `ACTIVATIONS`.
    noise : ndarray of shape (n_steps, n_units), optional
        Added to each new state.

    Returns
    -------
    ndarray of shape (n_steps, n_units)
    """
    states = np.empty_like(drive)
    _harvest(
        weights,
        drive,
        NO_NOISE[drive.dtype] if noise is None else noise,
        state,
        leak_rate,
        ACTIVATIONS[activation],
        states,
    )
    return states


class LinearLoop(NamedTuple):
    """A linear readout whose output returns into the reservoir one step later.

    ``y(t) = state_weights x(t) + direct_weights y(t-1) + offset(t)``, and ``y(t-1)`` enters the
    reservoir through ``feedback_weights``.
    """

    feedback_weights: Floats  # (n_outputs, n_units), one output's after the other
    state_weights: Floats  # (n_outputs, n_units)
    direct_weights: Floats  # (n_outputs, n_outputs)
    offset: Floats  # (n_steps, n_outputs)


def run_closed_loop(
    weights: Stacked | Grouped,
    drive: Floats,
    state: Floats,
    output: Floats,
    leak_rate: Floats,
    activation: str,
    loop: LinearLoop,
) -> tuple[Floats, Floats]:
    """Run a reservoir that is fed its own output, from ``state`` and the last ``output``.

    Threads share the rows of a large dense matrix; that changes no bit.

    Parameters
    ----------
    drive : ndarray of shape (n_steps, n_units) or (1, n_units)
        One row where it is the same in all steps.

    Returns
    -------
    outputs : ndarray of shape (n_steps, n_outputs)
    state : ndarray of shape (n_units,)
        The state after the last step.
    """
    n_units, n_steps = len(state), len(loop.offset)
    outputs = np.empty_like(loop.offset)
    n_members = 1
    if isinstance(weights, Stacked) and n_steps * n_units**2 >= LINKS_A_RUN:
        n_members = team_size(n_units**2 // LINKS_A_STEP)
    bounds = np.linspace(0, -(-n_units // STACKED_ROWS), n_members + 1).astype(int) * STACKED_ROWS
    bounds[-1] = n_units
    states = np.vstack([state, state])
    shared: tuple[Any, ...] = (weights, drive, states, np.empty_like(state), output, leak_rate)
    shared = (*shared, ACTIVATIONS[activation], loop, outputs, counters_of(n_members))
    kernel = _run_closed_loop
    if n_members > 1:
        kernel = compiled_for(kernel, *shared, 0, 0, n_units)
    run_team(lambda member: kernel(*shared, member, *bounds[member : member + 2]), n_members)
    return outputs, states[n_steps % 2]


def add_recurrent(weights: Any, x: Floats, z: Floats, first: int, last: int, up: bool) -> None:
    """Add W x to z, for a W in groups of rows: to z[first:last], or all of it where W is sparse.

    From the last group up the sums are the same; a matrix larger than the cache is best read up and
    down in turn.
    """
    raise TypeError("only for use inside kernels")


@overload(add_recurrent, jit_options={"fastmath": FASTMATH})
def _add_recurrent_overload(weights: Any, x: Any, z: Any, first: Any, last: Any, up: Any) -> Any:
    if len(weights) == len(Stacked._fields):

        def dense(weights: Any, x: Any, z: Any, first: Any, last: Any, up: Any) -> None:
            n, size = x.shape[0], x.shape[0] * STACKED_ROWS
            flat = weights.weights.reshape(weights.weights.size)
            begin, whole = first // STACKED_ROWS, last // STACKED_ROWS
            for k in range(begin, whole):
                g = begin + whole - 1 - k if up else k
                add_stacked_rows(flat, g * size, n, x, z, g * STACKED_ROWS)
            row = whole * STACKED_ROWS
            if row < last:
                rest = np.zeros(STACKED_ROWS, z.dtype)
                for i in range(row, last):
                    rest[i - row] = z[i]
                add_stacked_rows(flat, whole * size, n, x, rest, 0)
                for i in range(row, last):
                    z[i] = rest[i - row]

        return dense

    def sparse(weights: Any, x: Any, z: Any, first: Any, last: Any, up: Any) -> None:
        starts, indices, data, order = weights
        for g in range(order.shape[0]):
            add_group(data, indices, starts[g], starts[g + 1], x, order, g, z)

    return sparse


@jit
def _step(weights, state, leak_rate, activation, z, new_state, first, last, up):  # type: ignore[no-untyped-def]
    """Write the new states of units `first` to `last`; z holds their drive, and is used up."""
    wide_vectors()
    add_recurrent(weights, state, z, first, last, up)
    activate(activation, z[first:last])
    for i in range(first, last):
        new_state[i] = state[i] + leak_rate[i] * (z[i] - state[i])


@jit
def _harvest(weights, drive, noise, state, leak_rate, activation, states):  # type: ignore[no-untyped-def]
    wide_vectors()
    noisy = noise.shape[0] > 0
    n = states.shape[1]
    for t in range(drive.shape[0]):
        z = states[t]
        for i in range(n):
            z[i] = drive[t, i]
        _step(weights, state, leak_rate, activation, z, z, 0, n, t % 2 == 1)
        if noisy:
            for i in range(n):
                z[i] += noise[t, i]
        state = z


@jit
def _run_closed_loop(  # type: ignore[no-untyped-def]
    weights, drive, states, z, output, leak_rate, activation, loop, outputs, counters, member,
    first, last,
):  # fmt: skip
    """Run the units `first` to `last` of a loop that all members share.

    States stand in the two rows of `states` in turn, so that who is ahead writes where nobody
    reads. All members compute the output, each for itself.
    """
    fed, result = output.copy(), np.empty_like(output)
    for t in range(outputs.shape[0]):
        row = min(t, drive.shape[0] - 1)
        for i in range(first, last):
            z[i] = drive[row, i]
        for k in range(fed.shape[0]):
            for i in range(first, last):
                z[i] += loop.feedback_weights[k, i] * fed[k]
        state, new_state = states[t % 2], states[(t + 1) % 2]
        _step(weights, state, leak_rate, activation, z, new_state, first, last, t % 2 == 1)
        meet(counters, member, t + 1)
        for k in range(result.shape[0]):
            total = loop.offset[t, k]
            for i in range(new_state.shape[0]):
                total += loop.state_weights[k, i] * new_state[i]
            for j in range(fed.shape[0]):
                total += loop.direct_weights[k, j] * fed[j]
            result[k] = total
        fed, result = result, fed
        if member == 0:
            outputs[t] = fed
