"""Long short-term memory, with or without forget gate and peepholes.

``i = σ(x W_i + h(t-1) U_i + b_i + p_i ∘ c(t-1))`` writes, ``f`` likewise keeps,
``g = tanh(x W_g + h(t-1) U_g + b_g)``, ``c(t) = f ∘ c(t-1) + i ∘ g``,
``o = σ(x W_o + h(t-1) U_o + b_o + p_o ∘ c(t))`` reads, ``h(t) = o ∘ tanh(c(t))``

Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9, 1735-1780.
Gers, F., Schmidhuber, J. and Cummins, F. (2000). Learning to forget. Neural Computation 12,
2451-2471. Gers, F., Schraudolph, N. and Schmidhuber, J. (2002). Learning precise timing with LSTM
recurrent networks. JMLR 3, 115-143. Tallec, C. and Ollivier, Y. (2018). Can recurrent neural
networks warp time? ICLR.
"""

from typing import NamedTuple

import numpy as np

from reservoir.cells._cell import Cell, Floats, orthogonal, row_sum, uniform
from reservoir.kernels._activations import sigmoid_all, tanh_all
from reservoir.kernels._drive import scan, scan_back, scan_row
from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._products import Columns, add_product, affine, columns_of

# the gates in their columns: input, output, the new content, and last the one that may be missing
INPUT, OUTPUT, CONTENT, FORGET = range(4)


class Parameters(NamedTuple):
    input_weights: Floats  # W (n_inputs, n_gates n_units), of i, o, g and f
    recurrent_weights: Floats  # U (n_units, n_gates n_units)
    bias: Floats  # b (n_gates n_units,)
    peepholes: Floats  # p (n_gates - 1, n_units), of i, o and f; (0, n_units) without


class Arranged(NamedTuple):
    forward: Columns  # U
    back: Columns  # U transposed
    peepholes: Floats  # p of i, o and f, or nothing


@jit(fastmath=EXACT)
def step(weights, kept, before, after):  # type: ignore[no-untyped-def]
    """The state is h, then c."""
    n_batch, n = kept.shape[0], before.shape[1] // 2
    squashed = np.empty((n_batch, n), kept.dtype)
    add_product(before, 0, weights.forward, kept, 0, kept.shape[1])
    if weights.peepholes.shape[0]:
        _peep_at_old(weights.peepholes, kept, before, squashed)
    _double_content(kept, n)
    sigmoid_all(kept.reshape(kept.size))  # of all at once, since tanh(x) = 2 σ(2x) - 1
    if kept.shape[1] == 4 * n:
        _update_cells(kept, before, after)
    else:
        _add_to_cells(kept, before, after)
    if weights.peepholes.shape[0]:
        _peep_at_new(weights.peepholes, squashed, after)
        sigmoid_all(squashed.reshape(squashed.size))
        _put_columns(squashed, kept, n)
    _take_columns(after, n, squashed)
    tanh_all(squashed.reshape(squashed.size))
    _read_cells(kept, squashed, after)


@jit(fastmath=EXACT)
def step_vjp(weights, kept, before, after, error, earlier):  # type: ignore[no-untyped-def]
    n_batch, n = kept.shape[0], before.shape[1] // 2
    squashed = np.empty((n_batch, n), kept.dtype)
    _take_columns(after, n, squashed)
    tanh_all(squashed.reshape(squashed.size))
    _read_cells_back(kept, squashed, error)
    if weights.peepholes.shape[0]:
        _peep_at_new_back(weights.peepholes, kept, error)
    _add_to_cells_back(kept, error, earlier)
    if kept.shape[1] == 4 * n:
        _forget_back(kept, before, error, earlier)
    if weights.peepholes.shape[0]:
        _peep_at_old_back(weights.peepholes, kept, earlier)
    add_product(kept, 0, weights.back, earlier, 0, n)


# The loops of a step. Each is a function without a branch: then the loop over a row becomes
# vectors, and numba sees that it need not count who refers to the row, which would take longer.


@jit(fastmath=EXACT)
def _take_columns(x, first, out):  # type: ignore[no-untyped-def]
    for b in range(out.shape[0]):
        row, to = x[b, first:], out[b]
        for k in range(to.shape[0]):
            to[k] = row[k]


@jit(fastmath=EXACT)
def _put_columns(x, out, first):  # type: ignore[no-untyped-def]
    for b in range(x.shape[0]):
        row, to = x[b], out[b, first:]
        for k in range(row.shape[0]):
            to[k] = row[k]


@jit(fastmath=EXACT)
def _peep_at_old(peepholes, kept, before, reading):  # type: ignore[no-untyped-def]
    """Let writing and keeping see the old cells, and put the preactivation of reading aside."""
    n = reading.shape[1]
    for b in range(kept.shape[0]):
        i, o, f, old = kept[b, :n], kept[b, n : 2 * n], kept[b, 3 * n :], before[b, n:]
        for k in range(n):
            i[k] += peepholes[0, k] * old[k]
        for k in range(f.shape[0]):
            f[k] += peepholes[2, k] * old[k]
        for k in range(n):
            reading[b, k] = o[k]


@jit(fastmath=EXACT)
def _peep_at_new(peepholes, reading, after):  # type: ignore[no-untyped-def]
    n = reading.shape[1]
    for b in range(reading.shape[0]):
        o, c = reading[b], after[b, n:]
        for k in range(n):
            o[k] += peepholes[1, k] * c[k]


@jit(fastmath=EXACT)
def _double_content(kept, n):  # type: ignore[no-untyped-def]
    for b in range(kept.shape[0]):
        g = kept[b, 2 * n : 3 * n]
        for k in range(n):
            g[k] *= 2


@jit(fastmath=EXACT)
def _update_cells(kept, before, after):  # type: ignore[no-untyped-def]
    n = before.shape[1] // 2
    for b in range(kept.shape[0]):
        i, g, f = kept[b, :n], kept[b, 2 * n : 3 * n], kept[b, 3 * n :]
        c, old = after[b, n:], before[b, n:]
        for k in range(n):
            g[k] = 2 * g[k] - 1
        for k in range(n):
            c[k] = f[k] * old[k] + i[k] * g[k]


@jit(fastmath=EXACT)
def _add_to_cells(kept, before, after):  # type: ignore[no-untyped-def]
    n = before.shape[1] // 2
    for b in range(kept.shape[0]):
        i, g, c, old = kept[b, :n], kept[b, 2 * n : 3 * n], after[b, n:], before[b, n:]
        for k in range(n):
            g[k] = 2 * g[k] - 1
        for k in range(n):
            c[k] = old[k] + i[k] * g[k]


@jit(fastmath=EXACT)
def _read_cells(kept, squashed, after):  # type: ignore[no-untyped-def]
    n = squashed.shape[1]
    for b in range(kept.shape[0]):
        o, y, h = kept[b, n : 2 * n], squashed[b], after[b, :n]
        for k in range(n):
            h[k] = o[k] * y[k]


@jit(fastmath=EXACT)
def _read_cells_back(kept, squashed, error):  # type: ignore[no-untyped-def]
    """Turn o into the gradient of its preactivation, and complete the gradient in the cells."""
    n = squashed.shape[1]
    for b in range(kept.shape[0]):
        o, y, of_h, of_c = kept[b, n : 2 * n], squashed[b], error[b, :n], error[b, n:]
        for k in range(n):
            of_c[k] += of_h[k] * o[k] * (1 - y[k] * y[k])
        for k in range(n):
            o[k] = of_h[k] * y[k] * o[k] * (1 - o[k])


@jit(fastmath=EXACT)
def _peep_at_new_back(peepholes, kept, error):  # type: ignore[no-untyped-def]
    n = peepholes.shape[1]
    for b in range(kept.shape[0]):
        o, of_c = kept[b, n : 2 * n], error[b, n:]
        for k in range(n):
            of_c[k] += o[k] * peepholes[1, k]


@jit(fastmath=EXACT)
def _add_to_cells_back(kept, error, earlier):  # type: ignore[no-untyped-def]
    """Turn i and g into the gradients of their preactivations; old h gets its own later."""
    n = error.shape[1] // 2
    for b in range(kept.shape[0]):
        i, g, of_c = kept[b, :n], kept[b, 2 * n : 3 * n], error[b, n:]
        of_old_h, of_old = earlier[b, :n], earlier[b, n:]
        for k in range(n):
            content = of_c[k] * i[k] * (1 - g[k] * g[k])
            i[k] = of_c[k] * g[k] * i[k] * (1 - i[k])
            g[k] = content
        for k in range(n):
            of_old[k] = of_c[k]
            of_old_h[k] = 0


@jit(fastmath=EXACT)
def _forget_back(kept, before, error, earlier):  # type: ignore[no-untyped-def]
    """Turn f into the gradient of its preactivation, and let less of the cells go back."""
    n = before.shape[1] // 2
    for b in range(kept.shape[0]):
        f, of_c, of_old, old = kept[b, 3 * n :], error[b, n:], earlier[b, n:], before[b, n:]
        for k in range(n):
            of_old[k] = of_c[k] * f[k]
            f[k] = of_c[k] * old[k] * f[k] * (1 - f[k])


@jit(fastmath=EXACT)
def _peep_at_old_back(peepholes, kept, earlier):  # type: ignore[no-untyped-def]
    n = peepholes.shape[1]
    for b in range(kept.shape[0]):
        i, f, of_old = kept[b, :n], kept[b, 3 * n :], earlier[b, n:]
        for k in range(n):
            of_old[k] += i[k] * peepholes[0, k]
        for k in range(f.shape[0]):
            of_old[k] += f[k] * peepholes[2, k]


@jit
def run(weights, kept, states, forcing):  # type: ignore[no-untyped-def]
    scan(step, weights, kept, states, forcing)


@jit
def run_back(weights, kept, states, forcing, errors, first, end):  # type: ignore[no-untyped-def]
    scan_back(step_vjp, weights, kept, states, forcing, errors, first, end)


@jit
def run_row(signal, output, weights, first, projection, kept, path, read, readout):  # type: ignore[no-untyped-def]
    scan_row(step, signal, output, weights, first, projection, kept, path, read, readout)


class LSTM(Cell):
    """Long short-term memory: ``c(t) = f ∘ c(t-1) + i ∘ g``, ``h(t) = o ∘ tanh(c(t))``.

    The gates i (input, write), f (forget, keep) and o (output, read) are sigmoids, and the new
    content g is a tanh, of the input and of h(t-1).

    Parameters
    ----------
    forget_gate : bool, default=True
        Whether there is f; without, as in 1997, it is 1 throughout.
    peepholes : bool, default=False
        Whether the gates also see the content of their cell: i and f that before the step, o
        that after it.
    forget_bias : float, default=1.0
        What the bias of f starts from: at 1, cells begin by keeping.
    longest_lag : float or None, default=None
        T of the chrono initialisation, at least 3: the biases of f start from ``log u``, u uniform
        in [1, T - 1], those of i from the same with a minus, so that the first memories last up
        to T steps. In place of ``forget_bias``.

    References
    ----------
    Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9,
    1735-1780. Gers, F., Schmidhuber, J. and Cummins, F. (2000). Learning to forget. Neural
    Computation 12, 2451-2471. Gers, F., Schraudolph, N. and Schmidhuber, J. (2002). Learning
    precise timing with LSTM recurrent networks. JMLR 3, 115-143. Tallec, C. and Ollivier, Y.
    (2018). Can recurrent neural networks warp time? ICLR, section 2.
    """

    name = "lstm"
    run, run_back, run_row = map(staticmethod, (run, run_back, run_row))

    def __init__(
        self,
        forget_gate: bool = True,
        peepholes: bool = False,
        forget_bias: float = 1.0,
        longest_lag: float | None = None,
    ) -> None:
        self.forget_gate = forget_gate
        self.peepholes = peepholes
        self.forget_bias = forget_bias
        self.longest_lag = longest_lag

    @property
    def _n_gates(self) -> int:
        return 4 if self.forget_gate else 3

    def n_state(self, n_units: int, n_outputs: int) -> int:
        return 2 * n_units

    def init(
        self, n_inputs: int, n_units: int, n_outputs: int, rng: np.random.Generator
    ) -> Parameters:
        bias = np.zeros((self._n_gates, n_units))
        if self.longest_lag is not None:
            if not self.longest_lag >= 3:
                raise ValueError(f"longest_lag must be at least 3, got {self.longest_lag!r}.")
            lags = np.log(rng.uniform(1, self.longest_lag - 1, n_units))
            bias[INPUT] = -lags
            if self.forget_gate:
                bias[FORGET] = lags
        elif self.forget_gate:
            bias[FORGET] = self.forget_bias
        return Parameters(
            np.hstack([uniform(rng, n_inputs, n_units) for _ in range(self._n_gates)]),
            np.hstack([orthogonal(rng, n_units) for _ in range(self._n_gates)]),
            bias.ravel(),
            np.zeros((self._n_gates - 1 if self.peepholes else 0, n_units)),
        )

    def arrange(self, p: Parameters) -> Arranged:
        U = p.recurrent_weights
        return Arranged(columns_of(U), columns_of(U.T), p.peepholes)

    def project(self, p: Parameters, x: Floats) -> Floats:
        return affine(x, p.input_weights, p.bias)

    def gradients(
        self, p: Parameters, x: Floats, before: Floats, after: Floats, kept: Floats
    ) -> Parameters:
        n = len(p.recurrent_weights)
        peepholes = np.zeros_like(p.peepholes)
        if len(peepholes):
            gates = kept.reshape(len(kept), -1, n)
            for row, (gate, states) in enumerate(
                [(INPUT, before), (OUTPUT, after), (FORGET, before)][: len(peepholes)]
            ):
                peepholes[row] = np.einsum("ti,ti->i", gates[:, gate], states[:, n:])
        return Parameters(x.T @ kept, before[:, :n].T @ kept, row_sum(kept), peepholes)

    def input_errors(self, p: Parameters, kept: Floats) -> Floats:
        return kept @ p.input_weights.T
