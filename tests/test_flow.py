"""The kernels of continuous networks: against the equations, scipy and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.integrate import RK45, solve_ivp

from reservoir.kernels import _adaptive
from reservoir.kernels._adaptive import harvest_adaptive, solve
from reservoir.kernels._flow import TABLEAUS, aim, harvest_flow, make_flow
from reservoir.kernels._lockstep import cut, harvest_together, whole
from tests.naive import flow_states

ORDERS = {"euler": 1, "exponential_euler": 1, "heun": 2, "rk4": 4}


class Case:
    """A continuous network, rows of inputs in sequences, and where these begin."""

    def __init__(self, seed, *, dense=False, dtype=np.float64, lengths=(5, 30, 1, 17), **settings):
        rng = np.random.default_rng(seed)
        self.n = n = int(rng.integers(2, 40))
        self.W = rng.normal(size=(n, n)) / np.sqrt(n)
        matrix = self.W if dense else np.where(rng.uniform(size=(n, n)) < 0.4, self.W, 0)
        self.W = matrix.astype(dtype).astype(float)
        self.W_in, self.bias = rng.normal(size=(n, 2)).astype(dtype), rng.uniform(-1, 1, n)
        self.bias = self.bias.astype(dtype)
        self.tau = np.geomspace(1.2, 20, n)
        self.u = rng.normal(size=(sum(lengths), 2)).astype(dtype)
        self.dt = rng.uniform(0.1, 1.5, sum(lengths)).astype(dtype)
        self.bounds = np.r_[0, np.cumsum(lengths)]
        self.pieces = list(zip(self.bounds[:-1], self.bounds[1:], strict=True))
        self.begin = rng.normal(size=(len(lengths), n)).astype(dtype)
        self.settings = {
            "is_beer": True, "integrator": "exponential_euler", "step": None, "linear": False,
            **settings,
        }  # fmt: skip
        self.network = make_flow(
            sparse.csr_array(matrix.astype(dtype)) if not dense else matrix.astype(dtype),
            self.W_in, self.bias, self.tau, "tanh", interval=1.0, **self.settings,
        )  # fmt: skip
        self.rows = np.hstack([self.u, self.dt[:, None]])
        if self.settings["linear"]:
            before = np.vstack([np.zeros(2), self.u[:-1]])
            before[self.bounds[:-1]] = 0
            self.rows = np.hstack([self.rows, before]).astype(dtype)

    def alone(self):
        return np.vstack(
            [
                harvest_flow(self.network, self.rows[a:b], x)
                for (a, b), x in zip(self.pieces, self.begin, strict=True)
            ]
        )

    def twin(self):
        chosen = self.settings
        return np.vstack(
            [
                flow_states(
                    self.W, self.W_in, self.bias, self.tau, self.u[a:b], self.dt[a:b], x,
                    dynamics="beer" if chosen["is_beer"] else "jaeger",
                    integrator=chosen["integrator"], step=chosen["step"],
                    previous=np.zeros(2) if chosen["linear"] else None,
                )
                for (a, b), x in zip(self.pieces, self.begin, strict=True)
            ]
        )  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("is_beer", [False, True])
@pytest.mark.parametrize("integrator", TABLEAUS)
def test_states_are_those_of_the_equations(integrator, is_beer, linear, dtype):
    for seed, step in enumerate((None, 0.4)):
        case = Case(
            seed, dense=dtype == np.float32, dtype=dtype, integrator=integrator, is_beer=is_beer,
            linear=linear, step=step,
        )  # fmt: skip
        found = case.alone()
        np.testing.assert_allclose(found, case.twin(), atol=1e-12 if dtype == np.float64 else 1e-4)
        out, ends = np.empty_like(found), case.begin.copy()
        failed = harvest_together(
            case.network, case.rows, [whole(case.pieces)], ends, out, 0, lambda: True
        )
        assert len(failed) == 0
        np.testing.assert_array_equal(out, found)  # side by side, to the last bit
        np.testing.assert_array_equal(ends, found[case.bounds[1:] - 1])


def test_a_long_series_in_parts_has_the_states_of_one_run():
    case = Case(3, lengths=(6000,), is_beer=False)
    case.network = make_flow(
        0.3 * case.W, case.W_in, case.bias, np.full(case.n, 3.0), "tanh", interval=1.0,
        **case.settings,
    )  # fmt: skip
    out, ends = np.empty((6000, case.n)), case.begin.copy()
    way = cut(case.pieces, case.network.lanes)
    assert len(way.start) > 1
    assert len(harvest_together(case.network, case.rows, [way], ends, out, 0, lambda: True)) == 0
    np.testing.assert_allclose(out, case.alone(), atol=1e-10)


@pytest.mark.parametrize("integrator", TABLEAUS)
def test_rows_aimed_at_later_moments_are_as_if_run_there(integrator):
    case = Case(4, integrator=integrator, step=0.5)
    states = np.random.default_rng(0).normal(size=(len(case.u), case.n))
    found = aim(case.network, case.u, states, case.dt)
    for i in range(len(states)):
        one = harvest_flow(case.network, case.rows[i : i + 1], states[i])
        np.testing.assert_array_equal(found[i : i + 1], one)


def right_hand_side(case, u):
    W, W_in, b, tau = case.W, case.W_in, case.bias, case.tau
    if case.settings["is_beer"]:
        return lambda t, x: (W @ np.tanh(x + b) + W_in @ u(t) - x) / tau
    return lambda t, x: (np.tanh(W @ x + W_in @ u(t) + b) - x) / tau


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("is_beer", [False, True])
@pytest.mark.parametrize(("integrator", "order"), ORDERS.items())
def test_order_of_convergence(integrator, order, is_beer, linear):
    """Each halving of the step divides the error by two to the order, within 0.1 of it."""
    case = Case(5, lengths=(1,), integrator=integrator, is_beer=is_beer, linear=linear)
    case.dt[:] = case.rows[:, 2] = 4.0

    def u(t):
        return case.u[0] * (t / 4.0 if linear else 1.0)

    exact = solve_ivp(
        right_hand_side(case, u), (0, 4.0), case.begin[0], method="DOP853", rtol=1e-13, atol=1e-14
    ).y[:, -1]
    errors = []
    steps = {1: [0.01, 0.005, 0.0025], 2: [0.04, 0.02, 0.01], 4: [0.2, 0.1, 0.05]}[order]
    for step in steps:
        case.settings["step"] = step
        network = make_flow(
            case.W, case.W_in, case.bias, case.tau, "tanh", interval=1.0, **case.settings
        )
        found = harvest_flow(network, case.rows, case.begin[0])[-1]
        errors.append(np.linalg.norm(found - exact))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, order, atol=0.1)


def test_exponential_euler_is_exact_for_what_decays():
    case = Case(6, lengths=(3,), integrator="exponential_euler")
    network = make_flow(
        np.zeros((case.n, case.n)), case.W_in, case.bias, case.tau, "tanh", interval=1.0,
        **case.settings,
    )  # fmt: skip
    found = harvest_flow(network, case.rows, case.begin[0])
    x = case.begin[0]
    for u, dt, state in zip(case.u, case.dt, found, strict=True):
        end = case.W_in @ u
        x = end + (x - end) * np.exp(-dt / case.tau)
        np.testing.assert_allclose(state, x, rtol=1e-13, atol=1e-14)


def test_coefficients_of_the_pair_are_those_of_scipy():
    np.testing.assert_array_equal(_adaptive.A[:6, :5], RK45.A)
    np.testing.assert_array_equal(_adaptive.A[6], RK45.B)
    np.testing.assert_array_equal(_adaptive.ERROR, RK45.E)
    np.testing.assert_array_equal(_adaptive.DENSE, RK45.P)


@pytest.mark.parametrize("is_beer", [False, True])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-7, 1e-10])
def test_the_pair_agrees_with_scipy_to_the_tolerance_asked(is_beer, tolerance):
    case = Case(7, integrator="dormand_prince", is_beer=is_beer)
    moments = np.sort(np.random.default_rng(1).uniform(0.01, 30, 60))
    found, done = solve(case.network, case.u[0], case.begin[0], moments, tolerance, tolerance / 10)
    assert done
    run = right_hand_side(case, lambda t: case.u[0])
    options = {"t_eval": moments, "rtol": tolerance, "atol": tolerance / 10}
    same = solve_ivp(run, (0, moments[-1]), case.begin[0], **options).y.T
    exact = solve_ivp(
        run, (0, moments[-1]), case.begin[0], method="DOP853", t_eval=moments, rtol=1e-13,
        atol=1e-14,
    ).y.T  # fmt: skip
    np.testing.assert_allclose(found, same, atol=1e-3 * tolerance)  # the same steps
    assert abs(found - exact).max() < 20 * tolerance * max(1, abs(exact).max())


@pytest.mark.parametrize("linear", [False, True])
def test_the_pair_from_row_to_row(linear):
    case = Case(8, integrator="dormand_prince", linear=linear, lengths=(25,))
    states, stopped = harvest_adaptive(case.network, case.rows, case.begin[0], 1e-9, 1e-10)
    assert stopped == -1
    case.settings |= {"integrator": "rk4", "step": 0.02}
    np.testing.assert_allclose(states, case.twin(), atol=1e-6)


def test_a_stiff_network_is_integrated():
    case = Case(9, integrator="dormand_prince", lengths=(10,))
    network = make_flow(
        case.W, case.W_in, case.bias, np.geomspace(1e-3, 1e3, case.n), "tanh", interval=1.0,
        **case.settings,
    )  # fmt: skip
    case.tau = np.geomspace(1e-3, 1e3, case.n)
    states, stopped = harvest_adaptive(network, case.rows, case.begin[0], 1e-7, 1e-9)
    assert stopped == -1
    x = case.begin[0]
    for u, dt, state in zip(case.u, case.dt, states, strict=True):
        run = right_hand_side(case, lambda t, u=u: u)
        x = solve_ivp(run, (0, dt), x, method="LSODA", rtol=1e-10, atol=1e-12).y[:, -1]
        np.testing.assert_allclose(state, x, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(sorted(TABLEAUS)), st.integers(1, 16))
def test_blocks_do_not_show(seed, integrator, first):
    case = Case(seed, lengths=(17,), integrator=integrator, step=0.7)
    whole_run = case.alone()
    start = harvest_flow(case.network, case.rows[:first], case.begin[0])
    rest = harvest_flow(case.network, case.rows[first:], start[-1])
    np.testing.assert_array_equal(np.vstack([start, rest]), whole_run)
