"""Cells against their slow twins and against finite differences."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reservoir.cells import (
    CELLS,
    CTRNN,
    GRU,
    LSTM,
    MTRNN,
    Cell,
    Elman,
    FullyRecurrent,
    Jordan,
    Leaky,
    state_gradients,
)
from reservoir.cells._cell import vanishing_of
from reservoir.kernels._drive import Forcing, no_forcing
from reservoir.kernels._products import add_product, columns_of
from reservoir.training._trees import flat, views
from tests.naive_cells import TWINS

VARIANTS = [
    *(Elman(f) for f in ("tanh", "sigmoid", "relu", "identity")),
    Jordan(),
    Jordan("sigmoid"),
    *(FullyRecurrent(f) for f in ("tanh", "sigmoid", "relu", "identity")),
    *(Leaky(f, time_scales=(1, 9)) for f in ("tanh", "sigmoid", "relu", "identity")),
    GRU(),
    LSTM(),
    LSTM(peepholes=True, longest_lag=20),
    LSTM(forget_gate=False),
    LSTM(forget_gate=False, peepholes=True, longest_lag=20),
    CTRNN(time_constants=(2.0, 20.0)),
    CTRNN("jaeger", "sigmoid", (2.0, 20.0), step=0.4),
    CTRNN("beer", "relu", 5.0, integrator="euler", linear=True),
    CTRNN("jaeger", "identity", 5.0, integrator="euler", step=0.5),
    CTRNN("beer", "tanh", (2.0, 20.0), integrator="heun", step=0.5, linear=True),
    CTRNN("jaeger", "relu", 5.0, integrator="heun"),
    CTRNN("beer", "sigmoid", (2.0, 20.0), integrator="rk4", step=0.6),
    CTRNN("jaeger", "tanh", (2.0, 20.0), integrator="rk4", linear=True),
    CTRNN("beer", "identity", 5.0, step=0.3, linear=True),
    *(MTRNN(((5, 1.0), (3, 6.0)), activation=f) for f in ("tanh", "sigmoid", "relu", "identity")),
    MTRNN(((3, 1.5), (4, 3.0), (2, 20.0)), links=[[1, 1, 0], [0, 1, 1], [1, 0, 1]]),
]
VARIANTS += [cell() for cell in CELLS.values() if not any(type(v) is cell for v in VARIANTS)]
every_variant = pytest.mark.parametrize("cell", VARIANTS, ids=repr)
SMALL = {"tanh": 1.0, "sigmoid": 1.0, "relu": 0.5, "identity": 0.5}


class Case:
    """A cell with random parameters, inputs, states and errors, and a teacher if it takes one."""

    def __init__(self, cell, seed, dtype=np.float64, n_steps=None):
        rng = np.random.default_rng(seed)
        self.cell, self.seed, self.dtype = cell, seed, dtype
        self.n_inputs, self.n_units, self.n_outputs = rng.integers(1, [4, 20, 4])
        if isinstance(cell, CTRNN):  # intervals stand behind the features
            self.n_inputs = 1 + self.n_inputs * (1 + cell.linear)
        if isinstance(cell, MTRNN):
            self.n_units = sum(n for n, _ in cell.groups)
        self.n_steps = n_steps or int(rng.integers(1, 7))
        self.n_batch = int(rng.integers(1, 10))
        p = cell.init(int(self.n_inputs), int(self.n_units), int(self.n_outputs), rng)
        vector = flat(p, np.float64)
        vector += rng.normal(0, 0.3, vector.size)
        vector *= SMALL[getattr(cell, "activation", "tanh")]
        self.p = views(p, vector.astype(dtype))
        self.n_state = cell.n_state(int(self.n_units), int(self.n_outputs))
        self.read = cell.read(int(self.n_units), int(self.n_outputs))
        shape = (self.n_steps, self.n_batch)
        self.x = rng.normal(size=(*shape, self.n_inputs)).astype(dtype)
        if isinstance(cell, CTRNN):
            self.x[:, :, cell.n_features(self.n_inputs)] = rng.uniform(0.2, 1.5, shape)
        self.begin = rng.normal(0, 0.5, (self.n_batch, self.n_state)).astype(dtype)
        n_read = self.read.stop - self.read.start
        self.errors = rng.normal(size=(*shape, n_read)).astype(dtype)
        self.forcing = no_forcing(dtype)
        if cell.feeds_back:
            teacher = rng.normal(size=(*shape, n_read)).astype(dtype)
            share = rng.choice([0, 0.3, 1], shape).astype(dtype)
            self.forcing = Forcing(teacher, share, self.read.start)

    def run(self, p, x, begin):
        kept = self.cell.project(p, x.reshape(-1, self.n_inputs))
        kept = np.ascontiguousarray(kept).reshape(self.n_steps, self.n_batch, -1)
        states = np.empty((self.n_steps + 1, self.n_batch, self.n_state), self.dtype)
        states[0] = begin
        self.cell.run(self.cell.arrange(p), kept, states, self.forcing)
        return kept, states

    def loss(self, p, x, begin):
        return float(np.sum(self.run(p, x, begin)[1][1:, :, self.read] * self.errors))

    def gradients(self):
        """Return those in the parameters, the inputs and the initial state."""
        kept, states = self.run(self.p, self.x, self.begin)
        end = np.zeros((2, self.n_batch, self.n_state), self.dtype)
        self.cell.run_back(
            self.cell.arrange(self.p), kept, states, self.forcing, self.errors, self.read.start, end
        )
        n_rows = self.n_steps * self.n_batch
        before = states[:-1].copy()
        if self.cell.feeds_back:
            fed = before[:, :, self.read]
            fed += self.forcing.share[:, :, None] * (self.forcing.teacher - fed)
        kept = kept.reshape(n_rows, -1)
        x = self.x.reshape(n_rows, -1)
        before, after = before.reshape(n_rows, -1), states[1:].reshape(n_rows, -1)
        found = self.cell.gradients(self.p, x, before, after, kept)
        return (
            flat(found, self.dtype),
            self.cell.input_errors(self.p, kept).reshape(self.x.shape),
            end[self.n_steps % 2],
        )


def differences(f, x, step=1e-6):
    """Return the gradient of f at x by central differences."""
    result = np.empty(x.shape)
    for index in np.ndindex(*x.shape):
        plus, minus = x.copy(), x.copy()
        plus[index] += step
        minus[index] -= step
        result[index] = (f(plus) - f(minus)) / (2 * step)
    return result


@every_variant
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_states_are_those_of_the_equations(cell, dtype, tolerance):
    for seed in range(6):
        case = Case(cell, seed, dtype)
        _, states = case.run(case.p, case.x, case.begin)
        for b in range(case.n_batch):
            teacher = None
            if cell.feeds_back:
                teacher = case.forcing.teacher[:, b], case.forcing.share[:, b]
            expected = TWINS[cell.name](cell, case.p, case.x[:, b], case.begin[b], teacher)
            np.testing.assert_allclose(states[1:, b], expected, rtol=tolerance, atol=tolerance)


def in_double(single):
    """Return the same case in double precision."""
    double = Case(single.cell, single.seed)
    double.p = views(double.p, flat(single.p, np.float64))
    for name in ("x", "begin", "errors"):
        setattr(double, name, getattr(single, name).astype(float))
    if single.cell.feeds_back:
        forcing = single.forcing
        double.forcing = Forcing(
            forcing.teacher.astype(float), forcing.share.astype(float), forcing.column
        )
    return double


@every_variant
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-6), (np.float32, 1e-4)])
def test_gradients_are_those_of_finite_differences(cell, seed, dtype, tolerance):
    case = Case(cell, 100 + seed, dtype)
    parameters, inputs, begin = case.gradients()
    case = in_double(case)
    vector = flat(case.p, np.float64)
    by_parameter = differences(lambda v: case.loss(views(case.p, v), case.x, case.begin), vector)
    if isinstance(cell, Leaky) and not cell.learn_leak:
        by_parameter[-case.n_units :] = 0
    if isinstance(cell, MTRNN):  # links that are not allowed
        by_parameter[flat(cell.allowed(case.p), np.float64) == 0] = 0
    assert_close = partial(np.testing.assert_allclose, rtol=10 * tolerance)
    assert_close(parameters, by_parameter, atol=tolerance * max(1, abs(by_parameter).max()))
    by_input = differences(lambda x: case.loss(case.p, x, case.begin), case.x)
    if isinstance(cell, CTRNN):  # intervals are not learned
        by_input[:, :, cell.n_features(case.n_inputs)] = 0
    assert_close(inputs, by_input, atol=tolerance * max(1, abs(by_input).max()))
    by_begin = differences(lambda s: case.loss(case.p, case.x, s), case.begin)
    assert_close(begin, by_begin, atol=tolerance * max(1, abs(by_begin).max()))


@every_variant
def test_gradients_in_states_are_those_of_finite_differences(cell):
    case = Case(cell, 200, n_steps=5)
    weights, first = cell.arrange(case.p), case.read.start
    kept, states = case.run(case.p, case.x, case.begin)
    whole, ends, step_by_step = kept.copy(), *np.zeros((2, 2, *case.begin.shape))
    cell.run_back(weights, whole, states, case.forcing, case.errors, first, ends)
    found = state_gradients(
        cell, weights, kept, states, case.forcing, case.errors, first, step_by_step
    )
    np.testing.assert_allclose(kept, whole, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(step_by_step[1], ends[1], rtol=1e-12, atol=1e-14)
    rng = np.random.default_rng(0)
    for t, (state, gradient) in enumerate(zip(states, found, strict=True)):
        direction = 1e-6 * rng.normal(size=state.shape)
        plus, minus = (loss_from(case, t, state + s * direction) for s in (1, -1))
        assert plus - minus == pytest.approx(2 * np.sum(direction * gradient), rel=1e-4, abs=1e-12)


def loss_from(case, t, state):
    """Return what is still to come of the loss, by the slow twin, from a state after step t."""
    total = 0.0
    for b, begin in enumerate(state):
        teacher = None
        if case.cell.feeds_back:
            teacher = case.forcing.teacher[t:, b], case.forcing.share[t:, b]
        after = TWINS[case.cell.name](case.cell, case.p, case.x[t:, b], begin, teacher)
        path = np.vstack([begin, after.reshape(-1, len(begin))])
        errors = np.vstack(
            [case.errors[t - 1, b] if t else 0 * case.errors[0, b], case.errors[t:, b]]
        )
        total += float(np.sum(path[:, case.read] * errors))
    return total


@every_variant
def test_gradients_in_single_precision_are_those_in_double(cell):
    for seed in range(4):
        single = Case(cell, seed, np.float32)
        double = in_double(single)
        for found, expected in zip(single.gradients(), double.gradients(), strict=True):
            assert found.dtype == np.float32
            np.testing.assert_allclose(
                found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max()
            )


def test_a_leak_that_is_not_learned_has_no_gradient():
    case = Case(Leaky(learn_leak=False), 0)
    assert (case.gradients()[0][-case.n_units :] == 0).all()
    assert (Case(Leaky(), 0).gradients()[0][-case.n_units :] != 0).any()


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_product_is_the_product_and_each_row_its_own(data):
    n_batch, n, m = (data.draw(st.integers(1, size)) for size in (11, 40, 70))
    first, column = (data.draw(st.integers(0, 5)) for _ in range(2))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    x = rng.normal(size=(n_batch, n + first + 2)).astype(dtype)
    matrix = rng.normal(size=(n, m)).astype(dtype)
    out = rng.normal(size=(n_batch, m + column + 3)).astype(dtype)
    expected = out.astype(float)
    expected[:, column : column + m] += x[:, first : first + n].astype(float) @ matrix
    alone = out.copy()
    add_product(x, first, columns_of(matrix), out, column, m)
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=20 * tolerance)
    for b in range(n_batch):
        add_product(x[b : b + 1], first, columns_of(matrix), alone[b : b + 1], column, m)
    np.testing.assert_array_equal(alone, out)


def test_vanishing_regulariser_and_its_gradient():
    rng = np.random.default_rng(0)
    U = rng.normal(size=(5, 5))
    slopes, errors = rng.uniform(size=(4, 3, 5)), rng.normal(size=(4, 3, 5))
    errors[2, 1] = 0  # where nothing comes back, nothing vanishes

    def omega(U):
        total = 0.0
        for t in range(3):
            for b in range(3):
                e = errors[t + 1, b]
                if e.any():
                    earlier = slopes[t, b] * (U @ e)
                    total += (np.sqrt(earlier @ earlier) / np.sqrt(e @ e) - 1) ** 2
        return total

    found, gradient = vanishing_of(U, slopes, errors)
    assert found == pytest.approx(omega(U))
    expected = differences(omega, U)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)
    tiny = [each.astype(np.float32) for each in (U, slopes, 1e-30 * errors)]  # no square holds it
    found, gradient = vanishing_of(*tiny)
    assert found == pytest.approx(omega(U), rel=1e-5)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("cell", "n_inputs", "message"),
    [
        (MTRNN(((2, 1.0), (1, 2.0))), 1, "n_units must be 3, the units of groups .*, got 4"),
        (MTRNN(((3, 0.5), (1, 2.0))), 1, "time constants of 1 step or more"),
        (MTRNN(((3, 1.0), (1, 2.0)), links=[[1]]), 1, r"links must have shape \(2, 2\)"),
        (CTRNN(integrator="rk5"), 2, "integrator must be one of"),
        (CTRNN(dynamics="hopf"), 2, "dynamics must be one of"),
        (CTRNN(linear=True), 4, "rows must hold features, then the interval, then"),
        (CTRNN(integrator="euler", time_constants=1.0, step=3.0), 2, "step must be at most 2"),
    ],
    ids=repr,
)
def test_wrong_networks_are_named(cell, n_inputs, message):
    with pytest.raises(ValueError, match=message):
        cell.init(n_inputs, 4, 1, np.random.default_rng(0))


@pytest.mark.parametrize("cell", [Elman("swish"), MTRNN(((3, 1.0), (1, 2.0)), activation="swish")])
def test_an_unknown_activation_is_named(cell):
    p = cell.init(1, 4, 1, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"activation must be one of .* got 'swish'"):
        cell.arrange(p)


def test_chrono_biases():
    p = LSTM(longest_lag=1000).init(2, 50, 1, np.random.default_rng(0))
    i, o, g, f = p.bias.reshape(4, 50)
    assert (np.exp(f) >= 1).all()
    assert (np.exp(f) <= 999).all()
    assert np.exp(f).max() > 500
    np.testing.assert_array_equal(i, -f)
    assert not o.any()
    assert not g.any()


def test_cells_compare_and_print_by_their_settings():
    assert LSTM(peepholes=True) == LSTM(peepholes=True) != LSTM()
    assert hash(Elman()) == hash(Elman())
    assert repr(Elman("relu")) == "Elman(activation='relu')"
    assert set(CELLS) <= set(TWINS)
    assert all(issubclass(cell, Cell) for cell in CELLS.values())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LSTM(longest_lag=2), "longest_lag must be at least 3, got 2"),
        (lambda: Leaky(time_scales=(5, 2)), "time_scales must be two numbers of steps"),
        (lambda: Leaky(time_scales=(0.5, 2)), "1 <= first <= last"),
    ],
)
def test_wrong_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make().init(1, 3, 1, np.random.default_rng(0))
