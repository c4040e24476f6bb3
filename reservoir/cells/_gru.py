"""Gated recurrent unit, with the reset gate behind the product, so that a step needs only one.

``r = σ(x W_r + h(t-1) U_r + b_r)``, ``u = σ(x W_u + h(t-1) U_u + b_u)``,
``n = tanh(x W_n + b_n + r ∘ (h(t-1) U_n + c))``, ``h(t) = (1 - u) ∘ n + u ∘ h(t-1)``

Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical
machine translation. EMNLP, 1724-1734.
"""

from typing import NamedTuple

import numpy as np

from reservoir.cells._cell import Cell, Floats, orthogonal, row_sum, uniform
from reservoir.kernels._activations import sigmoid_all, tanh_all
from reservoir.kernels._drive import scan, scan_back, scan_row
from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._products import Columns, add_product, columns_of


class Parameters(NamedTuple):
    input_weights: Floats  # W (n_inputs, 3 n_units), of r, u and n
    recurrent_weights: Floats  # U (n_units, 3 n_units)
    bias: Floats  # b (3 n_units,)
    reset_bias: Floats  # c (n_units,)


class Arranged(NamedTuple):
    forward: Columns  # U
    back: Columns  # U transposed


@jit(fastmath=EXACT)
def step(weights, kept, before, after):  # type: ignore[no-untyped-def]
    """Kept are r, u, ``q = h(t-1) U_n + c`` and n."""
    size = before.shape[1]
    add_product(before, 0, weights.forward, kept, 0, 3 * size)
    for b in range(kept.shape[0]):
        r, u = kept[b, :size], kept[b, size : 2 * size]
        q, n = kept[b, 2 * size : 3 * size], kept[b, 3 * size :]
        sigmoid_all(kept[b, : 2 * size])
        for i in range(size):
            n[i] += r[i] * q[i]
        tanh_all(n)
        for i in range(size):
            after[b, i] = n[i] + u[i] * (before[b, i] - n[i])


@jit(fastmath=EXACT)
def step_vjp(weights, kept, before, after, error, earlier):  # type: ignore[no-untyped-def]
    n = before.shape[1]
    for b in range(kept.shape[0]):
        for i in range(n):
            r, u, q, new = kept[b, i], kept[b, n + i], kept[b, 2 * n + i], kept[b, 3 * n + i]
            e = error[b, i]
            of_new = e * (1 - u) * (1 - new * new)
            kept[b, i] = of_new * q * r * (1 - r)
            kept[b, n + i] = e * (before[b, i] - new) * u * (1 - u)
            kept[b, 2 * n + i] = of_new * r
            kept[b, 3 * n + i] = of_new
            earlier[b, i] = e * u
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


class GRU(Cell):
    """Gated recurrent unit: ``h(t) = (1 - u) ∘ n + u ∘ h(t-1)``.

    ``r = σ(x W_r + h(t-1) U_r + b_r)`` resets, ``u = σ(x W_u + h(t-1) U_u + b_u)`` updates, and
    ``n = tanh(x W_n + b_n + r ∘ (h(t-1) U_n + c))`` is new.

    References
    ----------
    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP, 1724-1734.
    """

    name = "gru"
    run, run_back, run_row = map(staticmethod, (run, run_back, run_row))

    def n_state(self, n_units: int, n_outputs: int) -> int:
        return n_units

    def init(
        self, n_inputs: int, n_units: int, n_outputs: int, rng: np.random.Generator
    ) -> Parameters:
        return Parameters(
            np.hstack([uniform(rng, n_inputs, n_units) for _ in range(3)]),
            np.hstack([orthogonal(rng, n_units) for _ in range(3)]),
            np.zeros(3 * n_units),
            np.zeros(n_units),
        )

    def arrange(self, p: Parameters) -> Arranged:
        return Arranged(columns_of(p.recurrent_weights), columns_of(p.recurrent_weights.T))

    def project(self, p: Parameters, x: Floats) -> Floats:
        n = len(p.reset_bias)
        kept = np.empty((len(x), 4 * n), x.dtype)
        np.matmul(x, p.input_weights[:, : 2 * n], out=kept[:, : 2 * n])
        np.matmul(x, p.input_weights[:, 2 * n :], out=kept[:, 3 * n :])
        kept[:, 2 * n : 3 * n] = 0
        kept += np.r_[p.bias[: 2 * n], p.reset_bias, p.bias[2 * n :]]
        return kept

    def gradients(
        self, p: Parameters, x: Floats, before: Floats, after: Floats, kept: Floats
    ) -> Parameters:
        n = len(p.reset_bias)
        gates, new = kept[:, : 2 * n], kept[:, 3 * n :]
        total = row_sum(kept)
        return Parameters(
            np.hstack([x.T @ gates, x.T @ new]),
            before.T @ kept[:, : 3 * n],
            np.r_[total[: 2 * n], total[3 * n :]],
            total[2 * n : 3 * n],
        )

    def input_errors(self, p: Parameters, kept: Floats) -> Floats:
        n = len(p.reset_bias)
        errors = kept[:, : 2 * n] @ p.input_weights[:, : 2 * n].T
        errors += kept[:, 3 * n :] @ p.input_weights[:, 2 * n :].T
        return errors
