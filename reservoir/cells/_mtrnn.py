"""Multiple timescales: groups of units of their own pace, that see the world through the fastest.

``u(t) = (1 - 1/τ) u(t-1) + 1/τ (f(u(t-1)) U + y(t-1) B + x(t) W + b)``, ``y(t) = f(u(t)) V + c``

Yamashita, Y. and Tani, J. (2008). Emergence of functional hierarchy in a multiple timescale neural
network model: a humanoid robot experiment. PLoS Computational Biology 4, e1000220, eq. 1 to 3.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reservoir.cells._cell import Cell, Floats, row_sum, uniform
from reservoir.kernels._activations import activate, code_of, times_slope
from reservoir.kernels._drive import scan, scan_back, scan_row
from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._products import Columns, add_product, affine, columns_of


class Parameters(NamedTuple):
    input_weights: Floats  # W (n_inputs, n_units)
    recurrent_weights: Floats  # U (n_units, n_units)
    feedback_weights: Floats  # B (n_outputs, n_units)
    bias: Floats  # b (n_units,)
    output_weights: Floats  # V (n_units, n_outputs)
    output_bias: Floats  # c (n_outputs,)


class Arranged(NamedTuple):
    forward: Columns  # U, and B below it
    back: Columns  # the same transposed
    output: Columns  # V
    output_back: Columns  # V transposed
    pace: Floats  # 1 / τ
    activation: int


@jit(fastmath=EXACT)
def _active(weights, state, values):  # type: ignore[no-untyped-def]
    """Write f(u) of a state."""
    n = weights.pace.shape[0]
    for b in range(state.shape[0]):
        for i in range(n):
            values[b, i] = state[b, i]
    activate(weights.activation, values.reshape(values.size))


@jit(fastmath=EXACT)
def step(weights, kept, before, after):  # type: ignore[no-untyped-def]
    """The state is u, then y; kept holds what enters both from outside."""
    n_batch, n_state = before.shape
    n = weights.pace.shape[0]
    values = np.empty((n_batch, n), before.dtype)
    seen = np.empty((n_batch, n_state), before.dtype)
    _active(weights, before, values)
    for b in range(n_batch):
        for i in range(n):
            seen[b, i] = values[b, i]
        for i in range(n, n_state):
            seen[b, i] = before[b, i]
    add_product(seen, 0, weights.forward, kept, 0, n)
    for b in range(n_batch):
        for i in range(n):
            after[b, i] = before[b, i] + weights.pace[i] * (kept[b, i] - before[b, i])
        for i in range(n, n_state):
            after[b, i] = kept[b, i]
    _active(weights, after, values)
    add_product(values, 0, weights.output, after, n, n_state - n)


@jit(fastmath=EXACT)
def step_vjp(weights, kept, before, after, error, earlier):  # type: ignore[no-untyped-def]
    n_batch, n_state = before.shape
    n = weights.pace.shape[0]
    values, by_values = (
        np.empty((n_batch, n), before.dtype), np.zeros((n_batch, n), before.dtype)
    )  # fmt: skip
    seen = np.zeros((n_batch, n_state), before.dtype)
    _active(weights, after, values)
    add_product(error, n, weights.output_back, by_values, 0, n)
    times_slope(weights.activation, values, by_values)
    for b in range(n_batch):
        for i in range(n):
            error[b, i] += by_values[b, i]
            kept[b, i] = weights.pace[i] * error[b, i]
        for i in range(n, n_state):
            kept[b, i] = error[b, i]
    add_product(kept, 0, weights.back, seen, 0, n_state)
    _active(weights, before, values)
    for b in range(n_batch):
        for i in range(n):
            by_values[b, i] = seen[b, i]
        for i in range(n, n_state):
            earlier[b, i] = seen[b, i]
    times_slope(weights.activation, values, by_values)
    for b in range(n_batch):
        for i in range(n):
            earlier[b, i] = by_values[b, i] + (1 - weights.pace[i]) * error[b, i]


@jit
def run(weights, kept, states, forcing):  # type: ignore[no-untyped-def]
    scan(step, weights, kept, states, forcing)


@jit
def run_back(weights, kept, states, forcing, errors, first, end):  # type: ignore[no-untyped-def]
    scan_back(step_vjp, weights, kept, states, forcing, errors, first, end)


@jit
def run_row(signal, output, weights, first, projection, kept, path, read, readout):  # type: ignore[no-untyped-def]
    scan_row(step, signal, output, weights, first, projection, kept, path, read, readout)


class MTRNN(Cell):
    """Groups of units of different time constants, which make the output and are fed it back.

    Inputs and the outputs of the step before enter the first group alone, and the outputs are read
    from it; slower groups are reached through their neighbours. While fitting, targets may take
    the place of what is fed back (``teacher_forcing``, the rest being the closed-loop share);
    ``predict`` closes the loop. With ``learn_initial_state="each"`` every sequence has an initial
    state of its own in the slowest group, which selects what the network does.

    Parameters
    ----------
    groups : sequence of (int, float), default=((24, 2.0), (8, 30.0))
        How many units each group has and their time constant in steps, 1 or more; their sum is the
        ``n_units`` of the network.
    links : array-like of bool of shape (n_groups, n_groups) or None, default=None
        Which group (row) each group (column) sees; None for itself and its neighbours.
    activation : {"tanh", "sigmoid", "relu", "identity"}, default="tanh"
        f.

    References
    ----------
    Yamashita, Y. and Tani, J. (2008). Emergence of functional hierarchy in a multiple timescale
    neural network model: a humanoid robot experiment. PLoS Computational Biology 4, e1000220.

    Examples
    --------
    Two waves from one network; its slow units, as they begin, tell it which:

    >>> import numpy as np
    >>> from reservoir import RNNRegressor
    >>> from reservoir.cells import MTRNN
    >>> t = np.arange(60)
    >>> waves = [np.sin(0.2 * t)[:, None], np.sin(0.5 * t)[:, None]]
    >>> rnn = RNNRegressor(
    ...     cell=MTRNN(((12, 2.0), (4, 20.0))), n_units=16, learn_initial_state="each",
    ...     teacher_forcing=0.9, learning_rate_init=0.02, learning_rate="cosine", max_iter=300,
    ...     random_state=0,
    ... ).fit(np.zeros((2, 1)), waves)
    >>> slow, fast = rnn.predict(np.zeros((2, 1)))
    >>> bool(np.corrcoef(slow[:, 0], waves[0][:, 0])[0, 1] > 0.9)
    True
    """

    name = "mtrnn"
    run, run_back, run_row = map(staticmethod, (run, run_back, run_row))
    feeds_back = True

    def __init__(
        self,
        groups: Sequence[tuple[int, float]] = ((24, 2.0), (8, 30.0)),
        links: Any = None,
        activation: str = "tanh",
    ) -> None:
        self.groups = tuple((int(n), float(tau)) for n, tau in groups)
        self.links = None if links is None else np.asarray(links, bool).tolist()
        self.activation = activation

    def n_state(self, n_units: int, n_outputs: int) -> int:
        return n_units + n_outputs

    def read(self, n_units: int, n_outputs: int) -> slice:
        return slice(n_units, n_units + n_outputs)

    def learned_state(self, n_units: int, n_outputs: int) -> NDArray[np.bool_]:
        slow = np.zeros(n_units + n_outputs, bool)
        slow[n_units - self.groups[-1][0] : n_units] = True
        return slow

    def init(
        self, n_inputs: int, n_units: int, n_outputs: int, rng: np.random.Generator
    ) -> Parameters:
        sizes = [n for n, _ in self.groups]
        if sum(sizes) != n_units or min(sizes, default=0) < 1:
            raise ValueError(
                f"n_units must be {sum(sizes)}, the units of groups {self.groups}, got {n_units}."
            )
        if not all(1 <= tau < np.inf for _, tau in self.groups):
            raise ValueError(
                f"groups must have time constants of 1 step or more, got {self.groups}."
            )
        if self.links is not None and np.shape(self.links) != (len(sizes),) * 2:
            raise ValueError(
                f"links must have shape ({len(sizes)}, {len(sizes)}), got {np.shape(self.links)}."
            )
        drawn = Parameters(
            uniform(rng, n_inputs, n_units),
            uniform(rng, n_units, n_units),
            uniform(rng, n_outputs, n_units),
            np.zeros(n_units),
            uniform(rng, n_units, n_outputs),
            np.zeros(n_outputs),
        )
        return _product(drawn, self.allowed(drawn))

    def allowed(self, p: Parameters) -> Parameters:
        """Return 1 for each parameter that may differ from 0, and 0 for the others."""
        group = np.repeat(np.arange(len(self.groups)), [n for n, _ in self.groups])
        if self.links is None:
            linked = abs(group[:, None] - group) <= 1
        else:
            linked = np.asarray(self.links)[group[:, None], group]
        ones = Parameters(*(np.ones_like(leaf) for leaf in p))
        first = (group == 0).astype(p.bias.dtype)
        return ones._replace(
            input_weights=ones.input_weights * first,
            recurrent_weights=linked.astype(p.bias.dtype),
            feedback_weights=ones.feedback_weights * first,
            output_weights=ones.output_weights * first[:, None],
        )

    def arrange(self, p: Parameters) -> Arranged:
        recurrent = np.vstack([p.recurrent_weights, p.feedback_weights])
        pace = np.concatenate([np.full(n, 1 / tau) for n, tau in self.groups])
        V = p.output_weights
        return Arranged(
            columns_of(recurrent),
            columns_of(np.ascontiguousarray(recurrent.T)),
            columns_of(V),
            columns_of(np.ascontiguousarray(V.T)),
            pace.astype(recurrent.dtype),
            code_of(self.activation),
        )

    def project(self, p: Parameters, x: Floats) -> Floats:
        kept = np.empty((len(x), len(p.bias) + len(p.output_bias)), x.dtype)
        kept[:, : len(p.bias)] = affine(x, p.input_weights, p.bias)
        kept[:, len(p.bias) :] = p.output_bias
        return kept

    def gradients(
        self, p: Parameters, x: Floats, before: Floats, after: Floats, kept: Floats
    ) -> Parameters:
        n = len(p.bias)
        errors, of_outputs = np.ascontiguousarray(kept[:, :n]), np.ascontiguousarray(kept[:, n:])
        was, now = (np.ascontiguousarray(state[:, :n]) for state in (before, after))
        for values in (was, now):
            activate(code_of(self.activation), values.reshape(values.size))
        found = Parameters(
            x.T @ errors,
            was.T @ errors,
            before[:, n:].T @ errors,
            row_sum(errors),
            now.T @ of_outputs,
            row_sum(of_outputs),
        )
        return _product(found, self.allowed(p))

    def input_errors(self, p: Parameters, kept: Floats) -> Floats:
        return kept[:, : len(p.bias)] @ p.input_weights.T


def _product(a: Parameters, b: Parameters) -> Parameters:
    return Parameters(*(x * y for x, y in zip(a, b, strict=True)))
