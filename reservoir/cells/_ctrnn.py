"""Continuous-time recurrent network: integrated from row to row, and trained through that.

``τ dy/dt = -y + f(y + θ) U + I(t)``, ``I(t) = u(t) W`` (Beer), or
``τ dy/dt = -y + f(y U + I(t) + b)`` (Jaeger)

Beer, R. D. (1995). On the dynamics of small continuous-time recurrent neural networks. Adaptive
Behavior 3, 469-509, eq. 1.
Jaeger, H., Lukoševičius, M., Popovici, D. and Siewert, U. (2007). Optimization and applications of
echo state networks with leaky-integrator neurons. Neural Networks 20, 335-352, eq. 1.

Gradients are those of the integrator's steps: discretise, then differentiate.
"""

from typing import Any, NamedTuple

import numpy as np

from reservoir.cells._cell import Cell, Floats, orthogonal, row_sum, uniform
from reservoir.kernels._activations import activate, code_of, tanh_all, times_slope
from reservoir.kernels._drive import scan, scan_back, scan_row
from reservoir.kernels._flow import SLACK, STABLE, TABLEAUS, check_step, steps_in
from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._products import Columns, add_product, affine, columns_of, copy, fill


class Parameters(NamedTuple):
    input_weights: Floats  # W (n_inputs, n_units)
    recurrent_weights: Floats  # U (n_units, n_units)
    bias: Floats  # θ or b (n_units,)
    log_time_constants: Floats  # (n_units,), the logarithm of τ, which so stays positive


class Arranged(NamedTuple):
    forward: Columns  # U
    back: Columns  # U transposed
    offset: Floats  # θ
    pace: Floats  # 1 / τ
    activation: int
    is_beer: bool
    is_exponential: bool
    linear: bool
    longest_step: float
    slack: float
    a: Floats  # (n_stages, n_stages)
    b: Floats
    node: Floats


MOST_KEPT = 2**30  # numbers, before which memory ends

# What is kept of a row: drive, how it changes in the interval (where that is linear), the gradients
# of θ and of log τ, the interval, and two vectors for each stage of each step in it: what is
# multiplied by U, and how far away what pulls is; on the way back the gradient in what U gave.


@jit(fastmath=EXACT)
def _first(weights, n):  # type: ignore[no-untyped-def]
    """Return the column of the gradient of θ."""
    return 2 * n if weights.linear else n


@jit(fastmath=EXACT)
def _steps(weights, kept, first, n, n_steps):  # type: ignore[no-untyped-def]
    """Write in how many steps each row passes its interval, and return the largest."""
    most = 1
    for b in range(kept.shape[0]):
        n_steps[b] = steps_in(kept[b, first + 2 * n], weights.longest_step, weights.slack)
        most = max(most, n_steps[b])
    return most


@jit(fastmath=EXACT)
def _rates(weights, kept, first, n, n_steps, k, widths, rate):  # type: ignore[no-untyped-def]
    """Write the rates (n_batch, n_units) of step k, if they are not there yet."""
    renewed = False
    for b in range(kept.shape[0]):
        width = kept[b, first + 2 * n] / n_steps[b] if k < n_steps[b] else 0.0
        renewed |= width != widths[b]
        widths[b] = width
    if not renewed:
        return
    for b in range(kept.shape[0]):
        for i in range(n):
            rate[b, i] = weights.pace[i] * widths[b]
    if weights.is_exponential:  # 1 - exp(-z) = 2 t / (1 + t) with t = tanh(z / 2)
        for b in range(kept.shape[0]):
            for i in range(n):
                rate[b, i] /= 2
        tanh_all(rate.reshape(rate.size))
        for b in range(kept.shape[0]):
            for i in range(n):
                rate[b, i] = 2 * rate[b, i] / (1 + rate[b, i])


@jit(fastmath=EXACT)
def _add_scaled(factor, x, out):  # type: ignore[no-untyped-def]
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            out[b, i] += factor * x[b, i]


@jit(fastmath=EXACT)
def step(weights, kept, before, after):  # type: ignore[no-untyped-def]
    n_batch, n = before.shape
    n_stages, first = weights.b.shape[0], _first(weights, n)
    n_steps, widths = np.empty(n_batch, np.int64), np.full(n_batch, -1.0)
    scratch = np.empty((3, n_batch, n), before.dtype)
    rate, factor, target = scratch[0], scratch[1], scratch[2]
    slopes = np.empty((n_stages, n_batch, n), before.dtype)
    copy(before, after)
    most = _steps(weights, kept, first, n, n_steps)
    place = first + 2 * n + 1
    for k in range(most):
        _rates(weights, kept, first, n, n_steps, k, widths, rate)
        for stage in range(n_stages):
            argument = slopes[stage]
            copy(after, argument)
            for j in range(stage):
                _add_scaled(weights.a[stage, j], slopes[j], argument)
            for b in range(n_batch):
                for i in range(n):
                    factor[b, i] = argument[b, i] + weights.offset[i]
                    target[b, i] = kept[b, i]
                if weights.linear:
                    where = (k + weights.node[stage]) / n_steps[b]
                    for i in range(n):
                        target[b, i] += where * kept[b, n + i]
            if weights.is_beer:
                activate(weights.activation, factor.reshape(factor.size))
            add_product(factor, 0, weights.forward, target, 0, n)
            if not weights.is_beer:
                activate(weights.activation, target.reshape(target.size))
            room = place + 2 * n <= kept.shape[1]
            for b in range(n_batch):
                if room and k < n_steps[b]:
                    for i in range(n):
                        kept[b, place + i] = factor[b, i]
                        kept[b, place + n + i] = target[b, i] - argument[b, i]
                for i in range(n):
                    argument[b, i] = rate[b, i] * (target[b, i] - argument[b, i])
            place += 2 * n
        for stage in range(n_stages):
            _add_scaled(weights.b[stage], slopes[stage], after)


@jit(fastmath=EXACT)
def step_vjp(weights, kept, before, after, error, earlier):  # type: ignore[no-untyped-def]
    n_batch, n = before.shape
    n_stages, first = weights.b.shape[0], _first(weights, n)
    n_steps, widths = np.empty(n_batch, np.int64), np.full(n_batch, -1.0)
    scratch = np.empty((4, n_batch, n), before.dtype)
    rate, value, pull, back = scratch[0], scratch[1], scratch[2], scratch[3]
    shares = np.empty((n_stages, n_batch, n), before.dtype)  # the gradients of K
    most = _steps(weights, kept, first, n, n_steps)
    copy(error, earlier)
    for b in range(n_batch):
        for i in range(first + 2 * n):
            kept[b, i] = 0
    for k in range(most - 1, -1, -1):
        _rates(weights, kept, first, n, n_steps, k, widths, rate)
        fill(shares.reshape(n_stages * n_batch, n), 0)
        for stage in range(n_stages):
            _add_scaled(weights.b[stage], earlier, shares[stage])
        for stage in range(n_stages - 1, -1, -1):
            share = shares[stage]
            place = first + 2 * n + 1 + 2 * n * (k * n_stages + stage)
            for b in range(n_batch):
                for i in range(n):  # of log τ
                    slope = rate[b, i]
                    if weights.is_exponential:
                        slope = weights.pace[i] * widths[b] * (1 - slope)
                    kept[b, first + n + i] -= share[b, i] * kept[b, place + n + i] * slope
                for i in range(n):
                    pull[b, i] = share[b, i] * rate[b, i]
                    back[b, i] = 0
                    value[b, i] = kept[b, place + i]
                if not weights.is_beer:  # what the target was
                    for i in range(n):
                        value[b, i] += kept[b, place + n + i]
            if not weights.is_beer:
                times_slope(weights.activation, value, pull)
            add_product(pull, 0, weights.back, back, 0, n)
            if weights.is_beer:
                times_slope(weights.activation, value, back)
            for b in range(n_batch):
                for i in range(n):
                    kept[b, place + n + i] = pull[b, i]
                    kept[b, i] += pull[b, i]
                if weights.linear:
                    where = (k + weights.node[stage]) / n_steps[b]
                    for i in range(n):
                        kept[b, n + i] += where * pull[b, i]
                if weights.is_beer:
                    for i in range(n):
                        kept[b, first + i] += back[b, i]
                for i in range(n):
                    back[b, i] -= share[b, i] * rate[b, i]
            _add_scaled(1, back, earlier)
            for j in range(stage):
                _add_scaled(weights.a[stage, j], back, shares[j])


@jit
def run(weights, kept, states, forcing):  # type: ignore[no-untyped-def]
    scan(step, weights, kept, states, forcing)


@jit
def run_back(weights, kept, states, forcing, errors, first, end):  # type: ignore[no-untyped-def]
    scan_back(step_vjp, weights, kept, states, forcing, errors, first, end)


@jit
def run_row(signal, output, weights, first, projection, kept, path, read, readout):  # type: ignore[no-untyped-def]
    scan_row(step, signal, output, weights, first, projection, kept, path, read, readout)


class CTRNN(Cell):
    """A continuous-time network, integrated from row to row.

    Its input is a row u of features, then how long before it the last row was; with
    ``linear=True``, then the features of that row. `CTRNNRegressor` makes such rows of times.

    A row costs as many products with U as the integrator has stages, times the steps in its
    interval, and twice that on the way back; for each of them two states are kept until then.

    Parameters
    ----------
    dynamics : {"beer", "jaeger"}, default="beer"
        Which of the two equations.
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f.
    time_constants : (float, float), float or ndarray of shape (n_units,), default=(1.0, 100.0)
        The first τ of the units: a range over which they are spread by their logarithm, one for
        all, or one for each.
    learn_time_constants : bool, default=True
        Whether they are learned.
    integrator : {"exponential_euler", "euler", "heun", "rk4"}, default="exponential_euler"
        How steps are made.
    step : float or None, default=None
        The longest step; an interval is passed in as many equal ones as that needs. None takes
        one from row to row.
    slack : float, default=1e-3
        By what share of a step an interval may be too long for a number of steps.
    linear : bool, default=False
        Whether the input goes from row to row in a straight line; else that of a row is held in
        the interval before it.

    References
    ----------
    Beer, R. D. (1995). On the dynamics of small continuous-time recurrent neural networks.
    Adaptive Behavior 3, 469-509.
    """

    name = "ctrnn"
    needs_times = True
    run, run_back, run_row = map(staticmethod, (run, run_back, run_row))

    def __init__(
        self,
        dynamics: str = "beer",
        activation: str = "tanh",
        time_constants: Any = (1.0, 100.0),
        learn_time_constants: bool = True,
        integrator: str = "exponential_euler",
        step: float | None = None,
        slack: float = SLACK,
        linear: bool = False,
    ) -> None:
        self.dynamics = dynamics
        self.activation = activation
        self.time_constants = time_constants
        self.learn_time_constants = learn_time_constants
        self.integrator = integrator
        self.step = step
        self.slack = slack
        self.linear = linear

    def n_state(self, n_units: int, n_outputs: int) -> int:
        return n_units

    def n_features(self, n_inputs: int) -> int:
        """Return how many columns of the input are features."""
        return (n_inputs - 1) // 2 if self.linear else n_inputs - 1

    def init(
        self, n_inputs: int, n_units: int, n_outputs: int, rng: np.random.Generator
    ) -> Parameters:
        for name, known in (("dynamics", ("beer", "jaeger")), ("integrator", tuple(TABLEAUS))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {known}, got {getattr(self, name)!r}.")
        if n_inputs < 2 or (self.linear and n_inputs % 2 == 0):
            raise ValueError(
                "rows must hold features, then the interval"
                + (", then the features of the row before" if self.linear else "")
                + f", got {n_inputs} column(s); CTRNNRegressor makes such rows."
            )
        time_constants = spread_time_constants(self.time_constants, n_units)
        if self.step is not None:
            check_step(self.integrator, self.step, float(time_constants.min()))
        return Parameters(
            uniform(rng, self.n_features(n_inputs), n_units),
            orthogonal(rng, n_units),
            np.zeros(n_units),
            np.log(time_constants),
        )

    def arrange(self, p: Parameters) -> Arranged:
        U, is_beer = p.recurrent_weights, self.dynamics == "beer"
        tableau = TABLEAUS[self.integrator]
        return Arranged(
            columns_of(U),
            columns_of(U.T),
            p.bias if is_beer else np.zeros_like(p.bias),
            self._pace(p),
            code_of(self.activation),
            is_beer,
            self.integrator == "exponential_euler",
            self.linear,
            np.inf if self.step is None else float(self.step),
            float(self.slack),
            *(np.asarray(part, U.dtype) for part in tableau),
        )

    def _pace(self, p: Parameters) -> Floats:
        """Return 1 / τ, no larger than the integrator bears with the step that is given."""
        pace = np.exp(-p.log_time_constants)
        if self.step is None:
            return pace
        most = STABLE.get(self.integrator, np.inf) / ((1 + self.slack) * self.step)
        return np.minimum(pace, pace.dtype.type(most))

    def project(self, p: Parameters, x: Floats) -> Floats:
        longest = float(x[:, len(p.input_weights)].max(initial=0))
        n_steps = 1
        if self.step is not None:
            n_steps = steps_in(longest, float(self.step), float(self.slack))
        n_blocks = n_steps * len(TABLEAUS[self.integrator].b)
        if len(x) * n_blocks * len(p.bias) > MOST_KEPT:
            raise ValueError(
                f"step must be larger, or gaps shorter: an interval of {longest:.4g} takes "
                f"{n_steps} steps, and as much is kept of each of {len(x)} rows for the way back; "
                "cut sequences at long gaps."
            )
        return self._projected(p, x, n_blocks)

    def project_once(self, p: Parameters, x: Floats) -> Floats:
        return self._projected(p, x, 0)

    def _projected(self, p: Parameters, x: Floats, n_blocks: int) -> Floats:
        n, k = len(p.bias), len(p.input_weights)
        if (x[:, k] < 0).any():
            raise ValueError(
                f"intervals must not be negative, got {x[:, k].min():.4g}; the column after the "
                "features says how long before each row the last one was."
            )
        first = 2 * n if self.linear else n
        kept = np.zeros((len(x), first + 2 * n + 1 + 2 * n * n_blocks), x.dtype)
        bias = np.zeros_like(p.bias) if self.dynamics == "beer" else p.bias
        now = x[:, :k]
        if self.linear:
            before = x[:, k + 1 :]
            kept[:, :n] = affine(before, p.input_weights, bias)
            kept[:, n : 2 * n] = (now - before) @ p.input_weights
        else:
            kept[:, :n] = affine(now, p.input_weights, bias)
        kept[:, first + 2 * n] = x[:, k]
        return kept

    def gradients(
        self, p: Parameters, x: Floats, before: Floats, after: Floats, kept: Floats
    ) -> Parameters:
        n, k = len(p.bias), len(p.input_weights)
        first = 2 * n if self.linear else n
        drive = kept[:, :n]
        if self.linear:
            change, was = kept[:, n : 2 * n], x[:, k + 1 :]
            W = was.T @ drive + (x[:, :k] - was).T @ change
        else:
            W = x[:, :k].T @ drive
        U = np.zeros_like(p.recurrent_weights)
        for place in range(first + 2 * n + 1, kept.shape[1], 2 * n):
            U += kept[:, place : place + n].T @ kept[:, place + n : place + 2 * n]
        bias = kept[:, first : first + n] if self.dynamics == "beer" else drive
        times = np.zeros_like(p.log_time_constants)
        if self.learn_time_constants:
            times = row_sum(np.ascontiguousarray(kept[:, first + n : first + 2 * n]))
        return Parameters(W, U, row_sum(np.ascontiguousarray(bias)), times)

    def input_errors(self, p: Parameters, kept: Floats) -> Floats:
        """Return the gradient of the loss in the features; that in the interval is left 0."""
        n, k = p.input_weights.shape[1], len(p.input_weights)
        errors = np.zeros((len(kept), 2 * k + 1 if self.linear else k + 1), kept.dtype)
        if self.linear:
            change = kept[:, n : 2 * n]
            errors[:, :k] = change @ p.input_weights.T
            errors[:, k + 1 :] = (kept[:, :n] - change) @ p.input_weights.T
        else:
            errors[:, :k] = kept[:, :n] @ p.input_weights.T
        return errors

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and repr(self) == repr(other)

    __hash__ = Cell.__hash__


def spread_time_constants(time_constants: Any, n_units: int) -> Floats:
    """Return one for each unit: a number, a range spread by the logarithm, or as they are given.

    Raises
    ------
    ValueError
        If they are not positive, or not as many as there are units.
    """
    given = np.asarray(time_constants, np.float64)
    is_range = isinstance(time_constants, tuple) and given.shape == (2,)
    if not (given.shape in ((), (n_units,)) or is_range):
        raise ValueError(
            "time_constants must be a number, a tuple of the shortest and the longest, or have "
            f"shape (n_units,) = ({n_units},), got shape {given.shape}."
        )
    if not (np.isfinite(given).all() and (given > 0).all()):
        raise ValueError(f"time_constants must be finite and positive, got {time_constants!r}.")
    if is_range:
        if given[0] > given[1]:
            raise ValueError(
                f"time_constants must be the shortest, then the longest, got {time_constants!r}."
            )
        return np.geomspace(given[0], given[1], n_units)
    return np.broadcast_to(given, (n_units,)).copy()
