"""Networks that feed their outputs back to the hidden units: fully recurrent, and Jordan's.

``h(t) = f(x(t) W + h(t-1) U + y(t-1) B + b)``, ``y(t) = h(t) V + x(t) D + c``

Jordan, M. I. (1986). Attractor dynamics and parallelism in a connectionist sequential machine.
Proc. 8th Annual Conf. of the Cognitive Science Society, 531-546. Jaeger, H. (2002). A tutorial on
training recurrent neural networks, GMD Report 159, section 1.2.
"""

from typing import NamedTuple

import numpy as np

from reservoir.cells._cell import Cell, Floats, orthogonal, row_sum, uniform
from reservoir.kernels._activations import activate, code_of
from reservoir.kernels._drive import scan, scan_back, scan_row
from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._products import Columns, add_product, affine, columns_of, copy, fill


class Parameters(NamedTuple):
    input_weights: Floats  # W (n_inputs, n_units)
    recurrent_weights: Floats  # U (n_units, n_units), or (0, n_units) of Jordan's network
    feedback_weights: Floats  # B (n_outputs, n_units)
    bias: Floats  # b (n_units,)
    output_weights: Floats  # V (n_units, n_outputs)
    direct_weights: Floats  # D (n_inputs, n_outputs)
    output_bias: Floats  # c (n_outputs,)


class Arranged(NamedTuple):
    forward: Columns  # U, and B below it
    back: Columns  # the same transposed
    output: Columns  # V
    output_back: Columns  # V transposed
    n_units: int
    activation: int


@jit(fastmath=EXACT)
def step(weights, kept, before, after):  # type: ignore[no-untyped-def]
    """The state is h, then y."""
    n, n_fed = weights.n_units, weights.forward.groups.shape[1]
    m = after.shape[1] - n
    add_product(before, after.shape[1] - n_fed, weights.forward, kept, 0, n)
    for b in range(kept.shape[0]):
        activate(weights.activation, kept[b, :n])
    copy(kept, after)
    add_product(kept, 0, weights.output, after, n, m)


@jit(fastmath=EXACT)
def step_vjp(weights, kept, before, after, error, earlier):  # type: ignore[no-untyped-def]
    n, n_fed = weights.n_units, weights.forward.groups.shape[1]
    m = after.shape[1] - n
    add_product(error, n, weights.output_back, error, 0, n)
    for b in range(kept.shape[0]):
        for i in range(n):
            y = after[b, i]
            if weights.activation == 0:
                slope = 1 - y * y
            elif weights.activation == 2:
                slope = y * 0 + (y > 0)
            elif weights.activation == 3:
                slope = y * (1 - y)
            else:
                slope = y * 0 + 1
            kept[b, i] = error[b, i] * slope
        for i in range(n, n + m):
            kept[b, i] = error[b, i]
    fill(earlier, 0)
    add_product(kept, 0, weights.back, earlier, after.shape[1] - n_fed, n_fed)


@jit
def run(weights, kept, states, forcing):  # type: ignore[no-untyped-def]
    scan(step, weights, kept, states, forcing)


@jit
def run_back(weights, kept, states, forcing, errors, first, end):  # type: ignore[no-untyped-def]
    scan_back(step_vjp, weights, kept, states, forcing, errors, first, end)


@jit
def run_row(signal, output, weights, first, projection, kept, path, read, readout):  # type: ignore[no-untyped-def]
    scan_row(step, signal, output, weights, first, projection, kept, path, read, readout)


class FullyRecurrent(Cell):
    """``h(t) = f(x(t) W + h(t-1) U + y(t-1) B + b)``, ``y(t) = h(t) V + x(t) D + c``.

    Hidden units see one another and, through B, the outputs of the step before. While fitting,
    the targets may take the place of the outputs that are fed back (teacher forcing).

    Parameters
    ----------
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f.

    References
    ----------
    Jaeger, H. (2002). A tutorial on training recurrent neural networks, covering BPTT, RTRL, EKF
    and the "echo state network" approach. GMD Report 159, section 1.2.
    """

    name = "fully_recurrent"
    run, run_back, run_row = map(staticmethod, (run, run_back, run_row))
    feeds_back = True

    def __init__(self, activation: str = "tanh") -> None:
        self.activation = activation

    def n_state(self, n_units: int, n_outputs: int) -> int:
        return n_units + n_outputs

    def read(self, n_units: int, n_outputs: int) -> slice:
        return slice(n_units, n_units + n_outputs)

    def init(
        self, n_inputs: int, n_units: int, n_outputs: int, rng: np.random.Generator
    ) -> Parameters:
        return Parameters(
            uniform(rng, n_inputs, n_units),
            orthogonal(rng, n_units),
            uniform(rng, n_outputs, n_units),
            np.zeros(n_units),
            uniform(rng, n_units, n_outputs),
            np.zeros((n_inputs, n_outputs)),
            np.zeros(n_outputs),
        )

    def arrange(self, p: Parameters) -> Arranged:
        fed = np.vstack([p.recurrent_weights, p.feedback_weights])
        V = p.output_weights
        return Arranged(
            columns_of(fed),
            columns_of(fed.T),
            columns_of(V),
            columns_of(V.T),
            len(p.bias),
            code_of(self.activation),
        )

    def project(self, p: Parameters, x: Floats) -> Floats:
        return np.hstack(
            [affine(x, p.input_weights, p.bias), affine(x, p.direct_weights, p.output_bias)]
        )

    def gradients(
        self, p: Parameters, x: Floats, before: Floats, after: Floats, kept: Floats
    ) -> Parameters:
        n = len(p.bias)
        hidden, outputs = (np.ascontiguousarray(part) for part in (kept[:, :n], kept[:, n:]))
        recurrent = np.zeros_like(p.recurrent_weights)
        if len(recurrent):
            recurrent = before[:, :n].T @ hidden
        return Parameters(
            x.T @ hidden,
            recurrent,
            before[:, n:].T @ hidden,
            row_sum(hidden),
            after[:, :n].T @ outputs,
            x.T @ outputs,
            row_sum(outputs),
        )

    def input_errors(self, p: Parameters, kept: Floats) -> Floats:
        n = len(p.bias)
        return kept[:, :n] @ p.input_weights.T + kept[:, n:] @ p.direct_weights.T


class Jordan(FullyRecurrent):
    """``h(t) = f(x(t) W + y(t-1) B + b)``, ``y(t) = h(t) V + x(t) D + c``: Jordan's network.

    Hidden units see the outputs of the step before, and nothing of one another.

    Parameters
    ----------
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f.

    References
    ----------
    Jordan, M. I. (1986). Attractor dynamics and parallelism in a connectionist sequential
    machine. Proc. 8th Annual Conf. of the Cognitive Science Society, 531-546.
    """

    name = "jordan"

    def init(
        self, n_inputs: int, n_units: int, n_outputs: int, rng: np.random.Generator
    ) -> Parameters:
        p = super().init(n_inputs, n_units, n_outputs, rng)
        return p._replace(recurrent_weights=p.recurrent_weights[:0])
