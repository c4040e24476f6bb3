"""What a network does when it is left alone: fixed points, cycles, bifurcations, chaos.

A `Flow` is ``dx/dt = F(x)``, a `Map` is ``x(t+1) = F(x(t))``. Make one of equations of your own, of
weights (`network_flow`), or of a fitted estimator under a constant input or in closed loop
(`system_of`); the functions of this module take either kind.

>>> import numpy as np
>>> from reservoir import dynamics
>>> oscillator = dynamics.network_flow(
...     [[4.5, 1.0], [-1.0, 4.5]], bias=[-2.75, -1.75], activation="sigmoid"
... )
>>> [point.kind for point in dynamics.fixed_points(oscillator, random_state=0)]
['unstable focus']
>>> cycle = dynamics.limit_cycle(oscillator, [0.1, 0.0])
>>> cycle.is_stable
True
"""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Cycle",
    "FixedPoint",
    "Flow",
    "Map",
    "bifurcation_diagram",
    "fixed_points",
    "limit_cycle",
    "lyapunov_spectrum",
    "network_flow",
    "simulate",
    "system_of",
]

Floats = NDArray[np.float64]
SMALL = 1e-6  # step of differences, relative to 1


@dataclass(frozen=True)
class _System:
    """What flows and maps share.

    Parameters
    ----------
    rule : callable
        F: a state (n_dims,) in, its derivative or its successor (n_dims,) out.
    n_dims : int
    jacobian : callable, optional
        A state in, dF/dx (n_dims, n_dims) out; central differences of ``rule`` by default.
    vectorized : bool, default=False
        Whether ``rule`` takes many states at once, (n_states, n_dims).
    """

    rule: Callable[[Floats], Any]
    n_dims: int
    jacobian: Callable[[Floats], Any] | None = None
    vectorized: bool = False
    tangent: Callable[[Floats, Floats], Floats] | None = None
    solver: Callable[..., Floats] | None = None

    def at(self, states: ArrayLike) -> Floats:
        """Return F at a state (n_dims,) or at many (n_states, n_dims)."""
        given = np.asarray(states, np.float64)
        if given.shape[-1:] != (self.n_dims,) or given.ndim > 2:
            raise ValueError(
                f"states must have shape ({self.n_dims},) or (n_states, {self.n_dims}), got "
                f"{given.shape}."
            )
        many = np.atleast_2d(given)
        found = self.rule(many) if self.vectorized else [self.rule(each) for each in many]
        values = np.asarray(found, np.float64)
        if values.size != many.size:
            raise ValueError(
                f"rule must return as many numbers as a state has, {self.n_dims}, got shape "
                f"{values.shape} for {len(many)} state(s)."
            )
        return values.reshape(given.shape)

    def one(self, state: Floats) -> Floats:
        """Return F at a state (n_dims,), unchecked."""
        found = self.rule(state[None])[0] if self.vectorized else self.rule(state)
        return np.asarray(found, np.float64)

    def along(self, state: Floats, directions: Floats) -> Floats:
        """Return the derivative of F at a state along directions (n_dims, n_directions)."""
        if self.tangent is not None:
            return self.tangent(state, directions)
        if self.jacobian is not None:
            return np.asarray(np.asarray(self.jacobian(state), np.float64) @ directions)
        steps = (
            SMALL * directions.T / np.maximum(np.linalg.norm(directions, axis=0), 1e-300)[:, None]
        )
        difference = self.at(state + steps) - self.at(state - steps)
        return np.asarray((difference / (2 * SMALL)).T * np.linalg.norm(directions, axis=0))

    def jacobian_at(self, state: ArrayLike) -> Floats:
        """Return dF/dx (n_dims, n_dims) at a state."""
        return self.along(np.asarray(state, np.float64), np.eye(self.n_dims))


@dataclass(frozen=True)
class Flow(_System):
    """``dx/dt = F(x)``.

    Parameters
    ----------
    rule : callable
        F: a state (n_dims,) in, its derivative (n_dims,) out.
    n_dims : int
        Numbers in a state.
    jacobian : callable, optional
        A state in, dF/dx (n_dims, n_dims) out; central differences of ``rule`` by default.
    vectorized : bool, default=False
        Whether ``rule`` takes many states at once, (n_states, n_dims).

    Examples
    --------
    >>> from reservoir.dynamics import Flow
    >>> Flow(lambda x: -2 * x, 1).jacobian_at([3.0])
    array([[-2.]])
    """


@dataclass(frozen=True)
class Map(_System):
    """``x(t+1) = F(x(t))``; parameters as of `Flow`.

    Examples
    --------
    >>> from reservoir.dynamics import Map, fixed_points
    >>> logistic = Map(lambda x: 2.5 * x * (1 - x), 1)
    >>> [float(p.state[0].round(6)) for p in fixed_points(logistic, bounds=(0, 1), random_state=0)]
    [0.0, 0.6]
    """


@dataclass(frozen=True)
class FixedPoint:
    """A state that stays.

    Attributes
    ----------
    state : ndarray of shape (n_dims,)
    eigenvalues : ndarray of shape (n_dims,), complex
        Of the Jacobian there, those that matter most first.
    is_stable : bool
        Whether all lie left of the imaginary axis (flows) or within the unit circle (maps).
    kind : str
        "stable node", "unstable focus", "saddle" and so on; "center" where the linear part decides
        nothing.
    """

    state: Floats
    eigenvalues: NDArray[np.complex128]
    is_stable: bool
    kind: str


@dataclass(frozen=True)
class Cycle:
    """A closed orbit.

    Attributes
    ----------
    period : float
        In units of time, or steps.
    states : ndarray of shape (n_states, n_dims)
        Along one period.
    multipliers : ndarray of shape (n_dims,), complex
        By what a small distance is multiplied in a period (Floquet), the largest first. One of a
        flow is 1: along the orbit.
    is_stable : bool
        Whether all others lie within the unit circle.
    """

    period: float
    states: Floats
    multipliers: NDArray[np.complex128]
    is_stable: bool


def network_flow(
    recurrent_weights: ArrayLike,
    *,
    bias: ArrayLike = 0.0,
    time_constants: ArrayLike = 1.0,
    inputs: ArrayLike = 0.0,
    dynamics: str = "beer",
    activation: str = "tanh",
) -> Flow:
    """Return the flow of a continuous-time network of given weights.

    ``τ dx/dt = -x + W f(x + θ) + I`` (Beer), or ``τ dx/dt = -x + f(W x + I + θ)`` (Jaeger).

    Parameters
    ----------
    recurrent_weights : array-like of shape (n_units, n_units)
        W; row i holds the weights of the links into unit i.
    bias : float or array-like of shape (n_units,), default=0.0
        θ.
    time_constants : float or array-like of shape (n_units,), default=1.0
        τ.
    inputs : float or array-like of shape (n_units,), default=0.0
        I, which stays.
    dynamics : {"beer", "jaeger"}, default="beer"
    activation : {"tanh", "identity", "relu", "sigmoid"}, default="tanh"
        f. Beer's is "sigmoid".

    Returns
    -------
    Flow

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or a time constant is not positive.

    References
    ----------
    Beer, R. D. (1995). On the dynamics of small continuous-time recurrent neural networks.
    Adaptive Behavior 3, 469-509, eq. 1.

    Examples
    --------
    >>> from reservoir.dynamics import network_flow
    >>> network_flow([[0.0, 1.0], [-1.0, 0.0]]).at([0.0, 0.0])
    array([0., 0.])
    """
    W = np.array(recurrent_weights, np.float64)
    if W.ndim != 2 or W.shape[0] != W.shape[1] or not np.isfinite(W).all():
        raise ValueError(f"recurrent_weights must be a finite square matrix, got shape {W.shape}.")
    n = len(W)

    def vector(values: ArrayLike, name: str) -> Floats:
        given = np.asarray(values, np.float64)
        if given.shape not in ((), (n,)) or not np.isfinite(given).all():
            raise ValueError(
                f"{name} must be a finite number or have shape ({n},), got shape {given.shape}."
            )
        return np.broadcast_to(given, (n,)).copy()

    theta, tau, entering = (
        vector(v, k)
        for v, k in ((bias, "bias"), (time_constants, "time_constants"), (inputs, "inputs"))
    )
    if (tau <= 0).any():
        raise ValueError(f"time_constants must be positive, got {tau.min():g} among them.")
    if dynamics not in ("beer", "jaeger"):
        raise ValueError(f"dynamics must be 'beer' or 'jaeger', got {dynamics!r}.")
    f, slope = _function(activation)
    is_beer = dynamics == "beer"

    def rule(x: Floats) -> Floats:
        target = f(x + theta) @ W.T + entering if is_beer else f(x @ W.T + entering + theta)
        return np.asarray((target - x) / tau)

    def tangent(x: Floats, Q: Floats) -> Floats:
        if is_beer:
            change = W @ (slope(x + theta)[:, None] * Q)
        else:
            change = slope(W @ x + entering + theta)[:, None] * (W @ Q)
        return np.asarray((change - Q) / tau[:, None])

    def solver(x: Floats, times: Floats, rtol: float, atol: float) -> Floats:
        from reservoir.kernels._adaptive import solve
        from reservoir.kernels._flow import make_flow

        network = make_flow(
            W, entering[:, None], theta, tau, activation, is_beer=is_beer,
            integrator="dormand_prince", step=None, linear=False, interval=1.0,
        )  # fmt: skip
        states, done = solve(network, np.ones(1), x, times, rtol, atol)
        if not done:
            raise FloatingPointError(
                "The integration stopped: no step was short enough, or a million were too few; "
                "raise rtol or the shortest of time_constants, or ask for less time."
            )
        return np.asarray(states, np.float64)

    return Flow(rule, n, None, True, tangent, solver)


def system_of(
    estimator: Any, *, inputs: ArrayLike | None = None, closed_loop: bool = False
) -> Flow | Map:
    """Return what a fitted network does when it is left alone.

    Parameters
    ----------
    estimator : fitted estimator
        An echo state, continuous-time or trained network of this package.
    inputs : array-like of shape (n_features,), optional
        The input that stays, 0 by default; in closed loop the columns after those of the outputs.
    closed_loop : bool, default=False
        Whether each output is the next input, as in ``generate``, or returns as feedback. A state
        is then that of the units, followed by the last output; of a continuous-time network that is
        a reservoir or has a linear input, also by the output before that.

    Returns
    -------
    Flow or Map
        A flow for continuous reservoirs under a constant input; else a map, of one row a step.

    Raises
    ------
    ValueError
        If the network cannot run by itself: one that is bidirectional, has an output for each
        sequence, or whose outputs cannot be its inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir import ESNRegressor, dynamics
    >>> wave = np.sin(0.3 * np.arange(600.0))[:, None]
    >>> esn = ESNRegressor(n_units=30, warmup=50, random_state=0).fit(wave[:-1], wave[1:, 0])
    >>> at_rest = dynamics.system_of(esn)
    >>> dynamics.fixed_points(at_rest, n_starts=5, random_state=0)[0].is_stable
    True
    >>> dynamics.system_of(esn, closed_loop=True).n_dims
    31
    """
    from sklearn.utils.validation import check_is_fitted

    if not (hasattr(estimator, "fit") and hasattr(estimator, "get_params")):
        raise ValueError(f"estimator must be a fitted network of this package, got {estimator!r}.")
    check_is_fitted(estimator)
    engine = getattr(estimator, "network_", estimator)
    if not (hasattr(engine, "_reservoir") or hasattr(engine, "_network")):
        raise ValueError(
            f"estimator must be a network of this package, got {type(estimator).__name__}; of a "
            "pipeline pass its last step."
        )
    if closed_loop and hasattr(engine, "classes_"):
        raise ValueError("closed_loop must be False for a classifier, got True.")
    n_features = int(engine.n_features_in_)
    n_outputs = int(getattr(engine, "_n_outputs", 0) or len(getattr(engine, "classes_", [])))
    feeds_back = bool(getattr(engine, "feedback", False))
    network = getattr(engine, "_network", None)
    if network is not None:
        feeds_back = bool(network.cell.feeds_back)
    if closed_loop and not feeds_back and n_outputs > n_features:
        raise ValueError(
            f"closed_loop needs the outputs among the inputs, got {n_outputs} output(s) for "
            f"{n_features} feature(s); fit to the next row of X, or with feedback."
        )
    n_given = n_features - (n_outputs if closed_loop and not feeds_back else 0)
    given = np.zeros(n_given) if inputs is None else np.asarray(inputs, np.float64).ravel()
    if given.shape != (n_given,) or not np.isfinite(given).all():
        raise ValueError(
            f"inputs must be finite and of shape ({n_given},), got shape {given.shape}."
        )
    if network is not None:
        if network.bidirectional or network.pooling or engine.delay or engine._n_steps:
            raise ValueError(_NEEDS_STEPS)
        return _trained_map(engine, given, closed_loop)
    reservoir = engine._reservoir
    if reservoir.backward_layers or (closed_loop and engine._per_sequence):
        raise ValueError(_NEEDS_STEPS)
    if hasattr(engine, "plan"):
        if closed_loop:
            return _continuous_loop(engine, given)
        layer = reservoir.layer
        W = layer.recurrent_weights
        return network_flow(
            W.toarray() if hasattr(W, "toarray") else W,
            bias=layer.bias,
            time_constants=layer.time_constants,
            inputs=layer.input_weights @ given,
            dynamics="beer" if layer.is_beer else "jaeger",
            activation=layer.activation,
        )
    return _reservoir_map(engine, given, closed_loop, feeds_back)


_NEEDS_STEPS = (
    "estimator must have an output at each step that depends on no later one; fit with "
    "bidirectional=False, delay=0 and one target for each row."
)


def _reservoir_map(engine: Any, given: Floats, closed_loop: bool, feeds_back: bool) -> Map:
    layers, n = engine._reservoir.layers, engine._reservoir.n_units
    include_input = engine._reservoir.include_input
    f, slope = _function(layers[0].activation)
    dense = [
        W.toarray() if hasattr(W, "toarray") else np.asarray(W)
        for W in (layer.recurrent_weights for layer in layers)
    ]
    dense = [W.astype(np.float64) for W in dense]
    edges = np.cumsum([0] + [layer.n_units for layer in layers])
    k, C, c = 0, np.zeros((0, 0)), np.zeros(0)
    if closed_loop:
        linear = engine._closed_readout().linear
        if linear is None:
            raise ValueError("closed_loop needs the ridge readout, got another (readout=None).")
        C, c = linear.coef, linear.intercept
        k = len(c)

    def entering(fed: Floats) -> tuple[Floats, Floats]:
        """Return the drive of the first layer by what is fed and given, and the input itself."""
        first = layers[0]
        if closed_loop and not feeds_back:
            u = np.hstack([fed, np.broadcast_to(given, (len(fed), len(given)))])
        else:
            u = np.broadcast_to(given, (len(fed), len(given)))
        drive = u @ first.input_weights.T + first.bias
        if closed_loop and feeds_back:
            drive = drive + fed @ first.feedback_weights.T
        return drive, u

    def rule(Z: Floats) -> Floats:
        drive, u = entering(Z[:, n:])
        parts: list[Floats] = []
        for i, (layer, W) in enumerate(zip(layers, dense, strict=True)):
            x = Z[:, edges[i] : edges[i + 1]]
            if i:
                drive = parts[-1] @ layer.input_weights.T + layer.bias
            parts.append(x + layer.leak_rate * (f(x @ W.T + drive) - x))
        X = np.hstack(parts)
        if not closed_loop:
            return X
        features = np.hstack([X, u]) if include_input else X
        return np.hstack([X, features @ C.T + c])

    into = layers[0].feedback_weights if feeds_back else layers[0].input_weights[:, :k]

    def tangent(z: Floats, Q: Floats) -> Floats:
        drive, _ = entering(z[None, n:])
        parts: list[Floats] = []
        changes: list[Floats] = []
        for i, (layer, W) in enumerate(zip(layers, dense, strict=True)):
            x, dx = z[edges[i] : edges[i + 1]], Q[edges[i] : edges[i + 1]]
            change = W @ dx
            if i:
                drive = (parts[-1] @ layer.input_weights.T + layer.bias)[None]
                change = change + layer.input_weights @ changes[-1]
            elif closed_loop:
                change = change + into @ Q[n:]
            pre, a = W @ x + drive[0], layer.leak_rate[:, None]
            parts.append(x + layer.leak_rate * (f(pre) - x))
            changes.append((1 - a) * dx + a * slope(pre)[:, None] * change)
        dX = np.vstack(changes)
        if not closed_loop:
            return dX
        dy = C[:, :n] @ dX
        if include_input and not feeds_back:
            dy = dy + C[:, n : n + k] @ Q[n:]
        return np.vstack([dX, dy])

    return Map(rule, n + k, None, True, tangent)


def _continuous_loop(engine: Any, given: Floats) -> Map:
    reservoir, k = engine._reservoir, engine._n_outputs
    n = reservoir.n_units
    usual = engine._usual_ahead
    interval = engine._clock.interval if usual is None else usual

    def rule(z: Floats) -> Floats:
        """One interval on: the last output is the input that is held (or led to)."""
        u = np.concatenate([z[n : n + k], given])
        state = np.concatenate([z[:n], z[n + k :], given, [0.0]])
        features, after = reservoir.advance(u, state, interval)
        output = np.ravel(engine._read(features))
        return np.concatenate([after[:n], output, z[n : n + k]])

    return Map(rule, n + 2 * k)


def _trained_map(engine: Any, given: Floats, closed_loop: bool) -> Map:
    from reservoir.training._run import as_states, as_vectors
    from reservoir.training._trees import views

    network = engine._network
    weights = views(engine._template, engine._vector.astype(np.float64))
    arranged = network.arrange(weights)
    n = network.n_layers * network.n_state
    k = network.n_outputs if closed_loop and not network.cell.feeds_back else 0
    extra = [[engine._clock.interval]] if hasattr(engine, "plan") else []

    def rule(Z: Floats) -> Floats:
        m = len(Z)
        known = np.broadcast_to(given, (m, len(given)))
        u = np.hstack([Z[:, n : n + k], known])
        columns = [u, *(np.broadcast_to(each, (m, 1)) for each in extra)]
        if extra and engine.plan.linear:
            columns.append(np.hstack([Z[:, n + k :], known]) if k else u)
        x = np.ascontiguousarray(np.hstack(columns))[None]
        states = as_states(np.ascontiguousarray(Z[:, :n]), network)
        outputs, ends, _ = network.forward(weights, arranged, x, np.ones(m, np.int64), states)
        after = np.asarray(as_vectors(ends), np.float64)
        if not k:
            return after
        before = [Z[:, n : n + k]] if extra and engine.plan.linear else []
        return np.hstack([after, outputs, *before])

    doubled = bool(extra and engine.plan.linear)
    return Map(rule, n + k * (1 + doubled), None, True)


def simulate(
    system: Flow | Map, state: ArrayLike, times: Any, *, rtol: float = 1e-8, atol: float = 1e-10
) -> Floats:
    """Return the states that follow a state.

    Parameters
    ----------
    system : Flow or Map
    state : array-like of shape (n_dims,)
        At time 0.
    times : array-like of shape (n_times,), or int
        When, none before 0 and increasing; steps, of a map. A number stands for 1 to that many.
    rtol, atol : float, default=1e-8, 1e-10
        Relative and absolute error of the steps of a flow, which is integrated by the pair of
        Dormand and Prince; what lies within a step comes from its polynomial.

    Returns
    -------
    ndarray of shape (n_times, n_dims)

    Raises
    ------
    ValueError
        If a shape does not fit or times do not increase.
    FloatingPointError
        If it leaves the finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.dynamics import Flow, simulate
    >>> decay = simulate(Flow(lambda x: -x, 1), [1.0], [1.0, 2.0])
    >>> bool(np.allclose(decay[:, 0], np.exp([-1.0, -2.0])))
    True
    """
    x = _state(system, state)
    whole = isinstance(times, Integral) and not isinstance(times, bool)
    moments = np.arange(1, int(times) + 1) if whole else np.asarray(times)
    if (
        moments.ndim != 1
        or moments.dtype.kind not in "iuf"
        or len(moments) == 0
        or not np.isfinite(moments).all()
        or moments[0] < 0
        or (np.diff(moments) <= 0).any()
    ):
        raise ValueError(
            f"times must be numbers that increase, none below 0, or how many steps, got {times!r}."
        )
    if isinstance(system, Map):
        if moments.dtype.kind not in "iu":
            raise ValueError(f"times of a map must be whole numbers of steps, got {times!r}.")
        wanted, states = set(moments.tolist()), []
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(int(moments[-1]) + 1):
                if t in wanted:
                    states.append(x)
                x = system.at(x)
        found = np.array(states)
    else:
        after = moments[moments > 0].astype(np.float64)
        found = np.tile(x, (len(moments), 1))
        if len(after):
            found[len(moments) - len(after) :] = _solve(system, x, after, rtol, atol)
    if not np.isfinite(found).all():
        raise FloatingPointError(DIVERGES)
    return found


DIVERGES = "The system left the finite numbers; begin nearer to where it stays bounded."


def fixed_points(
    system: Flow | Map,
    *,
    starts: ArrayLike | None = None,
    n_starts: int = 100,
    bounds: tuple[float, float] = (-5.0, 5.0),
    tol: float = 1e-9,
    random_state: Any = None,
) -> list[FixedPoint]:
    """Return the fixed points that Newton's method finds, and how stable they are.

    Parameters
    ----------
    system : Flow or Map
    starts : array-like of shape (n_starts, n_dims), optional
        Where the search begins; by default it does so at 0 and at random states within `bounds`.
    n_starts : int, default=100
    bounds : (float, float), default=(-5.0, 5.0)
    tol : float, default=1e-9
        How far a state may be, relative to its size or 1, from one that stays.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    list of FixedPoint
        In the order of their first coordinate. There may be more that no start led to.

    Examples
    --------
    A single unit that excites itself has two stable states and one between them:

    >>> from reservoir.dynamics import fixed_points, network_flow
    >>> points = fixed_points(network_flow([[2.0]]), random_state=0)
    >>> [(round(float(p.state[0]), 4), p.kind) for p in points]
    [(-1.915, 'stable node'), (0.0, 'unstable node'), (1.915, 'stable node')]
    """
    from scipy.optimize import root
    from sklearn.utils import check_random_state

    if not isinstance(system, Flow | Map):
        raise ValueError(
            f"system must be a Flow or a Map, got {type(system).__name__}; make one of a fitted "
            "network by system_of."
        )
    if not bounds[0] <= bounds[1]:
        raise ValueError(f"bounds must be the lower, then the upper, got {bounds!r}.")
    if starts is None:
        seed = check_random_state(random_state).randint(2**31 - 1)
        rng = np.random.default_rng(seed)
        begins = rng.uniform(*bounds, (n_starts, system.n_dims))
        begins[:1] = 0
    else:
        begins = np.atleast_2d(np.asarray(starts, np.float64))
        system.at(begins[0])
    shift = np.eye(system.n_dims) if isinstance(system, Map) else 0.0

    def rest(x: Floats) -> Floats:
        return system.at(x) - (x if isinstance(system, Map) else 0.0)

    found: list[Floats] = []
    with np.errstate(all="ignore"):
        for begin in begins:
            solution = root(rest, begin, jac=lambda x: system.jacobian_at(x) - shift, tol=1e-12)
            x = solution.x
            if not np.isfinite(x).all():
                continue
            J = system.jacobian_at(x) - shift
            correction = np.linalg.lstsq(J, -rest(x), rcond=None)[0]
            residual = rest(x) + J @ correction  # 0 where a step of Newton's method can mend it
            far = abs(correction).max() > tol * max(1.0, abs(x).max())
            if far or abs(residual).max() > tol * max(abs(J).max(), 1e-300):
                continue
            if all(abs(x - other).max() > 1e-5 * max(1, abs(x).max()) for other in found):
                found.append(x)
    found.sort(key=lambda x: (np.round(x, 8) + 0.0).tolist())
    return [_fixed_point(system, x) for x in found]


def limit_cycle(
    system: Flow | Map,
    state: ArrayLike,
    *,
    settle: float = 200.0,
    longest: float = 100.0,
    n_states: int = 200,
) -> Cycle:
    """Return the closed orbit that a state leads to.

    It runs until transients are gone, looks for a return, and sharpens it by Newton's method
    (shooting).

    Parameters
    ----------
    system : Flow or Map
    state : array-like of shape (n_dims,)
    settle : float, default=200.0
        Time, or steps, after which transients are gone.
    longest : float, default=100.0
        The longest period looked for.
    n_states : int, default=200
        States along the orbit of a flow that are returned.

    Returns
    -------
    Cycle

    Raises
    ------
    ValueError
        If it does not return within `longest`, or, of a flow, comes to rest; a map that rests has a
        cycle of period 1.

    References
    ----------
    Parker, T. S. and Chua, L. O. (1989). Practical numerical algorithms for chaotic systems.
    Springer, chapter 5.

    Examples
    --------
    >>> from reservoir.dynamics import Map, limit_cycle
    >>> cycle = limit_cycle(Map(lambda x: 3.2 * x * (1 - x), 1), [0.3])
    >>> cycle.period, cycle.is_stable
    (2, True)
    """
    x = _state(system, state)
    if isinstance(system, Map):
        return _cycle_of_map(system, simulate(system, x, [int(settle)])[-1], int(longest))
    x = simulate(system, x, [float(settle)])[-1]
    x, period, size = _first_return(system, x, float(longest))
    refined, period = _shoot(system, x, period)
    states = simulate(system, refined, np.linspace(0, period, n_states, endpoint=False)[1:])
    states = np.vstack([refined, states])
    if (
        not period > 0
        or np.ptp(states, axis=0).max() < 0.5 * size
        or (np.linalg.norm(refined - x) > 0.05 * size)
    ):
        raise ValueError(_NOT_CLOSED)
    multipliers = _sorted(np.linalg.eigvals(_monodromy(system, refined, period)[1]), by=np.abs)
    along = int(np.argmin(abs(multipliers - 1)))
    others = np.delete(multipliers, along)
    return Cycle(period, states, multipliers, bool((abs(others) < 1).all()))


def bifurcation_diagram(
    make_system: Callable[[float], Flow | Map],
    values: ArrayLike,
    *,
    state: ArrayLike,
    observe: int | Callable[[Floats], Floats] = 0,
    settle: float = 200.0,
    duration: float = 200.0,
    step: float = 0.05,
) -> pd.DataFrame:
    """Return what a system comes to, over one parameter.

    Each value begins where the last one ended, so that branches are followed until they end; run
    it the other way, ``values[::-1]``, to see hysteresis.

    Parameters
    ----------
    make_system : callable
        A value of the parameter in, a Flow or Map out.
    values : array-like of shape (n_values,)
    state : array-like of shape (n_dims,)
        Where the first value begins.
    observe : int or callable, default=0
        The coordinate that is looked at, or a function of states (n_states, n_dims).
    settle : float, default=200.0
        Time, or steps, that are passed over at each value.
    duration : float, default=200.0
        Time, or steps, that are looked at.
    step : float, default=0.05
        Between the states of a flow that are looked at.

    Returns
    -------
    DataFrame
        Columns "value" and "observed": of a flow each local maximum and minimum, or where it rests;
        of a map each state.

    Examples
    --------
    >>> from reservoir.dynamics import Map, bifurcation_diagram
    >>> table = bifurcation_diagram(
    ...     lambda r: Map(lambda x: r * x * (1 - x), 1), [2.8, 3.2, 3.5], state=[0.3], duration=64
    ... )
    >>> table.round(6).drop_duplicates().groupby("value").size().tolist()
    [1, 2, 4]
    """
    rows: list[tuple[float, float]] = []
    x = np.asarray(state, np.float64)
    # a nudge, so that an unstable state is left
    nudge = 1e-6 * np.random.default_rng(0).standard_normal(x.shape)
    for value in np.asarray(values, np.float64):
        system = make_system(float(value))
        x = _state(system, x + nudge)
        if not callable(observe) and not -system.n_dims <= observe < system.n_dims:
            raise ValueError(
                f"observe must be one of the {system.n_dims} coordinates or a function, got "
                f"{observe!r}."
            )
        is_map = isinstance(system, Map)
        if is_map:
            path = simulate(system, x, int(settle + duration))[int(settle) :]
        else:
            grid = settle + np.arange(1, int(duration / step) + 1) * step
            path = simulate(system, x, grid)
        x = path[-1]
        seen = np.asarray(observe(path) if callable(observe) else path[:, observe])
        if not is_map:
            turns = (seen[1:-1] - seen[:-2]) * (seen[2:] - seen[1:-1]) < 0
            turning = np.flatnonzero(turns) + 1
            flat = np.ptp(seen) < 1e-4 * max(1.0, abs(seen).max())
            seen = seen[-1:] if flat or not len(turning) else seen[turning]
        rows += [(float(value), float(each)) for each in seen]
    return pd.DataFrame(rows, columns=["value", "observed"])


def lyapunov_spectrum(
    system: Flow | Map,
    state: ArrayLike,
    *,
    n_exponents: int | None = None,
    duration: float = 1000.0,
    settle: float = 100.0,
    step: float = 0.01,
    every: int | None = None,
    return_course: bool = False,
) -> Any:
    """Return how fast small distances grow or shrink, in the directions that do so fastest.

    Tangent vectors are carried along the orbit and made orthonormal again and again (QR); the
    exponents are the means of the logarithms of what that takes out.

    Parameters
    ----------
    system : Flow or Map
    state : array-like of shape (n_dims,)
        Where the orbit begins.
    n_exponents : int, optional
        How many, the largest first; all by default.
    duration : float, default=1000.0
        Time, or steps, to take the mean over.
    settle : float, default=100.0
        Time, or steps, that are passed over before.
    step : float, default=0.01
        Of the Runge-Kutta method of order 4, for flows.
    every : int, optional
        Steps from one QR decomposition to the next: 10 for flows and 1 for maps by default. Too
        many hide directions that shrink fast behind the others.
    return_course : bool, default=False
        Whether to return the means so far as well.

    Returns
    -------
    exponents : ndarray of shape (n_exponents,)
        Natural logarithms for each unit of time, or step, in falling order.
    times : ndarray of shape (n_decompositions,)
        Only if `return_course`, as is
    course : ndarray of shape (n_decompositions, n_exponents)
        the mean up to each of these times.

    Raises
    ------
    FloatingPointError
        If the orbit leaves the finite numbers.

    References
    ----------
    Benettin, G., Galgani, L., Giorgilli, A. and Strelcyn, J.-M. (1980). Lyapunov characteristic
    exponents for smooth dynamical systems. Meccanica 15, 9-20 and 21-30.

    Examples
    --------
    The logistic map at 4 doubles distances:

    >>> import numpy as np
    >>> from reservoir.dynamics import Map, lyapunov_spectrum
    >>> logistic = Map(lambda x: 4 * x * (1 - x), 1, jacobian=lambda x: 4 - 8 * x[:, None])
    >>> bool(abs(lyapunov_spectrum(logistic, [0.3], duration=20000)[0] - np.log(2)) < 0.01)
    True
    """
    x = _state(system, state)
    k = system.n_dims if n_exponents is None else int(n_exponents)
    if not 1 <= k <= system.n_dims:
        raise ValueError(
            f"n_exponents must lie between 1 and n_dims={system.n_dims}, got {n_exponents}."
        )
    is_map = isinstance(system, Map)
    every = (1 if is_map else 10) if every is None else int(every)
    for name, value in (("duration", duration), ("step", step), ("every", every)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value!r}.")
    if not settle >= 0:
        raise ValueError(f"settle must not be negative, got {settle!r}.")
    length = 1.0 if is_map else float(step)
    advance: Any = _map_step if is_map else _runge_kutta_step
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((system.n_dims, k)))[0]
    n_settle, n_steps = (max(int(each / length / every), 1) for each in (settle, duration))
    total, course = np.zeros(k), np.empty((n_steps, k))
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(-n_settle, n_steps):
            for _ in range(every):
                x, Q = advance(system, x, Q, length)
            if not (np.isfinite(x).all() and np.isfinite(Q).all()):
                raise FloatingPointError(DIVERGES)
            Q, R = np.linalg.qr(Q)
            if i >= 0:
                total += np.log(np.maximum(abs(np.diag(R)), np.finfo(float).tiny))
                course[i] = total / ((i + 1) * every * length)
    order = np.argsort(-course[-1], kind="stable")
    if return_course:
        return course[-1][order], np.arange(1, n_steps + 1) * every * length, course[:, order]
    return course[-1][order]


def _function(activation: str) -> tuple[Callable[..., Floats], Callable[..., Floats]]:
    """Return an activation and its slope."""
    from scipy.special import expit

    known: dict[str, tuple[Callable[..., Floats], Callable[..., Floats]]] = {
        "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        "sigmoid": (expit, lambda x: expit(x) * expit(-x)),
        "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
        "identity": (lambda x: x, np.ones_like),
    }
    if activation not in known:
        raise ValueError(f"activation must be one of {sorted(known)}, got {activation!r}.")
    return known[activation]


def _state(system: Flow | Map, state: ArrayLike) -> Floats:
    if not isinstance(system, Flow | Map):
        raise ValueError(
            f"system must be a Flow or a Map, got {type(system).__name__}; make one of a fitted "
            "network by system_of."
        )
    x = np.array(state, np.float64)
    if x.shape != (system.n_dims,) or not np.isfinite(x).all():
        raise ValueError(f"state must be finite and of shape ({system.n_dims},), got {x!r:.60}.")
    return x


def _solve(system: Flow, x: Floats, times: Floats, rtol: float, atol: float) -> Floats:
    if system.solver is not None:
        return system.solver(x, times, rtol, atol)
    from scipy.integrate import solve_ivp

    with np.errstate(over="ignore", invalid="ignore"):
        found = solve_ivp(
            lambda _, y: system.at(y), (0.0, times[-1]), x, t_eval=times, rtol=rtol, atol=atol
        )
    if not found.success:
        raise FloatingPointError(DIVERGES)
    return np.asarray(found.y.T)


def _fixed_point(system: Flow | Map, x: Floats) -> FixedPoint:
    is_map = isinstance(system, Map)
    eigenvalues = _sorted(
        np.linalg.eigvals(system.jacobian_at(x)), by=np.abs if is_map else np.real
    )
    growth = np.log(np.maximum(abs(eigenvalues), 1e-300)) if is_map else eigenvalues.real
    border = 1e-8 if is_map else 1e-8 * max(float(abs(eigenvalues).max()), 1e-300)
    stable = bool((growth < -border).all())
    if (abs(growth) <= border).any():
        return FixedPoint(x, eigenvalues, False, "center" if (growth <= border).all() else "saddle")
    if not stable and not (growth > 0).all():
        kind = "saddle"
    else:
        shape = "focus" if (abs(eigenvalues.imag) > 1e-9).any() else "node"
        kind = f"{'stable' if stable else 'unstable'} {shape}"
    return FixedPoint(x, eigenvalues, stable, kind)


def _sorted(values: NDArray[Any], by: Callable[..., NDArray[Any]]) -> NDArray[np.complex128]:
    values = values.astype(np.complex128)
    return values[np.argsort(-by(values), kind="stable")]


def _cycle_of_map(system: Map, x: Floats, longest: int) -> Cycle:
    path = np.vstack([x, simulate(system, x, longest)])
    size = max(float(np.ptp(path, axis=0).max()), 1e-9 * abs(path).max(), 1e-300)
    back = np.flatnonzero(abs(path[1:] - x).max(axis=1) < 1e-6 * size)
    if not len(back):
        raise ValueError(
            f"state must lead to a cycle, but there was no return within longest={longest} steps; "
            "raise longest or settle, or the orbit may never close: see lyapunov_spectrum."
        )
    period = int(back[0]) + 1
    product = np.eye(system.n_dims)
    for each in path[:period]:
        product = system.along(each, product)
    multipliers = _sorted(np.linalg.eigvals(product), by=np.abs)
    return Cycle(period, path[:period], multipliers, bool((abs(multipliers) < 1).all()))


def _monodromy(system: Flow, x: Floats, period: float) -> tuple[Floats, Floats]:
    """Return the state after a period, and its derivative by the state before."""
    n_steps = 2000
    M = np.eye(system.n_dims)
    for _ in range(n_steps):
        x, M = _runge_kutta_step(system, x, M, period / n_steps)
    return x, M


def _first_return(system: Flow, x: Floats, longest: float) -> tuple[Floats, float, float]:
    """Return a state that the orbit repeats, after how long, and how large the orbit is."""
    direction = system.one(x)
    speed = float(np.linalg.norm(direction))
    size = float(np.linalg.norm(x))
    span = min(longest, 10 * size / speed) if speed > 0 else longest
    while speed > 1e-9:  # look further and further, so that what turns fast is not passed over
        n = int(np.clip(50 * speed * span / max(size, 1e-300), 200, 40_000))
        path = simulate(system, x, np.linspace(0, span, n + 1)[1:])
        size = float(np.ptp(path, axis=0).max())
        side = (path - x) @ direction  # of the plane through x across the flow
        for i in np.flatnonzero((side[:-1] < 0) & (side[1:] >= 0)):
            share = side[i] / (side[i] - side[i + 1])
            period = (i + 1 + share) * span / n
            back = simulate(system, x, [period])[-1]
            period += float((x - back) @ direction / speed**2)  # onto the plane
            back = simulate(system, x, [period])[-1]
            if np.linalg.norm(back - x) < 1e-3 * size:
                return x, period, size
        if span >= longest:
            break
        span = min(longest, 4 * span)
    if speed <= 1e-9 or size < 1e-6 * max(1.0, float(abs(x).max())):
        raise ValueError("state must lead to a cycle, but it comes to rest; see fixed_points.")
    raise ValueError(
        f"state must lead to a cycle, but there was no return within longest={longest:g}; raise "
        "longest or settle, or the orbit may never close: see lyapunov_spectrum."
    )


_NOT_CLOSED = (
    "state must lead to a cycle, but what came back near to itself was not closed; raise settle, "
    "or the orbit may never close: see lyapunov_spectrum."
)


def _shoot(system: Flow, x: Floats, period: float) -> tuple[Floats, float]:
    """Sharpen a state on a cycle and its period, by Newton's method."""
    direction = system.at(x)
    direction = direction / np.linalg.norm(direction)
    n = system.n_dims
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(20):
            end, M = _monodromy(system, x, period)
            matrix = np.zeros((n + 1, n + 1))
            matrix[:n, :n] = M - np.eye(n)
            matrix[:n, n] = system.one(end)
            matrix[n, :n] = direction  # move within the plane across the flow
            if not np.isfinite(matrix).all():
                break
            correction = np.linalg.lstsq(matrix, np.append(x - end, 0.0), rcond=None)[0]
            x, period = x + correction[:n], period + correction[n]
            if abs(correction).max() < 1e-9 * max(1.0, abs(x).max()):
                return x, float(period)
    raise ValueError(_NOT_CLOSED)


def _map_step(system: Map, x: Floats, Q: Floats, _: float) -> tuple[Floats, Floats]:
    return system.one(x), system.along(x, Q)


def _runge_kutta_step(system: Flow, x: Floats, Q: Floats, h: float) -> tuple[Floats, Floats]:
    k1, q1 = system.one(x), system.along(x, Q)
    y = x + h / 2 * k1
    k2, q2 = system.one(y), system.along(y, Q + h / 2 * q1)
    y = x + h / 2 * k2
    k3, q3 = system.one(y), system.along(y, Q + h / 2 * q2)
    y = x + h * k3
    k4, q4 = system.one(y), system.along(y, Q + h * q3)
    return x + h / 6 * (k1 + 2 * (k2 + k3) + k4), Q + h / 6 * (q1 + 2 * (q2 + q3) + q4)
