import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from reservoir.kernels import _harvest
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
        W_fb, np.ascontiguousarray(C[:, :6]), np.zeros((2, 2)), inputs @ C[:, 6:].T + c
    )
    drive = inputs @ net["W_in"].T + net["b"]
    outputs, _ = run_closed_loop(
        as_kernel_matrix(layout(net["W"]), float), drive, state, output, net["a"], "tanh", loop
    )
    layers = [(net["W"], net["W_in"], net["b"], net["a"])]
    expected = naive.closed_loop(layers, "tanh", W_fb, lambda z: C @ z + c, inputs, state, output)
    np.testing.assert_allclose(outputs, expected, atol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "identity", "relu", "sigmoid"])
def test_nan_is_never_hidden(activation):
    drive = np.array([[np.nan], [0.0]])
    states = harvest(np.eye(1), drive, np.zeros(1), np.ones(1), activation)
    assert np.isnan(states).all()


def test_read_only_arrays_are_accepted():
    W = np.eye(2)
    W.flags.writeable = False
    assert as_kernel_matrix(W, float).flags.writeable


def test_an_unwritable_cache_is_no_error(monkeypatch):
    from reservoir.kernels import _jit

    real = _jit.numba.njit

    def refusing(*args, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(*args, **options)

    monkeypatch.setattr(_jit.numba, "njit", refusing)
    assert _jit.jit(lambda x: x + 1)(1) == 2


def test_the_product_is_for_kernels_only():
    with pytest.raises(TypeError, match="only for use inside kernels"):
        _harvest._recurrent_product(np.eye(1), np.ones(1), np.ones(1))
