"""Topologies, spectral scaling and input matrices."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence

from reservoir import _spectral, weights
from reservoir.weights import (
    INPUT_KINDS,
    TOPOLOGIES,
    cycle,
    cycle_jumps,
    delay_line,
    input_weights,
    recurrent_weights,
    small_world,
    spectral_radius,
)

SCALABLE = [name for name in TOPOLOGIES if name != "delay_line"]
seeds = st.integers(0, 2**32 - 1)


def as_dense(W):
    return W.toarray() if sparse.issparse(W) else W


def dense_radius(W):
    return np.abs(np.linalg.eigvals(as_dense(W))).max()


def sparse_uniform(n_units, n_links, seed):
    return recurrent_weights(n_units, connectivity=n_links, spectral_radius=None, random_state=seed)


# ---------------------------------------------------------------- spectral radius


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SCALABLE), st.integers(1, 40), st.floats(0.05, 3.0), seeds)
def test_scaled_to_the_radius_asked_for(topology, n_units, radius, seed):
    n_units = max(n_units, {"cycle_jumps": 4, "small_world": 2}.get(topology, 1))
    links = min(4, n_units - (topology == "small_world"))
    W = recurrent_weights(
        n_units,
        topology=topology,
        connectivity=links,
        spectral_radius=radius,
        random_state=seed,
    )
    assert W.shape == (n_units, n_units)
    assert W.dtype == np.float64
    assert dense_radius(W) == pytest.approx(radius, rel=1e-8)
    assert spectral_radius(W) == pytest.approx(radius, rel=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.floats(0.01, 1.0), seeds)
def test_share_of_links_is_exact_even_and_scaled_unless_without_loops(n_units, share, seed):
    W = recurrent_weights(n_units, connectivity=share, spectral_radius=None, random_state=seed)
    links = as_dense(W) != 0
    assert links.sum() == round(share * n_units**2)
    assert np.ptp(links.sum(axis=1)) <= 1
    if np.linalg.matrix_power(links.astype(float), n_units).any():
        W = recurrent_weights(n_units, connectivity=share, random_state=seed)
        assert dense_radius(W) == pytest.approx(0.9, rel=1e-7)
    else:
        assert spectral_radius(W) == 0.0
        with pytest.raises(ValueError, match="spectral radius of this matrix is 0"):
            recurrent_weights(n_units, connectivity=share, random_state=seed)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.floats(0.05, 1.0), seeds)
def test_radius_of_a_nilpotent_matrix_is_exactly_zero(n_units, share, seed):
    rng = np.random.default_rng(seed)
    W = np.tril(rng.normal(size=(n_units, n_units)), -1) * (rng.random((n_units, n_units)) < share)
    order = rng.permutation(n_units)
    assert spectral_radius(W[order][:, order]) == 0.0
    assert spectral_radius(sparse.coo_matrix(W[order][:, order])) == 0.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), seeds)
def test_radius_of_a_reducible_matrix_is_that_of_its_largest_block(sizes, seed):
    rng = np.random.default_rng(seed)
    blocks = [rng.normal(size=(size, size)) for size in sizes]
    n_units = sum(sizes)
    below = np.tril(rng.normal(size=(n_units, n_units)))
    member = np.repeat(np.arange(len(sizes)), sizes)
    W = np.where(member[:, None] == member, sparse.block_diag(blocks).toarray(), below)
    order = rng.permutation(n_units)
    expected = max(dense_radius(block) for block in blocks)
    assert spectral_radius(W[order][:, order]) == pytest.approx(expected, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 12), seeds)
def test_radius_equals_dense_eigenvalues(n_units, n_links, seed):
    W = sparse_uniform(n_units, min(n_links, n_units), seed)
    assert spectral_radius(W) == pytest.approx(dense_radius(W), rel=1e-8)


@pytest.mark.parametrize(("n_units", "n_links"), [(401, 10), (500, 3), (600, 10), (450, 40)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_radius_of_a_large_sparse_matrix_equals_dense_eigenvalues(n_units, n_links, seed):
    W = sparse_uniform(n_units, n_links, seed)
    assert spectral_radius(W) == pytest.approx(dense_radius(W), rel=1e-10)
    assert spectral_radius(W) == spectral_radius(W)


def test_large_sparse_matrix_is_not_solved_densely(monkeypatch):
    monkeypatch.setattr(_spectral, "_dense_radius", lambda block: pytest.fail("solved densely"))
    assert spectral_radius(sparse_uniform(2000, 10, 0)) > 1
    assert spectral_radius(cycle_jumps(5003)) > 1


@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_complex_leading_pair(kind):
    rng = np.random.default_rng(5)
    turn = 3.0 * np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    W = np.zeros((500, 500))
    W[:498, :498] = sparse_uniform(498, 10, 3).toarray()
    W[498:, 498:] = turn
    W[rng.integers(0, 498, 30), 498] = W[498, rng.integers(0, 498, 30)] = 1e-3
    leading = np.linalg.eigvals(W)
    assert abs(leading[np.abs(leading).argmax()].imag) > 1
    W = sparse.csr_array(W) if kind == "sparse" else W
    assert spectral_radius(W) == pytest.approx(np.abs(leading).max(), rel=1e-10)


def test_what_arpack_does_not_converge_on_is_solved_densely(monkeypatch):
    def fail(*args, **kwargs):
        raise ArpackNoConvergence("no convergence", np.empty(0), np.empty(0))

    W = sparse_uniform(500, 5, 0)
    monkeypatch.setattr(_spectral, "eigs", fail)
    assert spectral_radius(W) == pytest.approx(dense_radius(W), rel=1e-12)


def test_all_eigenvalues_of_one_modulus():
    signs = np.random.default_rng(0).choice([-1.0, 1.0], 500)
    assert spectral_radius(sparse.diags_array(signs) @ cycle(500)) == pytest.approx(1, rel=1e-10)
    assert spectral_radius(cycle(5000, 0.7)) == pytest.approx(0.7, rel=1e-12)


@pytest.mark.parametrize(("n_units", "jump_size"), [(500, 10), (1000, 4), (5000, 50)])
def test_radius_of_regular_jumps_is_the_root_of_its_polynomial(n_units, jump_size):
    # Constant over the hubs: x^l = 2 r_j x^(l-1) + r_c^l.
    W = cycle_jumps(n_units, 0.8, 0.3, jump_size)
    polynomial = np.zeros(jump_size + 1)
    polynomial[[0, 1, -1]] = 1.0, -2 * 0.3, -(0.8**jump_size)
    assert spectral_radius(W) == pytest.approx(np.abs(np.roots(polynomial)).max(), rel=1e-9)


@pytest.mark.parametrize("jump_weight", [0.1, 0.5, 5.0])
@pytest.mark.parametrize("jump_size", [3, 20, 200])
def test_radius_of_irregular_jumps_equals_dense_eigenvalues(jump_size, jump_weight):
    W = cycle_jumps(401, 1.0, jump_weight, jump_size)
    assert spectral_radius(W) == pytest.approx(dense_radius(W), rel=1e-9)


@pytest.mark.parametrize("strong", [(0, 0), (0, 250)])
def test_positive_ring_beyond_the_range_of_floats(strong):
    # The leading eigenvector falls by a factor 1000 per unit away from the one strong loop.
    W = cycle(500, 1e-3).tolil()
    W[strong] = W[strong[::-1]] = 1.0
    assert spectral_radius(W) == pytest.approx(1.0, rel=1e-9)


# ---------------------------------------------------------------- topologies


@pytest.mark.parametrize(("n_units", "n_links"), [(1, 1), (2, 1), (50, 1), (50, 7), (300, 10)])
def test_random_has_exactly_that_many_links_into_each_unit(n_units, n_links):
    W = recurrent_weights(n_units, connectivity=n_links, spectral_radius=None, random_state=3)
    assert ((as_dense(W) != 0).sum(axis=1) == n_links).all()
    values = as_dense(W)[as_dense(W) != 0]
    assert np.abs(values).max() <= 1
    if values.size > 300:
        assert values.min() < -0.95
        assert values.max() > 0.95
        assert abs(values.mean()) < 0.1


@pytest.mark.parametrize("connectivity", [30, 31, 1.0])
def test_random_with_all_links_is_dense(connectivity):
    W = recurrent_weights(30, connectivity=connectivity, random_state=0)
    assert isinstance(W, np.ndarray)
    assert W.all()


@pytest.mark.parametrize("radius", [None, 0.0, 0.7])
@pytest.mark.parametrize("topology", ["random", "cycle", "cycle_jumps", "small_world"])
def test_sparse_matrices_are_canonical(topology, radius):
    W = recurrent_weights(100, topology=topology, spectral_radius=radius, random_state=0)
    assert isinstance(W, sparse.csr_array)
    assert W.dtype == np.float64
    assert W.indices.dtype == W.indptr.dtype == np.int32
    assert (W.data != 0).all()
    for row in range(100):
        assert (np.diff(W.indices[W.indptr[row] : W.indptr[row + 1]]) > 0).all()
    assert (W.nnz == 0) == (radius == 0.0)


@pytest.mark.parametrize("n_units", [1, 2, 7])
def test_cycle_and_delay_line_by_hand(n_units):
    expected = np.zeros((n_units, n_units))
    for unit in range(n_units):
        expected[unit, (unit - 1) % n_units] = 0.9
    np.testing.assert_array_equal(cycle(n_units, 0.9).toarray(), expected)
    W = recurrent_weights(n_units, topology="cycle", spectral_radius=0.9)
    np.testing.assert_array_equal(W.toarray(), expected)
    expected[0, n_units - 1] = 0
    np.testing.assert_array_equal(delay_line(n_units, 0.9).toarray(), expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 40), st.data())
def test_cycle_jumps_by_the_rule_of_the_paper(n_units, data):
    jump_size = data.draw(st.integers(2, n_units // 2))
    expected = np.zeros((n_units, n_units))
    for unit in range(n_units):
        expected[unit, (unit - 1) % n_units] = 0.9
    for jump in range(n_units // jump_size):
        a, b = jump * jump_size, (jump + 1) * jump_size % n_units
        expected[a, b] = expected[b, a] = 0.4
    W = cycle_jumps(n_units, 0.9, 0.4, jump_size)
    np.testing.assert_array_equal(W.toarray(), expected)


def test_cycle_jumps_keeps_the_ratio_of_its_weights():
    W = recurrent_weights(100, topology="cycle_jumps", spectral_radius=0.5)
    ring = W[1, 0]
    np.testing.assert_allclose(W.toarray(), cycle_jumps(100).toarray() * ring, rtol=1e-14)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 30), st.data(), seeds)
def test_small_world_keeps_the_links_into_each_unit(n_units, data, seed):
    n_links = data.draw(st.integers(1, n_units - 1))
    rewiring = data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    links = small_world(n_units, n_links, rewiring, seed).toarray() != 0
    assert (links.sum(axis=1) == n_links).all()
    assert not links.diagonal().any()
    before, after = (n_links + 1) // 2, n_links // 2
    near = np.zeros_like(links)
    for unit in range(n_units):
        for step in [*range(-before, 0), *range(1, after + 1)]:
            near[unit, (unit + step) % n_units] = True
    if rewiring == 0.0:
        np.testing.assert_array_equal(links, near)
    elif rewiring == 1.0:
        moved = min(n_links, n_units - 1 - n_links)
        assert ((links & ~near).sum(axis=1) == moved).all()


def test_small_world_rewires_a_tenth_by_default():
    links = recurrent_weights(400, topology="small_world", random_state=0).toarray() != 0
    ring = small_world(400, 10, 0.0).toarray() != 0
    assert (links & ~ring).sum() / 4000 == pytest.approx(0.1, abs=0.02)
    shared = recurrent_weights(400, topology="small_world", connectivity=0.025, random_state=0)
    np.testing.assert_array_equal(shared.toarray() != 0, links)


@pytest.mark.parametrize("n_units", [1, 2, 30])
def test_orthogonal_is_orthogonal(n_units):
    W = recurrent_weights(n_units, topology="orthogonal", spectral_radius=0.5, random_state=0)
    np.testing.assert_allclose(W.T @ W, 0.25 * np.eye(n_units), atol=1e-14)


def test_orthogonal_is_haar():
    # Without the sign correction of R, the trace of Q is far from mean 0 and variance 1.
    trace = [
        np.trace(recurrent_weights(5, topology="orthogonal", spectral_radius=1, random_state=s))
        for s in range(400)
    ]
    assert np.mean(trace) == pytest.approx(0, abs=0.2)
    assert np.var(trace) == pytest.approx(1, abs=0.25)


def test_dense_has_a_radius_near_one_before_scaling():
    W = recurrent_weights(300, topology="dense", spectral_radius=None, random_state=0)
    assert isinstance(W, np.ndarray)
    assert dense_radius(W) == pytest.approx(1, abs=0.15)


def test_delay_line_is_not_scaled():
    with pytest.raises(ValueError, match=r"cannot be scaled to 0\.9; pass spectral_radius=None"):
        recurrent_weights(10, topology="delay_line")
    for radius in (None, 0.0):
        W = recurrent_weights(10, topology="delay_line", spectral_radius=radius)
        np.testing.assert_array_equal(W.toarray(), np.eye(10, k=-1))


# ---------------------------------------------------------------- matrices of one's own

OWN = np.array([[0.0, 2.0, 0.0], [-3.0, 0.0, 0.5], [0.0, 0.0, 7.0]])


@pytest.mark.parametrize(
    "given_matrix",
    [OWN, OWN.tolist(), np.asfortranarray(OWN), pd.DataFrame(OWN), OWN.astype(np.float32)],
)
def test_dense_matrix_comes_back_as_it_is(given_matrix):
    W = recurrent_weights(3, topology=given_matrix, spectral_radius=0.1)
    assert isinstance(W, np.ndarray)
    assert W.dtype == np.float64
    assert W.flags.c_contiguous
    np.testing.assert_array_equal(W, OWN)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dia"])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_matrix_comes_back_as_it_is(make, form):
    W = recurrent_weights(3, topology=make(OWN).asformat(form), spectral_radius=0.1)
    assert isinstance(W, sparse.csr_array)
    assert W.nnz == 4
    np.testing.assert_array_equal(W.toarray(), OWN)


def test_unsorted_and_doubled_entries_are_put_in_order():
    given_matrix = sparse.coo_array(
        ([2.0, 1.0, 3.0, 0.0], ([0, 0, 0, 1], [2, 0, 0, 1])), shape=(3, 3)
    )
    W = recurrent_weights(3, topology=given_matrix)
    np.testing.assert_array_equal(W.indices, [0, 2])
    np.testing.assert_array_equal(W.data, [4.0, 2.0])
    assert given_matrix.nnz == 4


@pytest.mark.parametrize("make", [np.array, sparse.csr_array])
def test_given_matrix_is_copied(make):
    mine = make(OWN)
    W = recurrent_weights(3, topology=mine)
    mine *= 2
    np.testing.assert_array_equal(as_dense(W), OWN)
    W_in = input_weights(3, 3, kind=mine)
    W_in *= 2
    np.testing.assert_array_equal(as_dense(mine), 2 * OWN)


def test_callable_is_scaled():
    def topology(n_units, rng):
        assert isinstance(rng, np.random.Generator)
        return rng.normal(size=(n_units, n_units))

    W = recurrent_weights(20, topology=topology, spectral_radius=0.7, random_state=1)
    same = recurrent_weights(20, topology=topology, spectral_radius=None, random_state=1)
    assert dense_radius(W) == pytest.approx(0.7)
    assert dense_radius(same) > 2
    np.testing.assert_allclose(W / 0.7, same / dense_radius(same), rtol=1e-9)


@pytest.mark.parametrize("block", [[[1.0, -1.0], [1.0, -1.0]], [[0.0, 1.0], [0.0, 0.0]]])
def test_callable_without_eigenvalues_is_not_scaled(block):
    with pytest.raises(ValueError, match="spectral radius of this matrix is 0"):
        recurrent_weights(2, topology=lambda n_units, rng: block)


# ---------------------------------------------------------------- reproducibility


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_same_seed_same_numbers_up_to_the_scale(topology):
    def make(radius, seed):
        return as_dense(
            recurrent_weights(40, topology=topology, spectral_radius=radius, random_state=seed)
        )

    radius = None if topology == "delay_line" else 0.9
    np.testing.assert_array_equal(make(radius, 4), make(radius, np.int64(4)))
    if topology in ("random", "dense", "small_world", "orthogonal"):
        assert not np.array_equal(make(radius, 4), make(radius, 5))
        np.testing.assert_array_equal(
            make(radius, np.random.default_rng(4)), make(radius, np.random.default_rng(4))
        )
        np.testing.assert_array_equal(
            make(radius, np.random.RandomState(4)), make(radius, np.random.RandomState(4))
        )
        assert not np.array_equal(make(radius, None), make(radius, None))
    if radius is not None:
        np.testing.assert_allclose(make(1.8, 4), 2 * make(0.9, 4), rtol=1e-14)
        np.testing.assert_allclose(
            make(None, 4) / dense_radius(make(None, 4)), make(1.0, 4), rtol=1e-9, atol=1e-15
        )


def test_a_generator_or_random_state_moves_on():
    for state in (np.random.default_rng(0), np.random.RandomState(0)):
        first = recurrent_weights(20, random_state=state)
        second = recurrent_weights(20, random_state=state)
        assert not np.array_equal(first.toarray(), second.toarray())


def test_radius_of_a_seed_is_computed_once(monkeypatch):
    computed = []

    def counted(W):
        computed.append(W.shape)
        return dense_radius(W)

    monkeypatch.setattr(weights, "spectral_radius", counted)
    weights._RADII.clear()
    for radius in (0.1, 0.5, 0.9):
        recurrent_weights(30, spectral_radius=radius, random_state=0)
    recurrent_weights(30, spectral_radius=None, random_state=1)
    assert computed == [(30, 30)]
    recurrent_weights(30, random_state=1)
    recurrent_weights(30, connectivity=5, random_state=1)
    recurrent_weights(31, random_state=1)
    recurrent_weights(30, topology="dense", random_state=1)
    recurrent_weights(30, random_state=np.random.default_rng(1))
    assert len(computed) == 6
    weights._RADII.clear()


def test_one_link_is_not_taken_for_all_links():
    for connectivity in (1, 1.0, 1):
        W = recurrent_weights(20, connectivity=connectivity, random_state=0)
        assert dense_radius(W) == pytest.approx(0.9, rel=1e-9)


def test_what_is_remembered_is_bounded():
    for seed in range(300):
        recurrent_weights(2, random_state=seed)
    assert len(weights._RADII) == 256


def test_threads_make_the_same_matrix():
    weights._RADII.clear()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda i: recurrent_weights(450, random_state=i % 3), range(12)))
    for i, W in enumerate(made):
        np.testing.assert_array_equal(W.toarray(), made[i % 3].toarray())
        assert spectral_radius(W) == pytest.approx(0.9, rel=1e-9)


# ---------------------------------------------------------------- input weights


@pytest.mark.parametrize("kind", INPUT_KINDS)
def test_input_weights_scale_exactly_and_do_not_change_the_draw(kind):
    plain = input_weights(50, 3, kind=kind, random_state=0)
    assert plain.shape == (50, 3)
    assert plain.dtype == np.float64
    scaled = input_weights(50, 3, kind=kind, scaling=[0.5, 0.0, -3.0], random_state=0)
    np.testing.assert_array_equal(scaled, plain * [0.5, 0.0, -3.0])
    np.testing.assert_array_equal(
        input_weights(50, 3, kind=kind, scaling=0.1, random_state=0), plain * 0.1
    )
    assert not np.array_equal(plain, input_weights(50, 3, kind=kind, random_state=1))


def test_input_weights_have_their_distribution():
    uniform = input_weights(500, 4, random_state=0)
    assert np.abs(uniform).max() <= 1
    assert uniform.std() == pytest.approx(1 / np.sqrt(3), rel=0.05)
    assert input_weights(500, 4, kind="normal", random_state=0).std() == pytest.approx(1, rel=0.1)
    bernoulli = input_weights(500, 4, kind="bernoulli", random_state=0)
    assert set(bernoulli.ravel()) == {-1.0, 1.0}
    assert abs(bernoulli.mean()) < 0.1


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), seeds)
def test_sparse_input_deals_the_features_out_evenly(n_units, n_features, seed):
    links = input_weights(n_units, n_features, kind="sparse", random_state=seed) != 0
    assert (links.sum(axis=1) == 1).all()
    assert np.ptp(links.sum(axis=0)) <= 1


@pytest.mark.parametrize("make", [np.array, sparse.csr_array, sparse.coo_matrix, pd.DataFrame])
def test_given_input_weights_are_not_scaled(make):
    W_in = input_weights(3, 3, kind=make(OWN), scaling=5.0)
    assert isinstance(W_in, np.ndarray)
    np.testing.assert_array_equal(W_in, OWN)


def test_one_seed_draws_other_numbers_for_the_input():
    W = recurrent_weights(20, connectivity=1.0, spectral_radius=None, random_state=0)
    assert not np.isin(W, input_weights(20, 20, random_state=0)).any()


# ---------------------------------------------------------------- what is refused

COMPLEX = np.eye(3) + 1j
HOLED = np.array([[0.0, np.nan, 0.0], [0.0, 0.0, np.inf], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"topology": "ring"}, "topology must be one of random, dense, cycle, .* got 'ring'"),
        ({"topology": None}, r"must have shape \(3, 3\), got \(\)"),
        ({"topology": np.eye(4)}, r"must have shape \(3, 3\), got \(4, 4\)"),
        ({"topology": np.ones((3, 2))}, r"must have shape \(3, 3\), got \(3, 2\)"),
        ({"topology": COMPLEX}, "real numbers, got dtype complex128"),
        ({"topology": sparse.csr_array(COMPLEX)}, "real numbers, got dtype complex128"),
        ({"topology": np.full((3, 3), "a")}, "real numbers, got dtype <U1"),
        ({"topology": HOLED}, "must be finite, got 2 NaN or infinite"),
        ({"topology": sparse.csc_array(HOLED)}, "must be finite, got 2 NaN or infinite"),
        ({"topology": lambda n_units, rng: np.eye(2)}, "returned by topology must have shape"),
        ({"topology": lambda n_units, rng: COMPLEX}, "returned by topology must hold real"),
        ({"connectivity": 0}, "connectivity must be an int >= 1"),
        ({"connectivity": 0.0}, r"float in \(0, 1\]"),
        ({"connectivity": 1.5}, r"float in \(0, 1\].* got 1.5"),
        ({"connectivity": "many"}, "got 'many'"),
        ({"connectivity": np.nan}, "got nan"),
        ({"connectivity": 1.0, "topology": "small_world"}, "at most 2 links into each"),
        ({"topology": "cycle_jumps"}, "n_units must be at least 4 for a cycle with jumps, got 3"),
        ({"spectral_radius": -0.1}, "spectral_radius must be None or a finite number >= 0"),
        ({"spectral_radius": np.nan}, "got nan"),
        ({"spectral_radius": np.inf}, "got inf"),
        ({"spectral_radius": "big"}, "got 'big'"),
        ({"random_state": -1}, "random_state must be None, an int >= 0"),
        ({"random_state": "seed"}, "got 'seed'"),
    ],
)
def test_recurrent_weights_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        recurrent_weights(3, **{"connectivity": 1, **arguments})


@pytest.mark.parametrize("n_units", [0, -1, 2.0, "3", None])
def test_number_of_units_is_a_positive_int(n_units):
    for make in (recurrent_weights, cycle, delay_line, cycle_jumps, small_world):
        with pytest.raises(ValueError, match="n_units must be an int >= 1, got"):
            make(n_units)
    with pytest.raises(ValueError, match="n_features must be an int >= 1, got"):
        input_weights(3, n_units)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "gaussian"}, "one of uniform, normal, bernoulli, sparse or a matrix"),
        ({"kind": np.ones((2, 4))}, r"must have shape \(4, 2\), got \(2, 4\)"),
        ({"kind": np.full((4, 2), 1j)}, "real numbers"),
        ({"kind": np.full((4, 2), np.nan)}, "must be finite, got 8"),
        ({"scaling": [1.0, 2.0, 3.0]}, r"one for each of the 2 features, got shape \(3,\)"),
        ({"scaling": [[1.0, 2.0]]}, r"got shape \(1, 2\)"),
        ({"scaling": np.nan}, "finite and real, got nan"),
        ({"scaling": 1j}, "finite and real"),
        ({"scaling": "large"}, "finite and real, got 'large'"),
        ({"scaling": None}, "finite and real, got None"),
    ],
)
def test_input_weights_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        input_weights(4, 2, **arguments)


def test_jumps_and_rewiring_out_of_range():
    for jump_size in (1, 6):
        with pytest.raises(ValueError, match=f"from 2 to 5 .* got {jump_size}"):
            cycle_jumps(10, jump_size=jump_size)
    for rewiring in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"rewiring must be in \[0, 1\]"):
            small_world(10, 2, rewiring)


@pytest.mark.parametrize("W", [np.ones((2, 3)), np.ones(3), np.empty((0, 0)), 1.0, COMPLEX, HOLED])
def test_spectral_radius_refuses(W):
    with pytest.raises(ValueError, match="W must"):
        spectral_radius(W)


DRAWS = """
import hashlib
from scipy import sparse
from reservoir.weights import recurrent_weights

for topology, n_units, links in [("random", 150, 10), ("random", 600, 10), ("dense", 300, 10),
                                 ("orthogonal", 300, 10), ("small_world", 200, 6)]:
    W = recurrent_weights(n_units, topology=topology, connectivity=links, random_state=1)
    W = W.toarray() if sparse.issparse(W) else W
    print(topology, n_units, hashlib.sha256(W.tobytes()).hexdigest())
"""


def test_threads_change_no_bit_of_a_draw():
    found = [
        subprocess.run(
            [sys.executable, "-c", DRAWS], capture_output=True, text=True, check=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": n, "OMP_NUM_THREADS": n},
        ).stdout
        for n in ("1", "2")
    ]  # fmt: skip
    assert found[0] == found[1]
