"""The reservoir's time loop for many networks in step, and for one series in many parts.

Sixteen networks of one W (thirty-two in single precision) run side by side as the columns of
panels (see `_vectors`): a matrix-vector product becomes a matrix-matrix product, gathers become
contiguous loads and activations become vectors. The columns are sequences, or parts of a long one,
because a network that forgets where it started lets time run in parallel:

1. Every part runs from rest, all in step; only the first of a sequence begins where it should.
2. Every other part begins again where the part before it ended, and runs until its states have met
   those that are there, which then hold for the rest of it. A part that ends before that passes its
   new end on, and the next begins once more.

That gives the states of the sequential loop to rounding as long as what has met stays together.
Linear networks tell: see `is_contracting`. Where they do not vouch for that, and where states do
not meet soon, the sequential loop runs instead. Sequences that are not cut have the states of the
sequential loop to the last bit, whatever the network. Nothing here depends on the number of
threads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from reservoir.kernels._activations import ACTIVATIONS, activate
from reservoir.kernels._jit import FASTMATH, jit
from reservoir.kernels._threads import in_threads
from reservoir.kernels._vectors import (
    PANEL_BYTES,
    ROWS_AT_ONCE,
    TILE,
    add_dense_rows,
    add_sparse_rows,
    aligned,
    store_tile,
    wide_vectors,
)

Floats = NDArray[np.floating]
Piece = tuple[int, int]  # the first row of a sequence and the one after its last

DEPTH = 256  # columns of a dense matrix that are multiplied before the next rows: 32 KB of a panel
UNITS = 16  # units whose activations are computed together, while they are in the nearest cache

# A step of a panel counts as so many of the sequential loop. Over 50 to 2000 units, sparse and
# dense, on two cores, lockstep was this many times as fast for one series (medians of 7): 0.7 to
# 2.1 at 2200 steps, one panel; 0.9 to 2.7 at 4400, two panels; 1.5 to 4.0 at 10,000; 2.3 to 5.2 at
# 30,000. Kernels alone measured 4 to 10.
PANEL_COST = 9.0
SHORTEST_PART = 128  # steps; a network at spectral radius 0.9 forgets in 50 to 300
LONG_PART = 2048  # steps; from here on there are more parts instead, for more threads
MOST_PANELS = 8  # of the parts of one sequence
MOST_ROUNDS = 3  # of beginning again
CHECK_EVERY = 16  # steps
TOLERANCE = {"float64": 1e-13, "float32": 2e-6}  # of the difference of states that have met


class Links(NamedTuple):
    """A sparse matrix, row by row (CSR), with a last row without links if their number is odd."""

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: Floats


class Packed(NamedTuple):
    """A dense matrix in the order in which it is multiplied.

    Blocks of `DEPTH` columns, in them groups of `ROWS_AT_ONCE` rows, in them column after column.
    """

    weights: Floats


@dataclass(frozen=True)
class Network:
    """What runs in lockstep: ``x(t) = (1-a) x(t-1) + a f(W x(t-1) + W_in u(t) + b)``."""

    recurrent_weights: Links | Packed
    input_weights: Packed  # of W_in with b as its last column, for an input that is 1
    leak_rate: Floats
    n_inputs: int
    activation: str

    @property
    def n_units(self) -> int:
        return len(self.leak_rate)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.leak_rate.dtype

    @property
    def lanes(self) -> int:
        """Columns of a panel."""
        return lanes_of(self.dtype)

    def panel(self, parts: "Parts", some: NDArray[np.int64], begin: Floats) -> "Panel":
        """Return the memory of a group of parts that run in step."""
        return Panel(self, parts, some, begin)


def lanes_of(dtype: np.dtype[Any]) -> int:
    """Return the columns of a panel of one type of float."""
    return PANEL_BYTES // dtype.itemsize


def make_network(
    recurrent_weights: Any, input_weights: Floats, bias: Floats, leak_rate: Floats, activation: str
) -> Network:
    """Lay out a network's weights for lockstep, in the type of its leak rates."""
    dtype = leak_rate.dtype
    filler = -len(leak_rate) % ROWS_AT_ONCE  # panels have as many rows
    if hasattr(recurrent_weights, "tocsr"):
        csr = recurrent_weights.tocsr()
        recurrent: Links | Packed = Links(
            np.pad(csr.indptr, (0, filler), mode="edge").astype(np.int32),
            np.require(csr.indices, np.int32, ["C", "W"]),
            np.require(csr.data, dtype, ["C", "W"]),
        )
    else:
        recurrent = _packed(np.pad(recurrent_weights, (0, filler)), dtype)
    return Network(
        recurrent,
        _packed(np.column_stack([input_weights, bias]), dtype),
        np.require(leak_rate, dtype, ["C", "W"]),
        input_weights.shape[1],
        activation,
    )


def _packed(matrix: Floats, dtype: Any) -> Packed:
    n_rows, n_columns = matrix.shape
    n_groups = -(-n_rows // ROWS_AT_ONCE)
    padded = np.zeros((n_groups * ROWS_AT_ONCE, n_columns), dtype)
    padded[:n_rows] = matrix
    blocks = [
        padded[:, start : start + DEPTH].reshape(n_groups, ROWS_AT_ONCE, -1).transpose(0, 2, 1)
        for start in range(0, n_columns, DEPTH)
    ]
    packed = aligned((padded.size,), dtype)
    return Packed(np.concatenate([block.ravel() for block in blocks], out=packed))


def plans(pieces: Sequence[Piece], lanes: int) -> list["Parts"]:
    """Return the ways to run in lockstep that are faster than one sequence after the other.

    Sequences run whole or cut, the faster way by measured costs comes first. Two panels count as
    one, as on two threads, whatever the number of threads.
    """
    ways = [whole(pieces), cut(pieces, lanes)]
    costs = [_cost(parts, lanes) for parts in ways]
    n_rows = sum(stop - start for start, stop in pieces)
    return [ways[i] for i in np.argsort(costs, kind="stable") if costs[i] < n_rows]


def _cost(parts: "Parts", lanes: int) -> float:
    """Return how many steps of the sequential loop take as long."""
    longest = np.sort(parts.n_steps)[::-1][::lanes]  # of each panel
    passes = 1 if parts.is_head.all() else 2
    return float(PANEL_COST * passes * longest.sum() / min(2, len(longest)))


class Parts(NamedTuple):
    """Sequences cut into parts that run in step: where they begin, how long they are."""

    start: NDArray[np.int64]
    n_steps: NDArray[np.int64]
    is_head: NDArray[np.bool_]  # begins a sequence
    piece: NDArray[np.int64]  # the sequence it belongs to


def whole(pieces: Sequence[Piece]) -> Parts:
    """Return sequences as they are: each is one part."""
    start, stop = np.array(pieces, np.int64).T
    return Parts(start, stop - start, np.ones(len(pieces), np.bool_), np.arange(len(pieces)))


def cut(pieces: Sequence[Piece], lanes: int) -> Parts:
    """Cut sequences into parts of about the same length, by nothing but their lengths.

    Two panels of parts keep two threads busy; more of them where the parts stay long.
    """
    lengths = np.array([stop - start for start, stop in pieces], np.int64)
    n_rows = int(lengths.sum())
    n_panels = 1
    while n_panels < MOST_PANELS and n_rows // (2 * n_panels * lanes) >= (
        SHORTEST_PART if n_panels == 1 else LONG_PART
    ):
        n_panels *= 2
    longest = max(SHORTEST_PART, -(-n_rows // (n_panels * lanes)))
    n_parts = np.maximum(1, np.round(lengths / longest)).astype(np.int64)
    piece = np.repeat(np.arange(len(pieces)), n_parts)
    number = np.arange(len(piece)) - np.repeat(np.cumsum(n_parts) - n_parts, n_parts)
    begin = lengths[piece] * number // n_parts[piece]
    end = lengths[piece] * (number + 1) // n_parts[piece]
    start = np.array([start for start, _ in pieces], np.int64)[piece] + begin
    return Parts(start, end - begin, number == 0, piece)


def harvest_together(
    network: Network,
    inputs: Floats,
    ways: Sequence[Parts],
    states: Floats,
    out: Floats,
    column: int,
    contracting: Callable[[], bool],
) -> NDArray[np.int64]:
    """Run sequences in lockstep, and write their states.

    Parameters
    ----------
    network : Network
    inputs : ndarray of shape (n_rows, n_inputs)
    ways : sequence of Parts
        The sequences, whole or cut; the first way that the network allows is taken.
    states : ndarray of shape (n_sequences, n_units)
        Where each sequence begins; holds where it ended afterwards.
    out : ndarray of shape (n_rows, n_columns), C-ordered
        Gets the state after each row in its columns from `column` on.
    column : int
    contracting : callable
        Asked whether the network is known to forget, before sequences are cut: a difference of
        one rounding may grow to anything if not.

    Returns
    -------
    ndarray of int
        The sequences whose parts did not meet, or all if a state left the finite numbers or the
        network allows no way: their rows of `out` mean nothing, their states are as they were.
    """
    everything = np.arange(len(states))
    parts = next((way for way in ways if way.is_head.all() or contracting()), None)
    if parts is None:
        return everything
    task = Task(network, inputs, out, column)
    begin = np.zeros((len(parts.start), network.n_units), network.dtype)
    begin[parts.is_head] = states
    ends = np.empty_like(begin)
    by_length = np.argsort(-parts.n_steps, kind="stable")
    run = partial(_run, task, parts, begin=begin, ends=ends)
    finite = in_threads(run, _panels(by_length, network.lanes))
    if not all(finite):
        return everything
    failed = np.empty(0, np.int64)
    if not parts.is_head.all():
        failed = _stitch(task, parts, ends)
    is_last = np.r_[parts.is_head[1:], True]
    settled = np.setdiff1d(everything, failed)
    states[settled] = ends[is_last][settled]
    return failed


def drive_of(network: Network, inputs: Floats, bias: float = 1.0) -> Floats:
    """Return what drives the units from outside, (n_rows, n_units), rounded as in lockstep.

    The bias enters with a factor.
    """
    out = np.empty((len(inputs), network.n_units), network.dtype)
    n_rows = -(-network.n_units // ROWS_AT_ONCE) * ROWS_AT_ONCE
    work = zeros((n_rows, network.lanes), network.dtype)
    signal = zeros((network.n_inputs + 1, network.lanes), network.dtype)
    signal[-1] = bias
    inputs = np.require(inputs, network.dtype, ["C", "W"])
    _write_drive(network.input_weights, inputs, signal, work, out)
    return out


class Settings(NamedTuple):
    """What tells networks of one W apart: factors, one for each network."""

    recurrent: Floats  # (n_networks,), of W
    inputs: Floats  # (n_networks, n_inputs), of the columns of W_in
    bias: Floats  # (n_networks,), of b
    leak: Floats  # (n_networks,), of the leak rates


class Ensemble:
    """Up to one panel of networks that differ by `Settings` alone, driven by the same inputs."""

    def __init__(self, network: Network, settings: Settings) -> None:
        n = len(settings.leak)
        rest = np.zeros((n, network.n_units), network.dtype)
        nowhere = np.zeros(n, np.int64)
        parts = Parts(nowhere, nowhere, np.ones(n, np.bool_), np.arange(n))
        self._network = network
        self._panel = panel = Panel(network, parts, np.arange(n), rest)
        panel.recurrent_scale[:] = settings.recurrent[panel.columns]
        panel.scaled = zeros(panel.states.shape, network.dtype)
        panel.signal_scale[:-1] = settings.inputs[panel.columns].T
        panel.signal_scale[-1] = settings.bias[panel.columns]
        panel.leak_factor[:] = settings.leak[panel.columns]

    def run(self, inputs: Floats, out: Floats) -> bool:
        """Go on for all rows of inputs, and return whether every state is finite.

        Parameters
        ----------
        inputs : ndarray of shape (n_rows, n_inputs), C-ordered
        out : ndarray of shape (n_networks, n_rows, n_columns), C-ordered
            Gets the states in its first columns.
        """
        n_rows, panel = len(inputs), self._panel
        panel.n_steps[:] = n_rows
        panel.target = panel.columns * n_rows
        flat = out.reshape(-1, out.shape[2])
        return panel.run(Task(self._network, inputs, flat, 0), 0, n_rows, compare=False)


def is_contracting(network: Network) -> bool:
    """Whether the network forgets with the slopes that its activations have at any of its states.

    In a panel of linear networks, the first has the largest slope in every unit and the others 0 in
    some, drawn at random, as in units that are driven far from 0: that makes most networks forget
    faster, but a network whose links cancel forget no more. A state drawn at random has to lose
    six digits in 1024 steps in all of them, without having grown a thousandfold on the way.
    """
    if network.activation == "relu":  # not bounded: what is small says nothing of what is large
        return False
    rng = np.random.default_rng(0)
    n, lanes, dtype = network.n_units, network.lanes, network.dtype
    slopes = rng.uniform(size=(n, lanes)) < np.linspace(1, 0.2, lanes)
    steepest = 0.25 if network.activation == "sigmoid" else 1.0
    rates = network.leak_rate[:, None] * (steepest * slopes).astype(dtype)
    n_rows = -(-n // ROWS_AT_ONCE) * ROWS_AT_ONCE
    x, z = zeros((n_rows, lanes), dtype), zeros((n_rows, lanes), dtype)
    x[:n] = rng.standard_normal((n, lanes))
    x /= np.abs(x).max(axis=0)
    for _ in range(16):
        most = _run_linear(network.recurrent_weights, network.leak_rate, rates, x, z, 64)
        if not most < 1e3:
            return False
        if np.abs(x).max() < 1e-6:
            return True
    return False


class Task(NamedTuple):
    network: Network
    inputs: Floats
    out: Floats
    column: int


class Panel:
    """The memory of a group of columns: parts of sequences, the first once more to fill up."""

    def __init__(
        self, network: Network, parts: Parts, some: NDArray[np.int64], begin: Floats
    ) -> None:
        lanes = network.lanes
        self.columns = np.r_[some, np.repeat(some[:1], lanes - len(some))]
        self.source = self.target = parts.start[self.columns]
        self.n_steps = parts.n_steps[self.columns]
        n_rows = -(-network.n_units // ROWS_AT_ONCE) * ROWS_AT_ONCE
        self.states = zeros((n_rows, lanes), network.dtype)
        self.states[: network.n_units] = begin[self.columns].T
        self.work = zeros((n_rows, lanes), network.dtype)
        self.scaled = self.work[:0]
        self.signal = zeros((network.n_inputs + 1, lanes), network.dtype)
        self.recurrent_scale = np.ones(lanes, network.dtype)
        self.signal_scale = np.ones((network.n_inputs + 1, lanes), network.dtype)
        self.leak_factor = np.ones(lanes, network.dtype)
        self.difference = np.zeros(lanes)

    def run(self, task: Task, start: int, stop: int, *, compare: bool) -> bool:
        """Run steps of all columns that are as long as that, and return if all is finite."""
        network = task.network
        return _run_panel(
            network.recurrent_weights,
            network.input_weights,
            network.leak_rate,
            ACTIVATIONS[network.activation],
            self.recurrent_scale,
            self.signal_scale,
            self.leak_factor,
            task.inputs,
            self.source,
            self.target,
            self.n_steps,
            self.states,
            self.work,
            self.scaled,
            self.signal,
            task.out,
            task.column,
            start,
            stop,
            compare,
            self.difference,
        )

    def ends(self, n_units: int) -> Floats:
        return self.states[:n_units].T


def _run(task: Task, parts: Parts, some: NDArray[np.int64], begin: Floats, ends: Floats) -> bool:
    panel = task.network.panel(parts, some, begin)
    finite = panel.run(task, 0, int(panel.n_steps.max()), compare=False)
    ends[panel.columns] = panel.ends(task.network.n_units)
    return finite


def _stitch(task: Task, parts: Parts, ends: Floats) -> NDArray[np.int64]:
    """Begin parts again where those before them ended, until all have met; return what has not."""
    lanes = task.network.lanes
    left = np.flatnonzero(~parts.is_head)
    failed = np.zeros(len(parts.start), bool)
    for _ in range(MOST_ROUNDS):
        begin = np.zeros_like(ends)
        begin[left] = ends[left - 1]
        meet = partial(_meet, task, parts, begin=begin, ends=ends)
        meetings = in_threads(meet, _panels(left, lanes))
        met, lost = (np.concatenate(flags) for flags in zip(*meetings, strict=True))
        failed[left[lost]] = True
        following = left[~met & ~lost] + 1
        following = following[following < len(parts.start)]
        left = following[~parts.is_head[following] & ~failed[following]]
        if not len(left) or failed.any():
            break
    failed[left] = True
    return np.unique(parts.piece[failed])


def _meet(
    task: Task,
    parts: Parts,
    some: NDArray[np.int64],
    begin: Floats,
    ends: Floats,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Run parts until they meet what is there; return which have met and which never will."""
    panel = task.network.panel(parts, some, begin)
    tolerance = TOLERANCE[task.network.dtype.name]
    n_steps = panel.n_steps.copy()
    met, lost = np.zeros((2, len(n_steps)), bool)
    longest = int(n_steps.max())
    for start in range(0, longest, CHECK_EVERY):
        stop = min(start + CHECK_EVERY, longest)
        finite = panel.run(task, start, stop, compare=True)
        running = start < panel.n_steps
        close = panel.difference <= tolerance
        # at the pace so far, would the states meet before the last round is over?
        pace = min(1.0, stop / (MOST_ROUNDS * longest))
        too_slow = ~(panel.difference <= tolerance**pace) & (stop >= 4 * CHECK_EVERY)
        lost |= running & ~met & too_slow
        met |= running & close
        panel.n_steps[met & (panel.n_steps > stop)] = stop
        if lost.any() or not finite:
            lost |= ~met | (not finite)  # what has not met by now is left half done
            break
        if (panel.n_steps <= stop).all():
            break
    whole = ~lost & (panel.n_steps == n_steps)
    ends[panel.columns[whole]] = panel.ends(task.network.n_units)[whole]
    return met[: len(some)], lost[: len(some)]


def _panels(columns: NDArray[np.int64], lanes: int) -> list[NDArray[np.int64]]:
    return [columns[i : i + lanes] for i in range(0, len(columns), lanes)]


def zeros(shape: tuple[int, int], dtype: np.dtype[Any]) -> Floats:
    zeros: Floats = aligned(shape, dtype)
    zeros[:] = 0
    return zeros


def add_panel_product(weights: Any, x: Floats, z: Floats) -> None:
    """Add the product of a matrix and a panel to the panel z."""
    raise TypeError("only for use inside kernels")


@overload(add_panel_product, jit_options={"fastmath": FASTMATH})
def _add_panel_product_overload(weights: Any, x: Any, z: Any) -> Any:
    if len(weights) == len(Links._fields):

        def sparse(weights: Any, x: Any, z: Any) -> None:
            indptr, indices, data = weights
            for i in range(0, indptr.shape[0] - 1, 2):
                first, middle, last = indptr[i], indptr[i + 1], indptr[i + 2]
                add_sparse_rows(data, indices, first, middle, last, x, z, i)

        return sparse

    def dense(weights: Any, x: Any, z: Any) -> None:
        offset = 0
        for start in range(0, x.shape[0], DEPTH):
            n = min(DEPTH, x.shape[0] - start)
            for row in range(0, z.shape[0], ROWS_AT_ONCE):
                add_dense_rows(weights.weights, offset, n, x, start, z, row)
                offset += n * ROWS_AT_ONCE

    return dense


@jit
def _run_panel(  # type: ignore[no-untyped-def]
    recurrent_weights,
    input_weights,
    leak_rate,
    activation,
    recurrent_scale,  # (lanes,), of W
    signal_scale,  # (n_inputs + 1, lanes), of the inputs and of the bias
    leak_factor,  # (lanes,), of the leak rates
    inputs,
    source,  # (lanes,), the first row of inputs
    target,  # (lanes,), the first row of out
    n_steps,  # (lanes,), of each column
    states,
    work,
    scaled,  # as large as the states, or of no rows where all scales of W are 1
    signal,
    out,
    column,
    start,
    stop,
    compare,
    difference,
):
    wide_vectors()
    n_units, lanes, n_inputs = leak_rate.shape[0], states.shape[1], inputs.shape[1]
    rows = np.empty(lanes, np.int64)
    x, z = states, work
    for c in range(lanes):  # assigning a row would compile what numba says of rows that do not fit
        signal[n_inputs, c] = signal_scale[n_inputs, c]
    for t in range(start, stop):
        for c in range(lanes):
            step = min(t, n_steps[c] - 1)
            if t >= n_steps[c]:
                leak_factor[c] = 0  # the state stays what it was, and is written once more
            rows[c] = target[c] + step
            for k in range(n_inputs):
                signal[k, c] = inputs[source[c] + step, k] * signal_scale[k, c]
        z[:] = 0
        add_panel_product(input_weights, signal, z)
        if scaled.shape[0] > 0:
            for i in range(n_units):
                for c in range(lanes):
                    scaled[i, c] = x[i, c] * recurrent_scale[c]
            add_panel_product(recurrent_weights, scaled, z)
        else:
            add_panel_product(recurrent_weights, x, z)
        for i in range(0, n_units, UNITS):
            last = min(i + UNITS, n_units)
            _activate_units(activation, leak_rate[i:last], leak_factor, x[i:last], z[i:last])
        for c in range(lanes):
            if compare and t == min(stop, n_steps[c]) - 1:  # before the old state is lost
                difference[c] = difference_of(z[:n_units, c], out[rows[c], column:])
        write(z, n_units, out, column, rows)
        x, z = z, x
    if (stop - start) % 2:
        for i in range(states.shape[0]):
            for c in range(lanes):
                states[i, c] = work[i, c]
    return is_finite(states.reshape(states.size))  # what is not finite once is NaN from then on


@jit
def _write_drive(input_weights, inputs, signal, z, out):  # type: ignore[no-untyped-def]
    n_rows, n_inputs = inputs.shape
    lanes = z.shape[1]
    rows = np.empty(lanes, np.int64)
    for start in range(0, n_rows, lanes):
        for c in range(lanes):
            rows[c] = min(start + c, n_rows - 1)
            for k in range(n_inputs):
                signal[k, c] = inputs[rows[c], k]
        z[:] = 0
        add_panel_product(input_weights, signal, z)
        write(z, out.shape[1], out, 0, rows)


@jit
def write(z, n_units, out, column, rows):  # type: ignore[no-untyped-def]
    for i in range(0, n_units - TILE + 1, TILE):
        store_tile(z, i, out, column + i, rows)
    for i in range(n_units - n_units % TILE, n_units):
        for c in range(z.shape[1]):
            out[rows[c], column + i] = z[i, c]


@jit
def _activate_units(activation, leak_rate, leak_factor, x, z):  # type: ignore[no-untyped-def]
    """Turn preactivations into states."""
    wide_vectors()
    activate(activation, z.reshape(z.size))
    for i in range(z.shape[0]):
        for c in range(z.shape[1]):
            z[i, c] = x[i, c] + leak_rate[i] * leak_factor[c] * (z[i, c] - x[i, c])


@jit
def is_finite(x):  # type: ignore[no-untyped-def]
    total = x[0] * 0
    for i in range(x.shape[0]):
        total += x[i] * 0
    return total == 0


@jit
def difference_of(new, old):  # type: ignore[no-untyped-def]
    """Return the largest difference of two states, relative to the largest number above 1."""
    largest, size = 0.0, 1.0
    for i in range(new.shape[0]):  # all finite, or `_run_panel` says so
        largest = max(largest, abs(new[i] - old[i]))
        size = max(size, abs(new[i]))
    return largest / size


@jit
def _run_linear(recurrent_weights, leak_rate, rates, x, z, n_steps):  # type: ignore[no-untyped-def]
    """Run linear networks an even number of steps, and return the largest state on the way."""
    most = 0.0
    for _ in range(n_steps):
        z[:] = 0
        add_panel_product(recurrent_weights, x, z)
        for i in range(rates.shape[0]):
            for c in range(rates.shape[1]):
                z[i, c] = (1 - leak_rate[i]) * x[i, c] + rates[i, c] * z[i, c]
                most = max(most, abs(z[i, c]))
        x, z = z, x
    return most
