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

from reservoir.cells._cell import Cell, Floats, orthogonal, uniform
from reservoir.kernels._activations import sigmoid_all, tanh_all
from reservoir.kernels._drive import scan, scan_back
from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._products import Columns, add_product, columns_of

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
    n = before.shape[1] // 2
    forgets = kept.shape[1] == 4 * n
    add_product(before, 0, weights.forward, kept, 0, kept.shape[1])
    for b in range(kept.shape[0]):  # in loops so short that each becomes vectors
        i, o, g, f = kept[b, :n], kept[b, n : 2 * n], kept[b, 2 * n : 3 * n], kept[b, 3 * n :]
        h, c, old = after[b, :n], after[b, n:], before[b, n:]
        if weights.peepholes.shape[0]:
            for k in range(n):
                i[k] += weights.peepholes[0, k] * old[k]
            for k in range(f.shape[0]):
                f[k] += weights.peepholes[2, k] * old[k]
        sigmoid_all(i)
        tanh_all(g)
        sigmoid_all(f)
        if forgets:
            for k in range(n):
                c[k] = f[k] * old[k] + i[k] * g[k]
        else:
            for k in range(n):
                c[k] = old[k] + i[k] * g[k]
        if weights.peepholes.shape[0]:
            for k in range(n):
                o[k] += weights.peepholes[1, k] * c[k]
        sigmoid_all(o)
        for k in range(n):
            h[k] = c[k]
        tanh_all(h)
        for k in range(n):
            h[k] *= o[k]


@jit(fastmath=EXACT)
def step_vjp(weights, kept, before, after, error, earlier):  # type: ignore[no-untyped-def]
    n = before.shape[1] // 2
    y = np.empty(n, kept.dtype)
    for b in range(kept.shape[0]):
        i, o, g, f = kept[b, :n], kept[b, n : 2 * n], kept[b, 2 * n : 3 * n], kept[b, 3 * n :]
        of_h, of_c, of_old = error[b, :n], error[b, n:], earlier[b, n:]
        for k in range(n):
            y[k] = after[b, n + k]
        tanh_all(y)
        for k in range(n):
            of_c[k] += of_h[k] * o[k] * (1 - y[k] * y[k])
        for k in range(n):
            o[k] = of_h[k] * y[k] * o[k] * (1 - o[k])
        if weights.peepholes.shape[0]:
            for k in range(n):
                of_c[k] += o[k] * weights.peepholes[1, k]
        for k in range(n):
            content = of_c[k] * i[k] * (1 - g[k] * g[k])
            i[k] = of_c[k] * g[k] * i[k] * (1 - i[k])
            g[k] = content
        if f.shape[0]:
            for k in range(n):
                of_old[k] = of_c[k] * f[k]
                f[k] = of_c[k] * before[b, n + k] * f[k] * (1 - f[k])
        else:
            for k in range(n):
                of_old[k] = of_c[k]
        if weights.peepholes.shape[0]:
            for k in range(n):
                of_old[k] += i[k] * weights.peepholes[0, k]
            for k in range(f.shape[0]):
                of_old[k] += f[k] * weights.peepholes[2, k]
        for k in range(n):
            earlier[b, k] = 0
    add_product(kept, 0, weights.back, earlier, 0, n)


@jit
def run(weights, kept, states, forcing):  # type: ignore[no-untyped-def]
    scan(step, weights, kept, states, forcing)


@jit
def run_back(weights, kept, states, forcing, errors, first, end):  # type: ignore[no-untyped-def]
    scan_back(step_vjp, weights, kept, states, forcing, errors, first, end)


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
    run, run_back = staticmethod(run), staticmethod(run_back)

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
        kept = x @ p.input_weights
        kept += p.bias
        return kept

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
        return Parameters(x.T @ kept, before[:, :n].T @ kept, kept.sum(0), peepholes)

    def input_errors(self, p: Parameters, kept: Floats) -> Floats:
        return kept @ p.input_weights.T
