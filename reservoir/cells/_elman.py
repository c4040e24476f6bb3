"""Elman's network: the hidden layer sees its own last state.

``h(t) = f(x(t) W + h(t-1) U + b)``

Elman, J. L. (1990). Finding structure in time. Cognitive Science 14, 179-211.
"""

from typing import NamedTuple

import numpy as np

from reservoir.cells._cell import Cell, Floats, orthogonal, row_sum, uniform, vanishing_of
from reservoir.kernels._activations import activate, code_of, times_slope
from reservoir.kernels._drive import scan, scan_back, scan_row
from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._products import Columns, add_product, affine, columns_of, copy, fill


class Parameters(NamedTuple):
    input_weights: Floats  # W (n_inputs, n_units)
    recurrent_weights: Floats  # U (n_units, n_units)
    bias: Floats  # b (n_units,)


class Arranged(NamedTuple):
    forward: Columns  # U
    back: Columns  # U transposed
    activation: int


@jit(fastmath=EXACT)
def step(weights, kept, before, after):  # type: ignore[no-untyped-def]
    n = kept.shape[1]
    add_product(before, 0, weights.forward, kept, 0, n)
    copy(kept, after)
    activate(weights.activation, after.reshape(after.size))


@jit(fastmath=EXACT)
def step_vjp(weights, kept, before, after, error, earlier):  # type: ignore[no-untyped-def]
    n = kept.shape[1]
    times_slope(weights.activation, after, error)  # now the gradient of the preactivation
    copy(error, kept)
    fill(earlier, 0)
    add_product(error, 0, weights.back, earlier, 0, n)


@jit
def run(weights, kept, states, forcing):  # type: ignore[no-untyped-def]
    scan(step, weights, kept, states, forcing)


@jit
def run_back(weights, kept, states, forcing, errors, first, end):  # type: ignore[no-untyped-def]
    scan_back(step_vjp, weights, kept, states, forcing, errors, first, end)


@jit
def run_row(signal, output, weights, first, projection, kept, path, read, readout):  # type: ignore[no-untyped-def]
    scan_row(step, signal, output, weights, first, projection, kept, path, read, readout)


class Elman(Cell):
    """``h(t) = f(x(t) W + h(t-1) U + b)``: the simple recurrent network.

    Parameters
    ----------
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f.

    References
    ----------
    Elman, J. L. (1990). Finding structure in time. Cognitive Science 14, 179-211.
    """

    name = "elman"
    run, run_back, run_row = map(staticmethod, (run, run_back, run_row))

    def __init__(self, activation: str = "tanh") -> None:
        self.activation = activation

    def n_state(self, n_units: int, n_outputs: int) -> int:
        return n_units

    def init(
        self, n_inputs: int, n_units: int, n_outputs: int, rng: np.random.Generator
    ) -> Parameters:
        return Parameters(
            uniform(rng, n_inputs, n_units), orthogonal(rng, n_units), np.zeros(n_units)
        )

    def arrange(self, p: Parameters) -> Arranged:
        U = p.recurrent_weights
        return Arranged(columns_of(U), columns_of(U.T), code_of(self.activation))

    def project(self, p: Parameters, x: Floats) -> Floats:
        return affine(x, p.input_weights, p.bias)

    def gradients(
        self, p: Parameters, x: Floats, before: Floats, after: Floats, kept: Floats
    ) -> Parameters:
        return Parameters(x.T @ kept, before.T @ kept, row_sum(kept))

    def input_errors(self, p: Parameters, kept: Floats) -> Floats:
        return kept @ p.input_weights.T

    def vanishing(self, p: Parameters, after: Floats, kept: Floats) -> tuple[float, Parameters]:
        slopes = np.ones_like(after)
        flat = (-1, after.shape[2])
        times_slope(code_of(self.activation), after.reshape(flat), slopes.reshape(flat))
        omega, gradient = vanishing_of(p.recurrent_weights, slopes, kept)
        zero = Parameters(*map(np.zeros_like, p))
        return omega, zero._replace(recurrent_weights=gradient)
