"""Leaky units, as in an echo state network, with all weights trained.

``h(t) = (1 - a) h(t-1) + a f(x(t) W + h(t-1) U + b)``, a = sigmoid(leak)

Jaeger, H., Lukoševičius, M., Popovici, D. and Siewert, U. (2007). Optimization and applications of
echo state networks with leaky-integrator neurons. Neural Networks 20, 335-352.
"""

from typing import NamedTuple

import numpy as np

from reservoir.cells._cell import Cell, Floats, orthogonal, row_sum, uniform
from reservoir.kernels._activations import activate, code_of
from reservoir.kernels._drive import scan, scan_back, scan_row
from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._products import Columns, add_product, affine, columns_of


class Parameters(NamedTuple):
    input_weights: Floats  # W (n_inputs, n_units)
    recurrent_weights: Floats  # U (n_units, n_units)
    bias: Floats  # b (n_units,)
    leak: Floats  # (n_units,), the logit of a


class Arranged(NamedTuple):
    forward: Columns  # U
    back: Columns  # U transposed
    leak_rate: Floats  # a
    activation: int


@jit(fastmath=EXACT)
def step(weights, kept, before, after):  # type: ignore[no-untyped-def]
    n = before.shape[1]
    add_product(before, 0, weights.forward, kept, 0, n)
    for b in range(kept.shape[0]):
        activate(weights.activation, kept[b, :n])
        for i in range(n):
            after[b, i] = before[b, i] + weights.leak_rate[i] * (kept[b, i] - before[b, i])


@jit(fastmath=EXACT)
def step_vjp(weights, kept, before, after, error, earlier):  # type: ignore[no-untyped-def]
    n = before.shape[1]
    for b in range(kept.shape[0]):
        for i in range(n):
            y, a = kept[b, i], weights.leak_rate[i]
            if weights.activation == 0:
                slope = 1 - y * y
            elif weights.activation == 2:
                slope = y * 0 + (y > 0)
            elif weights.activation == 3:
                slope = y * (1 - y)
            else:
                slope = y * 0 + 1
            kept[b, n + i] = error[b, i] * (y - before[b, i])  # the gradient of a
            kept[b, i] = error[b, i] * a * slope
            earlier[b, i] = error[b, i] * (1 - a)
    add_product(kept, 0, weights.back, earlier, 0, n)


@jit
def run(weights, kept, states, forcing):  # type: ignore[no-untyped-def]
    scan(step, weights, kept, states, forcing)


@jit
def run_back(weights, kept, states, forcing, errors, first, end):  # type: ignore[no-untyped-def]
    scan_back(step_vjp, weights, kept, states, forcing, errors, first, end)


@jit
def run_row(signal, output, weights, first, projection, kept, path, read, readout):  # type: ignore[no-untyped-def]
    scan_row(step, signal, output, weights, first, projection, kept, path, read, readout)


class Leaky(Cell):
    """``h(t) = (1 - a) h(t-1) + a f(x(t) W + h(t-1) U + b)``: a trained echo state network.

    Parameters
    ----------
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f.
    time_scales : (float, float), default=(1, 100)
        The first ``1 / a`` of the units, in steps, spread over this range by their logarithm.
    learn_leak : bool, default=True
        Whether a is learned, one for each unit.

    References
    ----------
    Jaeger, H., Lukoševičius, M., Popovici, D. and Siewert, U. (2007). Optimization and
    applications of echo state networks with leaky-integrator neurons. Neural Networks 20, 335-352.
    """

    name = "leaky"
    run, run_back, run_row = map(staticmethod, (run, run_back, run_row))

    def __init__(
        self,
        activation: str = "tanh",
        time_scales: tuple[float, float] = (1, 100),
        learn_leak: bool = True,
    ) -> None:
        self.activation = activation
        self.time_scales = time_scales
        self.learn_leak = learn_leak

    def n_state(self, n_units: int, n_outputs: int) -> int:
        return n_units

    def init(
        self, n_inputs: int, n_units: int, n_outputs: int, rng: np.random.Generator
    ) -> Parameters:
        first, last = self.time_scales
        if not 1 <= first <= last:
            raise ValueError(
                f"time_scales must be two numbers of steps, 1 <= first <= last, got "
                f"{self.time_scales!r}."
            )
        leak_rate = 1 / np.geomspace(first, last, n_units)
        leak_rate = np.minimum(leak_rate, 1 - 1e-4)  # a logit has no 1
        return Parameters(
            uniform(rng, n_inputs, n_units),
            orthogonal(rng, n_units),
            np.zeros(n_units),
            np.log(leak_rate / (1 - leak_rate)),
        )

    def arrange(self, p: Parameters) -> Arranged:
        U = p.recurrent_weights
        leak_rate = 1 / (1 + np.exp(-p.leak))
        return Arranged(columns_of(U), columns_of(U.T), leak_rate, code_of(self.activation))

    def project(self, p: Parameters, x: Floats) -> Floats:
        kept = np.zeros((len(x), 2 * len(p.bias)), x.dtype)
        kept[:, : len(p.bias)] = affine(x, p.input_weights, p.bias)
        return kept

    def gradients(
        self, p: Parameters, x: Floats, before: Floats, after: Floats, kept: Floats
    ) -> Parameters:
        n = len(p.bias)
        errors = np.ascontiguousarray(kept[:, :n])
        leak = np.zeros_like(p.leak)
        if self.learn_leak:
            leak_rate = 1 / (1 + np.exp(-p.leak))
            leak = row_sum(kept[:, n:]) * leak_rate * (1 - leak_rate)
        return Parameters(x.T @ errors, before.T @ errors, row_sum(errors), leak)

    def input_errors(self, p: Parameters, kept: Floats) -> Floats:
        return kept[:, : len(p.bias)] @ p.input_weights.T
