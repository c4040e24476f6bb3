"""The time loop of continuous reservoirs: explicit Runge-Kutta steps from row to row.

The units follow ``τ dx/dt = g(x, t) - x``. In Beer's form ``g = W f(x + θ) + W_in u(t)``, in
Jaeger's ``g = f(W x + W_in u(t) + b)``. With the rates ``r = h / τ`` a step of length h is

- ``X_i = x + sum_j a_ij K_j``, ``K_i = r (g(X_i, t + c_i h) - X_i)``,
- ``x(t + h) = x + sum_i b_i K_i``.

Exponential Euler is Euler with ``r = 1 - exp(-h / τ)`` and is exact where g does not change. A row
ends an interval, which is passed in as many equal steps as its length needs; in it the input is
that of the row, or goes there from the row before in a straight line.

One network runs alone, or many as the columns of panels, as in `_lockstep`; both call `_pass`, and
give the same states to the last bit.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from reservoir.kernels._activations import ACTIVATIONS, activate, tanh_all
from reservoir.kernels._harvest import Grouped, Stacked, add_recurrent, as_kernel_matrix
from reservoir.kernels._jit import EXACT, FASTMATH, jit
from reservoir.kernels._lockstep import (
    Floats,
    Network,
    Panel,
    Parts,
    Task,
    add_panel_product,
    difference_of,
    drive_of,
    is_finite,
    make_network,
    whole,
    write,
    zeros,
)
from reservoir.kernels._threads import in_threads
from reservoir.kernels._vectors import wide_vectors

SLACK = 1e-3  # for steps of a length that is given
ROWS_OF_A_TASK = 4096


class Tableau(NamedTuple):
    """An explicit Runge-Kutta method."""

    a: NDArray[np.float64]  # (n_stages, n_stages)
    b: NDArray[np.float64]
    node: NDArray[np.float64]


def _tableau(a: list[list[float]], b: list[float], node: list[float]) -> Tableau:
    return Tableau(np.array(a), np.array(b), np.array(node))


TABLEAUS = {
    "euler": _tableau([[0]], [1], [0]),
    "exponential_euler": _tableau([[0]], [1], [0.5]),
    "heun": _tableau([[0, 0], [1, 0]], [0.5, 0.5], [0, 1]),
    "rk4": _tableau(
        [[0, 0, 0, 0], [0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 1, 0]],
        [1 / 6, 1 / 3, 1 / 3, 1 / 6],
        [0, 0.5, 0.5, 1],
    ),
}
# h / τ from which on a unit that is left alone no longer comes to rest
STABLE = {"euler": 2.0, "heun": 2.0, "rk4": 2.785}


def check_step(integrator: str, step: float, shortest: float) -> None:
    """Raise ValueError if a step is too long for the shortest time constant."""
    limit = STABLE.get(integrator, np.inf) * shortest
    if step > limit:
        raise ValueError(
            f"step must be at most {limit:.4g} with integrator={integrator!r} and time constants "
            f"down to {shortest:.4g}, or states would explode, got steps of {step:.4g}; lower "
            "step, raise time_constants or use integrator='exponential_euler'."
        )


@dataclass(frozen=True)
class FlowNetwork(Network):
    """A continuous network; its leak rates are those of a row, for `is_contracting` alone.

    Rows of its inputs hold u, the length of the interval, and, where ``linear``, u of the row
    before.
    """

    alone: Grouped | Stacked
    offset: Floats  # θ; 0 in Jaeger's form, whose bias enters with the input
    pace: Floats  # 1 / τ
    is_beer: bool
    integrator: str  # a key of TABLEAUS, or another that needs none
    longest_step: float
    slack: float
    linear: bool

    def panel(self, parts: Parts, some: NDArray[np.int64], begin: Floats) -> "FlowPanel":
        return FlowPanel(self, parts, some, begin)

    @property
    def rule(self) -> "Rule":
        """What the compiled loops know of it beside its weights."""
        return Rule(
            self.offset,
            self.pace,
            ACTIVATIONS[self.activation],
            self.is_beer,
            self.integrator == "exponential_euler",
            TABLEAUS.get(self.integrator, TABLEAUS["euler"]),
            self.longest_step,
            self.slack,
        )


class Rule(NamedTuple):
    """How states change, beside the weights."""

    offset: Floats
    pace: Floats
    activation: int
    is_beer: bool
    is_exponential: bool
    tableau: Tableau
    longest_step: float
    slack: float


class Pair(NamedTuple):
    """A panel, and the same numbers as a vector; of a network alone it has one column.

    Both are made once: a kernel would take longer to reshape than a small network takes for a step.
    """

    panel: Floats  # (n_rows, lanes)
    flat: Floats


class Memory(NamedTuple):
    """What a pass over an interval writes to; vectors are panels laid flat."""

    slopes: Floats  # K, (n_stages, n_rows * lanes)
    argument: Pair
    active: Pair  # f(x + θ), of Beer's form
    target: Pair  # g
    rate: Floats
    offset: Floats
    where: Floats  # (lanes,), the share of the interval at which a stage stands
    width: NDArray[np.float64]  # (lanes,), of the steps that the rates are for
    n_steps: NDArray[np.int64]  # (lanes,), in the interval


def make_flow(
    recurrent_weights: Any,
    input_weights: Floats,
    bias: Floats,
    time_constants: Floats,
    activation: str,
    *,
    is_beer: bool,
    integrator: str,
    step: float | None,
    slack: float = SLACK,
    linear: bool,
    interval: float,
) -> FlowNetwork:
    """Lay out a continuous network's weights, in the type of its bias.

    Parameters
    ----------
    step : float or None
        The longest step; None for one step from row to row.
    slack : float
        Of a step, by which an interval may be too long for a number of steps.
    linear : bool
        Whether the input goes from row to row in straight lines; else it is held.
    interval : float
        The usual length of an interval.
    """
    dtype, nothing = bias.dtype, np.zeros_like(bias)
    leak = (-np.expm1(-interval / time_constants)).astype(dtype)
    plain = make_network(
        recurrent_weights, input_weights, nothing if is_beer else bias, leak, activation
    )
    return FlowNetwork(
        **vars(plain),
        alone=as_kernel_matrix(recurrent_weights, dtype),
        offset=np.require(bias if is_beer else nothing, dtype, ["C", "W"]),
        pace=np.require(1 / time_constants, dtype, ["C", "W"]),
        is_beer=is_beer,
        integrator=integrator,
        longest_step=np.inf if step is None else float(step),
        slack=slack,
        linear=linear,
    )


def _pair(panel: Floats) -> Pair:
    return Pair(panel, panel.reshape(-1))


def _memory(network: FlowNetwork, n_rows: int, lanes: int) -> Memory:
    n_stages, dtype = len(network.rule.tableau.b), network.dtype
    argument, active, target = (_pair(zeros((n_rows, lanes), dtype)) for _ in range(3))
    rate, offset = (zeros((n_rows, lanes), dtype) for _ in range(2))
    offset[: network.n_units] = network.offset[:, None]
    return Memory(
        zeros((n_stages, n_rows * lanes), dtype), argument, active, target, rate.reshape(-1),
        offset.reshape(-1), np.zeros(lanes, dtype), np.full(lanes, -1.0),
        np.zeros(lanes, np.int64),
    )  # fmt: skip


class FlowPanel(Panel):
    """The memory of a group of columns of a continuous network."""

    def __init__(
        self, network: FlowNetwork, parts: Parts, some: NDArray[np.int64], begin: Floats
    ) -> None:
        super().__init__(network, parts, some, begin)
        n_rows, lanes = self.states.shape
        self.memory = _memory(network, n_rows, lanes)
        self.change = zeros((n_rows if network.linear else 0, lanes), network.dtype)

    def run(self, task: Task, start: int, stop: int, *, compare: bool) -> bool:
        network = task.network
        assert isinstance(network, FlowNetwork)
        return _run_panel(
            network.recurrent_weights, network.input_weights, network.n_inputs, network.rule,
            task.inputs, self.source, self.target, self.n_steps, _pair(self.states),
            _pair(self.work), _pair(self.change), self.signal, self.memory, task.out,
            task.column, start, stop, compare, self.difference,
        )  # fmt: skip


def harvest_flow(network: FlowNetwork, inputs: Floats, state: Floats) -> Floats:
    """Run one network over rows of inputs, and return its states (n_rows, n_units).

    Parameters
    ----------
    network : FlowNetwork
    inputs : ndarray of shape (n_rows, n_columns)
    state : ndarray of shape (n_units,)
        Before the first row; not changed.
    """
    drive, change, interval = drives(network, inputs)
    states = np.empty_like(drive)
    x = _pair(state.astype(network.dtype).reshape(-1, 1))
    memory = _memory(network, network.n_units, 1)
    _run_alone(network.alone, network.rule, drive, change, interval, x, memory, states)
    return states


def aim(network: FlowNetwork, inputs: Floats, states: Floats, duration: Floats) -> Floats:
    """Return what each state becomes within some time, the input held; of rows side by side.

    Parameters
    ----------
    inputs : ndarray of shape (n_rows, n_inputs)
    states : ndarray of shape (n_rows, n_units)
    duration : ndarray of shape (n_rows,)
    """
    rows = np.require(np.column_stack([inputs, duration]), network.dtype, ["C", "W"])
    out = np.empty((len(rows), network.n_units), network.dtype)
    task = Task(network, rows, out, 0)
    begins = list(range(0, len(rows), ROWS_OF_A_TASK))
    in_threads(partial(_aim_rows, task, states), begins)
    return out


def _aim_rows(task: Task, states: Floats, first: int) -> None:
    n_rows, lanes = len(task.inputs), task.network.lanes
    panel = task.network.panel(whole([(0, 1)]), np.zeros(1, np.int64), states[:1])
    for start in range(first, min(first + ROWS_OF_A_TASK, n_rows), lanes):
        rows = np.minimum(np.arange(start, start + lanes), n_rows - 1)
        panel.source = panel.target = rows
        panel.states[: task.network.n_units] = states[rows].T
        panel.run(task, 0, 1, compare=False)


def drives(network: FlowNetwork, inputs: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the drive at the beginning of each interval, how it changes in it, its length."""
    n = network.n_inputs
    now, interval = inputs[:, :n], np.ascontiguousarray(inputs[:, n])
    if not network.linear:
        return drive_of(network, now), np.empty((0, network.n_units), network.dtype), interval
    before = inputs[:, n + 1 :]
    return drive_of(network, before), drive_of(network, now - before, bias=0.0), interval


def add_any_product(weights: Any, x: Pair, z: Pair) -> None:
    """Add W x to z, for panels, or for a network alone."""
    raise TypeError("only for use inside kernels")


@overload(add_any_product, jit_options={"fastmath": FASTMATH})
def _add_any_product_overload(weights: Any, x: Any, z: Any) -> Any:
    if weights.instance_class in (Grouped, Stacked):

        def alone(weights: Any, x: Any, z: Any) -> None:
            add_recurrent(weights, x.flat, z.flat, 0, x.flat.shape[0], False)

        return alone

    def side_by_side(weights: Any, x: Any, z: Any) -> None:
        add_panel_product(weights, x.panel, z.panel)

    return side_by_side


@jit(fastmath=EXACT)
def steps_in(interval, longest_step, slack):  # type: ignore[no-untyped-def]
    """Return in how many steps an interval is passed."""
    if interval <= longest_step:
        return 1
    return max(1, int(np.ceil(interval / longest_step - slack)))


@jit(fastmath=EXACT)
def _set_rates(pace, is_exponential, width, rate):  # type: ignore[no-untyped-def]
    wide_vectors()
    n, lanes = pace.shape[0], width.shape[0]
    for i in range(n):
        for c in range(lanes):
            rate[i * lanes + c] = pace[i] * width[c]
    if is_exponential:  # 1 - exp(-z) = 2 t / (1 + t) with t = tanh(z / 2)
        for i in range(n * lanes):
            rate[i] /= 2
        tanh_all(rate)
        for i in range(n * lanes):
            rate[i] = 2 * rate[i] / (1 + rate[i])


@jit(fastmath=EXACT)
def write_slopes(  # type: ignore[no-untyped-def]
    weights, rule, offset, x, drive, change, where, rate, active, target, slope
):
    """Write K of one stage, from its argument x."""
    wide_vectors()
    n, lanes = rule.pace.shape[0], where.shape[0]
    size = n * lanes
    for i in range(drive.shape[0]):
        target.flat[i] = drive[i]
    if change.shape[0] > 0:
        for i in range(n):
            for c in range(lanes):
                target.flat[i * lanes + c] += where[c] * change[i * lanes + c]
    if rule.is_beer:
        for i in range(size):
            active.flat[i] = x.flat[i] + offset[i]
        activate(rule.activation, active.flat[:size])
        add_any_product(weights, active, target)
    else:
        add_any_product(weights, x, target)
        activate(rule.activation, target.flat[:size])
    for i in range(size):
        slope[i] = rate[i] * (target.flat[i] - x.flat[i])


@jit(fastmath=EXACT)
def _add_scaled(factor, x, out):  # type: ignore[no-untyped-def]
    wide_vectors()
    for i in range(x.shape[0]):
        out[i] += factor * x[i]


@jit(fastmath=EXACT)
def _pass(weights, rule, drive, change, interval, x, memory):  # type: ignore[no-untyped-def]
    """Take the states x over an interval of each column, in place."""
    wide_vectors()
    lanes = interval.shape[0]
    a, b, node = rule.tableau
    n_stages = b.shape[0]
    most = 1
    for c in range(lanes):
        memory.n_steps[c] = steps_in(interval[c], rule.longest_step, rule.slack)
        most = max(most, memory.n_steps[c])
    for k in range(most):
        renewed = False
        for c in range(lanes):
            width = interval[c] / memory.n_steps[c] if k < memory.n_steps[c] else 0.0
            renewed |= width != memory.width[c]
            memory.width[c] = width
        if renewed:
            _set_rates(rule.pace, rule.is_exponential, memory.width, memory.rate)
        for stage in range(n_stages):
            if change.shape[0] > 0:
                for c in range(lanes):
                    memory.where[c] = (k + node[stage]) / memory.n_steps[c]
            argument = x if stage == 0 else memory.argument
            if stage > 0:
                for i in range(x.flat.shape[0]):
                    argument.flat[i] = x.flat[i]
                for j in range(stage):
                    if a[stage, j] != 0:
                        _add_scaled(drive.dtype.type(a[stage, j]), memory.slopes[j], argument.flat)
            write_slopes(
                weights, rule, memory.offset, argument, drive, change, memory.where, memory.rate,
                memory.active, memory.target, memory.slopes[stage],
            )  # fmt: skip
        for stage in range(n_stages):
            _add_scaled(drive.dtype.type(b[stage]), memory.slopes[stage], x.flat)


@jit
def _run_alone(weights, rule, drive, change, interval, x, memory, states):  # type: ignore[no-untyped-def]
    nothing = drive[0, :0]
    for t in range(drive.shape[0]):
        changing = change[t] if change.shape[0] > 0 else nothing
        _pass(weights, rule, drive[t], changing, interval[t : t + 1], x, memory)
        for i in range(x.flat.shape[0]):
            states[t, i] = x.flat[i]


@jit
def _run_panel(  # type: ignore[no-untyped-def]
    weights, input_weights, n_inputs, rule, inputs, source, target, n_steps, x, drive, change,
    signal, memory, out, column, start, stop, compare, difference,
):  # fmt: skip
    n_units, lanes = rule.pace.shape[0], source.shape[0]
    rows, interval = np.empty(lanes, np.int64), np.empty(lanes, out.dtype)
    linear = change.flat.shape[0] > 0
    for t in range(start, stop):
        for c in range(lanes):
            step = min(t, n_steps[c] - 1)
            rows[c] = target[c] + step
            row = source[c] + step
            interval[c] = inputs[row, n_inputs] if t < n_steps[c] else 0
            signal[n_inputs, c] = 1
            for k in range(n_inputs):
                signal[k, c] = inputs[row, n_inputs + 1 + k if linear else k]
        drive.flat[:] = 0
        add_panel_product(input_weights, signal, drive.panel)
        if linear:
            for c in range(lanes):
                row = source[c] + min(t, n_steps[c] - 1)
                signal[n_inputs, c] = 0
                for k in range(n_inputs):
                    signal[k, c] = inputs[row, k] - inputs[row, n_inputs + 1 + k]
            change.flat[:] = 0
            add_panel_product(input_weights, signal, change.panel)
        _pass(weights, rule, drive.flat, change.flat, interval, x, memory)
        for c in range(lanes):
            if compare and t == min(stop, n_steps[c]) - 1:  # before the old state is lost
                difference[c] = difference_of(x.panel[:n_units, c], out[rows[c], column:])
        write(x.panel, n_units, out, column, rows)
    return is_finite(x.flat)
