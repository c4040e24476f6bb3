"""Networks made to part from the sequential loop: what meets is not what stays together."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from reservoir import ESNRegressor, ESNTransformer
from reservoir.kernels import _lockstep
from reservoir.kernels._lockstep import cut, whole

N_ROWS = 8192
STARTS = cut([(0, N_ROWS)], 16).start  # of the parts of one series in double precision


def features_or_none(transformer, X):
    """Return the features, or None where the network diverges."""
    try:
        features, ends = transformer.transform(X, return_state=True)
    except FloatingPointError:
        return None
    last_rows = [part[-1] for part in features] if isinstance(X, list) else features[-1]
    assert_array_equal(ends, last_rows)
    return features


def both_ways(X, monkeypatch, **parameters):
    """Return the features as they come and from the sequential loop."""
    sample = X if isinstance(X, np.ndarray) else X[0]
    transformer = ESNTransformer(include_input=False, random_state=0, **parameters)
    transformer.fit(sample[:3])
    run, calls = _lockstep.harvest_together, []

    def noting(*arguments):
        calls.append(1)
        return run(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(_lockstep, "harvest_together", noting)
        patch.setattr(_lockstep, "plans", lambda *some: [cut(*some), whole(some[0])])
        found = features_or_none(transformer, X)
    with monkeypatch.context() as patch:
        patch.setattr(_lockstep, "plans", lambda *_: [])
        expected = features_or_none(transformer, X)
    assert calls, "lockstep was not tried"
    return found, expected


def assert_same_states(found, expected):
    """To 1e-10 of the state where that is above 1."""
    found, expected = np.vstack(list(found)), np.vstack(list(expected))
    size = np.maximum(1, np.abs(expected).max(axis=1, keepdims=True))
    assert_allclose(found / size, expected / size, rtol=0, atol=1e-10)


def cancelling_pairs(rng, n_pairs, radius):
    """Pairs that hide one another: W² = 0, but of radius `radius` where one of each is saturated.

    Returns
    -------
    W : ndarray of shape (2 * n_pairs, 2 * n_pairs)
    J : ndarray of shape (n_pairs, n_pairs)
    """
    J = rng.normal(size=(n_pairs, n_pairs))
    J *= radius / np.abs(np.linalg.eigvals(J)).max()
    return np.block([[J, -J], [J, -J]]), J


class TestSeams:
    @pytest.mark.parametrize("radius", [0.9, 0.93, 0.95, 0.97, 0.99])
    @pytest.mark.parametrize("n_rows", [300, 400, 500])
    @pytest.mark.parametrize("seed", range(6))
    def test_of_sequences_of_two_parts_where_one_is_lost(self, seed, n_rows, radius, monkeypatch):
        """Sequences that forget at different paces, whose states and ends are those they had."""
        rng = np.random.default_rng(seed)
        scales = [1e-3, *rng.choice([0.1, 1, 3], 15)]
        X = [scale * rng.uniform(-1, 1, (n_rows, 1)) for scale in scales]
        found, expected = both_ways(
            X, monkeypatch, n_units=50, spectral_radius=radius, leak_rate=0.5
        )
        assert_same_states(found, expected)

    @pytest.mark.parametrize("n_rows", [2563, 4001, 6001, 8190])
    @pytest.mark.parametrize("radius", [0.93, 0.95, 0.97])
    def test_of_parts_of_uneven_lengths_that_meet_late(self, radius, n_rows, monkeypatch):
        X = np.random.default_rng(0).uniform(-0.01, 0.01, (n_rows, 1))
        found, expected = both_ways(X, monkeypatch, n_units=60, spectral_radius=radius)
        assert_same_states(found, expected)

    def test_a_part_that_diverges_only_from_where_it_should_begin(self):
        """And beside a unit that does not, so that not all of the difference is unknown."""
        X = np.zeros((N_ROWS, 1))
        X[STARTS[1] - 5] = 1
        transformer = ESNTransformer(
            n_units=2, topology=sparse.csr_array(np.diag([1e10, 0.5])),
            input_weights=np.ones((2, 1)), activation="identity",
        ).fit(X[:2])  # fmt: skip
        with pytest.raises(FloatingPointError, match="diverged"):
            transformer.transform(X)


class TestForgettingForAWhile:
    @pytest.mark.parametrize("radius", [1.5, 3.0, 5.0])
    def test_bursts_that_saturate_and_chaos_between(self, radius, monkeypatch):
        """All that starts meets to the last bit in a burst, and rounding grows after it."""
        rng = np.random.default_rng(0)
        loud = (np.arange(N_ROWS) // 48 % 2 == 0)[:, None]
        X = np.where(
            loud, 300 * rng.choice([-1.0, 1.0], (N_ROWS, 1)), rng.uniform(-0.1, 0.1, (N_ROWS, 1))
        )
        W_in = rng.choice([-1, 1], (100, 1)) * rng.uniform(0.5, 1, (100, 1))
        found, expected = both_ways(
            X, monkeypatch, n_units=100, spectral_radius=radius, input_weights=W_in
        )
        assert_same_states(found, expected)

    def test_chaos_before_all_seams(self, monkeypatch):
        rng = np.random.default_rng(0)
        X = 300 * rng.choice([-1.0, 1.0], (N_ROWS, 1))
        quiet = STARTS[1] - 100
        X[:quiet] = rng.uniform(-0.1, 0.1, (quiet, 1))
        W_in = rng.choice([-1, 1], (100, 1)) * rng.uniform(0.5, 1, (100, 1))
        found, expected = both_ways(
            X, monkeypatch, n_units=100, spectral_radius=3.0, input_weights=W_in
        )
        assert_same_states(found, expected)

    @pytest.mark.parametrize("topology", ["random", "dense"])
    def test_many_sequences_of_a_chaotic_network(self, topology, monkeypatch):
        rng = np.random.default_rng(0)
        X = [rng.uniform(-0.1, 0.1, (int(n), 1)) for n in rng.integers(1, 300, 60)]
        found, expected = both_ways(
            X, monkeypatch, n_units=60, topology=topology, spectral_radius=3.0
        )
        assert_same_states(found, expected)


class TestLinearlyForgetting:
    """Networks that forget where they are linear, and not where some units are saturated."""

    @pytest.mark.parametrize("radius", [2.0, 3.0, 5.0])
    def test_chaos_once_the_hiding_units_are_saturated(self, radius, monkeypatch):
        rng = np.random.default_rng(0)
        W, J = cancelling_pairs(rng, 20, radius)
        X = np.c_[rng.uniform(-0.1, 0.1, (N_ROWS, 20)), np.zeros(N_ROWS)]
        for start in STARTS:  # late in each part, when the states have met
            X[start + 150 : start + 240, -1] = 50
            X[start + 150 : start + 240, :-1] += J.sum(axis=1)
        W_in = np.vstack([np.eye(20, 21), np.eye(20, 21)])
        W_in[20:, -1] = 1
        found, expected = both_ways(X, monkeypatch, n_units=40, topology=W, input_weights=W_in)
        assert_same_states(found, expected)

    @pytest.mark.parametrize("lead", [2, 7, 12])
    def test_a_unit_that_falls_to_either_side(self, lead, monkeypatch):
        W = np.array([[2.0, 4.5], [-1.0, -2.0]])
        assert np.abs(np.linalg.eigvals(W)).max() < 0.71
        start = STARTS[7]
        X = np.zeros((N_ROWS, 2))
        X[start - lead] = 1
        X[start + 93, 1] = 50  # the second unit at 1: the first is tanh(2 x) from then on
        X[start + 94 : start + 198] = [-4.5, 50]
        found, expected = both_ways(X, monkeypatch, n_units=2, topology=W, input_weights=np.eye(2))
        assert_same_states(found, expected)


def draw_matrix(rng, n):
    W = rng.normal(size=(n, n))
    kind = rng.integers(5)
    if kind == 0:  # far from normal
        return np.triu(W * rng.choice([1, 3, 10]), 1) + np.diag(rng.uniform(-1, 1, n))
    if kind == 1:  # several fixed points
        return np.diag(rng.uniform(0, 2.5, n)) + 0.2 * W / np.sqrt(n)
    if kind == 2:
        return np.eye(n)[rng.permutation(n)] * rng.uniform(0.5, 1.3, n)
    if kind == 3:
        return np.outer(W[0], W[-1]) * rng.uniform(0.2, 3) / n
    W *= rng.uniform(size=(n, n)) < 0.4
    return W * rng.uniform(0.3, 3) / max(1e-3, np.abs(np.linalg.eigvals(W)).max())


def draw_signal(rng, n_rows, n_inputs):
    X = rng.normal(size=(n_rows, n_inputs))
    loud = (np.arange(n_rows) // rng.integers(20, 700) % 2 == 0)[:, None]
    kind = rng.integers(5)
    if kind == 0:
        return X
    if kind == 1:
        return X * loud
    if kind == 2:
        return X * np.where(loud, 30, 1e-6)
    if kind == 3:
        return np.where(loud, 30 * rng.normal(size=n_inputs), 1e-3 * X)
    return X * (rng.uniform(size=(n_rows, 1)) < 1e-3)


@pytest.mark.parametrize("seed", range(150))
def test_any_network_any_signal(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    n, n_rows, n_inputs = int(rng.integers(1, 14)), int(rng.integers(4096, 9000)), 2
    X = draw_signal(rng, n_rows, n_inputs)
    if rng.integers(2):
        stops = np.sort(rng.choice(np.arange(1, n_rows), rng.integers(1, 5), replace=False))
        X = np.split(X, stops)
    W = draw_matrix(rng, n)
    found, expected = both_ways(
        X, monkeypatch, n_units=n, topology=sparse.csr_array(W) if rng.integers(2) else W,
        input_weights=rng.normal(size=(n, n_inputs)) * rng.choice([0.1, 1, 10]),
        leak_rate=rng.uniform(0.02, 1, n), bias_scaling=float(rng.choice([0, 0.5, 3])),
        activation=str(rng.choice(["tanh", "sigmoid", "identity", "relu"])),
    )  # fmt: skip
    assert (found is None) == (expected is None)
    if found is not None:
        assert_same_states(found, expected)


class TestLayout:
    @pytest.mark.parametrize("numbers", [1, 2**15, 2**18, 2**24])
    def test_blocks_change_nothing(self, numbers, monkeypatch):
        rng = np.random.default_rng(0)
        X = [rng.uniform(-1, 1, (int(n), 2)) for n in rng.integers(1, 3000, 9)]
        transformer = ESNTransformer(n_units=20, n_layers=2, random_state=0).fit(X)
        expected = np.vstack(transformer.transform(X))
        monkeypatch.setattr("reservoir.estimators._reservoir.BLOCK_SIZE", numbers)
        assert_allclose(np.vstack(transformer.transform(X)), expected, rtol=0, atol=1e-10)

    def test_carried_on_from_training(self):
        X = np.random.default_rng(0).uniform(-1, 1, (9000, 1))
        esn = ESNRegressor(n_units=20, predict_state="carry", alpha=1e-3, random_state=0)
        esn.fit(X[:5000], X[:5000, 0])
        whole = esn.predict(X, initial_state=np.zeros(20))
        assert_allclose(esn.predict(X[5000:]), whole[5000:], rtol=0, atol=1e-10)

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_inputs_that_may_not_be_written_and_in_any_order(self, order):
        X = np.random.default_rng(0).uniform(-1, 1, (6000, 3))
        transformer = ESNTransformer(n_units=15, random_state=0).fit(X)
        frozen = np.asarray(X, order=order)
        frozen.flags.writeable = False
        assert_array_equal(transformer.transform(frozen), transformer.transform(X))

    def test_states_that_begin_are_not_changed(self):
        X = np.random.default_rng(0).uniform(-1, 1, (6000, 1))
        transformer = ESNTransformer(n_units=15, random_state=0).fit(X)
        begin = np.full(15, 0.5)
        begin.flags.writeable = False
        _, end = transformer.transform(X, initial_state=begin, return_state=True)
        assert_array_equal(begin, 0.5)
        assert not np.shares_memory(begin, end)
