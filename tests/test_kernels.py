from threading import BrokenBarrierError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy import sparse

from reservoir.kernels import _harvest, _lockstep, _team, _vectors
from reservoir.kernels._harvest import LinearLoop, as_kernel_matrix, harvest, run_closed_loop
from tests import naive


def network(rng, n_units, n_inputs, density):
    W = rng.uniform(-1, 1, (n_units, n_units)) * (rng.uniform(size=(n_units, n_units)) < density)
    return {
        "W": W * 0.9 / max(1.0, np.abs(W).sum(axis=1).max()),
        "W_in": rng.normal(size=(n_units, n_inputs)),
        "b": rng.uniform(-0.5, 0.5, n_units),
        "a": rng.uniform(0.05, 1, n_units),
    }


@pytest.mark.parametrize("activation", ["tanh", "identity", "relu", "sigmoid"])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-5)])
def test_harvest_equals_its_slow_twin(activation, layout, dtype, tolerance):
    rng = np.random.default_rng(0)
    net = network(rng, 7, 2, 0.5)
    inputs = rng.normal(size=(20, 2))
    state = rng.uniform(-1, 1, 7)
    states = harvest(
        as_kernel_matrix(layout(net["W"]), dtype),
        (inputs @ net["W_in"].T + net["b"]).astype(dtype),
        state.astype(dtype),
        net["a"].astype(dtype),
        activation,
    )
    assert states.dtype == dtype
    expected = naive.leaky_states(
        net["W"], net["W_in"], net["b"], net["a"], activation, inputs, state=state
    )
    np.testing.assert_allclose(states, expected, atol=tolerance)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 12), st.integers(0, 2**31))
def test_splitting_a_run_changes_nothing(n_units, n_steps, cut, seed):
    rng = np.random.default_rng(seed)
    net = network(rng, n_units, 1, 0.7)
    W = as_kernel_matrix(sparse.csr_array(net["W"]), float)
    drive, state = rng.normal(size=(n_steps, n_units)), np.zeros(n_units)
    whole = harvest(W, drive, state, net["a"], "tanh")
    cut = min(cut, n_steps)
    first = harvest(W, drive[:cut], state, net["a"], "tanh")
    middle = first[-1] if cut else state
    rest = harvest(W, drive[cut:], middle, net["a"], "tanh")
    np.testing.assert_array_equal(np.vstack([first, rest]), whole)
    np.testing.assert_array_equal(state, 0)


def test_noise_is_added_to_the_state_and_recurs():
    drive, noise = np.zeros((2, 1)), np.array([[0.5], [0.25]])
    W = as_kernel_matrix(np.array([[0.5]]), float)
    states = harvest(W, drive, np.zeros(1), np.ones(1), "identity", noise)
    np.testing.assert_allclose(states, [[0.5], [0.5]])


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_closed_loop_equals_its_slow_twin(layout):
    rng = np.random.default_rng(1)
    net = network(rng, 6, 2, 0.6)
    W_fb, C = rng.normal(size=(6, 2)), 0.3 * rng.normal(size=(2, 8))
    c, inputs = rng.normal(size=2), rng.normal(size=(15, 2))
    state, output = rng.uniform(-1, 1, 6), rng.normal(size=2)
    loop = LinearLoop(
        W_fb.T.copy(), np.ascontiguousarray(C[:, :6]), np.zeros((2, 2)), inputs @ C[:, 6:].T + c
    )
    drive = inputs @ net["W_in"].T + net["b"]
    outputs, _ = run_closed_loop(
        as_kernel_matrix(layout(net["W"]), float), drive, state, output, net["a"], "tanh", loop
    )
    layers = [(net["W"], net["W_in"], net["b"], net["a"])]
    expected = naive.closed_loop(layers, "tanh", W_fb, lambda z: C @ z + c, inputs, state, output)
    np.testing.assert_allclose(outputs, expected, atol=1e-12)


@pytest.mark.parametrize("n_units", [95, 128])  # the last of the groups of rows is not full
@pytest.mark.parametrize("n_steps", [1, 40, 41])
def test_threads_that_share_a_closed_loop_change_no_bit(n_units, n_steps, monkeypatch):
    monkeypatch.setattr(_harvest, "LINKS_A_STEP", 1)
    monkeypatch.setattr(_harvest, "LINKS_A_RUN", 0)
    rng = np.random.default_rng(n_steps)
    W = as_kernel_matrix(rng.normal(size=(n_units, n_units)) / 8, np.float64)
    loop = LinearLoop(*(rng.normal(size=shape) / 8 for shape in [(2, n_units)] * 2 + [(2, 2)]),
                      rng.normal(size=(n_steps, 2)))  # fmt: skip
    beginning = rng.normal(size=(1, n_units)), rng.normal(size=n_units), rng.normal(size=2)
    found = []
    for n_threads in (1, 2, 3):  # the third has no core of its own on a small machine
        monkeypatch.setattr(_team, "n_threads", lambda n=n_threads: n)
        found.append(run_closed_loop(W, *beginning, np.full(n_units, 0.7), "tanh", loop))
    for outputs, state in found[1:]:
        np.testing.assert_array_equal(outputs, found[0][0])
        np.testing.assert_array_equal(state, found[0][1])


def test_a_team_that_cannot_be_complete_does_not_begin(monkeypatch):
    started = []

    class OneThread(_team.ThreadPoolExecutor):
        def submit(self, *task):
            if started:
                raise RuntimeError("can't start new thread")
            started.append(super().submit(*task))
            return started[0]

    monkeypatch.setattr(_team, "ThreadPoolExecutor", OneThread)
    with pytest.raises(RuntimeError, match="can't start"):
        _team.run_team(lambda member: pytest.fail("it has begun"), 2)
    assert isinstance(started[0].exception(), BrokenBarrierError)


@pytest.mark.parametrize("activation", ["tanh", "identity", "relu", "sigmoid"])
def test_nan_is_never_hidden(activation):
    drive = np.array([[np.nan], [0.0]])
    states = harvest(as_kernel_matrix(np.eye(1), float), drive, np.zeros(1), np.ones(1), activation)
    assert np.isnan(states).all()


def test_read_only_arrays_are_accepted():
    W, state, leak = 0.5 * np.eye(2), np.ones(2), np.ones(2)
    for array in (W, state):
        array.flags.writeable = False
    states = harvest(as_kernel_matrix(W, float), np.zeros((2, 2)), state, leak, "identity")
    np.testing.assert_array_equal(states, [[0.5, 0.5], [0.25, 0.25]])
    np.testing.assert_array_equal(state, 1)


def test_the_product_is_for_kernels_only():
    with pytest.raises(TypeError, match="only for use inside kernels"):
        _harvest.add_recurrent(np.eye(1), np.ones(1), np.ones(1), 0, 1, False)


class TestPanels:
    """The intrinsics that `_lockstep` and `_harvest` are made of, one by one."""

    @pytest.fixture(params=["float64", "float32"])
    def dtype(self, request):
        return request.param

    @staticmethod
    def panel(n_rows, dtype, seed=0):
        lanes = _vectors.PANEL_BYTES // np.dtype(dtype).itemsize
        return np.random.default_rng(seed).normal(size=(n_rows, lanes)).astype(dtype)

    @pytest.mark.parametrize("density", [0.0, 0.1, 0.6, 1.0])
    @pytest.mark.parametrize("n_units", [1, 2, 13])
    def test_a_sparse_product_is_added(self, n_units, density, dtype):
        rng = np.random.default_rng(1)
        W = sparse.random_array((n_units, n_units), density=density, rng=rng).tocsr()
        net = _lockstep.make_network(
            W, np.zeros((n_units, 0)), np.zeros(n_units), np.ones(n_units, dtype), "tanh"
        )
        n_rows = n_units + n_units % _vectors.ROWS_AT_ONCE
        x, z = self.panel(n_rows, dtype), self.panel(n_rows, dtype, 2)
        expected = z.copy()
        expected[:n_units] += W.toarray() @ x[:n_units]
        add_product(net.recurrent_weights, x, z)
        np.testing.assert_allclose(z, expected, rtol=0, atol=1e-5 if dtype == "float32" else 1e-13)

    @pytest.mark.parametrize("n_columns", [1, 2, 255, 256, 257, 600])
    @pytest.mark.parametrize("n_rows", [1, 2, 5, 8])
    def test_a_dense_product_is_added_block_by_block(self, n_rows, n_columns, dtype):
        W = np.random.default_rng(1).normal(size=(n_rows, n_columns)).astype(dtype)
        x = self.panel(n_columns, dtype)
        z = self.panel(n_rows + n_rows % _vectors.ROWS_AT_ONCE, dtype, 2)
        expected = z.copy()
        expected[:n_rows] += W @ x
        add_product(_lockstep._packed(W, dtype), x, z)
        np.testing.assert_allclose(z, expected, rtol=0, atol=1e-4 if dtype == "float32" else 1e-12)

    @pytest.mark.parametrize("unit", [0, 3])
    @pytest.mark.parametrize("column", [0, 1, 6])
    def test_a_tile_is_written_where_it_belongs_and_nowhere_else(self, unit, column, dtype):
        x = self.panel(unit + _vectors.TILE, dtype)
        lanes = x.shape[1]
        rows = np.random.default_rng(3).permutation(2 * lanes)[:lanes]
        out = np.full((2 * lanes, column + _vectors.TILE + 1), 7, dtype)
        expected = out.copy()
        expected[rows, column : column + _vectors.TILE] = x[unit : unit + _vectors.TILE].T
        store(x, unit, out, column, rows)
        np.testing.assert_array_equal(out, expected)

    @pytest.mark.parametrize("n_links", [[0], [3], [0, 0, 0], [5, 0, 1], [40, *range(16), 0, 0]])
    def test_rows_of_very_different_lengths_in_groups(self, n_links, dtype):
        rng, n = np.random.default_rng(4), len(n_links)
        n_columns = max(n, max(n_links))
        W = np.zeros((n, n_columns))
        for row, k in zip(W, n_links, strict=True):
            row[rng.permutation(n_columns)[:k]] = rng.normal(size=k)
        x, out = rng.normal(size=n_columns).astype(dtype), np.full(n, 7, dtype)
        add_recurrent(_harvest.as_kernel_matrix(sparse.csr_array(W), dtype), x, out)
        np.testing.assert_allclose(
            out, 7 + W @ x, rtol=0, atol=1e-5 if dtype == "float32" else 1e-13
        )


@njit
def add_product(weights, x, z):
    _lockstep.add_panel_product(weights, x, z)


@njit
def store(x, unit, out, column, rows):
    _vectors.store_tile(x, unit, out, column, rows)


@njit
def add_recurrent(weights, x, out):
    _harvest.add_recurrent(weights, x, out, 0, out.shape[0], True)
